"""A world of one's own, small and with a fault where one is wanted, and trainers for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from ilsweep.trainers.bc.trainer import BC
from ilsweep.trainers.core.contract import Metrics, Trainer
from ilsweep.trainers.core.environment import StepResult
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.features import ENVIRONMENT
from ilsweep.trainers.data.source import DataSource, Progress, Say, quiet
from tests.trainers.tiny import DIRECTIONS, TinyEnvironment, tiny_demonstrations

Fault = Literal["none", "expert", "flag", "raises"]


class World(TinyEnvironment):
    """The demonstrations' own episodes under their seeds; done means nearer than by luck."""

    def __init__(self, fault: Fault, data: Demonstrations, control: str, variant: str) -> None:
        self._fault, self._source = fault, data.source
        super().__init__(data.config, control, variant)  # type: ignore[arg-type]

    def reset(self, seed: int) -> None:
        super().reset(seed)
        if seed < 6:
            self._goal = self._source[ENVIRONMENT][self._source.episode_starts[seed], :2]

    def step(self, action: np.ndarray) -> StepResult:
        if self._fault == "raises":
            raise RuntimeError("the gripper is stuck")
        result = super().step(action)
        return replace(result, success=self._fault == "flag" or result.reward > 0.96)


def expert(fault: Fault, world: World, seed: int) -> Iterator[np.ndarray]:
    """Goes to the goal, or nowhere near it."""
    del seed
    while True:
        yield np.full(14, 3.0) if fault == "expert" else (world._goal @ DIRECTIONS)[:14]


class Tiny(DataSource):
    """Demonstrations of the small world."""

    controls: ClassVar[tuple[str, ...]] = ("joint", "ee")
    has_environment: ClassVar[bool] = True
    fault: Fault = "none"
    """What is wrong with it."""

    def load(self, cache_dir: Path, progress: Progress = quiet, say: Say = print) -> Demonstrations:
        del cache_dir, progress, say
        data = tiny_demonstrations(6, observation="state")
        assert data.environment is not None
        environment = replace(
            data.environment,
            make=partial(World, self.fault, data),
            expert=partial(expert, self.fault),
        )
        return replace(data, environment=environment)


class Lossy(BC):
    """Forgets the standard deviation on the way back."""

    def replay_actions(self, episode: int) -> Any:
        actions = super().replay_actions(episode)
        return actions / self.data.statistics(self.control.action.key).std


class Schooled(Trainer):
    """Succeeds after ten steps, in every episode, or never."""

    metrics: ClassVar[Mapping[str, str]] = {
        "train/loss": "Nothing.", "eval/pc_success": "Success.", "eval/n_episodes": "Episodes.",
    }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.step = 0

    def train_step(self) -> Metrics:
        self.step += 1
        return {"train/loss": 1.0}

    def finish(self) -> Metrics:
        solved = list(self.solve(range(self.config.rollouts)).values())
        return {"eval/pc_success": float(100.0 * np.mean(solved)), "eval/n_episodes": len(solved)}

    def solve(self, seeds: Sequence[int]) -> Mapping[int, bool]:
        return dict.fromkeys(seeds, self.step >= 10)

    def state_dict(self) -> dict[str, Any]:
        return {"step": self.step}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.step = int(state["step"])
