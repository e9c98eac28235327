"""What is ranked and searched: one configuration over its seeds, and the trials that it means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ilsweep.analysis.ranking.aggregate import configuration_value, worst_of
from ilsweep.analysis.records.model import State, TrialRecord
from ilsweep.sweeps.spec.trial_config import TrialConfig

Outcome = Literal["COMPLETE", "PRUNED", "FAIL"]


@dataclass(frozen=True)
class Attempt:
    """One trial to run, for the first time or once more."""

    trial: TrialConfig
    number: int = 1


@dataclass
class Configuration:
    """What is known of one configuration's trials."""

    config_id: str
    number: int
    """The Optuna trial's number."""
    seeds: list[int]
    searched: dict[str, Any] = field(default_factory=dict)
    states: dict[int, State] = field(default_factory=dict)
    finals: dict[int, list[float]] = field(default_factory=dict)
    """Seed to the objectives' last values."""
    curves: dict[int, dict[int, float]] = field(default_factory=dict)
    """Seed to step to the first objective's value."""
    changed: dict[int, int] = field(default_factory=dict)
    """Seed to the last step before population-based training changed its parameters."""
    repeats: list[int] = field(default_factory=list)
    """Optuna's further trials of the same configuration, which is trained once."""
    violation: float | None = None
    """How far it is from being feasible, where the search goes by that and has heard of it."""
    told_with: list[float] | None = None
    """Each objective's worst value when Optuna was told of it; None before."""

    @property
    def finished(self) -> bool:
        return all(seed in self.states for seed in self.seeds)

    @property
    def outcome(self) -> Outcome:
        """FAIL when no seed gave a value, PRUNED when one was ended early, else COMPLETE.

        A seed whose parameters were changed on the way ended early, too: its last value belongs to
        other parameters than the configuration's.
        """
        if not self._judged:
            return "FAIL"
        stopped = any(state == "stopped" for state in self.states.values())
        return "PRUNED" if stopped or self.changed else "COMPLETE"

    @property
    def _judged(self) -> list[int]:
        return [
            seed
            for seed in self.seeds
            if self.states.get(seed) in ("completed", "stopped")
            and seed in self.finals
            and all(map(math.isfinite, self.finals[seed]))
        ]

    @property
    def ends(self) -> list[list[float]]:
        """Each objective's last values, of the seeds that gave them with these parameters."""
        finals = [self.finals[seed] for seed in self._judged if seed not in self.changed]
        return [list(column) for column in zip(*finals, strict=True)]

    def values(self, worst: Sequence[float], signs: Sequence[int]) -> list[float]:
        """Each objective's value, as the ranking counts it (`analysis.ranking.aggregate`).

        Args:
            worst: Each objective's worst value that an earlier configuration ended with.
            signs: 1 for an objective that is minimised, -1 for one that is maximised.
        """
        failed = len(self.seeds) - len(self._judged)
        parts = zip(self.ends, worst, signs, strict=True)
        return [configuration_value(ends, failed, bad, sign) for ends, bad, sign in parts]

    def intermediate(self, worst: float, sign: int) -> dict[int, float]:
        """Step to the first objective's value.

        At the steps that all seeds which count reported before their parameters changed.
        """
        curves = [self._own_curve(seed) for seed in self._judged]
        if not curves:
            return {}
        failed = len(self.seeds) - len(curves)
        return {
            step: configuration_value([curve[step] for curve in curves], failed, worst, sign)
            for step in sorted(set(curves[0]).intersection(*curves[1:]))
        }

    def _own_curve(self, seed: int) -> dict[int, float]:
        last = self.changed.get(seed, math.inf)
        curve = self.curves.get(seed, {}).items()
        return {step: value for step, value in curve if step <= last and math.isfinite(value)}


def add_trial(known: Configuration, trial: TrialRecord, metrics: list[str]) -> None:
    """Enter a trial's record into its configuration; only an ended one has a state there."""
    assert trial.seed is not None
    if trial.finished:
        known.states[trial.seed] = trial.state
    curve = trial.curve(metrics[0])
    known.curves[trial.seed] = dict(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
    known.finals[trial.seed] = [trial.last(metric) for metric in metrics]
    if len(trial.history) > 1:
        # Noted with the first report after the change.
        known.changed[trial.seed] = int(trial.history[1].get("step") or 0) - 1


def worst_ends(worst: Sequence[float], known: Configuration, signs: Sequence[int]) -> list[float]:
    """Each objective's worst value so far, with those that `known` ended with."""
    ends = known.ends or [[] for _ in signs]
    parts = zip(worst, ends, signs, strict=True)
    return [worst_of([bad, *column], sign) for bad, column, sign in parts]


def config_id(number: int) -> str:
    """The id of a configuration by its number in the order of drawing, as `c0003`."""
    return f"c{number:04d}"


def by_configuration(trials: list[TrialRecord]) -> dict[str, list[TrialRecord]]:
    """The records of each configuration, in the order of their ids."""
    groups: dict[str, list[TrialRecord]] = {}
    for trial in sorted(trials, key=lambda trial: trial.id):
        groups.setdefault(trial.config_id, []).append(trial)
    return groups
