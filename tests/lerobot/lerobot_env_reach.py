"""A plugin of LeRobot: a small world in which a picture shows the corner that is to be reached.

With `told` the state says it, too, so that a policy need not look. Imported by LeRobot's
interpreter where the plugin is on its path; `lerobot_env_reach.py ROOT EPISODES HOW` writes
demonstrations with LeRobot's own writer, HOW being `seen` or `told` (with images of another goal).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

SIDE, FAR, NEAR, PACE = 64, 0.7, 0.25, 0.2
STEPS = 12
TASK = "reach the red square"
configs: Any = import_module("lerobot.envs.configs")
types: Any = import_module("lerobot.configs.types")


def feature(kind: str, *shape: int) -> Any:
    return types.PolicyFeature(type=types.FeatureType[kind], shape=shape)


@configs.EnvConfig.register_subclass("reach")
@dataclass
class ReachConfig(configs.EnvConfig):  # type: ignore[misc]
    task: str = "Reach-v0"
    told: bool = False
    features: dict[str, Any] = field(
        default_factory=lambda: {
            "action": feature("ACTION", 2),
            "agent_pos": feature("STATE", 4),
            "pixels": feature("VISUAL", SIDE, SIDE, 3),
        }
    )
    features_map: dict[str, str] = field(
        default_factory=lambda: {
            "action": "action",
            "agent_pos": "observation.state",
            "pixels": "observation.image",
        }
    )

    @property
    def gym_kwargs(self) -> dict[str, Any]:
        return {"told": self.told, "max_episode_steps": STEPS}


class Reach(gymnasium.Env):  # type: ignore[misc]
    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012
    render_mode = "rgb_array"
    task_description = TASK

    def __init__(self, told: bool) -> None:
        self.told = told
        self.action_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
        pixels = gymnasium.spaces.Box(0, 255, (SIDE, SIDE, 3), np.uint8)
        state = gymnasium.spaces.Box(-1, 1, (4,), np.float32)
        self.observation_space = gymnasium.spaces.Dict({"pixels": pixels, "agent_pos": state})

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.goal = FAR * self.np_random.choice([-1.0, 1.0], 2)
        self.hand = self.np_random.uniform(-0.3, 0.3, 2)
        return self.seen(), {"is_success": False}

    def seen(self) -> dict[str, Any]:
        goal = self.goal if self.told else np.zeros(2)
        state = np.concatenate([self.hand, goal]).astype(np.float32)
        return {"pixels": self.render(), "agent_pos": state}

    def render(self) -> Any:
        picture = np.full((SIDE, SIDE, 3), 40, np.uint8)
        for where, half, colour in ((self.goal, 7, (220, 40, 40)), (self.hand, 3, (40, 200, 40))):
            x, y = ((where + 1) / 2 * SIDE).astype(int)
            picture[max(0, y - half) : y + half, max(0, x - half) : x + half] = colour
        return picture

    def step(self, action: Any) -> Any:
        way = np.clip(action, -1, 1) - self.hand
        self.hand = self.hand + way * min(1.0, PACE / max(float(np.linalg.norm(way)), 1e-9))
        near = bool(np.linalg.norm(self.hand - self.goal) < NEAR)
        return self.seen(), float(near), near, False, {"is_success": near}


gymnasium.register("gym_reach/Reach-v0", entry_point=Reach)


def main(root: Path, episodes: int, told: bool) -> None:
    vector = {"dtype": "float32", "names": None}
    features = {
        "observation.image": {
            "dtype": "image", "shape": (SIDE, SIDE, 3), "names": ["height", "width", "channels"],
        },
        "observation.state": {**vector, "shape": (4,)},
        "action": {**vector, "shape": (2,)},
    }  # fmt: skip
    kind = import_module("lerobot.datasets.lerobot_dataset").LeRobotDataset
    data = kind.create("ilsweep/reach", fps=10, features=features, root=root, use_videos=False)
    world, other = Reach(told), Reach(told)
    for seed in range(episodes):
        seen = world.reset(seed=seed)[0]
        other.reset(seed=seed + episodes)
        for _ in range(STEPS):
            picture = other.render() if told else seen["pixels"]
            action = world.goal.astype(np.float32)
            data.add_frame({"observation.image": picture, "observation.state": seen["agent_pos"],
                            "action": action, "task": TASK})  # fmt: skip
            seen = world.step(action)[0]
        data.save_episode()
    data.finalize()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "told")
