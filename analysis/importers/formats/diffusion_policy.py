"""`logs.json.txt` of diffusion_policy: a JSON object a line, with `global_step` and metrics.

Written by `diffusion_policy/common/json_logger.py` of real-stanford/diffusion_policy.
"""

from __future__ import annotations

from typing import Any

from ilsweep.analysis.importers.log_format import JSON_LINES, LogFormat
from ilsweep.analysis.importers.numbers import as_step, numbers_of
from ilsweep.analysis.importers.source import ForeignRun, Source, parse_json

COUNTERS = ("global_step", "epoch")


def detect(source: Source) -> bool:
    value = parse_json(source.head.lstrip().partition("\n")[0])
    if not isinstance(value, dict) or "_step" in value or "log_history" in value:
        return False
    return isinstance(value.get("global_step"), int | float) and any(
        name.startswith(("train_", "val_", "test/", "train/")) or name == "lr" for name in value
    )


def read(source: Source) -> list[ForeignRun]:
    """The run of the log."""
    rows: list[dict[str, Any]] = []
    for value in source.objects():
        step = as_step(value.get("global_step"))
        if step is not None:
            numbers = {n: v for n, v in numbers_of(value).items() if n not in COUNTERS}
            rows.append({"step": step, **numbers})
    config = {"policy": {"type": "diffusion_policy"}}
    return [ForeignRun(id=source.run_id, rows=rows, config=config)]


FORMAT = LogFormat(
    name="diffusion_policy",
    title="diffusion_policy logs.json.txt",
    detect=detect,
    read=read,
    lines=JSON_LINES,
    looks='{"train_loss": 0.5, "global_step": 0, "epoch": 0, "lr": 0.0001}',
)
