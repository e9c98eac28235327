"""No interval of a report leaves what is possible: of rates, their differences, effects, shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.analysis.analyse import Analysis, analyse
from ilsweep.analysis.inference.hypotheses import Verdict
from ilsweep.analysis.inference.importance import ParamImportance
from ilsweep.analysis.metrics.catalog import SIGNED
from ilsweep.analysis.metrics.lookup import KNOWN, TABLE, largest_difference, possible
from ilsweep.analysis.ranking.comparisons import Comparison
from ilsweep.analysis.ranking.model import Estimate, Successes
from ilsweep.analysis.stats.effects import level_effect, trend_effect
from ilsweep.analysis.stats.intervals_and_tests import Interval, student_interval
from ilsweep.analysis.stats.pooled_comparison import paired_table
from tests.analysis.strategies import sweep, trial

POSSIBLE: dict[type, tuple[float, float]] = {
    Estimate: (0, 100),
    Comparison: (-100, 100),
    Verdict: (-100, 100),
    Successes: (0, 1),
    ParamImportance: (0, 1),
}
"""By what holds an interval, in a sweep whose objective and claim are of success."""

rates = st.sampled_from([0.0, 0.0, 10.0, 50.0, 90.0, 100.0, 100.0])


@st.composite
def at_the_bounds(draw: st.DrawFn) -> Analysis:
    """A grid over one parameter, or configurations that differ in two: many at 0 or 100 %."""
    metric = draw(st.sampled_from(["eval/pc_success", "probe/pc_success/4"]))
    configs, seeds = draw(st.sampled_from([(2, 2), (3, 2), (4, 3), (7, 2), (12, 1)]))
    random = draw(st.booleans())
    values = draw(st.lists(rates, min_size=configs * seeds, max_size=configs * seeds))
    trials = [
        trial({metric: value, "eval/n_episodes": 10.0}, id=f"{config}-{seed}",
              config=f"c{config}", seed=seed,
              searched={"x": float(config), **({"y": config % 3 / 2} if random else {})})
        for (config, seed), value in zip(np.ndindex(configs, seeds), values, strict=True)
    ]  # fmt: skip
    claim = {"claim": "c", "param": "x", "metric": metric, "expect": "increase"}
    space = {
        "x": {"uniform": [0.0, 12.0]},
        **({"y": {"choice": [0.0, 0.5, 1.0]}} if random else {}),
    }
    spec = {"objective": {"metric": metric, "mode": "max"}, "hypotheses": [claim], "space": space}
    return analyse(sweep(trials, spec))


def intervals(owner: Any) -> Iterator[tuple[type, Interval]]:
    """Every interval below `owner`, with the type of what holds it."""
    if isinstance(owner, Mapping):
        owner = tuple(owner.values())
    if isinstance(owner, list | tuple):
        for item in owner:
            yield from intervals(item)
    elif is_dataclass(owner):
        for value in (getattr(owner, field.name) for field in fields(owner)):
            if isinstance(value, Interval):
                yield type(owner), value
            else:
                yield from intervals(value)


@given(at_the_bounds())
@settings(max_examples=60, deadline=None)
def test_intervals_of_success_lie_within_what_is_possible(analysis: Analysis) -> None:
    ranking = analysis.ranking
    for owner, interval in intervals([ranking, analysis.hypotheses, analysis.importance]):
        low, high = POSSIBLE[owner]
        assert low <= interval.low <= interval.high <= high
    for verdict in analysis.hypotheses:
        assert not abs(verdict.effect) > 100
        assert verdict.interval is None or verdict.effect in verdict.interval
        assert not 100 < verdict.visible < np.inf
    for pair in ranking.comparisons:
        assert pair.interval is None or pair.difference in pair.interval
        assert not 100 < pair.visible < np.inf
    assert np.isnan(ranking.expected) or 0 <= ranking.expected <= 100
    assert all(0 <= baseline.probability <= 1 for baseline in ranking.baselines)


@pytest.mark.parametrize("truth", [(100.0, 0.0), (99.0, 2.0), (60.0, 40.0)])
def test_what_is_cut_off_held_no_truth(truth: tuple[float, float]) -> None:
    """Each interval covers the truth exactly where the one that knows of no bounds does."""
    rng = np.random.default_rng(0)
    means = np.array(truth)[:, None] + rng.normal(0, 20, (200, 2, 2))
    means = np.clip(means, 0, 100)
    difference = truth[0] - truth[1]
    for table in means:
        pairs = [paired_table(list(table), [1.0, 1.0], shared=True, most=m) for m in (100, np.inf)]
        effects = [level_effect(table[::-1], 1.0, m) for m in (100, np.inf)]
        seeds = [student_interval(table[0], possible=p) for p in ((0, 100), (-np.inf, np.inf))]
        for values, of in (
            ([p.compare(0, 1).interval for p in pairs if p], difference),
            ([e.interval for e in effects if e], difference),
            (seeds, truth[0]),
        ):
            bounded, free = values
            assert bounded
            assert free
            assert (of in bounded) == (of in free)


def test_a_line_beyond_the_bounds_is_moved_back_to_them() -> None:
    """0, 0, 100, 100 lie on a line that climbs by 120: no success rate can."""
    means = np.repeat([[0.0], [0.0], [100.0], [100.0]], 3, axis=1)
    free, bounded = level_effect(means, 25.0), level_effect(means, 25.0, 100)
    assert free
    assert bounded
    assert free.size == pytest.approx(120)
    assert bounded.size == 100
    assert bounded.interval.high == 100
    assert bounded.interval.low == pytest.approx(free.interval.low - 20)
    assert bounded.p == free.p
    steep = trend_effect(np.array([0.0, 0.1, 0.2, 0.8, 0.9, 1.0]), np.repeat([0.0, 100], 3), 100)
    assert steep
    assert -100 <= steep.interval.low <= steep.size <= steep.interval.high <= 100


def test_values_that_are_not_what_their_name_says_keep_their_interval() -> None:
    found = student_interval([130.0, 131.0], possible=(0, 100))
    assert found
    assert 130.5 in found
    odd = level_effect(np.array([[0.0, 1.0], [500.0, 502.0]]), most=100)
    assert odd
    assert odd.size == pytest.approx(500.5)


def test_what_is_possible_follows_from_the_table() -> None:
    assert possible("probe/pc_success/4") == (0, 100)
    assert possible("probe/gradient_share/position") == (0, 1)
    assert possible("eval/offline_eval/avg_l1") == (0, np.inf)
    for name in ("bc/actor_loss", "somebody/score"):
        assert possible(name) == (-np.inf, np.inf)
        assert largest_difference(name) == np.inf
    assert SIGNED <= TABLE
    for metric in KNOWN:
        if metric.unit == "%":
            assert possible(metric.name) == (0, 100)
