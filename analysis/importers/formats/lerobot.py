"""What `lerobot-train` logs, versions 0.3 to 0.6.

A report reads `step:12K smpl:98K ep:150 epch:1.23 loss:0.123 grdn:1.5 lr:1.0e-05 updt_s:0.1 ...`,
between redrawn progress bars. Numbers of 1,000 and more are rounded to thousands, so that steps
have to be rebuilt from their regular distance (`lerobot_steps`). Further meters appear by the names
that the policy gives them; unknown ones are kept.
"""

from __future__ import annotations

import re
from typing import Any

from ilsweep.analysis.importers.formats.lerobot_steps import rebuild
from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.source import (
    DIGITS,
    ForeignRun,
    Source,
    as_number,
    merge_rows,
    printed_pairs,
)

_WORD = r"\S{1,40}"
_REPORT = re.compile(rf"step:({_WORD}) smpl:{_WORD} ep:{_WORD} epch:{_WORD} (.*)")
_EVAL_LOSS = re.compile(rf"step ({DIGITS}): eval_loss=([-+\w.]+)")
_EXACT_STEP = re.compile(rf"(?:Checkpoint policy after|Eval policy at) step ({DIGITS})\b")
_EVALUATED = re.compile(r"Suite overall aggregated: (\{.*)")
_CONFIG = re.compile(rf"(?:^|[\s{{])'(log_freq|batch_size|steps|seed)': ({DIGITS})[,}}]")
_POLICY = re.compile(r"'type': '(\w+)'")

METRIC_OF = {
    "loss": "train/loss",
    "grdn": "train/grad_norm",
    "lr": "train/lr",
    "updt_s": "train/update_s",
    "data_s": "train/dataloading_s",
    "prep_s": "train/preprocessing_s",
    "step_s": "train/step_s",
    "smp/s": "train/samples_per_s",
    "mem_gb": "train/gpu_mem_gb",
    "∑rwrd": "eval/avg_sum_reward",
    "success": "eval/pc_success",
    "eval_s": "eval/eval_s",
}
"""The log's meters by the names that lerobot gives the same numbers in wandb."""

BEFORE_0_4 = ("eval/avg_sum_reward", "eval/pc_success")
"""In a line like a report, of the step that the line before named."""

EVALUATION = ("pc_success", "avg_sum_reward", "avg_max_reward", "n_episodes", "eval_s")


def detect(source: Source) -> bool:
    return _REPORT.search(source.head) is not None


def read(source: Source) -> list[ForeignRun]:
    """The run of the log."""
    config: dict[str, Any] = {}
    printed: list[str | int] = []
    rows: list[dict[str, Any]] = []
    at: list[int] = []
    for line in source.lines:
        if found := _REPORT.search(line):
            meters = _meters(found[2])
            evaluation = any(name in meters for name in BEFORE_0_4)
            at.append(len(printed) - evaluation)
            rows.append(meters)
            printed += [] if evaluation else [found[1]]
        elif found := _EXACT_STEP.search(line):
            printed.append(int(found[1]))
        elif found := _EVAL_LOSS.search(line):
            at.append(len(printed))
            printed.append(int(found[1]))
            rows.append({"eval/eval_loss": as_number(found[2])})
        elif found := _EVALUATED.search(line):
            at.append(len(printed) - 1)
            rows.append(_evaluation(found[1]))
        elif found := _CONFIG.search(line):
            config.setdefault(found[1], int(found[2]))
        elif "policy" not in config and (found := _POLICY.search(line)):
            config["policy"] = {"type": found[1]}
    steps = rebuild(printed, config.get("log_freq"))
    reports = [{"step": steps[i] if i >= 0 else 0, **row} for i, row in zip(at, rows, strict=True)]
    return [
        ForeignRun(id=source.run_id, rows=merge_rows(reports), config=config, ended=source.time)
    ]


def _meters(text: str) -> dict[str, float]:
    found = (
        (name, as_number(value))
        for name, colon, value in (word.partition(":") for word in text.split())
        if name and colon
    )
    return {
        METRIC_OF.get(name, f"train/{name}"): value for name, value in found if value is not None
    }


def _evaluation(text: str) -> dict[str, float]:
    found = printed_pairs(text)
    return {f"eval/{name}": found[name] for name in EVALUATION if name in found}


FORMAT = LogFormat(
    name="lerobot",
    title="lerobot-train log (0.3 to 0.6)",
    detect=detect,
    read=read,
    lines=r"step:\S{1,40} smpl:|eval_loss=|Checkpoint policy after|Eval policy at|Suite overall"
    r"|'(log_freq|batch_size|steps|seed)': |'type': '",
)
