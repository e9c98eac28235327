"""What `validate` says that claims could show, against sweeps of such effects."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ilsweep.analysis.stats.effects import (
    level_effect,
    trend_effect,
    visible_over_configurations,
    visible_over_seeds,
)
from ilsweep.sweeps.validation.validate import load_spec
from ilsweep.sweeps.workflow.power import power

SPECS = Path(__file__).parents[3] / "sweeps" / "specs"


@pytest.mark.parametrize(("levels", "seeds"), [(2, 3), (3, 3), (4, 6)])
def test_a_grid_shows_what_is_said_in_four_of_five(levels: int, seeds: int) -> None:
    rng = np.random.default_rng(levels)
    rise = visible_over_seeds(levels, seeds) * np.arange(levels) / (levels - 1)
    tables = rng.normal(size=(400, levels, seeds)) + rise[:, None]
    found = [level_effect(table) for table in tables]
    # The larger the quantile, the more a sum of two of them overstates (few degrees of freedom).
    assert 0.74 < np.mean([f.p < 0.05 for f in found if f]) < 0.95


def test_a_random_search_shows_what_is_said() -> None:
    rng = np.random.default_rng(0)
    slope, seen = visible_over_configurations(18), []
    for _ in range(300):
        x = rng.random(18)
        found = trend_effect(x, slope * x + rng.normal(size=18))
        seen.append(found is not None and found.p < 0.05)
    assert 0.7 < np.mean(seen) < 0.9


def test_one_seed_and_few_configurations_show_nothing() -> None:
    assert math.isinf(visible_over_seeds(4, 1))
    assert math.isinf(visible_over_configurations(5))


def test_each_claim_of_a_spec_has_its_line() -> None:
    path = SPECS / "bc_loss_jump.yaml"
    told = power(load_spec(path, []))
    assert len(told) == 6
    assert all("shows a change of" in line for line in told)
    alone = power(load_spec(path, ["seeds=[0]"]))
    assert all("cannot be decided" in line for line in alone)


def test_episodes_alone_may_hide_the_smallest_effect() -> None:
    claim = "[{claim: c, param: lr, metric: eval/pc_success, expect: increase}]"
    plan = load_spec(
        SPECS / "bc_loss_jump.yaml",
        [f"hypotheses={claim}", "space={lr: {choice: [0.001, 0.01]}}", "params.rollouts=2"],
    )
    (told,) = power(plan)
    assert "cannot see the smallest effect of interest, 10" in told
