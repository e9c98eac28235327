"""Logs as trainers print them, with numbers of our own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from pprint import pformat
from typing import Any

from ilsweep.analysis.importers import import_runs
from ilsweep.analysis.importers.formats.lerobot_steps import big_number
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.model import TrialRecord

PREFIX = "INFO 2026-05-01 08:00:00 ot_train.py:445 "


def lerobot_config(**changes: Any) -> dict[str, Any]:
    """A configuration as lerobot-train dumps it; `policy.x` is written `policy__x`."""
    config: dict[str, Any] = {
        "batch_size": 8,
        "dataset": {"episodes": None, "image_transforms": {"tfs": {"hue": {"type": "ColorJitter"}}},
                    "repo_id": "me/cube"},
        "log_freq": 200,
        "output_dir": "outputs/a",
        "optimizer": {"lr": 1e-5, "type": "adamw", "betas": [0.9, 0.999]},
        "policy": {"chunk_size": 100, "optimizer_lr": 1e-5, "type": "act"},
        "seed": 1000,
        "steps": 1000,
    }  # fmt: skip
    for name, value in changes.items():
        *above, last = name.split("__")
        target = config
        for part in above:
            target = target[part]
        target[last] = value
    return config


def lerobot_log(
    losses: Mapping[int, float], config: dict[str, Any] | None = None, more: str = ""
) -> str:
    """A log with a loss at each step, and the configuration above it where there is one."""
    lines = [PREFIX + pformat(config)] if config else []
    for step, loss in losses.items():
        sizes = f"smpl:{big_number(step * 8)} ep:{step // 50} epch:{step / 1000:.2f}"
        lines.append(f"{PREFIX}step:{big_number(step)} {sizes} loss:{loss:.3f} grdn:1.1 lr:1.0e-05 "
                     "updt_s:0.100 data_s:0.002")  # fmt: skip
    return "\n".join([*lines, more, ""])


def falling(last: int = 1000, start: int = 200, scale: float = 1.0) -> dict[int, float]:
    """Steps to a falling loss."""
    return {step: scale * 200 / step for step in range(start, last + 1, 200)}


def eval_info(successes: Sequence[bool]) -> str:
    """An `eval_info.json`."""
    task = {"task_group": "cube", "task_id": 0, "metrics": {"successes": list(successes)}}
    overall = {"pc_success": 100 * sum(successes) / len(successes), "n_episodes": len(successes)}
    return json.dumps({"per_task": [task], "overall": overall})


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Files below a folder, by relative path."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def imported(
    folder: Path, *arguments: str, into: str = "out", notes: list[str] | None = None, **how: Any
) -> dict[str, TrialRecord]:
    """What `ilsweep import` makes of files below a folder, by id."""
    files = [
        "=".join(",".join(str(folder / f) for f in part.split(",")) if i else part
                 for i, part in enumerate(argument.split("=", 1)))
        if "=" in argument else str(folder / argument)
        for argument in arguments
    ]  # fmt: skip
    said = (notes if notes is not None else []).append
    import_runs(files, folder / into, say=said, **how)
    return {trial.id: trial for trial in read_sweep(folder / into).trials}


def points(trial: TrialRecord, metric: str) -> dict[int, float]:
    curve = trial.curve(metric)
    return dict(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
