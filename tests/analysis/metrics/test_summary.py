"""First, last, best and change of a curve, and the numbers as the report prints them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ilsweep.analysis.formatting import number, percentage
from ilsweep.analysis.metrics.lookup import KNOWN
from ilsweep.analysis.metrics.summary import NEVER_LOGGED, summarize, up_to
from ilsweep.analysis.records.curves import EMPTY, Curve

VALUES = st.lists(st.floats(allow_infinity=False, width=32), min_size=1, max_size=50)


def curve(values: list[float]) -> Curve:
    return Curve(np.arange(50, 50 * len(values) + 50, 50), np.array(values, np.float64))


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (15.149999, "15.15"),
        (1246.3, "1246"),
        (0.00040071, "0.0004007"),
        (2.333e-5, "2.333e-05"),
        (8.36e-5, "8.36e-05"),
        (0.341, "0.341"),
        (39.77, "39.77"),
        (-0.0, "0"),
        (12345.0, "1.234e+04"),
        (math.nan, "nan"),
        (math.inf, "inf"),
    ],
)
def test_four_significant_digits(value: float, printed: str) -> None:
    assert number(value) == printed


def test_percentage_has_two_decimals() -> None:
    assert [percentage(v) for v in (-90.3699, 52181.8796, 0.0)] == ["-90.37%", "52181.88%", "0.00%"]


@given(VALUES)
@example([math.nan, math.nan])
def test_best_is_the_first_of_the_extremes(values: list[float]) -> None:
    finite = [v for v in values if math.isfinite(v)]
    for mode, extreme in (("min", min), ("max", max)):
        summary = summarize(curve(values), mode)  # type: ignore[arg-type]
        if not finite:
            assert math.isnan(summary.best)
            assert summary.best_step is None
            continue
        best = extreme(finite)
        assert summary.best == best
        assert summary.best_step == 50 * (values.index(best) + 1)


@given(VALUES)
def test_first_and_last_are_those_reported(values: list[float]) -> None:
    summary = summarize(curve(values))
    np.testing.assert_equal([summary.first, summary.last], [values[0], values[-1]])
    np.testing.assert_equal(summary.first + summary.delta, values[0] + (values[-1] - values[0]))


def test_percent_has_the_sign_of_the_change_for_a_negative_start() -> None:
    summary = summarize(curve([-10.0, -15.0]))
    assert (summary.delta, summary.percent) == (-5.0, -50.0)


def test_percent_of_nothing_is_unknown() -> None:
    assert math.isnan(summarize(curve([0.0, 1.0])).percent)


def test_a_metric_never_logged() -> None:
    assert summarize(EMPTY) is NEVER_LOGGED
    assert f"{number(NEVER_LOGGED.best)}@{NEVER_LOGGED.best_step}" == "nan@None"


@given(VALUES, st.integers(0, 3000))
def test_an_earlier_look_knows_nothing_of_later_reports(values: list[float], step: int) -> None:
    early = up_to(curve(values), step)
    assert list(early.steps) == [s for s in curve(values).steps if s <= step]
    np.testing.assert_array_equal(early.values, values[: len(early)])


@pytest.mark.parametrize(
    ("metric", "mode"),
    [
        ("eval/pc_success", "max"),
        ("eval/avg_max_reward", "max"),
        ("Rollout/Success_Rate/lift", "max"),
        ("train/acc", "max"),
        ("eval/top5_accuracy", "max"),
        ("val/meanIoU", None),
        ("val/mean_IoU", "max"),
        ("eval/episodeReturn", "max"),
        ("test/mean_score", "max"),
        ("train/loss", "min"),
        ("train/ot_loss", "min"),
        ("train/ot_cost/state", "min"),
        ("train/ot_pi_sum", "min"),
        ("train/ot_pi_diag", "min"),
        ("eval/offline_eval/avg_l1", "min"),
        ("bc/normalized_mse", "min"),
        ("overall_avg_sample_mse", "min"),
        # a loss of something good is a loss
        ("loss_score", "min"),
        ("score_loss", "min"),
        ("return_loss", "min"),
        ("reward/l2", "min"),
        # words, not letters
        ("train/underscore", None),
        ("train/returned_to_base", None),
        ("train/closser", None),
        ("eval/accessible", None),
        ("train/placement", None),
        # no end of these is good
        ("train/grad_norm", None),
        ("train/lr", None),
        ("train/entropy", None),
        ("train/loss_weight", None),
        ("eval/success_std", None),
        ("eval/steps_to_success", None),
        ("val_loss_epoch", "min"),
        ("eval/num_successes", "max"),
        ("probe/feature_rank", None),
        ("", None),
    ],
)
def test_direction(metric: str, mode: str | None) -> None:
    assert KNOWN.direction(metric) == mode


@given(VALUES)
def test_without_a_direction_nothing_is_best(values: list[float]) -> None:
    summary = summarize(curve(values), None)
    np.testing.assert_equal([summary.first, summary.last], [values[0], values[-1]])
    assert f"{number(summary.best)}@{summary.best_step}" == "nan@None"
