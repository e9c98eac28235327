"""What a sweep can show of an effect that is not there, and what it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.formatting import num
from ilsweep.analysis.inference.hypotheses import Verdict, judge
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.effects import level_effect
from tests.analysis.inference.claims import (
    B_MATTERS,
    FLAT,
    SUCCESS,
    of,
    sweep,
)
from tests.analysis.strategies import trial


@pytest.mark.parametrize("expect", ["no_effect", "increase"])
def test_absence_needs_a_sweep_that_could_have_seen_an_effect(expect: str) -> None:
    assert of(sweep(FLAT, 3.0), expect).judgement == "undecided"
    assert of(sweep(FLAT, 3.0), expect).reason == "within"
    shown = of(sweep(B_MATTERS, 3.0), expect)
    assert (shown.judgement, shown.shown_by) == ("absent", "b")
    assert of(sweep(FLAT, 3.0), expect, sensitive=True).judgement == "absent"
    # The two-sided interval beside it can reach further than the equivalence test's bound.
    assert abs(shown.effect) <= shown.bound < (shown.smallest_effect or 0.0)
    assert f"(by {num(shown.bound)} at most, with a one-sided confidence of 95 %)" in (
        shown.explanation.en
    )
    # And a smallest effect that the noise does not hide.
    assert of(sweep(B_MATTERS, 3.0), expect, smallest_effect=1.0).judgement == "undecided"


@pytest.mark.parametrize("shape", [[-2.0, 0.0, 2.0], [0.0, 2.0, 0.0]])
@pytest.mark.parametrize("expect", ["no_effect", "increase"])
def test_an_effect_too_small_to_matter_is_absent_however_significant(
    shape: list[float], expect: str
) -> None:
    """The equivalence test is over all pairs of values, so that none in between is overlooked."""
    small = B_MATTERS + np.array(shape)[:, None]
    found = of(sweep(small, 0.5, 6), expect, smallest_effect=10.0)
    assert (found.judgement, found.reason) == ("absent", "equivalent")
    assert of(sweep(small, 0.5, 6), "no_effect", smallest_effect=1.0).judgement == "refuted"


def test_a_failed_control_lets_nothing_be_concluded() -> None:
    steep = FLAT + np.array([[-30.0], [0.0], [30.0]])
    assert of(sweep(steep), "increase").judgement == "supported"
    found = of(sweep(steep), "increase", sensitive=False)
    assert found.judgement == "not testable"
    assert "control failed" in found.explanation.en


@pytest.mark.parametrize("seeds", [3, 5])
def test_an_optimum_inside_is_no_absence(seeds: int) -> None:
    arch = B_MATTERS + np.array([[-10.0], [10.0], [-10.0]])
    for expect in ("no_effect", "increase", "decrease"):
        found = of(sweep(arch, 4.0, seeds), expect)
        assert (found.judgement, found.reason, found.inside) == ("refuted", "inside", "1")


@pytest.mark.parametrize("rate", [0.002, 0.01, 0.03, 0.97, 0.998])
@pytest.mark.parametrize("expect", ["no_effect", "increase"])
def test_at_a_floor_and_at_a_ceiling_nothing_is_concluded(rate: float, expect: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        table = 5.0 * rng.binomial(20, rate, (4, 3, 3))
        records = [
            trial(
                {SUCCESS: float(v), "eval/n_episodes": 20.0},
                id=f"c{i}-{j}-s{s}",
                config=f"c{i}-{j}",
                seed=s,
                searched={"a": float(i), "b": float(j)},
            )
            for (i, j, s), v in np.ndenumerate(table)
        ]
        assert of(records, expect, sensitive=True).judgement == "not testable"


def test_a_threshold_that_nobody_crosses_is_not_testable() -> None:
    def probed(values: list[float]) -> Verdict:
        metric = "probe/shuffled_action_change"
        records = [
            trial({metric: v + 1e-4 * s}, id=f"{i}-{s}", config=f"{i}", seed=s, searched={"a": i})
            for i, v in enumerate(values)
            for s in range(3)
        ]
        claim = {"claim": "c", "param": "a", "metric": metric, "expect": "increase"}
        return judge({"hypotheses": [claim]}, records, {}, resolve({}), Catalog())[0]

    assert probed([0.019, 0.020, 0.022]).judgement == "not testable"
    assert probed([0.019, 0.120, 0.322]).judgement == "supported"


def test_copies_of_two_runs_stay_two_runs() -> None:
    records = [
        trial({SUCCESS: 40.0 + i % 2}, id=f"c{i}", config=f"c{i}", searched={"a": float(i % 2)})
        for i in range(10)
    ]
    assert of(records, "increase").judgement == "undecided"


@pytest.mark.parametrize("others", [1, 3, 6])
def test_a_parameter_that_does_nothing_is_no_further_evidence(others: int) -> None:
    """The noise of a level and a seed comes back in every setting of the other parameter."""
    rng = np.random.default_rng(others)
    decided = 0
    for _ in range(100):
        noise = 5 * rng.normal(size=(4, 1, 3)) + 0.01 * rng.normal(size=(4, others, 3))
        records = [
            trial({SUCCESS: 50 + float(v)}, id=f"c{i}-{j}-s{s}", config=f"c{i}-{j}", seed=s,
                  searched={"a": float(i), "b": float(j)})
            for (i, j, s), v in np.ndenumerate(noise)
        ]  # fmt: skip
        decided += of(records, "increase").judgement != "undecided"
    assert decided <= 11  # 5 of 100 are promised; 12 come with probability 0.004


def test_the_seeds_that_would_decide_are_named_and_decide() -> None:
    """Whether there is nothing or the smallest effect of interest, 10 points; either as often."""
    told = []
    for i in range(30):
        rise = 5.0 * (i % 2) * np.arange(3)[:, None]
        whole = sweep(FLAT + rise, 12.0, 60, rng_seed=i)

        def judged(seeds: int, whole: list[TrialRecord] = whole) -> Verdict:
            few = [record for record in whole if (record.seed or 0) < seeds]
            return of(few, "increase", sensitive=True)

        first = judged(3)
        if first.seeds_needed is not None:
            assert first.seeds_needed > 3
            assert f"{first.seeds_needed} seeds" in first.needed.en
            told.append(judged(first.seeds_needed).judgement)
    assert len(told) >= 15
    assert told.count("undecided") <= 0.4 * len(told)


def test_equal_differences_of_counts_are_no_proof() -> None:
    """Two seeds of ten episodes each: one more success in both is a tie of chance."""
    records = [
        trial({SUCCESS: 50.0 + 10 * i + 20 * s, "eval/n_episodes": 10.0}, id=f"c{i}-s{s}",
              config=f"c{i}", seed=s, searched={"a": float(i)})
        for i in range(2) for s in range(2)
    ]  # fmt: skip
    found = of(records, "increase")
    assert found.judgement == "undecided"
    assert found.p > 0.3
    assert level_effect(np.array([[5.0, 5.0], [6.0, 6.0]])) is None
