"""Small training scripts, and a hosting of one without Ray."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.paths import SweepPaths, TrialPaths
from ilsweep.sweeps.external.assignment import command_hosting
from ilsweep.sweeps.external.worker import CommandHosting
from ilsweep.sweeps.processes import proctree
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
) -> CommandHosting:
    """A trial `t` of the sweep in `root`."""
    shared = {
        "trainer": trainer,
        "command": {"argv": argv, "metrics": "json_lines", **command},
        "objectives": [objective],
        "params": {"steps": 3, **(params or {})},
        "root": str(root),
        "threads": 1,
        "gpus": 0,
    }
    return command_hosting({"id": "t", "searched": {}, "seed": 7, "shared": shared})


def trial(root: Path) -> TrialPaths:
    return SweepPaths(root).trial("t")


def run(
    hosted: CommandHosting, reports: list[tuple[int, Metrics]] | None = None
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
