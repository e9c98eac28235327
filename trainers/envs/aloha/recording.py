"""Turn the expert's plan into a recorded episode, as a policy would have executed it.

The plan is thinned to the frame rate, brought into joint space by inverse kinematics, and run in
the simulator; what is recorded is that run. An episode that does not succeed is dropped before
anything is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ilsweep.trainers.data.dataset import Array
from ilsweep.trainers.data.features import ACTION, ENVIRONMENT, IMAGES, STATE
from ilsweep.trainers.data.source import Variant
from ilsweep.trainers.envs.aloha import expert
from ilsweep.trainers.envs.aloha.config import DataConfig
from ilsweep.trainers.envs.aloha.layout import EE_ACTION, EE_POSE
from ilsweep.trainers.envs.aloha.simulator import Double, Simulator
from ilsweep.trainers.envs.recorded import Episode


def record(config: DataConfig, domain: Variant, seed: int) -> Episode | None:
    """Let the expert try the episode of a seed; None where it fails.

    Raises:
        NoOpenGL: images are asked for, and there is no OpenGL.
    """
    with Simulator.of(config, domain) as simulator:
        return _attempt(simulator, seed)


def actions(simulator: Simulator, seed: int) -> Iterator[Double]:
    """The joint targets (14,) of an episode that has just begun, frame by frame."""
    return _followed(simulator, _plan(simulator, seed))


def _plan(simulator: Simulator, seed: int) -> expert.Trajectory:
    """The expert's plan at the rate of the demonstrations, as a recorded action holds it."""
    path = expert.scripted_trajectory(simulator.task, seed)
    ends = slice(simulator.ticks_per_frame - 1, None, simulator.ticks_per_frame)
    return expert.Trajectory(path.tools[ends].astype(np.float32), path.phase[ends])


def _followed(simulator: Simulator, path: expert.Trajectory) -> Iterator[Double]:
    action = simulator.joints()
    for tool in path.tools:
        action = simulator.follow(tool.astype(np.float64), action)
        yield action


def _attempt(simulator: Simulator, seed: int) -> Episode | None:
    path = _plan(simulator, seed)
    rows, scenes, results = [], [], []
    simulator.reset(seed)
    for action in _followed(simulator, path):
        measured = simulator.joints(), simulator.tools(), simulator.object_poses()
        rows.append((*measured, action))
        scenes.append(simulator.positions())
        results.append(simulator.step(action))
    if not any(result.success for result in results):
        return None
    columns = [np.array(column, dtype=np.float32) for column in zip(*rows, strict=True)]
    arrays: dict[str, Array] = dict(
        zip((STATE, EE_POSE, ENVIRONMENT, ACTION), columns, strict=True)
    )
    arrays |= {EE_ACTION: path.tools, "phase": path.phase.astype(np.float32)}
    return Episode(seed, {**arrays, **_draw(simulator, scenes)})


def _draw(simulator: Simulator, scenes: list[Double]) -> dict[str, Array]:
    """The images of each camera, (n, H, W, 3), for the scenes of an episode."""
    pictures = []
    for scene in scenes:
        simulator.show(scene)
        pictures.append(simulator.render())
    return {IMAGES + name: np.stack([p[name] for p in pictures]) for name in pictures[0]}
