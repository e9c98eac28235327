"""The tables of the report: the ranking, its neighbours, and any other list of cells."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ilsweep.analysis.formatting import number, printable
from ilsweep.analysis.ranking.model import Estimate, Row, Successes
from ilsweep.analysis.ranking.naming import fitted, settings_of, shortened
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import code, inline
from ilsweep.analysis.stats.intervals_and_tests import Interval

NAME, SETTINGS = 80, 160
"""Characters of what a configuration is called and of its parameters, as far as that goes."""
_PIPE = re.compile(r"(?<!\\)\|")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A markdown table without the columns that are empty in every row.

    Cells are escaped already, but for pipes inside code.
    """
    used = [i for i in range(len(head)) if any(row[i] for row in rows)]
    lines = [[head[i] for i in used], ["---"] * len(used)]
    lines += [[_PIPE.sub(r"\\|", row[i]) for i in used] for row in rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def interval(bounds: Interval | None, scale: float = 1) -> str:
    """` [0.33, 0.35]`, or nothing where there is none."""
    return f" [{number(scale * bounds.low)}, {number(scale * bounds.high)}]" if bounds else ""


def estimate(value: Estimate) -> str:
    """A mean and its interval; empty where nothing was measured."""
    return number(value.value) + interval(value.interval) if value.n else ""


def successes(counted: Successes | None) -> str:
    """`34/50 = 68 % [53.3, 80.48]`."""
    if counted is None:
        return ""
    rate = number(100 * counted.rate)
    return f"{counted.k}/{counted.n} = {rate} %{interval(counted.interval, 100)}"


def configurations(rows: Sequence[Row], report: Report) -> list[str]:
    """Each by its id, or the own name of its only run, and what was searched."""
    own = [report.names.get(row.trial_ids[0]) if len(row.trial_ids) == 1 else "" for row in rows]
    names = [printable(name or row.config_id, 1000) for name, row in zip(own, rows, strict=True)]
    return [
        f"{code(name, len(name))} {inline(text, len(text))}".rstrip()
        for name, text in zip(
            shortened(names, NAME), fitted(settings_of(rows), SETTINGS), strict=True
        )
    ]
