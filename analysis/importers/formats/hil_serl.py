"""What HIL-SERL prints when it evaluates: the count after each episode, then the success rate.

Its training metrics go to wandb only; `wandb_file` reads them.
"""

from __future__ import annotations

import re
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import DIGITS, as_number
from ilsweep.analysis.importers.source import ForeignRun, Source
from ilsweep.analysis.metrics.catalog import EPISODE

_COUNT = re.compile(rf"^({DIGITS})/({DIGITS})$")
_RATE = re.compile(r"^success rate: (\S+)$")
_TIME = re.compile(r"^average time: (\S+)$")


def detect(source: Source) -> bool:
    return re.search(r"^success rate: ", source.head, re.MULTILINE) is not None


def read(source: Source) -> list[ForeignRun]:
    """One report for each evaluation, numbered from 1: the output names no training step."""
    rows: list[dict[str, Any]] = []
    row: dict[str, Any] = {}
    before = 0
    for line in source.lines:
        text = line.strip()
        if count := _COUNT.match(text):
            succeeded, episode = int(count[1]), int(count[2])
            row[f"{EPISODE}{episode - 1}"] = float(succeeded > before)
            row["eval/n_episodes"] = float(episode)
            before = succeeded
        elif rate := _RATE.match(text):
            rows.append({"step": len(rows) + 1, **row, "eval/pc_success": _percent(rate[1])})
            row, before = {}, 0
        elif rows and (time := _TIME.match(text)):
            rows[-1]["eval/avg_episode_s"] = as_number(time[1])
    return [ForeignRun(id=source.run_id, rows=rows, kind="evaluation", ended=source.time)]


def _percent(text: str) -> float | None:
    share = as_number(text)
    return None if share is None else 100 * share


FORMAT = LogFormat(
    name="hil_serl",
    title="HIL-SERL evaluation output",
    detect=detect,
    read=read,
    lines=r"^\s*(\d+/\d+\s*$|success rate: |average time: )",
    looks="2/3 above success rate: 0.67",
)
