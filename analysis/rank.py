"""Records to rows: a configuration over its seeds, in an order that behaviour decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from analysis.findings.finding import Text
from analysis.records import State
from analysis.statistics import Interval

Mode = Literal["min", "max"]


@dataclass(frozen=True)
class Objective:
    """What a sweep optimises."""

    metric: str
    mode: Mode


@dataclass(frozen=True)
class Estimate:
    """A number over the seeds of a configuration; `value` is NaN where no seed has one."""

    value: float
    interval: Interval | None
    """Bootstrap over seeds; None with fewer than two seeds: one seed says nothing about spread."""
    n: int
    """Seeds that have a value."""
    method: Literal["iqm", "mean", "none"]
    values: tuple[float, ...] = ()
    """The seeds' values, in the order of `Row.trial_ids`, without those that have none."""


@dataclass(frozen=True)
class Successes:
    """Episodes that succeeded, pooled over the seeds of a configuration."""

    k: int
    n: int
    interval: Interval
    """Clopper-Pearson: holds for these policies, not for a policy trained with another seed."""
    by_seed: tuple[tuple[int, int], ...]
    """(k, n) of each seed's policy."""
    across: Interval | None
    """Interval of the success rate over training seeds; None with fewer than two of them."""

    @property
    def rate(self) -> float:
        return self.k / self.n


@dataclass(frozen=True)
class Row:
    """A configuration over its seeds."""

    config_id: str
    searched: dict[str, Any]
    trial_ids: tuple[str, ...]
    states: dict[State, int]
    """How many of its trials are in which state."""
    objective: Estimate
    """Of the first objective."""
    objectives: dict[str, Estimate]
    """Of every objective, by metric."""
    successes: Successes | None
    train_loss: Estimate
    rank: int
    """From 1; the order of the table."""
    loss_rank: int | None
    """Where its training loss alone would have put it; None where no loss was logged."""
    healthy: bool
    """No critical finding in half of its trials or more, and not mostly failed."""
    critical: tuple[str, ...]
    """Ids of the critical findings of any of its trials."""
    comparable: bool
    """Its value was taken at the full length of training (not stopped early, not running)."""
    steps: int
    """The shortest training among the trials whose values count."""
    tied_with: tuple[str, ...] = ()
    """Configurations next to it that cannot be told from it."""
    pareto: bool = False
    """On the Pareto front; only with several objectives."""


@dataclass(frozen=True)
class Comparison:
    """Two neighbours of the table, the better one above."""

    above: str
    below: str
    """Ids of the configurations."""
    metric: str
    test: Literal["paired t", "Welch t", "McNemar", "none"]
    n: int
    """Pairs of seeds or episodes, or the smaller number of seeds; 0 where nothing can be tested."""
    difference: float
    """How much better the one above is, in the metric's unit; NaN where unknown."""
    interval: Interval | None
    p: float
    p_holm: float
    """After Holm's correction over all comparisons of the table."""
    told_apart: bool
    seeds_needed: int | None
    """Seeds in all, of each, that would tell a difference as large as the one seen with 80 %
    power; None where it is told apart already or nothing is known of the spread."""
    rollouts_needed: int | None
    """The same in episodes of each, where successes were counted."""


@dataclass(frozen=True)
class Ranking:
    """The table, best first."""

    objectives: tuple[Objective, ...]
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    """One for each pair of neighbours that both have a value."""
    notes: tuple[Text, ...] = field(default=())
    """What a reader must know: failures, early stops, one seed only, a metric that is missing."""

    @property
    def metric(self) -> str:
        return self.objectives[0].metric

    @property
    def mode(self) -> Mode:
        return self.objectives[0].mode

    @property
    def best(self) -> Row | None:
        """The first row, if it is healthy and has a value."""
        row = self.rows[0] if self.rows else None
        return row if row is not None and row.healthy and row.objective.n else None
