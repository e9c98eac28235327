"""Optuna's TPE, which learns from failures too.

TPE looks at trials that gave a value, complete or pruned: one that failed is as if it had never
been tried, so that a region where trainings diverge is tried again and again. Here the study keeps
the truth, FAIL, and the sampler alone sees those trials as it sees those still running under its
constant liar: as points to keep away from (Bergstra et al. 2011; Optuna's `constant_liar`).
"""

from __future__ import annotations

import copy
from collections.abc import Container
from typing import TYPE_CHECKING, Any, cast

from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study


class CautiousTPESampler(TPESampler):
    """TPE with the constant liar, to which failed trials are points to keep away from."""

    def __init__(self, **options: Any) -> None:
        super().__init__(constant_liar=True, **options)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return super().sample_relative(_with_failures(study), trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        seen = _with_failures(study)
        return super().sample_independent(seen, trial, param_name, param_distribution)


def _with_failures(study: Study) -> Study:
    return cast("Study", _Seen(study))


class _Seen:
    """A study as the sampler sees it."""

    def __init__(self, study: Study) -> None:
        self._study = study

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(
        self, deepcopy: bool, states: Container[TrialState], use_cache: bool = False
    ) -> list[FrozenTrial]:
        """The trials asked for, and the failed ones."""
        trials = self._study._get_trials(deepcopy=deepcopy, use_cache=use_cache)
        seen = (_unfinished(t) if t.state == TrialState.FAIL else t for t in trials)
        failed = {t.number for t in trials if t.state == TrialState.FAIL}
        return [t for t in seen if t.state in states or t.number in failed]


def _unfinished(trial: FrozenTrial) -> FrozenTrial:
    trial = copy.copy(trial)
    trial.state = TrialState.RUNNING
    return trial
