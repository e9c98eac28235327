"""What a chain of stages may take: trials, hours of training, or both."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.errors import Problem, SpecError
from ilsweep.sweeps.validation.validate import check

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(trials|h)")
FEWEST = 2
"""Configurations of a stage below which there is nothing to compare."""


@dataclass(frozen=True)
class Budget:
    """What all stages together may take; None where there is no bound."""

    trials: int | None = None
    hours: float | None = None
    """Of training, summed over the trials, as GPU hours are counted."""

    def __str__(self) -> str:
        parts = [f"{self.trials} trials" if self.trials is not None else "",
                 f"{self.hours:g} h of training" if self.hours is not None else ""]  # fmt: skip
        return " and ".join(filter(None, parts)) or "no bound"


def budget_of(texts: Iterable[str]) -> Budget:
    """`200trials`, `6h`, or both.

    Raises:
        SpecError: something else.
    """
    budget = Budget()
    for text in texts:
        found = _AMOUNT.fullmatch(text.replace(" ", ""))
        amount = float(found[1]) if found else 0.0
        whole = found is not None and (found[2] == "h" or amount.is_integer())
        if found is None or not whole or not amount:
            rule = "a whole number of trials or a number of hours"
            raise SpecError([Problem("--budget", rule, text, "200trials, 6h, or both")])
        if found[2] == "h":
            budget = replace(budget, hours=amount)
        else:
            budget = replace(budget, trials=int(amount))
    return budget


def fitted(
    spec: dict[str, Any], budget: Budget, past: Sequence[TrialRecord]
) -> dict[str, Any] | None:
    """The next stage's spec, searching as many configurations as the budget still allows.

    None where not even `FEWEST` beyond the warm start fit, or a grid does not fit as a whole.
    `past` are the trials of all stages so far; their mean time is taken as typical. Of a race over
    seeds what it may take at most has to fit.
    """
    plan = check(spec)
    left = _trials_left(budget, past)
    if plan.most_trials <= left:
        return spec
    fitting = (n for n in range(int(left), 0, -1) if plan.spec.most_trials(n) <= left)
    count = next(fitting, 0)
    if plan.spec.search.algorithm == "grid" or count < max(FEWEST, len(plan.warm_start) + 1):
        return None
    search = plan.spec.search.model_dump(mode="json", exclude_unset=True)
    return {**spec, "search": {**search, "num_trials": count}}


def hours(past: Iterable[TrialRecord]) -> float:
    """Hours of training, summed over trials."""
    return sum(trial.seconds for trial in past if math.isfinite(trial.seconds)) / 3600


def _trials_left(budget: Budget, past: Sequence[TrialRecord]) -> float:
    left = math.inf if budget.trials is None else budget.trials - len(past)
    spent = hours(past)
    if budget.hours is not None and spent:
        left = min(left, (budget.hours - spent) * len(past) / spent)
    return left + 1e-6  # a trial that fits but for rounding fits
