"""A configuration's trials to its row of the ranking, before any order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import Literal

from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.lookup import possible
from ilsweep.analysis.metrics.not_finite import ends_finite
from ilsweep.analysis.metrics.objectives import Objective, train_loss
from ilsweep.analysis.ranking.aggregate import counted
from ilsweep.analysis.ranking.comparisons import success_counts
from ilsweep.analysis.ranking.configurations import Configuration
from ilsweep.analysis.ranking.model import Estimate, Row, Successes
from ilsweep.analysis.records.schedule import schedule
from ilsweep.analysis.stats.intervals_and_tests import (
    Interval,
    centre,
    clopper_pearson,
    student_interval,
)


def row_of(
    found: Configuration, objectives: tuple[Objective, ...], critical: Mapping[str, Set[str]]
) -> Row:
    """The row of one configuration, its health still to be judged (`health.with_health`)."""
    metric, group = objectives[0].metric, found.trials
    course = schedule(group[0])
    used = [group[i] for i in counted([(t.state, ends_finite(t, metric)) for t in group])]
    counts = success_counts(used)
    estimates = {
        o.metric: estimated([ends_finite(t, o.metric) for t in used], o.metric, counts)
        for o in objectives
    }
    found_in = Counter(i for t in group for i in critical.get(t.id, ()))
    return Row(
        config_id=found.label,
        searched=course[-1][1] if course else group[0].searched,
        trial_ids=tuple(t.id for t in group),
        states=dict(Counter(t.state for t in group)),
        objective=estimates[metric],
        objectives=estimates,
        successes=counted_successes(counts),
        train_loss=estimated([train_loss(t) for t in used or group], "train/loss"),
        rank=0,
        loss_rank=None,
        healthy=True,
        critical=tuple(sorted(found_in)),
        critical_in=dict(sorted(found_in.items())),
        comparable=any(t.state == "completed" for t in used),
        steps=min((t.steps for t in used), default=0),
        counted=tuple(t.id for t in used),
        schedule=course,
        copies=found.copies,
    )


def estimated(
    values: Sequence[float], metric: str, counts: Sequence[tuple[int, int]] = ()
) -> Estimate:
    """The seeds' values as one number, its interval within what is possible for `metric`.

    Seeds that succeed equally often by chance are no proof that seeds do not differ: of three seeds
    with ten episodes each, all of which succeed, Student's interval has no width. So that of a
    success rate holds at least what the exact one of all its episodes holds; where no episodes were
    counted, and of any other metric, seeds of one value have no interval.

    Args:
        counts: (successes, episodes) of each seed, which bear on the success rate alone.
    """
    known = tuple(value for value in values if math.isfinite(value))
    interval = student_interval(known, possible=possible(metric))
    if interval and counts and metric == SUCCESS:
        exact = clopper_pearson(*_pooled(counts))
        low, high = min(interval.low, 100 * exact.low), max(interval.high, 100 * exact.high)
        interval = Interval(low, high, interval.level)
    elif len(set(known)) == 1:
        interval = None
    method: Literal["mean", "none"] = "mean" if known else "none"
    return Estimate(centre(known), interval, len(known), method, known)


def _pooled(counts: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(k for k, _ in counts), sum(n for _, n in counts)


def counted_successes(counts: Sequence[tuple[int, int]]) -> Successes | None:
    """(successes, episodes) of each seed's policy, pooled; None of none."""
    if not counts:
        return None
    k, n = _pooled(counts)
    across = student_interval([count[0] / count[1] for count in counts], possible=(0.0, 1.0))
    return Successes(k, n, clopper_pearson(k, n), tuple(counts), across)
