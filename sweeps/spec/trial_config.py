"""One trial as it is handed out: built once by the driver, recorded and sent as it stands.

`TrialConfig`   what is trained; `params.json`, word for word
`SharedConfig`  what all trials of a sweep share
`TuneConfig`    what Ray Tune hands a worker: both, and what happened to the trial so far
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from ilsweep.analysis.records.paths import SweepPaths, TrialPaths
from ilsweep.sweeps.spec.command import Command


@dataclass(frozen=True)
class TrialConfig:
    """What one trial trains; every field is plain data, as JSON has it."""

    id: str
    config_id: str
    """Label of the configuration, which has a trial for each seed."""
    seed: int
    params: dict[str, Any]
    """Every parameter of the trainer by dotted name, defaults included."""
    steps: int
    """Length of the training."""
    searched: dict[str, Any] = field(default_factory=dict)
    """The point of the space."""
    configuration: str = ""
    """Key of what is trained, whatever it is called (`analysis.records.identity`)."""
    data: dict[str, Any] = field(default_factory=dict)
    """The demonstrations' configuration; empty for a trainer that needs none."""


@dataclass(frozen=True)
class ServerAddress:
    """Where workers find the server of a sweep's checkpoints."""

    actor: str
    mark: str
    """A file of the sweep's folder: a machine that sees it needs no server."""


@dataclass(frozen=True)
class SharedConfig:
    """What all trials of a sweep share."""

    trainer: str
    root: str
    """The sweep's folder."""
    objectives: tuple[str, ...]
    """Metrics without which a trial is worth nothing; schedulers compare the first."""
    claimed: tuple[str, ...] = ()
    """Metrics of the sweep's hypotheses."""
    threads: int = 1
    gpus: float = 0
    command: Command | None = None
    """The command line, where the trainer is one."""
    given: tuple[str, ...] = ()
    """Names of the parameters that the spec fixes or varies; a command is told no others."""
    server: ServerAddress | None = None
    copies: bool = False
    """Population-based training: a trial goes on from the state of another."""

    @property
    def named(self) -> tuple[str, ...]:
        """Metrics that keep the names that the spec gives them."""
        return (*self.objectives, *self.claimed)

    def paths(self, trial_id: str) -> TrialPaths:
        """The folder of a trial."""
        return SweepPaths(Path(self.root)).trial(trial_id)


class TuneConfig(TypedDict):
    """What Tune hands a worker."""

    shared: SharedConfig
    trial: TrialConfig
    attempt: int
    searched: Mapping[str, Any]
    """The trial's, where population-based training looks for what it may change."""
    changes: NotRequired[int]
    """So often population-based training has changed the trial."""
    copied_from: NotRequired[str]
    """The trial that it was last made a copy of."""


def trial_id(config_id: str, seed: int) -> str:
    """The name of a configuration's trial with a seed, and of its folder."""
    return f"{config_id}-s{seed}"
