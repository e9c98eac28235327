"""The blocks of a known report, and runs whose exact values print as those blocks do.

The report prints rounded values, and the change computed from the exact ones; `exact` looks for
exact values that print as given.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent / "data"
METRIC_OF = {
    "训练总损失": "train/loss",
    "训练L1": "train/l1_loss",
    "离线评估L1": "eval/offline_eval/avg_l1",
    "OT损失": "train/ot_loss",
    "π总和": "train/ot_pi_sum",
    "π对角和": "train/ot_pi_diag",
    "OT cost(state)": "train/ot_cost/state",
    "train/loss": "train/loss",
    "train/l1_loss": "train/l1_loss",
    "eval/avg_l1": "eval/offline_eval/avg_l1",
    "ot_loss": "train/ot_loss",
    "ot_pi_sum": "train/ot_pi_sum",
    "ot_pi_diag": "train/ot_pi_diag",
    "ot_cost(state)": "train/ot_cost/state",
}
FIRST_STEP = 50

_HEADING = re.compile(
    r"## (?P<name>\S+)  \((?P<url>\S+)\)"
    r"|### (?P<name_zh>\S+)_latest  \[(?P<policy>\w+)\]\((?P<url_zh>\S+)\)"
    r"|### (?P<name_en>\S+) \((?P<id>\w+)\)"
)
_METRIC = re.compile(
    r" *- (?P<label>.+): (?:首|first)=(?P<first>\S+), (?:末|last)=(?P<last>\S+), "
    r"(?:最优|best)=(?P<best>[^@]+)@(?P<step>\d+|None)"
    r"(?:, Δ=(?P<delta>\S+) \((?P<percent>\S+)%\))?$"
)


@dataclass
class Printed:
    """A block as printed: its lines, and what they say."""

    lines: list[str]
    run: dict[str, Any]
    metrics: dict[str, dict[str, str]]


def read_blocks(file: str) -> list[Printed]:
    """The blocks of one of the committed excerpts, in order."""
    blocks: list[Printed] = []
    for line in (DATA / file).read_text(encoding="utf-8").splitlines():
        heading = _HEADING.fullmatch(line)
        if heading:
            blocks.append(Printed([], _run(heading), {}))
        if blocks and line:
            blocks[-1].lines.append(line)
            if "https://" in line and line.startswith("- Link"):
                blocks[-1].run["url"] = line.removeprefix("- Link: ")
            if metric := _METRIC.fullmatch(line):
                blocks[-1].metrics[METRIC_OF[metric["label"]]] = metric.groupdict("")
            elif line.startswith("  - ") and "=" in line:
                blocks[-1].run["config"] |= _config(line)
    return blocks


def _run(heading: re.Match[str]) -> dict[str, Any]:
    url = heading["url"] or heading["url_zh"] or ""
    return {
        "id": heading["id"] or url.rpartition("/")[2],
        "name": heading["name"] or heading["name_zh"] or heading["name_en"],
        "url": url,
        "config": {"policy": {"type": heading["policy"] or "act"}, "ot": {}},
    }


def _config(line: str) -> dict[str, Any]:
    ot = {}
    for name, value in re.findall(r"(\w+)=(\([^)]*\)|[^,]+)", line):
        if name == "tau":
            ot["tau_src"], ot["tau_tgt"] = (float(side) for side in value[1:-1].split(","))
        else:
            ot[name] = value == "True" if name == "heuristic" else float(value)
    return {f"ot.{name}": value for name, value in ot.items()}


def exact(first: str, last: str, delta: str, percent: str) -> tuple[float, float]:
    """Values that print as `first` and `last`, with a change that prints as given."""
    if not delta:
        return float(first), float(last)
    for a in float(first) * (1 + np.linspace(-5e-4, 5e-4, 401)):
        for share in float(percent) / 100 + np.linspace(-5e-5, 5e-5, 41):
            b = a * (1 + share)
            prints = [f"{a:.4g}", f"{b:.4g}", f"{b - a:.4g}", f"{100 * (b - a) / a:.2f}"]
            if prints == [first, last, delta, percent]:
                return float(a), float(b)
    raise AssertionError(f"no values print as {first}, {last}, {delta}, {percent}")


def json_lines(block: Printed) -> str:
    """The run in the contract's JSON lines."""
    logged = {name: m for name, m in block.metrics.items() if m["step"] != "None"}
    end = max(
        int(m["step"]) + (0 if m["best"] == m["last"] else FIRST_STEP) for m in logged.values()
    )
    rows: dict[int, dict[str, float]] = {}
    for name, printed in logged.items():
        first, last = exact(printed["first"], printed["last"], printed["delta"], printed["percent"])
        step = int(printed["step"])
        best = {FIRST_STEP: first, end: last}.get(step, float(printed["best"]))
        for at, value in ((FIRST_STEP, first), (step, best), (end, last)):
            rows.setdefault(at, {})[name] = value
    head = json.dumps({"run": block.run})
    return "\n".join([head, *(json.dumps({"step": s, **rows[s]}) for s in sorted(rows))]) + "\n"
