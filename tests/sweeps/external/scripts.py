"""Small training scripts, and a hosting of one without Ray."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.paths import SweepPaths, TrialPaths
from ilsweep.sweeps.external.description import description_of
from ilsweep.sweeps.external.registry import find_adapter
from ilsweep.sweeps.external.worker import ExternalRun
from ilsweep.sweeps.processes import proctree
from ilsweep.sweeps.spec.command import Command
from ilsweep.sweeps.spec.params import flat, nested
from ilsweep.sweeps.spec.trial_config import SharedConfig, TrialConfig
from ilsweep.trainers.core.contract import Metrics

GOOD = """
    import json
    for step in range(1, 4):
        print(json.dumps({"step": step, "loss": 1 / step}))
"""
"""Three reports as JSON lines."""

GONE_S = 10
"""Everything that a command started is gone after so long."""


def write(folder: Path, code: str) -> list[str]:
    """A script of this code; how it is called."""
    path = folder / "train it.py"
    path.write_text(textwrap.dedent(code))
    return [sys.executable, str(path)]


def hosting(
    root: Path,
    argv: list[str],
    params: dict[str, Any] | None = None,
    objective: str = "train/loss",
    trainer: str = "command",
    **command: Any,
) -> ExternalRun:
    """A trial `t` of the sweep in `root`."""
    section = Command.model_validate({"argv": argv, "metrics": "json_lines", **command})
    values = {"steps": 3, **(params or {})}
    known = description_of(find_adapter(trainer), section, list(values)).Config(**nested(values))
    shared = SharedConfig(
        trainer, str(root), (objective,), command=section, given=tuple(flat(values))
    )
    return ExternalRun(shared, TrialConfig("t", "t", 7, flat(known.model_dump(mode="json")), 3))


def trial(root: Path) -> TrialPaths:
    return SweepPaths(root).trial("t")


def run(
    hosted: ExternalRun, reports: list[tuple[int, Metrics]] | None = None
) -> list[tuple[int, Metrics]]:
    """All its reports; in `reports`, too, for one that fails."""
    reports = [] if reports is None else reports
    try:
        hosted.resume()
        while not hosted.finished:
            metrics = hosted.train_to_report()
            if metrics:
                reports.append((hosted.step, metrics))
    finally:
        hosted.close()
    return reports


def nobody_is_left(root: Path) -> bool:
    return proctree.marked(str(trial(root).root)) == []
