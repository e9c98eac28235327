"""A sweep's race over seeds (`seeds: {at_least: 3, at_most: 10}`), from its records alone.

The search asks it which trainings come next, the report what it decided; the same records give the
same answer, so that a sweep that was interrupted races on as it would have. A configuration that
stands lower than the leader by health, length of training or success is out, as in the ranking.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.not_finite import ends_finite
from ilsweep.analysis.metrics.objectives import Objective, as_float, objectives_of
from ilsweep.analysis.ranking.aggregate import in_order, worst_of
from ilsweep.analysis.ranking.comparisons import binomial_variance, success_counts
from ilsweep.analysis.ranking.configurations import Configuration, configurations
from ilsweep.analysis.ranking.health import with_health
from ilsweep.analysis.ranking.model import Race, RaceRound, Row
from ilsweep.analysis.ranking.rows import row_of
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.pooled_comparison import resolution
from ilsweep.analysis.stats.race import Look, race


@dataclass(frozen=True)
class Rules:
    """A spec's `seeds`, where they are no list."""

    at_least: int
    at_most: int
    smallest_effect: float
    finalists: int | None


def rules_of(spec: Mapping[str, Any]) -> Rules | None:
    """The rules of a spec's race; None where its seeds are a list."""
    given = spec.get("seeds")
    if not isinstance(given, Mapping):
        return None
    least, most = (given.get(name) for name in ("at_least", "at_most"))
    if type(least) is not int or type(most) is not int or not 0 < least < most:
        return None  # whoever edited a manifest
    finalists, smallest = given.get("finalists"), as_float(given.get("smallest_effect"))
    return Rules(
        least,
        most,
        smallest if math.isfinite(smallest) else 0.0,
        finalists if type(finalists) is int and finalists > 0 else None,
    )


def of_every_configuration(
    trials: Sequence[TrialRecord], spec: Mapping[str, Any]
) -> list[TrialRecord]:
    """The trials with the seeds that every configuration has.

    What a race trained further was chosen by its values: a claim about a parameter is not judged by
    it.
    """
    rules = rules_of(spec)
    return [
        trial
        for trial in trials
        if rules is None or trial.seed is None or trial.seed < rules.at_least
    ]


def race_of(
    trials: Sequence[TrialRecord], spec: Mapping[str, Any], critical: Mapping[str, Set[str]]
) -> Race | None:
    """How far the race of a sweep has come; None where its spec has none.

    Args:
        critical: Trial to the ids of its critical findings.
    """
    rules = rules_of(spec)
    if rules is None:
        return None
    own = [trial for trial in trials if trial.seed is not None and not trial.imported]
    return _Raced(rules, configurations(own), objectives_of(spec, own), critical).race()


class _Raced:
    """The configurations of a race, by their numbers."""

    def __init__(
        self,
        rules: Rules,
        found: Sequence[Configuration],
        objectives: tuple[Objective, ...],
        critical: Mapping[str, Set[str]],
    ) -> None:
        self._rules, self._found, self._critical = rules, found, critical
        self._objectives = objectives
        self._trained = [{t.seed: t for t in one.trials if t.finished} for one in found]
        self._due: list[tuple[str, int]] = []
        metric, sign = objectives[0].metric, objectives[0].sign
        first = [t for trained in self._trained for s, t in trained.items() if s in self._first]
        self._worst = worst_of([ends_finite(t, metric) for t in first if t.state != "failed"], sign)

    @property
    def _first(self) -> range:
        return range(self._rules.at_least)

    def race(self) -> Race:
        rules, everybody = self._rules, range(len(self._found))
        outcome = race(self._look, everybody, rules.at_least, rules.at_most, rules.smallest_effect)
        judged = dict.fromkeys(everybody, rules.at_least)
        before: Sequence[int] = everybody
        for seen in outcome.rounds:
            judged |= dict.fromkeys(before, seen.seeds)
            before = seen.left
        names = [one.label for one in self._found]
        return Race(
            at_least=rules.at_least,
            at_most=rules.at_most,
            smallest_effect=rules.smallest_effect,
            rounds=tuple(
                RaceRound(r.seeds, tuple(names[i] for i in r.left)) for r in outcome.rounds
            ),
            judged={names[i]: seeds for i, seeds in judged.items()},
            trained=sum(map(len, self._trained)),
            ended=outcome.ended,
            due=tuple(self._due),
        )

    def _look(self, left: tuple[int, ...], seeds: int) -> Look | None:
        self._due = [
            (self._found[i].trials[0].config_id, seed)
            for i in left
            for seed in range(seeds)
            if seed not in self._trained[i]
        ]
        if self._due:
            return None
        groups = {i: [self._trained[i][seed] for seed in range(seeds)] for i in left}
        members = sorted(self._fit(groups, seeds))
        if not members:
            return Look((), np.empty((0, seeds)))
        values = np.array([self._values(groups[i]) for i in members])
        return Look(tuple(members), values, self._floor([groups[i] for i in members], values))

    def _fit(self, groups: Mapping[int, Sequence[TrialRecord]], seeds: int) -> list[int]:
        """Those that can be compared with the leader; none where it is not fit to be recommended.

        After the first seeds, the best finalists of them alone.
        """
        rows = {row.config_id: row for row in self._rows(groups)}
        order = in_order((row.standing for row in rows.values()), self._objectives[0].sign)
        if not order or not rows[order[0].config_id].recommendable:
            return []
        fit = [one.config_id for one in order if one.tier == order[0].tier]
        if seeds == self._rules.at_least:
            fit = fit[: self._rules.finalists]
        number = {self._found[i].label: i for i in groups}
        return [number[name] for name in fit]

    def _rows(self, groups: Mapping[int, Sequence[TrialRecord]]) -> Iterator[Row]:
        found = [
            row_of(Configuration(self._found[i].label, tuple(group), ()), self._objectives,
                   self._critical)
            for i, group in groups.items()
        ]  # fmt: skip
        trials = {trial.id: trial for group in groups.values() for trial in group}
        yield from with_health(found, trials, self._critical)

    def _values(self, group: Sequence[TrialRecord]) -> list[float]:
        """Larger is better; a seed that failed, or has no value, counts as the worst."""
        metric, sign = self._objectives[0].metric, self._objectives[0].sign
        ends = [
            math.nan if trial.state == "failed" else ends_finite(trial, metric) for trial in group
        ]
        worst = worst_of([self._worst, *ends], sign)
        return [-sign * (end if math.isfinite(end) else worst) for end in ends]

    def _floor(self, groups: Sequence[Sequence[TrialRecord]], values: Any) -> float:
        """Least variance of one value: that of rounding, of a success rate the binomial one."""
        floor = resolution(list(values))
        if self._objectives[0].metric == SUCCESS:
            counts = success_counts([trial for group in groups for trial in group])
            floor = max(floor, binomial_variance(counts))
        return floor
