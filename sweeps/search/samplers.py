"""Optuna's samplers, one made for each draw: what is drawn follows from the study alone.

A sampler that lives through a sweep carries a generator on from draw to draw, so that a resumed
sweep would draw other points. Here each draw has a generator of its own, from the sweep's seed and
the draw's number; all else that a sampler goes by stands in the study, whose history a resumed
sweep repeats (`sweeps.search.history`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import optuna
from optuna import samplers
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from ilsweep.sweeps.search.failure_aware_tpe import CautiousTPESampler
from ilsweep.sweeps.spec.model import Search

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

KEEPS_NOTES = ("cmaes", "qmc", "nsgaii")
"""Samplers that note in the study what they drew, and go by it; they draw again in a replay."""


def draw_seed(search: Search, number: int) -> int:
    """The seed of one draw of a sweep."""
    return int(np.random.SeedSequence([search.seed, number]).generate_state(1)[0])


def at_random(search: Search, number: int) -> BaseSampler:
    """Independent draws."""
    return samplers.RandomSampler(seed=draw_seed(search, number))


def sampler(search: Search, number: int) -> BaseSampler:
    """The sampler of a sweep's draw of this number."""
    if search.algorithm != "optuna":
        return at_random(search, number)
    seed = draw_seed(search, number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.simplefilter("ignore", FutureWarning)
        made: dict[str, Callable[[], BaseSampler]] = {
            "tpe": lambda: CautiousTPESampler(seed=seed, multivariate=True),
            "gp": lambda: samplers.GPSampler(seed=seed),
            "cmaes": lambda: samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
            # One quasi-random sequence for all draws; the study counts how far it has come.
            "qmc": lambda: samplers.QMCSampler(
                seed=search.seed,
                scramble=True,
                independent_sampler=at_random(search, number),
                warn_independent_sampling=False,
            ),
            "nsgaii": lambda: samplers.NSGAIISampler(seed=seed),
        }
        return made[search.sampler]()


def suggest(trial: optuna.trial.Trial, name: str, distribution: BaseDistribution) -> None:
    """Let a trial draw from a distribution, or take what it was given."""
    if isinstance(distribution, CategoricalDistribution):
        trial.suggest_categorical(name, distribution.choices)
    elif isinstance(distribution, IntDistribution):
        trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
    elif isinstance(distribution, FloatDistribution):
        trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)
