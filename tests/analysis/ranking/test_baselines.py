"""The default and the first one tried: found, compared, and told in the answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ilsweep.analysis.ranking.baselines import defaults_of
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.pooled_comparison import paired_table
from ilsweep.analysis.summary_text import lead_and_more
from tests.analysis.strategies import trial

M = "eval/pc_success"
SPEC = {"objective": {"metric": M, "mode": "max"}}


def sweep(*levels: float) -> list[TrialRecord]:
    rng = np.random.default_rng(0)
    return [
        trial({M: level + 5 * rng.normal()}, id=f"c{i:04d}-s{s}", config=f"c{i:04d}", seed=s,
              searched={"lr": float(i)})
        for i, level in enumerate(levels) for s in range(3)
    ]  # fmt: skip


def test_the_default_and_the_first_tried_are_told_with_their_probabilities() -> None:
    ranking = rank(sweep(40, 50, 60, 80), SPEC, {}, defaults={"lr": 2.0, "width": 8})
    default, first = ranking.baselines
    assert (default.is_default, default.config_id) == (True, "c0002")
    assert (first.is_default, first.config_id) == (False, "c0000")
    assert 0.9 < default.probability < first.probability <= 1
    lead, more = lead_and_more(ranking)
    said = lead + more
    assert "better than the default (lr = 2) with a probability of" in said.en
    assert "the first configuration tried (lr = 0) with a probability of more than 99 %" in said.en
    assert "优于默认配置（lr = 2）的概率为" in said.zh


def test_nothing_is_said_of_the_winner_itself_of_few_or_of_one_seed() -> None:
    assert rank(sweep(80, 50, 60, 40), SPEC, {}, defaults={"lr": 0.0}).baselines == ()
    assert rank(sweep(40, 50, 80), SPEC, {}).baselines == ()  # no measure of the spread of three
    alone = [t for t in sweep(40, 50, 60, 80) if t.seed == 0]
    assert rank(alone, SPEC, {}).baselines == ()


def test_the_probability_is_that_of_the_normal_model() -> None:
    """Where the differences are large beside the noise: Student's t of the difference alone."""
    rng = np.random.default_rng(1)
    rows = [100 * i + rng.normal(size=4) for i in range(5)]
    rows[1] = rows[0] + 0.4
    table = paired_table(rows, [0.0] * 5, shared=False)
    assert table is not None
    assert table.test == "Tukey"
    error = math.sqrt(table.pooled / 2)
    expected = stats.t.cdf(0.4 / error, table.freedom)
    assert table.probability(1, 0) == pytest.approx(expected, abs=5e-3)
    assert table.probability(0, 1) == pytest.approx(1 - table.probability(1, 0))
    same = paired_table([r - r.mean() for r in rows], [0.0] * 5, shared=False)
    assert same is not None
    assert same.probability(3, 0) == pytest.approx(0.5)


def test_defaults_are_those_of_the_manifest() -> None:
    rows = [{"name": "lr", "default": 0.1, "required": False}, {"name": "x", "required": True}, 3]
    assert defaults_of({"trainer": {"parameters": rows}}) == {"lr": 0.1}
    assert defaults_of({"trainer": "act"}) == defaults_of({}) == {}
