"""The atlas of noise: what it makes of trainings, and that its cases are valid specs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.noise_atlas import CASES, Case, page, planned, row
from ilsweep.analysis.metrics.catalog import SUCCESS
from tests.analysis.strategies import trial


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_is_a_valid_spec_of_one_configuration(case: Case) -> None:
    plan = planned(case)
    assert (plan.configurations, plan.steps({})) == (1, case.params["steps"])


def test_a_row_has_standard_deviations_and_the_page_their_intervals() -> None:
    losses, rates = [0.2, 0.3, 0.7, 0.4], [50.0, 60.0, 40.0, 70.0]
    trials = [
        trial({"eval/offline_eval/avg_l1": loss, SUCCESS: rate, "eval/n_episodes": 10.0},
              id=f"t{i}", config="c", seed=i)
        for i, (loss, rate) in enumerate(zip(losses, rates, strict=True))
    ]  # fmt: skip
    found = row(Case("made-up", "act", {"source": "metaworld", "task": "x"}), trials)
    assert set(found["metrics"]) == {"eval/offline_eval/avg_l1", SUCCESS}
    sd = np.std(losses, ddof=1)
    assert found["metrics"]["eval/offline_eval/avg_l1"]["sd"] == pytest.approx(sd, rel=1e-2)
    assert found["metrics"][SUCCESS]["counts"] == [(5, 10), (6, 10), (4, 10), (7, 10)]
    assert found["metrics"][SUCCESS]["sd"] < np.std(rates, ddof=1)
    text = page([found])
    low, high = (sd * np.sqrt(3 / stats.chi2.ppf(p, 3)) for p in (0.975, 0.025))
    (line,) = (line for line in text.splitlines() if "avg_l1" in line)
    assert f"[{low:.3g}, {high:.3g}]" in line
