"""TPE keeps away from where trials fail, and the study still says that they failed."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator

import optuna
import pytest
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import TrialState

from ilsweep.sweeps.search.failure_aware_tpe import CautiousTPESampler

EDGE, BEST = 1e-2, 10**-2.2
SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-4, 1e2, log=True),
    "kl": FloatDistribution(0.1, 100, log=True),
}


def study_of(sampler: BaseSampler, trials: int = 48) -> optuna.Study:
    """Two trials in flight; every rate above EDGE fails, the best is a little below it."""
    study = optuna.create_study(sampler=sampler)
    asked = [study.ask(SPACE)]
    while asked:
        if len(study.trials) < trials:
            asked.append(study.ask(SPACE))
        trial = asked.pop(0)
        rate = trial.params["lr"]
        if rate > EDGE:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, math.log10(rate / BEST) ** 2)
    return study


def cautious(seed: int) -> BaseSampler:
    return CautiousTPESampler(seed=seed, multivariate=True)


def optunas(seed: int) -> BaseSampler:
    return TPESampler(seed=seed, multivariate=True, constant_liar=True)


@pytest.fixture(autouse=True)
def _experimental() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


def failed_late(study: optuna.Study) -> float:
    late = study.trials[len(study.trials) // 2 :]
    return sum(trial.state == TrialState.FAIL for trial in late) / len(late)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_failing_region_is_left(seed: int) -> None:
    ours, theirs = failed_late(study_of(cautious(seed))), failed_late(study_of(optunas(seed)))
    assert ours < 0.6
    assert ours < theirs - 0.25


def test_the_study_keeps_the_truth() -> None:
    study = study_of(cautious(0), trials=30)
    assert {trial.state for trial in study.trials} == {TrialState.FAIL, TrialState.COMPLETE}
    for trial in study.trials:
        assert (trial.state == TrialState.FAIL) == (trial.params["lr"] > EDGE)
        assert trial.state != TrialState.RUNNING


def test_without_failures_it_is_optunas_own() -> None:
    def points(sampler: BaseSampler) -> list[dict[str, float]]:
        study = optuna.create_study(sampler=sampler)
        for _ in range(25):
            trial = study.ask(SPACE)
            study.tell(trial, trial.params["lr"])
        return [trial.params for trial in study.trials]

    assert points(cautious(3)) == points(optunas(3))


def test_a_study_of_failures_alone_goes_on() -> None:
    study = optuna.create_study(sampler=cautious(0))
    for _ in range(15):
        study.tell(study.ask(SPACE), state=TrialState.FAIL)
    rates = sorted(trial.params["lr"] for trial in study.trials)
    assert rates[-1] / rates[0] > 1e3
