"""What made a loss jump, told from the records alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.findings.jump import loss_jump
from ilsweep.analysis.findings.thresholds import resolve
from tests.analysis.strategies import Points, falling, trial

N, AT = 200, 150
STEP = 50 * (AT + 1)
PARAMS = {"batch_size": 256, "lr": 3e-4, "std_min": 1e-5}


def curves(size: float = 39.0, **changed: Points) -> dict[str, Points]:
    """The note's run: the loss falls to -15 and jumps by `size`, the error does not."""
    rng = np.random.default_rng(0)
    loss, rise = np.array(falling(5.0, -15.0, N)), np.zeros(N)
    rise[AT:] = size
    found: dict[str, Points] = {
        "bc/actor_loss": loss + rise,
        "bc/mse": 0.1 * (1 + 0.05 * rng.normal(size=N)),
        "bc/residual": 3 + 0.1 * rng.normal(size=N) + rise,
        "bc/batch_spread": 8 + 0.5 * rng.normal(size=N) + 3 * rise,
        "bc/min_std": 0.004 * (1 + 0.02 * rng.normal(size=N)),
        "train/lr": [3e-4] * N,
    }
    return {**found, **{f"bc/{name}": points for name, points in changed.items()}}


def jump(metrics: dict[str, Points], **params: Any) -> Finding:
    found = loss_jump(trial(metrics, params={**PARAMS, **params}), resolve({}))
    assert found is not None
    return found


def test_a_mean_that_moves_by_many_small_deviations_is_the_cause() -> None:
    found = jump(curves())
    assert (found.evidence["step"], found.evidence["cause"]) == (STEP, "deviation")
    assert found.evidence["after"] == pytest.approx(24, abs=1)
    assert found.evidence["batch_sigmas"] == pytest.approx(39 / (8 / 16), rel=0.1)
    assert found.evidence["residual_share"] == pytest.approx(1, abs=0.05)
    assert found.evidence["min_std"] == pytest.approx(0.004, rel=0.1)
    assert found.suggestions[0].param == "std_min"
    assert "no draw of samples" in found.explanation.en


def test_an_error_that_doubles_near_nothing_does_not_share_the_jump() -> None:
    """The measured case: a squared error that fell from 0.9 to 0.003, and rose to 0.006."""
    fallen = np.array(falling(0.9, 0.003, N))
    fallen[AT:] += 0.003
    assert float(jump(curves(mse=fallen)).evidence["error_rise"]) < 0.01
    fallen[AT:] += 0.5
    assert loss_jump(trial(curves(mse=fallen), params=PARAMS), resolve({})) is None


@pytest.mark.parametrize(("noise", "found"), [(0.5, True), (1.2, False)])
def test_a_jump_stands_out_by_seven_deviations_of_a_change(noise: float, found: bool) -> None:
    """A jump by 6, where changes have a standard deviation of sqrt(2) times the noise."""
    metrics = curves(6.0)
    metrics["bc/actor_loss"] += noise * np.random.default_rng(1).normal(size=N)
    said = loss_jump(trial(metrics, params=PARAMS), resolve({}))
    assert (said is not None) is found


def test_a_rate_that_rises_is_the_cause_before_all_others() -> None:
    found = jump({**curves(), "train/lr": [1e-4] * AT + [1e-3] * (N - AT)})
    assert found.evidence["cause"] == "schedule"
    assert found.evidence["lr_ratio"] == pytest.approx(10)


def test_a_rate_that_falls_is_no_cause() -> None:
    found = jump({**curves(), "train/lr": [1e-3] * AT + [1e-4] * (N - AT)})
    assert found.evidence["cause"] == "deviation"


def test_a_rise_within_what_batches_differ_by_is_the_batch() -> None:
    """Four samples whose losses spread by 40 nats have means that spread by 20."""
    found = jump(curves(batch_spread=[40.0] * N), batch_size=4)
    assert found.evidence["cause"] == "batch"
    assert found.evidence["batch_sigmas"] == pytest.approx(39 / 20, rel=0.05)


def test_the_batch_is_counted_by_its_share_where_that_is_set() -> None:
    metrics = {**curves(batch_spread=[40.0] * N), "probe/transitions": 40.0}
    found = jump(metrics, batch_fraction=0.1)
    assert found.evidence["batch_sigmas"] == pytest.approx(39 / 20, rel=0.05)


def test_a_batch_of_everything_is_never_the_cause() -> None:
    found = jump(curves(batch_coverage=[1.0] * N, batch_spread=[1e6] * N))
    assert found.evidence["cause"] == "deviation"
    assert found.evidence["batch_sigmas"] == math.inf
    assert "whole training set" in found.explanation.en


def test_without_the_parts_of_the_loss_the_cause_stays_open() -> None:
    """A foreign run that logs the note's four curves: the note's remedies, no more."""
    names = ("bc/actor_loss", "bc/mse")
    found = jump({name: curve for name, curve in curves().items() if name in names})
    assert found.evidence["cause"] == "unknown"
    assert found.evidence["moved_with"] == "nothing logged"
    assert [s.param for s in found.suggestions] == ["lr"]
    known = {"probe/transitions": 418.0}
    metrics = {**{name: curve for name, curve in curves().items() if name in names}, **known}
    assert [s.param for s in jump(metrics).suggestions] == ["lr", "batch_fraction"]


def test_what_moved_with_it_is_named() -> None:
    std = np.full(N, 0.05) * (1 + 0.02 * np.random.default_rng(0).normal(size=N))
    std[AT:] = 0.002
    assert jump(curves(min_std=std)).evidence["moved_with"] == "bc/min_std"


def test_a_floor_that_is_there_is_not_suggested() -> None:
    assert [s.param for s in jump(curves(), std_min=0.05).suggestions] == ["lr"]
