"""What RDT's training prints: a progress bar with loss and learning rate, and sampled errors.

The bar reads `Steps:  12%|█▏ | 1200/10000 [10:00<1:13:20, 2.00it/s, loss=0.0123, lr=0.0001]`; every
`sample_period` steps a line `... - INFO - __main__ - {'overall_avg_sample_mse': 0.0012, ...}`.
"""

from __future__ import annotations

import re
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.source import (
    DIGITS,
    ForeignRun,
    Source,
    as_number,
    merge_rows,
    printed_pairs,
)

_BAR = re.compile(rf"\b({DIGITS})/\d+ \[(.*)")
_POSTFIX = re.compile(r"\b(\w++)=([-+\w.]+)")
_SAMPLED = re.compile(r"'\w*_sample_(?:mse|l2err)'")

METRIC_OF = {"loss": "train/loss", "lr": "train/lr"}


def detect(source: Source) -> bool:
    lines = source.head.split("\n")
    return ("loss=" in source.head and any(map(_bar, lines))) or any(map(_sampled, lines))


def _bar(line: str) -> re.Match[str] | None:
    """Step and postfix of the progress bar; expressions are given what follows a fixed text, since
    one that looks for it by itself takes the square of a line's length."""
    _, found, rest = line.partition("Steps:")
    return _BAR.search(rest) if found else None


def _sampled(line: str) -> str:
    """The printed dictionary with sampled errors; empty where there is none."""
    _, found, rest = line.partition("{")
    return rest if found and _SAMPLED.search(rest) else ""


def read(source: Source) -> list[ForeignRun]:
    """The run of the output. Errors sampled where no bar was printed count as one step each."""
    rows: list[dict[str, Any]] = []
    step = 0
    bars = False
    for line in source.lines:
        if bar := _bar(line):
            bars, step = True, int(bar[1])
            rows.append({"step": step, **_postfix(bar[2])})
        if sampled := _sampled(line):
            step += not bars
            rows.append({"step": step, **printed_pairs(sampled)})
    config = {"policy": {"type": "rdt"}}
    return [ForeignRun(id=source.run_id, rows=merge_rows(rows), config=config, ended=source.time)]


def _postfix(text: str) -> dict[str, float | None]:
    found = _POSTFIX.findall(text)
    return {METRIC_OF.get(name, f"train/{name}"): as_number(value) for name, value in found}


FORMAT = LogFormat(
    name="rdt",
    title="RDT training output",
    detect=detect,
    read=read,
    lines=r"^(?>.*?Steps:).*?\d/\d+ \[|_sample_(mse|l2err)'",
)
