"""Health as a constraint: the search goes where policies look."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from scipy.stats import fisher_exact

from ilsweep.analysis.records.model import State
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.search.feasibility import constraint, violation
from ilsweep.sweeps.search.study import Study
from ilsweep.sweeps.search.trials import Configuration
from tests.analysis.strategies import trial
from tests.sweeps.specs import regression_plan

BLIND, LOOKS = {"probe/shuffled_action_change": 0.001}, {"probe/shuffled_action_change": 0.8}
SPEC: dict[str, Any] = {"objective": {"metric": "eval/loss", "mode": "min"}}
EDGE, BEST = 1e-2, 10**-1.5
"""Rates over EDGE make blind policies, and the least loss lies there."""
DRAWS = 40
"""Of a search."""


def told(
    *probes: dict[str, float], state: State = "completed", also: dict[str, float] | None = None
) -> float:
    return violation(
        [
            trial({"eval/loss": 1.0, **probe, **(also or {})}, id=f"c-s{i}", seed=i, state=state)
            for i, probe in enumerate(probes)
        ],
        SPEC,
    )


def test_it_is_the_share_of_the_unhealthy() -> None:
    assert told(LOOKS, LOOKS) == -1
    assert told(BLIND, LOOKS) == 0
    assert told(BLIND, BLIND, LOOKS) == pytest.approx(1 / 3)
    assert told(BLIND, BLIND) == 1


def test_what_is_not_known_is_neither() -> None:
    assert told({}, {}) == -1  # nothing is probed, nothing was found
    assert told(LOOKS, {}, {}) == -1
    assert told(BLIND, {}, {}) == 1


def test_failures_count_and_success_contradicts() -> None:
    assert told({}, state="failed") == 1
    works = {"eval/pc_success": 80.0, "eval/n_episodes": 50.0}
    assert told(BLIND, BLIND, also=works) == 0


@pytest.mark.parametrize(
    ("changes", "constrained"),
    [
        ({}, True),
        ({"search": {"sampler": "gp"}}, True),
        ({"search": {"sampler": "cmaes"}}, False),
        ({"search": {"algorithm": "random"}}, False),
        ({"scheduler": {"type": "pbt", "grace_steps": 10, "perturb_every": 10}}, False),
    ],
)
def test_where_the_sampler_knows_constraints(
    tmp_path: Path, changes: dict[str, Any], constrained: bool
) -> None:
    found = constraint(regression_plan(**changes), SweepPaths(tmp_path))
    assert (found is not None) == constrained


def searched(root: Path, seed: int, *, constrained: bool) -> list[float]:
    """The rates of a search whose least loss is blind, in the order of drawing."""
    root.mkdir()
    search = {"num_trials": DRAWS, "seed": seed}
    plan = regression_plan(space={"lr": {"loguniform": [1e-4, 1.0]}}, search=search)

    def health(known: Configuration) -> float:
        return told(BLIND if known.searched["lr"] > EDGE else LOOKS)

    study = Study(plan, root / "log", root / "search", [], health if constrained else None)
    for _ in range(DRAWS):
        (attempt,) = study.ask()
        known = study.configurations[attempt.trial.config_id]
        loss = math.log10(known.searched["lr"] / BEST) ** 2
        known.states[0], known.finals[0] = "completed", [loss]
        study.tell(known)
    return [known.searched["lr"] for known in study.configurations.values()]


def late_blind(root: Path, searches: int, *, constrained: bool) -> int:
    """How many of the second halves of the searches are blind; half of the space is."""
    rates = [searched(root / f"{constrained}-{i}", i, constrained=constrained)
             for i in range(searches)]  # fmt: skip
    return sum(rate > EDGE for one in rates for rate in one[DRAWS // 2 :])


@pytest.mark.parametrize(
    ("searches", "p"), [(2, 0.05), pytest.param(8, 1e-4, marks=pytest.mark.slow)]
)
def test_the_search_leaves_where_policies_are_blind(
    tmp_path: Path, searches: int, p: float
) -> None:
    draws = searches * DRAWS // 2
    without = late_blind(tmp_path, searches, constrained=False)
    constrained = late_blind(tmp_path, searches, constrained=True)
    table = np.array([[constrained, draws - constrained], [without, draws - without]])
    assert fisher_exact(table, alternative="less").pvalue < p


def test_the_study_keeps_what_was_told(tmp_path: Path) -> None:
    searched(tmp_path / "s", 0, constrained=True)
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "s" / "log")))
    for kept in optuna.load_study(study_name="small", storage=storage).trials:
        assert (kept.constraints["health"] > 0) == (kept.params["lr"] > EDGE)
