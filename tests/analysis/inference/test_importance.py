"""Importance of parameters and borders of the space, on functions whose answer is known."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.inference.importance import Importance, edges, importance
from ilsweep.analysis.inference.search_space import SearchDomain, domains_of, parse
from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.ranking.model import Ranking
from ilsweep.analysis.ranking.rank import rank
from tests.analysis.strategies import trial

SPACE: dict[str, Any] = {
    "lr": {"loguniform": [1e-5, 1e-1]},
    "ot.reg": {"uniform": [0, 2]},
    "norm": {"choice": ["a", None, [1, 2]]},
}
OBJECTIVE = Objective("train/loss", "min")


def judged(count: int, seed: int = 0) -> Importance:
    """The loss is the distance of log lr from -3; reg and norm do nothing."""
    rng = np.random.default_rng(seed)
    records = []
    for i in range(count):
        lr, reg = 10 ** rng.uniform(-5, -1), rng.uniform(0, 2)
        searched = {"lr": lr, "ot.reg": reg, "norm": SPACE["norm"]["choice"][i % 3]}
        loss = (np.log10(lr) + 3) ** 2
        records.append(trial({"train/loss": loss}, id=f"{i}", config=f"{i}", searched=searched))
    spec = {"objective": {"metric": "train/loss", "mode": "min"}, "space": SPACE}
    rows = rank(records, spec, {}).rows
    found = importance(rows, domains_of(spec, [row.searched for row in rows]), OBJECTIVE)
    assert found is not None
    return found


@pytest.mark.parametrize("count", [40, 250])
def test_the_parameter_that_matters_is_found_and_sure(count: int) -> None:
    found = judged(count)
    assert found.method == "PED-ANOVA"
    assert found.params[0].param == "lr"
    assert sum(param.share for param in found.params) == pytest.approx(1)
    for param in found.params:
        assert param.interval is not None
        assert param.share in param.interval
    first, second = found.params[0].interval, found.params[1].interval
    assert first is not None
    assert second is not None
    assert first.low > second.high


def test_few_configurations_give_none_and_say_so() -> None:
    found = judged(6)
    assert (found.method, found.params) == ("none", ())
    assert "6 configurations" in found.note.en


def test_nothing_searched_gives_nothing() -> None:
    assert importance([], {}, OBJECTIVE) is None


def test_the_analysis_needs_no_torch_and_no_ray() -> None:
    code = (
        "import sys, ilsweep.analysis.analyse, optuna.importance\n"
        "assert not {'torch', 'ray', 'sweeps', 'trainers'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("entry", "low", "high", "log"),
    [
        ({"uniform": [0, 2]}, 0, 2, False),
        ({"loguniform": [0.1, 10]}, 0.1, 10, True),
        ({"randint": [1, 9]}, 1, 8, False),
        ({"qrandint": [0, 8, 2]}, 0, 8, False),
        ({"qlograndint": {"lower": 1, "upper": 64, "q": 1}}, 1, 64, True),
        ({"choice": [0.15, 1.0, 2.0]}, 0.15, 2.0, True),
        ({"choice": [1, 5]}, 1, 5, False),
        ({"randn": [0, 1]}, -2, 2, False),
    ],
)
def test_domains_of_a_spec(entry: dict[str, Any], low: float, high: float, log: bool) -> None:
    domain = parse(entry)
    assert domain is not None
    assert (domain.low, domain.high, domain.log) == (low, high, log)


@pytest.mark.parametrize("entry", [None, 3, {}, {"uniform": 1}, {"uniform": ["a", 2]}, {"x": {}}])
def test_what_is_no_domain(entry: object) -> None:
    assert parse(entry) is None


def test_a_space_is_read_from_the_runs_where_no_spec_says_it() -> None:
    domains = domains_of({}, [{"lr": 0.1, "norm": "a"}, {"lr": 0.001, "norm": "b"}])
    assert (domains["lr"].low, domains["lr"].high) == (0.001, 0.1)
    assert not domains["norm"].ordered


LIMITS = resolve({})


def won_at(searched: dict[str, Any]) -> Ranking:
    return rank([trial({"train/loss": 1.0}, searched=searched)], {}, {})


@pytest.mark.parametrize(
    ("domain", "value", "side"),
    [
        ({"loguniform": [1e-5, 1e-1]}, 1.2e-5, "low"),
        ({"loguniform": [1e-5, 1e-1]}, 0.09, "high"),
        ({"loguniform": [1e-5, 1e-1]}, 1e-3, None),
        ({"uniform": [0, 1]}, 0.97, "high"),
        ({"choice": [1, 5, 10]}, 10, "high"),
        ({"choice": [1, 5, 10]}, 5, None),
        ({"choice": [1, 10]}, 10, None),
        ({"choice": ["a", "b", "c"]}, "c", None),
    ],
)
def test_borders_of_the_space(domain: dict[str, Any], value: Any, side: str | None) -> None:
    domains = domains_of({"space": {"x": domain}}, [])
    found = edges(won_at({"x": value}), domains, LIMITS)
    assert [edge.side for edge in found] == ([side] if side else [])


@pytest.mark.parametrize(("other", "sides"), [(1, []), (10, ["high"])])
def test_a_border_is_none_where_another_value_is_as_good(other: int, sides: list[str]) -> None:
    records = [trial({"train/loss": 1.0}, searched={"x": x}, config=f"c{x}") for x in (10, other)]
    records.append(trial({"train/loss": 2.0}, searched={"x": 5}, config="c5"))
    domains = domains_of({"space": {"x": {"choice": [1, 5, 10]}}}, [])
    assert [edge.side for edge in edges(rank(records, {}, {}), domains, LIMITS)] == sides


def test_no_winner_lies_on_no_border() -> None:
    assert edges(rank([], {}, {}), {"x": SearchDomain("uniform", 0, 1)}, LIMITS) == ()


@pytest.mark.parametrize(("best_x", "sides"), [(1.3, ["high"]), (-0.3, ["low"]), (0.5, [])])
def test_random_values_show_a_border_though_none_of_them_lies_on_it(
    best_x: float, sides: list[str]
) -> None:
    """Losses (x - best)^2 at values that keep a tenth away from both borders."""
    values = np.random.default_rng(3).uniform(0.1, 0.9, 20)
    records = [
        trial({"train/loss": (x - best_x) ** 2}, searched={"x": x}, id=f"{i}", config=f"{i}")
        for i, x in enumerate(values.tolist())
    ]
    found = edges(rank(records, {}, {}), {"x": SearchDomain("uniform", 0, 1)}, LIMITS)
    assert [edge.side for edge in found] == sides


def test_the_end_of_what_a_parameter_can_be_is_no_border() -> None:
    space = {"space": {"batch_fraction": {"choice": [0.1, 0.5, 1.0]}}}
    for value, count in ((1.0, 0), (0.1, 1)):
        searched = {"batch_fraction": value}
        assert len(edges(won_at(searched), domains_of(space, []), LIMITS)) == count
