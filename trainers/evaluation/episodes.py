"""What is kept of evaluation episodes while they run: outcomes, films, paths.

An `EpisodeLog` makes environments that are watched. A film is made of the pictures that the policy
looks at anyway, or, where it sees none, of such that are drawn for it. What is drawn and encoded on
top of what the policy looks at may take `SHARE` of a trial's time, which bounds what films cost,
whatever the world and the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.core.environment import (
    Environment,
    EnvironmentSpec,
    Observation,
    StepResult,
)
from ilsweep.trainers.core.episode import DEMONSTRATION, INTACT, Episode, Point
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.envs.rendering import NoOpenGL
from ilsweep.trainers.evaluation.film import encode, thumbnail
from ilsweep.trainers.evaluation.rollout import RolloutResult, Success
from ilsweep.trainers.evaluation.running_episode import RunningEpisode, thinned

SHARE = 0.02
"""Of a trial's time, for all that films take."""
FILMED = 8
"""The first episodes of a variant are filmed, the same seeds for every configuration; beyond them
the first success and the first failure, where there was none."""
PICTURES = 40
"""So many an episode are drawn where the policy looks less often, as far as time allows."""
MOST_PICTURES = 200
"""Of an episode; where the policy looks more often, some of its looks are left out."""
BETWEEN = 0.15
"""Of what films may take, for these."""
FIRST_S = 0.25
"""What the first film of a policy that sees no images is taken to cost, in seconds: OpenGL is
opened for it (0.08 s of a core in gym-aloha, and 1 ms a picture)."""
SHOWN = 12
"""Demonstrations whose paths are kept."""


@dataclass
class EpisodeLog:
    """Keeps the episodes of one trial.

    Args:
        data: What the policy learns from.
        counts: Which success counts.
        share: Of the time since the log was made, for all that films take.
        clock: Seconds.
    """

    data: Demonstrations
    counts: Success = "any"
    share: float = SHARE
    clock: Callable[[], float] = time.perf_counter
    _episodes: list[Episode] = field(default_factory=list, init=False)
    _spent: float = field(default=0.0, init=False)
    _cost: dict[int, float] = field(default_factory=dict, init=False)
    _drawn_s: float = field(default=FIRST_S, init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()
        self._place = _position(self.data)

    def take(self) -> list[Episode]:
        """The episodes so far, with the paths of some demonstrations; they are forgotten here."""
        taken, self._episodes = self._episodes, []
        return [*self._demonstrations(), *taken] if taken else []

    def paths(self, variant: str) -> list[tuple[Point, ...]]:
        """Paths of the episodes of a variant so far, where they are known."""
        episodes = self._demonstrations() if variant == DEMONSTRATION else self._episodes
        return [e.path for e in episodes if e.variant == variant and len(e.path) > 1]

    def watched(self, variant: str = INTACT, drawn: Collection[int] = ()) -> EnvironmentSpec:
        """The data's environment, whose episodes are kept.

        Args:
            variant: What is changed in it.
            drawn: Seeds of the episodes that are drawn for a film where the policy is shown other
                pictures, which would not be drawn.
        """
        world = self.data.environment
        assert world is not None, "rollouts need an environment"
        watch = partial(_Watched, self, variant, world)
        unseen = world.make_unseen and partial(watch, world.make_unseen, drawn)
        return replace(world, make=partial(watch, world.make, ()), make_unseen=unseen)

    def may_draw(self, variant: str) -> bool:
        """Whether there is time to draw the next episode of a variant for a film alone."""
        known = sum(e.variant == variant for e in self._episodes)
        left = self.share * (self.clock() - self._began) - self._spent
        return known < FILMED and self._drawn_s < left

    def drew(self, seconds: float) -> None:
        """Note what such a film took, to say what the next will take."""
        self._drawn_s = seconds

    def affords(self, seeds: Collection[int], most: int) -> list[int]:
        """The first of some seeds whose episodes could be drawn once more in the time left."""
        left = self.share * (self.clock() - self._began) - self._spent
        found: list[int] = []
        for seed in seeds:
            left -= self._cost.get(seed, np.inf)
            if left < 0 or len(found) == most:
                break
            found.append(seed)
        return found

    @property
    def spent(self) -> float:
        """Seconds that films have taken."""
        return self._spent

    def may_spend(self, part: float = 1.0) -> bool:
        """Whether films have taken less than a part of the time that they may take."""
        return self._spent < part * self.share * (self.clock() - self._began)

    def spend(self, seconds: float) -> None:
        """Count what a film took."""
        self._spent += seconds

    def wants(self, variant: str, success: bool) -> bool:
        """Whether the next episode of a variant is filmed, by its outcome."""
        known = [e for e in self._episodes if e.variant == variant]
        return len(known) < FILMED or not any(e.success is success and e.film for e in known)

    def keep(self, episode: Episode, drawing: float) -> None:
        """Keep an episode; `drawing` is what one more with as many pictures would take, in s."""
        self._episodes.append(episode)
        if episode.variant == INTACT:
            self._cost[episode.seed] = drawing

    def point(self, observation: Observation) -> Point:
        """Where the end effector is, in m; empty where that is not known."""
        if self._place is None or self._place[0] not in observation:
            return ()
        key, where = self._place
        return tuple(round(float(x), 4) for x in observation[key][0, where])

    def _demonstrations(self) -> list[Episode]:
        if self._place is None:
            return []
        (key, where), domain = self._place, self.data.source
        positions, starts = domain.vector(key)[:, where], domain.episode_starts
        return [
            Episode(
                int(e if domain.seeds is None else domain.seeds[e]),
                DEMONSTRATION,
                None,
                int(starts[e + 1] - starts[e]),
                float("nan"),
                path=thinned([tuple(map(float, p.round(4))) for p in
                              positions[starts[e] : starts[e + 1]]]),
            )
            for e in domain.train_episodes[:SHOWN]
        ]  # fmt: skip


class _Watched:
    """An environment whose episodes a log keeps."""

    def __init__(
        self,
        log: EpisodeLog,
        variant: str,
        world: EnvironmentSpec,
        make: Callable[[str, str], Environment],
        drawn: Collection[int],
        control: str,
        domain: str,
    ) -> None:
        self._log, self._variant, self._to_draw = log, variant, drawn
        self._every = max(1, world.max_steps // PICTURES)
        self._finest = max(1, world.max_steps // MOST_PICTURES)
        self._usual = self._environment = make(control, domain)
        self._draw = partial(world.make, control, domain)
        self._drawn: Environment | None = None
        self._picture = world.draw
        self._episode: RunningEpisode | None = None

    def reset(self, seed: int) -> None:
        """Start the episode of a seed."""
        self._end()
        self._environment = self._usual
        if seed in self._to_draw:
            self._drawn = self._drawn or self._draw()
            self._environment = self._drawn
        self._environment.reset(seed)
        self._episode = RunningEpisode(seed, self._environment is self._drawn, self._finest)
        if self._picture and self._log.may_draw(self._variant):
            self._episode.drawn_from = self._log.spent
            self._paint(self._episode)

    def observe(self) -> Observation:
        """What a policy sees now."""
        began = time.perf_counter()
        seen = self._environment.observe()
        seconds = time.perf_counter() - began
        if self._episode:
            self._episode.see(seen, self._log.point(seen), seconds)
            if self._episode.extra:
                self._log.spend(seconds)
        return seen

    def step(self, action: NDArray[np.floating]) -> StepResult:
        """Take an action, as the environment does."""
        result = self._environment.step(action)
        if episode := self._episode:
            episode.steps.append(result)
            if episode.drawn_from is not None:
                if episode.unseen_for >= self._every:
                    self._paint(episode)
            elif episode.unseen_for >= self._every and self._log.may_spend(BETWEEN):
                self._look(episode)
        return result

    def _paint(self, episode: RunningEpisode) -> None:
        """Draw what a policy without images does not see; nothing more without OpenGL."""
        began = time.perf_counter()
        try:
            if self._picture:
                episode.show(self._picture(self._environment))
        except NoOpenGL:
            self._picture = None
        self._log.spend(time.perf_counter() - began)

    def _look(self, episode: RunningEpisode) -> None:
        """See what the policy does not look at."""
        began = time.perf_counter()
        seen = self._environment.observe()
        episode.see(seen, self._log.point(seen), 0.0)
        self._log.spend(time.perf_counter() - began)

    def close(self) -> None:
        """Close the environment."""
        self._end()
        self._usual.close()
        if self._drawn:
            self._drawn.close()

    def _end(self) -> None:
        episode, self._episode = self._episode, None
        if episode is None or not episode.steps:
            return
        outcome = RolloutResult.of([episode.seed], [episode.steps], self._log.counts)
        success = outcome.solved[episode.seed]
        wanted = episode.pictures and self._log.wants(self._variant, success)
        film, still = self._film(episode) if wanted and self._log.may_spend() else (b"", b"")
        row = Episode(
            episode.seed,
            self._variant,
            success,
            int(outcome.frames[0]),
            float(outcome.max_rewards[0]),
            film,
            still,
            thinned(episode.points),
        )
        self._log.keep(row, episode.seconds)

    def _film(self, episode: RunningEpisode) -> tuple[bytes, bytes]:
        """The film of an episode up to its last moment, and its thumbnail."""
        if episode.drawn_from is None:
            self._look(episode)
        elif episode.unseen_for:
            self._paint(episode)
        began = time.perf_counter()
        film, still = encode(episode.pictures, episode.times), thumbnail(episode.pictures[-1])
        self._log.spend(time.perf_counter() - began)
        if episode.drawn_from is not None:
            self._log.drew(self._log.spent - episode.drawn_from)
        return film, still


def _position(data: Demonstrations) -> tuple[str, slice] | None:
    """Feature and place of the first end effector's position among what a policy sees."""
    for control in data.controls.values():
        for group in control.state.groups:
            if group.kind == "position" and control.state.key in data.source.features:
                return control.state.key, group.slice
    return None
