"""Episodes of a policy in an environment, counted exactly.

A policy predicts a chunk of actions; an execution says which of them are executed. An episode ends
once the task has been done for `HOLD` actions in a row, where the environment ends it, or after the
most steps that it may take. So both are known: success at any step, and success held at the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ilsweep.trainers.core.environment import (
    Environment,
    EnvironmentSpec,
    Observation,
    StepResult,
)
from ilsweep.trainers.core.waiting import waiting_for
from ilsweep.trainers.data.dataset import Bool, Int

Actions = NDArray[np.floating]
Double = NDArray[np.float64]

EVALUATION_SEEDS = range(2**31, 2**31 + 10_000)
"""Seeds of evaluation episodes, the same for every trial. Those of demonstrations are smaller."""

HOLD = 10
"""Actions in a row for which the task must be done, before an episode ends with it (robosuite,
`collect_human_demonstrations.py`)."""

Success = Literal["any", "end"]
"""Which success counts: the task was done at any step, or at the end of the episode."""


class ChunkPolicy(Protocol):
    """What can be rolled out."""

    def predict_chunk(self, observation: Observation) -> Actions:
        """The next actions (T, A), in physical units, for an observation (a batch of one)."""
        ...


class ActionExecution(Protocol):
    """Which of the predicted actions are executed."""

    def reset(self) -> None:
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

    def reset(self) -> None:
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

    def reset(self) -> None:
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
    """(n,) highest reward until the first success, in the environment's range."""
    successes: Bool
    """(n,) whether the task was done at any step."""
    held: Bool
    """(n,) whether the task was done at the end."""
    frames: Int
    """(n,) actions until the first success, or until the end."""
    counts: Success = "any"
    """Which success counts."""

    @classmethod
    def of(
        cls, seeds: Sequence[int], ended: Sequence[Sequence[StepResult]], counts: Success = "any"
    ) -> Self:
        """From what each action of each episode led to; at least one action an episode."""
        until = [_until_success(steps) for steps in ended]
        return cls(
            seeds=np.array(seeds, np.int64),
            max_rewards=np.array([max(s.reward for s in steps) for steps in until], np.float64),
            successes=np.array([steps[-1].success for steps in until], np.bool_),
            held=np.array([steps[-1].success for steps in ended], np.bool_),
            frames=np.array([len(steps) for steps in until], np.int64),
            counts=counts,
        )

    @classmethod
    def none(cls) -> Self:
        """No episode at all."""
        return cls.of([], [])

    @property
    def solved(self) -> dict[int, bool]:
        """Whether an episode succeeded, by its seed, as it counts."""
        return self.by_seed(self.counts)

    @property
    def pc_success(self) -> float:
        """Share of successes in per cent, as LeRobot logs it; nan for no episode."""
        return self.percent(self.counts)

    def by_seed(self, success: Success) -> dict[int, bool]:
        """Whether an episode succeeded, by its seed."""
        which = self.successes if success == "any" else self.held
        return dict(zip(self.seeds.tolist(), which.tolist(), strict=True))

    def percent(self, success: Success) -> float:
        """Share of successes in per cent; nan for no episode."""
        which = self.successes if success == "any" else self.held
        return float(100 * which.mean()) if len(which) else float("nan")


def rollouts(
    policy: ChunkPolicy,
    environment: Environment,
    seeds: Sequence[int],
    execution: ActionExecution,
    max_steps: int,
    success: Success = "any",
) -> RolloutResult:
    """Run one episode for each seed; the environment may be used again afterwards.

    Raises:
        ValueError: the policy's actions do not fit the environment's control, or are not finite.
    """

    def predict() -> Actions:
        with waiting_for("observe"):
            seen = environment.observe()
        return policy.predict_chunk(seen)

    def actions() -> Iterator[Actions]:
        execution.reset()
        while True:
            yield execution.next_action(predict)

    ended = [episode(actions(), environment, seed, max_steps) for seed in seeds]
    return RolloutResult.of(seeds, ended, success)


def episode(
    actions: Iterator[Actions], environment: Environment, seed: int, max_steps: int
) -> list[StepResult]:
    """Begin the episode of a seed and execute actions (A,) until it is over or there are no more.

    Gives what each led to.
    """
    with waiting_for("reset"):
        environment.reset(seed)
    steps: list[StepResult] = []
    held = 0
    while len(steps) < max_steps and held < HOLD:
        action = next(actions, None)
        if action is None:
            break
        with waiting_for("step"):
            steps.append(result := environment.step(action))
        held = held + 1 if result.success else 0
        if result.terminated or result.truncated:
            break
    return steps


def _until_success(steps: Sequence[StepResult]) -> Sequence[StepResult]:
    first = next((i for i, step in enumerate(steps) if step.success), len(steps))
    return steps[: first + 1]


def replay(
    actions: Actions, world: EnvironmentSpec, environment: Environment, seed: int
) -> list[StepResult]:
    """A demonstration's actions (T, A) once more, from where it began; what each led to.

    With the noise that was added to them when it was recorded.
    """
    executed = actions if world.noise is None else actions + world.noise(seed, len(actions))
    return episode(iter(executed), environment, seed, len(actions))
