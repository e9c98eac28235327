"""Seconds that each world takes for a frame, a step, and a recorded demonstration.

    python -m benchmarks.environments [--episodes 8] [--size 64] [NAME ...]

A frame is all that a policy sees at once, with the world's usual cameras; a step is one action of
the policy, without a picture; recording is by wall clock, with as many processes as it starts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from ilsweep.trainers.core.environment import Environment
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.sources import parse

_HAND: dict[str, Any] = {"key": "observation", "slice": [0, 3]}
_FRONT = {"observation.state": _HAND, "observation.images.front": {"camera": "external_camera_0"}}
_EXPERTS = "ilsweep.trainers.envs.gym"
_PIXELS = {"obs_type": "pixels_agent_pos"}
WORLDS: dict[str, dict[str, Any]] = {
    "aloha": {"source": "aloha"},
    "metaworld door-open-v3": {"source": "metaworld", "task": "door-open-v3"},
    "metaworld push-v3": {"source": "metaworld", "task": "push-v3"},
    "gym FetchPush-v4": {
        "source": "gym",
        "env": {"id": "FetchPush-v4", "observation": _FRONT},
        "expert": f"{_EXPERTS}.fetch:push",
    },
    "gym PushT-v0": {
        "source": "gym",
        "env": {"id": "gym_pusht/PushT-v0", "kwargs": _PIXELS},
        "expert": f"{_EXPERTS}.pusht:expert",
    },
}
FRAMES = 30
STEPS = 100


def main() -> None:
    """Print one row a world."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="worlds; all by default")
    parser.add_argument("--episodes", type=int, default=8, help="recorded, of each world")
    parser.add_argument("--size", type=int, default=64, help="height and width of an image")
    args = parser.parse_args()
    if unknown := set(args.names) - WORLDS.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}; valid: {', '.join(WORLDS)}")
    print(f"images of {args.size} x {args.size}, {args.episodes} demonstrations")
    heads = ("cameras", "frame ms", "step ms", "demonstration s", "its frames")
    print(f"{'world':<24}" + "".join(f"{head:>17}" for head in heads))
    for name in args.names or WORLDS:
        print(_row(name, args.episodes, args.size), flush=True)


def _row(name: str, episodes: int, size: int) -> str:
    asked = {**WORLDS[name], "episodes": episodes, "image_size": [size, size]}
    with tempfile.TemporaryDirectory() as cache:
        began = time.perf_counter()
        data = parse(asked).load(Path(cache))
        recorded_s = (time.perf_counter() - began) / episodes
        assert data.environment is not None
        with closing(data.environment.make(data.control(None).name, "source")) as world:
            step_s, frame_s = _step(world, data), _frame(world)
        frames = data.source.episode_starts[-1] / episodes
        cells = (len(data.source.cameras), 1000 * frame_s, 1000 * step_s, recorded_s, frames)
    return f"{name:<24}{cells[0]:>17}" + "".join(f"{cell:>17.2f}" for cell in cells[1:])


def _step(world: Environment, data: Demonstrations) -> float:
    """Seconds of a step, by the actions of the first demonstration, over and over."""
    frames = data.source.frames_of(np.array([0]))
    actions = data.source[data.control(None).action.key][frames]
    world.reset(0)
    began = time.perf_counter()
    for step in range(STEPS):
        world.step(actions[step % len(actions)])
    return (time.perf_counter() - began) / STEPS


def _frame(world: Environment) -> float:
    """Seconds of an observation."""
    world.reset(0)
    world.observe()  # opens what draws
    began = time.perf_counter()
    for _ in range(FRAMES):
        world.observe()
    return (time.perf_counter() - began) / FRAMES


if __name__ == "__main__":
    main()
