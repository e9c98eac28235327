"""Episodes of a policy in the simulator, counted exactly.

A policy predicts a chunk of actions; a strategy says which of them are executed. An episode ends
at the first reward of 4, when the physics breaks down, or after `LIMIT_TICKS`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from trainers.data.dataset import Bool, Int, Observation
from trainers.data.simulator import Simulator
from trainers.data.tasks import LIMIT_TICKS, SUCCESS

Actions = NDArray[np.floating]

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
    max_rewards: Int
    """(n,) highest reward, 0 to 4."""
    frames: Int
    """(n,) frames until the end."""

    @classmethod
    def none(cls) -> Self:
        """No episode at all."""
        return cls(*(np.zeros(0, dtype=np.int64) for _ in range(3)))

    @property
    def successes(self) -> Bool:
        """(n,) whether the task was finished."""
        return np.asarray(self.max_rewards == SUCCESS)

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
    simulator: Simulator,
    seeds: Sequence[int],
    strategy: Strategy,
    limit_ticks: int = LIMIT_TICKS,
) -> RolloutResult:
    """Run one episode for each seed; the simulator may be used again afterwards.

    Raises:
        ValueError: the policy's actions do not fit the simulator's control, or are not finite.
    """
    frames = limit_ticks // simulator.ticks_per_frame
    ended = [_episode(policy, simulator, seed, strategy, frames) for seed in seeds]
    rewards, lengths = np.array(ended, dtype=np.int64).reshape(-1, 2).T
    return RolloutResult(np.array(seeds, dtype=np.int64), rewards, lengths)


def _episode(
    policy: ChunkPolicy, simulator: Simulator, seed: int, strategy: Strategy, frames: int
) -> tuple[int, int]:
    """Highest reward and number of frames of one episode."""
    simulator.reset(seed)
    strategy.begin()
    best = 0
    for frame in range(1, frames + 1):
        action = strategy.next_action(lambda: policy.predict_chunk(simulator.observe()))
        best = max(best, simulator.step(action))
        if best == SUCCESS or simulator.unstable:
            return best, frame
    return best, frames


def replay(actions: Actions, simulator: Simulator, seed: int) -> Int:
    """Execute recorded actions (T, A), whatever happens; the reward after each, (T,)."""
    simulator.reset(seed)
    return np.array([simulator.step(action) for action in actions], dtype=np.int64)
