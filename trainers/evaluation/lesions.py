"""What a policy owes to its eyes: episodes in which a part of what it sees is replaced.

The environment is what is changed, so that any policy can be looked at without its knowing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.core.environment import Environment, EnvironmentSpec, Observation, StepResult
from ilsweep.trainers.data.dataset import Array, Demonstrations, Domain
from ilsweep.trainers.data.features import IMAGES
from ilsweep.trainers.evaluation.episodes import EpisodeLog
from ilsweep.trainers.evaluation.probes import training_means
from ilsweep.trainers.evaluation.rollout import EVALUATION_SEEDS, RolloutResult

FILMED_LESIONS = 1
"""Most episodes of a lesion that are drawn for a film alone."""


Lesion = Callable[[Demonstrations, Domain, int, int], Mapping[str, Array]]
"""What stands in place of what is seen, by feature, in the episode of a seed after so many actions;
the data are those that the policy learnt from."""


def black_images(data: Demonstrations, domain: Domain, seed: int, step: int) -> Mapping[str, Array]:
    """Every image black."""
    del data, seed, step
    return {key: np.zeros_like(domain[key][:1]) for key in domain.cameras}


def mean_images(
    means: Mapping[str, Array], data: Demonstrations, domain: Domain, seed: int, step: int
) -> Mapping[str, Array]:
    """Every image the mean of its camera."""
    del data, domain, seed, step
    return dict(means)


def only_camera(
    name: str, data: Demonstrations, domain: Domain, seed: int, step: int
) -> Mapping[str, Array]:
    """Every image black but that of one camera."""
    black = black_images(data, domain, seed, step)
    return {key: image for key, image in black.items() if key != name}


def other_episode_images(
    data: Demonstrations, domain: Domain, seed: int, step: int
) -> Mapping[str, Array]:
    """The images of a demonstration after as many actions, of its last frame where it is over.

    Which demonstration, the seed decides.
    """
    del data
    starts = domain.episode_starts
    episode = seed % (len(starts) - 1)
    frame = min(int(starts[episode]) + step, int(starts[episode + 1]) - 1)
    return {key: np.array(domain[key][frame : frame + 1]) for key in domain.cameras}


def masked_state(data: Demonstrations, domain: Domain, seed: int, step: int) -> Mapping[str, Array]:
    """The robot's own state at its mean over the training frames."""
    del domain, seed, step
    keys = {control.state.key for control in data.controls.values()}
    return {key: data.statistics(key).mean[None].copy() for key in keys}


LESIONS: Mapping[str, Lesion] = {
    "black_images": black_images,
    "other_episode_images": other_episode_images,
    "masked_state": masked_state,
}
"""By the name that their metric has."""


def lesions_of(data: Demonstrations) -> Mapping[str, Lesion]:
    """Every lesion that says something of a policy on these data, the most telling first.

    `only_NAME` leaves one camera of several.
    """
    cameras = data.source.cameras
    means = {key: image[None] for key, image in training_means(data.source).items()}
    alone = {f"only_{key.removeprefix(IMAGES)}": partial(only_camera, key) for key in cameras}
    return {
        "other_episode_images": other_episode_images,
        "black_images": black_images,
        "mean_images": partial(mean_images, means),
        **(alone if len(cameras) > 1 else {}),
        "masked_state": masked_state,
    }


class LesionedEnvironment:
    """An environment in which a policy does not see what there is."""

    def __init__(
        self, environment: Environment, replaced: Callable[[int, int], Observation]
    ) -> None:
        """`replaced` gives what stands in place of what is seen, by seed and actions so far."""
        self._environment, self._replaced = environment, replaced
        self._seed, self._steps = 0, 0

    def reset(self, seed: int) -> None:
        """Start the episode of a seed."""
        self._seed, self._steps = seed, 0
        self._environment.reset(seed)

    def observe(self) -> Observation:
        """What a policy sees, some of it replaced."""
        return {**self._environment.observe(), **self._replaced(self._seed, self._steps)}

    def step(self, action: NDArray[np.floating]) -> StepResult:
        """Take an action, as the environment does."""
        self._steps += 1
        return self._environment.step(action)

    def close(self) -> None:
        """Close the environment."""
        self._environment.close()


def lesioned(
    data: Demonstrations, lesion: Lesion, world: EnvironmentSpec | None = None
) -> EnvironmentSpec:
    """An environment, the data's by default, seen through a lesion."""
    world = world or data.environment
    assert world is not None, "rollouts need an environment"

    def make(control: str, variant: str) -> Environment:
        domain = data.target if variant == "target" and data.target else data.source
        # A picture that is replaced need not be drawn, which would take most of the time.
        unseen = set(domain.cameras) <= lesion(data, domain, 0, 0).keys()
        draw = (world.make_unseen if unseen else None) or world.make
        return LesionedEnvironment(draw(control, variant), partial(lesion, data, domain))

    return replace(world, make=make)


def lesion_metrics(
    data: Demonstrations,
    intact: RolloutResult,
    episodes: int,
    roll_out: Callable[[Sequence[int], EnvironmentSpec], RolloutResult],
    log: EpisodeLog,
) -> Metrics:
    """Success without a part of what is seen, and of the policy as it is, on the same seeds.

    `eval/lesion/NAME/pc_success`, 0 to 100, on the first `episodes` evaluation seeds, and
    `eval/lesion/n_episodes`; `eval/lesion/none/pc_success` is that of the policy as it is on these
    seeds. Nothing where no images are seen, nor for a policy that never succeeded: it has nothing
    to lose.

    Args:
        intact: The evaluation episodes of the policy as it is, which begin with these seeds.
        roll_out: Episodes of the policy in an environment, by their seeds.
        log: Keeps the episodes. An episode that the policy solved as it is is filmed under each
            lesion, too, as far as time allows: there a difference is likely.
    """
    seeds = list(EVALUATION_SEEDS[: min(episodes, len(intact.seeds))])
    if not data.source.cameras or not seeds or not intact.pc_success > 0:
        return {}
    solved = [intact.solved[seed] for seed in seeds]
    won = [seed for seed in seeds if intact.solved[seed]]

    def under(name: str) -> RolloutResult:
        world = log.watched(name, log.affords(won, FILMED_LESIONS))
        return roll_out(seeds, lesioned(data, LESIONS[name], world))

    found = {name: under(name) for name in LESIONS}
    return {
        "eval/lesion/n_episodes": float(len(seeds)),
        "eval/lesion/none/pc_success": float(100 * np.mean(solved)),
        **{f"eval/lesion/{name}/pc_success": result.pc_success for name, result in found.items()},
    }
