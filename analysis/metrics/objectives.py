"""What a trial reached: its objectives, its loss, its successes, each as one number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ilsweep.analysis.metrics.catalog import EPISODE, METRICS, SUCCESS
from ilsweep.analysis.metrics.lookup import Catalog, with_role
from ilsweep.analysis.metrics.metric import Mode
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text


@dataclass(frozen=True)
class Objective:
    """What a sweep optimises."""

    metric: str
    mode: Mode

    @property
    def sign(self) -> int:
        """Times which smaller is better."""
        return 1 if self.mode == "min" else -1


BY_NAME = {metric.name: metric for metric in METRICS}

LOSSES = with_role("loss")
"""What the optimiser descends, by the names of the trainers that log it."""

ERRORS = with_role("error")
"""The error of the actions in training, without regularisers."""

HELD_OUT = with_role("held_out")
"""The error on held-out episodes."""

LAST_RESORT = Objective("train/loss", "min")


def _defaults() -> Iterator[Objective]:
    for name in (*with_role("success"), *HELD_OUT, *ERRORS, *LOSSES):
        metric = BY_NAME[name]
        if metric.default and metric.direction:
            yield Objective(name, metric.direction)


DEFAULTS = tuple(_defaults())
"""Taken in this order where a spec names none (imported runs): behaviour before held-out error
before training error (robomimic, arXiv 2108.03298: the policy of best validation loss is 50 to
100 % worse than the best policy)."""


FLOOR = 0.05
"""Share of all episodes: below it, and above its complement, success rates say nothing. Own choice;
at 20 episodes a trial it is one success each."""


def objectives_of(spec: Mapping[str, Any], trials: Sequence[TrialRecord]) -> tuple[Objective, ...]:
    """The spec's objectives; where it names none, the first of `DEFAULTS` that a trial logged."""
    given = spec.get("objective")
    named = [
        Objective(item["metric"], cast(Mode, item["mode"]))
        for item in (given if isinstance(given, list) else [given])
        if isinstance(item, Mapping)
        and isinstance(item.get("metric"), str)
        and item.get("mode") in ("min", "max")
    ]
    if named:
        return tuple(named)
    logged = {name for trial in trials for name in trial.curves}
    return (next((o for o in DEFAULTS if o.metric in logged), LAST_RESORT),)


def against_their_names(objectives: Sequence[Objective], catalog: Catalog) -> list[Text]:
    """Objectives whose good end is the other one by all that is known of the metric."""
    zh = {"min": "越小越好", "max": "越大越好"}
    return [
        Text(
            f"Look: {o.metric} is {o.mode}imised here; by what is known of it, it is to be "
            f"{known}imised.",
            f"注意：此处 {o.metric} 按{zh[o.mode]}排序；而就该指标所知，应为{zh[known]}。",
        )
        for o in objectives
        if (known := _good_end(o.metric, catalog)) not in (None, o.mode)
    ]


def _good_end(metric: str, catalog: Catalog) -> Mode | None:
    """None of transport metrics, too: their direction is only how reports summarise them."""
    known = catalog.get(metric)
    return None if known and known.role == "transport" else catalog.direction(metric)


def first_logged(trial: TrialRecord, names: Sequence[str]) -> str | None:
    """The first of `names` that the trial logged a finite value of."""
    return next((name for name in names if math.isfinite(trial.last(name))), None)


def train_loss(trial: TrialRecord) -> float:
    """The last training loss; NaN where none was logged."""
    name = first_logged(trial, LOSSES)
    return trial.last(name) if name else math.nan


def as_float(value: Any) -> float:
    """A parameter as a number; NaN where it is none (booleans are not numbers)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def episodes(trial: TrialRecord) -> dict[str, bool]:
    """Evaluation seed to success, for trials that logged each episode."""
    found = {}
    for name in trial.curves:
        if name.startswith(EPISODE):
            value = trial.last(name)
            if math.isfinite(value):
                found[name[len(EPISODE) :]] = value >= 0.5
    return found


def successes(trial: TrialRecord) -> tuple[int, int] | None:
    """(successes, episodes) of the last evaluation in the simulator; None where not known.

    Nor are they where no number of successes in so many episodes is that rate, to its last digit:
    of a whole per cent, or of a tenth (a share in place of a percentage is none of ten episodes).
    """
    by_seed = episodes(trial)
    if by_seed:
        return sum(by_seed.values()), len(by_seed)
    percent = trial.last(SUCCESS)
    n = trial.last("eval/n_episodes")
    for name in ("rollouts", "eval.n_episodes"):
        n = n if math.isfinite(n) else as_float(trial.params.get(name))
    if not (0 <= percent <= 100 and 1 <= n <= 1e9):
        return None
    k = percent / 100 * n
    rounding = 0.005 if percent == round(percent) else 0.0005
    return (round(k), round(n)) if abs(k - round(k)) <= rounding * n + 1e-6 else None
