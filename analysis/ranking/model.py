"""What a ranking is: `Ranking` of `Row`s, each a configuration over its seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.metric import Mode
from ilsweep.analysis.metrics.objectives import FLOOR, Objective
from ilsweep.analysis.ranking.aggregate import Standing
from ilsweep.analysis.ranking.comparisons import Comparison
from ilsweep.analysis.records.model import State
from ilsweep.analysis.records.schedule import Stretch, setting_text
from ilsweep.analysis.stats.intervals_and_tests import Interval
from ilsweep.analysis.stats.race import Ended
from ilsweep.analysis.text import Text

Against = Literal["tied", "worse", ""]


@dataclass(frozen=True)
class Estimate:
    """A number over the seeds of a configuration; `value` is NaN where no seed has one.

    The mean, with Student's interval: also of many seeds, of which some fail, the mean is what a
    user gets.
    """

    value: float
    interval: Interval | None
    """None with fewer than two seeds: one seed says nothing about the variation."""
    n: int
    """Seeds that have a value."""
    method: Literal["mean", "none"]
    values: tuple[float, ...] = ()
    """The seeds' values, without those that have none."""


@dataclass(frozen=True)
class Successes:
    """Episodes that succeeded, pooled over the seeds of a configuration."""

    k: int
    n: int
    interval: Interval
    """Clopper-Pearson: of these policies, not of a policy trained with another seed."""
    by_seed: tuple[tuple[int, int], ...]
    """(k, n) of each seed's policy."""
    across: Interval | None
    """Student's interval of the rate over training seeds; None with fewer than two of them."""

    @property
    def rate(self) -> float:
        return self.k / self.n


@dataclass(frozen=True)
class Row:
    """A configuration over its seeds."""

    config_id: str
    """What people call it."""
    searched: dict[str, Any]
    """Of a configuration that changed while it trained, what it ended with."""
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
    """No critical finding and no failure in most of the trials of which something is known."""
    critical: tuple[str, ...]
    """Ids of the critical findings of any of its trials."""
    critical_in: dict[str, int] = field(default_factory=dict, kw_only=True)
    """In how many of its trials each of them was found."""
    comparable: bool
    """Its value was taken at the full length of training (not stopped early, not running)."""
    steps: int
    """The shortest training among the trials whose values count."""
    counted: tuple[str, ...] = ()
    """The trials whose values count: the completed ones, or all where none completed."""
    tied_with: tuple[str, ...] = ()
    """Configurations next to it that cannot be separated from it."""
    against_first: Against = ""
    """Whether it can be separated from the first row; empty of that one, and of what is not
    compared with it."""
    pareto: bool = False
    """On the Pareto front; only with several objectives."""
    schedule: tuple[Stretch, ...] = ()
    """How its parameters changed while it trained; empty for one that kept them."""
    copies: tuple[str, ...] = ()
    """Trials that repeat its own and do not count."""
    probed: int | None = None
    """Trials of which something is known: probed, failed, or with a critical finding; None where
    nothing in the sweep was probed."""
    raced: int = 0
    """Seeds with which a race over seeds judged it last; 0 where there was none."""
    disputed: tuple[str, ...] = ()
    """Critical findings that its success contradicts, so that they do not lower it."""

    @property
    def health(self) -> Literal["healthy", "ill", "not probed"]:
        """Three states: what was not probed is neither healthy nor ill."""
        if self.probed == 0:
            return "not probed"
        return "healthy" if self.healthy else "ill"

    @property
    def seeds(self) -> str:
        """Its trials; `2/3` where two of three have a value."""
        total = len(self.trial_ids)
        return f"{self.objective.n}/{total}" if self.objective.n < total else f"{total}"

    @property
    def findings(self) -> list[str]:
        """Its critical findings with the seeds that have them: `blind_policy 1/2`."""
        return [f"{name} {n}/{len(self.trial_ids)}" for name, n in self.critical_in.items()]

    @property
    def hardly_ever(self) -> bool:
        """Whether next to none of its episodes succeeded, where some were counted."""
        return self.successes is not None and self.successes.rate < FLOOR

    @property
    def settings(self) -> dict[str, str]:
        """The searched parameters as they are shown: a value, or its course."""
        return {name: setting_text(name, v, self.schedule) for name, v in self.searched.items()}

    @property
    def standing(self) -> Standing:
        """What decides its place."""
        return Standing(
            config_id=self.config_id,
            values=self.objective.values,
            failed=self.states.get("failed", 0),
            healthy=self.healthy,
            comparable=self.comparable,
            steps=self.steps,
            succeeded=self.succeeded,
            probed=self.health != "not probed",
            raced=self.raced,
        )

    @property
    def recommendable(self) -> bool:
        """Whether it trained to the end, has a value, is healthy, and ever succeeded if counted."""
        sound = self.health == "healthy" and self.comparable and self.objective.n > 0
        return sound and self.succeeded is not False

    @property
    def succeeded(self) -> bool | None:
        """Whether any episode of any seed succeeded; None where none was counted.

        A success rate tells it, too, though not of how many episodes it is.
        """
        if self.successes:
            return self.successes.k > 0
        rate = self.objectives.get(SUCCESS)
        return max(rate.values) > 0 if rate and rate.n else None


@dataclass(frozen=True)
class Baseline:
    """A configuration that was there before the search, beside the first of the ranking."""

    is_default: bool
    """The trainer's defaults; else the first that was tried."""
    config_id: str
    probability: float
    """That the first of the ranking beats it with fresh training seeds."""


@dataclass(frozen=True)
class RaceRound:
    """A race over seeds after so many of them."""

    seeds: int
    left: tuple[str, ...]
    """Configurations that could still be the best."""


@dataclass(frozen=True)
class Race:
    """A race over seeds: further ones only where they can change which configuration is best."""

    at_least: int
    at_most: int
    smallest_effect: float
    """Of interest, in the objective's unit; 0 where none was named."""
    rounds: tuple[RaceRound, ...]
    judged: dict[str, int]
    """Configuration to the seeds with which it was judged last."""
    trained: int
    """Trainings that have ended."""
    ended: Ended
    due: tuple[tuple[str, int], ...] = ()
    """Configuration and seed of the trainings that the next decision waits for."""

    @property
    def not_run(self) -> int:
        """Trainings that each configuration with all seeds would take beyond these."""
        return len(self.judged) * self.at_most - self.trained


@dataclass(frozen=True)
class Ranking:
    """The table, best first."""

    objectives: tuple[Objective, ...]
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    """One for each pair of neighbours that can be compared."""
    tied_with_best: tuple[str, ...] = ()
    """Configurations that cannot be separated from the first one; all of its tier where there is
    one seed."""
    cheapest: str = ""
    """Of the first and those, the one whose training takes the least time; empty where it is the
    first, or saves little."""
    expected: float = math.nan
    """What the first one's value is expected to be with fresh training seeds: the best of many was
    also the luckiest. NaN with fewer than four configurations, or one seed each."""
    baselines: tuple[Baseline, ...] = ()
    """The default configuration and the first one tried, where they are among the rows and their
    values can be compared with the first row's."""
    no_order: Text | None = None
    """Why the rows are in no order of merit; None where they are."""
    confounded: Text | None = None
    """Parameters that foreign runs differ in at once; None where each could be judged alone."""
    race: Race | None = None
    """The race over seeds; None where each configuration was trained with the same."""
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
        """The first row, if it is fit to be recommended.

        It is where it trained to the end, has a value, is healthy, and did not fail in every
        episode that it was tried in.

        Of one that was not probed, in a sweep that probes, nothing is known of its health.
        """
        if self.no_order:
            return None
        row = self.rows[0] if self.rows else None
        return row if row and row.recommendable else None

    @property
    def nothing_works(self) -> bool:
        """Whether episodes were counted, and no configuration succeeded in any."""
        counted = any(row.successes for row in self.rows)
        return counted and not any(row.succeeded for row in self.rows)
