"""The table: caught out of planted, false alarms out of healthy, in both halves; every miss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from benchmarks.faults.case import Case, Half
from benchmarks.faults.look import Look, wrong
from ilsweep.analysis.stats.intervals_and_tests import clopper_pearson

CATCH = 0.95
"""Share of the planted faults that must be caught."""
ALARM = 0.05
"""Largest share of the healthy runs that may be accused."""


@dataclass(frozen=True)
class Count:
    """How often a finding was right; `finding` is "all" for the sum."""

    finding: str
    planted: int
    caught: int
    healthy: int
    false_alarms: int

    @property
    def good(self) -> bool:
        """Something was looked at, and both targets are met."""
        if not self.planted + self.healthy:
            return False
        return self.caught >= CATCH * self.planted and self.false_alarms <= ALARM * self.healthy

    def to_json(self) -> dict[str, Any]:
        """Plain data, with 95 % intervals (Clopper and Pearson 1934) of both shares."""
        found = {**self.__dict__, "good": self.good}
        pairs = {"catch": (self.caught, self.planted), "alarm": (self.false_alarms, self.healthy)}
        for name, (k, n) in pairs.items():
            if n:
                interval = clopper_pearson(k, n)
                found[f"{name}_interval"] = [interval.low, interval.high]
        return found


def count(looks: Sequence[Look], finding: str = "all") -> Count:
    """Of one finding, or of all."""
    mine = [look for look in looks if finding in ("all", look.finding)]
    planted = [look.found for look in mine if look.planted]
    healthy = [look.found for look in mine if not look.planted]
    return Count(finding, len(planted), sum(planted), len(healthy), sum(healthy))


def counts(looks: Sequence[Look], order: Sequence[str]) -> list[Count]:
    """Of each finding that was looked for, in `order`."""
    seen = {look.finding for look in looks}
    return [count(looks, finding) for finding in order if finding in seen]


def missed(looks: Sequence[Look], order: Sequence[str]) -> list[Count]:
    """The findings whose targets are missed in the judged half; all counted, if nothing was."""
    rows = counts(_of(looks, "judged"), order)
    return [row for row in rows or [count(())] if not row.good]


def text(looks: Sequence[Look], order: Sequence[str], other: Sequence[str] = ()) -> str:
    """What is printed: by finding, by world, and what was wrong; `other` are runs not counted."""
    lines = [*_table("finding", looks, order, lambda look: look.finding), ""]
    worlds = list(dict.fromkeys(look.world for look in looks))
    lines += [*_table("world", looks, worlds, lambda look: look.world), ""]
    short = ", ".join(row.finding for row in missed(looks, order)) or "none"
    faults = wrong(looks)
    lines += [f"Short of the targets in the judged half: {short}.", f"{len(faults)} wrong."]
    lines += [_said(look) for look in faults]
    lines += [f"  not counted: {line}" for line in other]
    return "\n".join(lines)


def _table(
    title: str, looks: Sequence[Look], names: Sequence[str], of: Callable[[Look], str]
) -> list[str]:
    """Rows of names, and of all; columns of both halves."""
    lines = [f"{title:<30} {'set on':>28} {'judged on':>28}"]
    lines += [f"{'':<30} {'caught':>14} {'false':>13} {'caught':>14} {'false':>13}"]
    for name in [*names, "all"]:
        mine = [look for look in looks if name in ("all", of(look))]
        if mine:
            halves = [count(_of(mine, half)) for half in get_args(Half)]
            cells = [cell for half in halves for cell in _cells(half)]
            lines.append(f"{name:<30} " + " ".join(cells))
    return lines


def _cells(row: Count) -> list[str]:
    caught = f"{row.caught} of {row.planted}" if row.planted else "-"
    alarms = f"{row.false_alarms} of {row.healthy}" if row.healthy else "-"
    return [f"{caught:>14}", f"{alarms:>13}"]


def _of(looks: Sequence[Look], half: Half) -> list[Look]:
    return [look for look in looks if look.half == half]


def listing(cases: Sequence[Case]) -> str:
    """What each case plants; a healthy one plants nothing."""
    lines = ["| case | world | what is done | must find |", "|---|---|---|---|"]
    for case in cases:
        found = ", ".join(f"`{finding}`" for finding in sorted(case.plants)) or "none"
        lines.append(f"| `{case.name}` | {case.world} | {case.about} | {found} |")
    return "\n".join(lines)


def _said(look: Look) -> str:
    what = f"{look.half} on, " + ("missed" if look.planted else "false alarm")
    numbers = ", ".join(f"{name} {value}" for name, value in look.evidence.items())
    return f"  {what}: {look.finding} in {look.case}, seed {look.seed} ({numbers or 'no evidence'})"
