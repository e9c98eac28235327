"""The table: caught out of planted, false alarms out of healthy, and every miss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.faults.case import Case
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


def text(looks: Sequence[Look], order: Sequence[str]) -> str:
    """What is printed."""
    lines = [f"{'finding':<30} {'caught':>11} {'false alarms':>14}"]
    for row in [*counts(looks, order), count(looks)]:
        caught = f"{row.caught} of {row.planted}" if row.planted else "-"
        alarms = f"{row.false_alarms} of {row.healthy}" if row.healthy else "-"
        lines.append(f"{row.finding:<30} {caught:>11} {alarms:>14}")
    faults = wrong(looks)
    lines += ["", f"{len(faults)} wrong:" if faults else "Nothing missed, no false alarm."]
    lines += [_said(look) for look in faults]
    return "\n".join(lines)


def listing(cases: Sequence[Case]) -> str:
    """What each case plants; a healthy one plants nothing."""
    lines = ["| case | what is done | must find |", "|---|---|---|"]
    for case in cases:
        found = ", ".join(f"`{finding}`" for finding in sorted(case.plants)) or "none"
        lines.append(f"| `{case.name}` | {case.about} | {found} |")
    return "\n".join(lines)


def _said(look: Look) -> str:
    what = "missed" if look.planted else "false alarm"
    numbers = ", ".join(f"{name} {value}" for name, value in look.evidence.items())
    return f"  {what}: {look.finding} in {look.case}, seed {look.seed} ({numbers or 'no evidence'})"
