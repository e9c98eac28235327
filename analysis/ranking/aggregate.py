"""One number for a configuration, one order of configurations: of table, search and screen.

A configuration is as good as the centre of its seeds; a seed that failed counts as the worst value
that any trial of the sweep ended with, so that a configuration gains nothing by failing. Healthy
configurations stand above the others; among the healthy, those that trained to the end above those
that did not, whose values belong to a shorter training; among these, those of which an episode
succeeded above those that never succeeded, whatever their error is; of these, where seeds were
raced, those that dropped out later.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ilsweep.analysis.records.model import State
from ilsweep.analysis.stats.intervals_and_tests import centre


def worst_of(values: Iterable[float], sign: int) -> float:
    """The worst of the finite `values`; NaN of none.

    `sign` times a value is better where it is smaller: 1 for an objective that is minimised, -1 for
    one that is maximised.
    """
    known = [value for value in values if math.isfinite(value)]
    return max(known, key=lambda value: sign * value, default=math.nan)


def configuration_value(values: Sequence[float], failed: int, worst: float, sign: int) -> float:
    """The number by which a configuration is ordered, in the metric's own unit.

    The mean over the seeds.

    Args:
        values: The last values of the seeds that gave one; what is not finite is left out.
        failed: Seeds that failed.
        worst: The worst value that any trial of the sweep ended with; a worse one among `values`
            counts in its place.
        sign: 1 where the metric is minimised, -1 where it is maximised.

    Returns:
        NaN where no seed gave a value: of nothing but failures no number is made up.
    """
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return math.nan
    every = [*known, *[worst_of([worst, *known], sign)] * failed] if failed else known
    return centre(every)


Tier = tuple[bool, bool, bool, bool, int, bool, int]


@dataclass(frozen=True)
class Standing:
    """All that decides where a configuration stands."""

    config_id: str
    values: tuple[float, ...]
    """Of the trials that count: the objective's last values."""
    failed: int
    """Trials that failed."""
    healthy: bool
    comparable: bool
    """Its values were taken at the full length of training."""
    steps: int
    """The shortest training among the trials that count."""
    succeeded: bool | None = None
    """Whether any of its episodes succeeded; None where none was counted."""
    probed: bool = True
    """Whether anything is known of its health, in a sweep that probes."""
    raced: int = 0
    """Seeds with which a race judged it last: who dropped out earlier stands lower."""

    @property
    def tier(self) -> Tier:
        """Configurations of one tier are comparable by value; a smaller tier stands above."""
        shorter = 0 if self.comparable else -self.steps
        never = self.succeeded is False
        ill, unknown = not self.healthy, not self.probed
        return ill, unknown, not self.values, not self.comparable, shorter, never, -self.raced


def counted(ends: Sequence[tuple[State, float]]) -> list[int]:
    """Which of a configuration's trials count, by (state, last value).

    The completed ones that have a value, or where none completed all that have one and did not
    fail.
    """
    valued = [i for i, (state, end) in enumerate(ends) if state != "failed" and math.isfinite(end)]
    return [i for i in valued if ends[i][0] == "completed"] or valued


def in_order(standings: Iterable[Standing], sign: int) -> list[Standing]:
    """The configurations, best first."""
    standings = list(standings)
    worst = worst_of((value for s in standings for value in s.values), sign)

    def key(s: Standing) -> tuple[Tier, float, str]:
        value = sign * configuration_value(s.values, s.failed, worst, sign)
        return s.tier, value if s.values else math.inf, s.config_id

    return sorted(standings, key=key)
