"""Controls: whether success could be seen at all, before any policy is trained.

Each is a function of the demonstrations and an episode's seed or number. None of them draws a
picture, so that they cost seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.core.contract import Trainer
from ilsweep.trainers.core.environment import Environment, EnvironmentSpec
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.evaluation import rollout
from ilsweep.trainers.evaluation.rollout import EVALUATION_SEEDS, RolloutResult, Success, episode

Actions = NDArray[np.floating]


class NotRunError(ValueError):
    """A control cannot be run here; the text is one of `NOT_RUN` of `analysis.records.controls`."""


def expert(data: Demonstrations, seeds: Sequence[int], success: Success) -> RolloutResult:
    """The environment's expert in closed loop, in the data's first control mode.

    Raises:
        NotRunError: there is no environment, or no expert for it.
    """
    world = _world(data)
    if (solve := world.expert) is None:
        raise NotRunError("no_expert")
    control = data.control(None).name
    with closing(_unseen(world)(control, "source")) as environment:
        # The expert looks at the episode, which has begun when its first action is asked for.
        ended = [
            episode(_begun(solve, environment, seed), environment, seed, world.max_steps)
            for seed in seeds
        ]
    return RolloutResult.of(seeds, ended, success)


def _begun(solve: Any, environment: Environment, seed: int) -> Iterator[Actions]:
    yield from solve(environment, seed)


def random(data: Demonstrations, seeds: Sequence[int], success: Success) -> RolloutResult:
    """Actions drawn uniformly from the range of the demonstrated ones, by the episode's seed.

    Raises:
        NotRunError: there is no environment.
    """
    world, control = _world(data), data.control(None)
    seen = data.statistics(control.action.key)

    def actions(seed: int) -> Iterator[Actions]:
        rng = np.random.default_rng((seed, 2))
        while True:
            yield rng.uniform(seen.min, seen.max)

    with closing(_unseen(world)(control.name, "source")) as environment:
        ended = [episode(actions(seed), environment, seed, world.max_steps) for seed in seeds]
    return RolloutResult.of(seeds, ended, success)


def replay(trainer: Trainer, episodes: int, success: Success) -> RolloutResult:
    """The first training demonstrations run again.

    Each action goes through the trainer's own encoding and decoding (`Trainer.replay_actions`).

    Raises:
        NotRunError: there is no environment, the demonstrations do not say with which seed they
            began, or the trainer does not say what becomes of an action.
    """
    data: Demonstrations = trainer.data
    world, domain = _world(data), data.source
    if domain.seeds is None:
        raise NotRunError("no_seeds")
    chosen = domain.train_episodes[:episodes]
    seeds = [int(domain.seeds[e]) for e in chosen]
    shown = [trainer.replay_actions(int(e)) for e in chosen]
    if any(actions is None for actions in shown):
        raise NotRunError("no_codec")
    control = getattr(trainer, "control", None) or data.control(None)
    with closing(_unseen(world)(control.name, "source")) as environment:
        ended = [
            rollout.replay(actions, world, environment, seed)
            for seed, actions in zip(seeds, shown, strict=True)
        ]
    return RolloutResult.of(seeds, ended, success)


def reference(trainer: Trainer, episodes: int) -> dict[int, bool]:
    """Whether a trainer, trained to its end, solves the first evaluation episodes, by their seed.

    Raises:
        NotRunError: its policies cannot be tried in an environment.
    """
    for _ in range(trainer.config.steps):
        trainer.train_step()
    solved = trainer.solve(EVALUATION_SEEDS[:episodes])
    if not solved:
        raise NotRunError("no_environment")
    return dict(solved)


def _unseen(world: EnvironmentSpec) -> Callable[[str, str], Environment]:
    """What makes the environment, without its cameras where it can do without."""
    return world.make_unseen or world.make


def _world(data: Demonstrations) -> EnvironmentSpec:
    if data.environment is None:
        raise NotRunError("no_environment")
    return data.environment
