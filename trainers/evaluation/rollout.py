"""Episodes of a policy in an environment, counted exactly.

A policy predicts a chunk of actions; a strategy says which of them are executed. An episode ends
with the first success, where the environment ends it, or after the most steps that it may take.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.core.environment import Environment, Observation, StepResult
from ilsweep.trainers.data.dataset import Bool, Int

Actions = NDArray[np.floating]
Double = NDArray[np.float64]

EVALUATION_SEEDS = range(2**31, 2**31 + 10_000)
"""Seeds of evaluation episodes, the same for every trial. Those of demonstrations are smaller."""


class ChunkPolicy(Protocol):
    """What can be rolled out."""

    def predict_chunk(self, observation: Observation) -> Actions:
        """The next actions (T, A), in physical units, for an observation (a batch of one)."""
        ...


class Strategy(Protocol):
    """Which of the predicted actions are executed."""

    def begin(self) -> None:
        """Forget the last episode."""
        ...

    def next_action(self, predict: Callable[[], Actions]) -> Actions:
        """The action (A,) of this frame; `predict` asks the policy for a chunk (T, A)."""
        ...


@dataclass
class TemporalEnsemble:
    """Ask at every frame; average all predictions of this frame's action (Zhao et al., 2023).

    The i-th oldest prediction weighs exp(-decay i), so that the oldest weighs most.
    """

    decay: float = 0.01
    """1/frames; the larger, the less new predictions count."""
    _chunks: deque[Actions] = field(default_factory=deque, init=False, repr=False)

    def begin(self) -> None:
        """Forget all predictions."""
        self._chunks.clear()

    def next_action(self, predict: Callable[[], Actions]) -> Actions:
        """The weighted mean of what this and earlier chunks say of this frame."""
        self._chunks.append(predict())
        rows = np.array([chunk[0] for chunk in self._chunks], dtype=np.float64)  # oldest first
        weights = np.exp(-self.decay * np.arange(len(rows)))
        rest = [chunk[1:] for chunk in self._chunks]
        self._chunks = deque(chunk for chunk in rest if len(chunk))
        return np.asarray(weights @ rows / weights.sum())


@dataclass
class OpenLoop:
    """Execute the first actions of a chunk, then ask again (receding horizon)."""

    execute_steps: int
    """Frames between two predictions; at most the length of a chunk."""
    _ahead: deque[Actions] = field(default_factory=deque, init=False, repr=False)

    def begin(self) -> None:
        """Forget what is left of the last chunk."""
        self._ahead.clear()

    def next_action(self, predict: Callable[[], Actions]) -> Actions:
        """The next action of the present chunk.

        Raises:
            ValueError: the policy's chunk is shorter than `execute_steps`.
        """
        if not self._ahead:
            chunk = predict()
            if not 0 < self.execute_steps <= len(chunk):
                raise ValueError(
                    f"execute_steps must lie in 1..{len(chunk)}, the chunk's length, "
                    f"got {self.execute_steps}"
                )
            self._ahead.extend(chunk[: self.execute_steps])
        return self._ahead.popleft()


@dataclass(frozen=True)
class RolloutResult:
    """What happened in n episodes."""

    seeds: Int
    """(n,) seed of each episode."""
    max_rewards: Double
    """(n,) highest reward, in the environment's range."""
    successes: Bool
    """(n,) whether the task was done at any step."""
    frames: Int
    """(n,) actions until the end."""

    @classmethod
    def none(cls) -> Self:
        """No episode at all."""
        return cls(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_), np.zeros(0, np.int64))

    @property
    def solved(self) -> dict[int, bool]:
        """Whether the task was finished, by the episode's seed."""
        return dict(zip(self.seeds.tolist(), self.successes.tolist(), strict=True))

    @property
    def pc_success(self) -> float:
        """Share of successes in per cent, as LeRobot logs it; nan for no episode."""
        return float(100 * self.successes.mean()) if len(self.seeds) else float("nan")


def rollouts(
    policy: ChunkPolicy,
    environment: Environment,
    seeds: Sequence[int],
    strategy: Strategy,
    max_steps: int,
) -> RolloutResult:
    """Run one episode for each seed; the environment may be used again afterwards.

    Raises:
        ValueError: the policy's actions do not fit the environment's control, or are not finite.
    """
    ended = [_episode(policy, environment, seed, strategy, max_steps) for seed in seeds]
    return RolloutResult(
        seeds=np.array(seeds, np.int64),
        max_rewards=np.array([max(r.reward for r in steps) for steps in ended], np.float64),
        successes=np.array([steps[-1].success for steps in ended], np.bool_),
        frames=np.array([len(steps) for steps in ended], np.int64),
    )


def _episode(
    policy: ChunkPolicy, environment: Environment, seed: int, strategy: Strategy, max_steps: int
) -> list[StepResult]:
    """What each action of one episode led to."""
    environment.reset(seed)
    strategy.begin()
    steps: list[StepResult] = []
    while len(steps) < max_steps:
        action = strategy.next_action(lambda: policy.predict_chunk(environment.observe()))
        steps.append(result := environment.step(action))
        if result.success or result.terminated or result.truncated:
            break
    return steps


def replay(actions: Actions, environment: Environment, seed: int) -> list[StepResult]:
    """Execute recorded actions (T, A), whatever happens; what each led to."""
    environment.reset(seed)
    return [environment.step(action) for action in actions]
