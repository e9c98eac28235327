"""Films of a policy that sees no images: its world is drawn for them alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from ilsweep.trainers.core.episode import DEMONSTRATION, Episode
from ilsweep.trainers.data.dataset import Image
from ilsweep.trainers.envs.rendering import NoOpenGL
from ilsweep.trainers.evaluation.episodes import FILMED, PICTURES, EpisodeLog
from ilsweep.trainers.evaluation.rollout import OpenLoop, RolloutResult
from ilsweep.trainers.evaluation.success import run_episodes
from tests.trainers.evaluation.test_episodes import frames
from tests.trainers.evaluation.test_lesions import Blind
from tests.trainers.tiny import tiny_demonstrations

hours = partial(next, count(0, 3600))


class Draws:
    """A picture that gets brighter, and how many were drawn."""

    def __init__(self, works: bool = True) -> None:
        self.drawn, self._works = 0, works

    def __call__(self, world: Any) -> Image:
        self.drawn += 1
        if not self._works:
            raise NoOpenGL("no OpenGL context could be made")
        assert world.observe()
        return np.full((24, 32, 3), min(255, 10 * self.drawn), np.uint8)


def logged(
    draw: Draws | None, clock: Callable[[], float] = hours
) -> tuple[RolloutResult, list[Episode]]:
    data = tiny_demonstrations(observation="state")
    assert data.environment is not None
    log = EpisodeLog(replace(data, environment=replace(data.environment, draw=draw)), clock=clock)
    result = run_episodes(Blind(), log.watched(), 12, OpenLoop(1), control="joint")
    return result, [e for e in log.take() if e.variant != DEMONSTRATION]


def test_the_first_episodes_are_drawn_and_all_else_is_as_without() -> None:
    draw = Draws()
    (plain, before), (result, kept) = logged(None), logged(draw)
    assert result.solved == plain.solved
    assert [(e.steps, e.reward, e.path) for e in kept] == [
        (e.steps, e.reward, e.path) for e in before
    ]
    assert [bool(e.film and e.thumbnail) for e in kept] == [k < FILMED for k in range(12)]
    assert not any(e.film for e in before)
    assert draw.drawn <= FILMED * (PICTURES + 2)
    shown = frames(kept[0].film)
    brightness = [picture.mean() for _, picture in shown]
    assert brightness == sorted(brightness)
    assert len(set(np.round(brightness))) > 5, "it moves"
    assert shown[-1][0] >= (kept[0].steps - 1) / 30, "up to its last moment"


def test_nothing_is_drawn_where_there_is_no_time_for_it() -> None:
    draw = Draws()
    _, kept = logged(draw, clock=partial(next, count(0.0, 0.001)))
    assert draw.drawn == 0
    assert not any(e.film for e in kept)


def test_what_a_film_took_says_whether_there_is_time_for_another() -> None:
    log = EpisodeLog(tiny_demonstrations(), clock=iter([0.0, *[20.0] * 9]).__next__)
    assert log.may_draw("none")
    log.spend(0.3)
    log.drew(0.2)
    assert not log.may_draw("none"), "0.1 s are left"
    log.drew(0.05)
    assert log.may_draw("none")


def test_without_opengl_there_are_no_films_and_it_is_tried_once() -> None:
    draw = Draws(works=False)
    result, kept = logged(draw)
    assert draw.drawn == 1
    assert result.solved == logged(None)[0].solved
    assert not any(e.film for e in kept)
