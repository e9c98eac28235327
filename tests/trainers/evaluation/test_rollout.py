"""Episodes of policies, and the strategies that execute them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.trainers.core.environment import EnvironmentSpec, Observation, StepResult
from ilsweep.trainers.envs.aloha.config import Control
from ilsweep.trainers.envs.aloha.layout import CONTROLS
from ilsweep.trainers.envs.aloha.simulator import Simulator
from ilsweep.trainers.evaluation.rollout import (
    EVALUATION_SEEDS,
    HOLD,
    ActionExecution,
    OpenLoop,
    RolloutResult,
    TemporalEnsemble,
    replay,
    rollouts,
)
from ilsweep.trainers.evaluation.success import success_metrics
from tests.trainers.demonstrations import config_of, recorded, seeds_of


class Recorded:
    """Knows one recorded episode by heart, and where it is in it."""

    def __init__(self, actions: np.ndarray, length: int = 8) -> None:
        self.actions, self.length, self.asked = actions, length, 0

    def predict_chunk(self, observation: Observation) -> np.ndarray:
        assert observation["observation.state"].shape == (1, 14)
        steps = np.arange(self.asked, self.asked + self.length)
        self.asked += 1
        return self.actions[np.minimum(steps, len(self.actions) - 1)]


class Still:
    """Stays where it is."""

    def predict_chunk(self, observation: Observation) -> np.ndarray:
        return np.repeat(observation["observation.state"], 5, axis=0)


@pytest.mark.parametrize("control", ["joint", "ee"])
def test_the_expert_by_heart_succeeds_and_ends_early(control: Control) -> None:
    demos = recorded()
    frames = demos.source.frames_of(np.array([0]))
    policy = Recorded(demos.source[CONTROLS[control].action.key][frames])
    with Simulator.of(config_of(demos), control=control) as simulator:
        result = rollouts(
            policy, simulator, [int(seeds_of(demos.source)[0])], TemporalEnsemble(), 100
        )
    assert result.successes.tolist() == [True]
    assert result.max_rewards.tolist() == [4]
    assert result.held.tolist() == [True]
    assert result.frames[0] == policy.asked - HOLD + 1 < len(frames)
    assert result.pc_success == 100


def test_a_policy_that_does_nothing_fails_in_every_episode() -> None:
    with Simulator.of(config_of(recorded())) as simulator:
        result = rollouts(Still(), simulator, EVALUATION_SEEDS[:2], OpenLoop(3), 10)
        again = rollouts(Still(), simulator, EVALUATION_SEEDS[:2], OpenLoop(3), 10)
    assert result.successes.tolist() == [False, False]
    assert result.frames.tolist() == [10, 10]
    assert result.pc_success == 0
    assert result.seeds.tolist() == [2**31, 2**31 + 1]
    np.testing.assert_array_equal(result.max_rewards, again.max_rewards)


def test_no_episodes_have_no_success_rate() -> None:
    with Simulator.of(config_of(recorded())) as simulator:
        assert np.isnan(rollouts(Still(), simulator, [], OpenLoop(1), 10).pc_success)


def test_successes_are_counted_exactly() -> None:
    done = np.array([True, False, False, True])
    result = RolloutResult(np.arange(4), np.ones(4), done, done, np.ones(4, dtype=np.int64))
    assert result.solved == {0: True, 1: False, 2: False, 3: True}
    assert result.pc_success == 50


class Script:
    """An environment whose episodes are written down: what each action leads to."""

    def __init__(self, *episode: StepResult) -> None:
        self._episode, self._at, self.drawn = episode, 0, 0

    def reset(self, seed: int) -> None:
        self._at = 0

    def observe(self) -> Observation:
        self.drawn += 1
        return {"observation.state": np.zeros((1, 1))}

    def step(self, action: np.ndarray) -> StepResult:
        self._at += 1
        return self._episode[self._at - 1]

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.mark.parametrize(
    ("episode", "frames", "success"),
    [
        ([StepResult(0.1, False), StepResult(0.4, True), StepResult(0.9, False)], 2, True),
        ([StepResult(-2.0, False), StepResult(-1.0, False, terminated=True)], 2, False),
        ([StepResult(-2.0, False, truncated=True)], 1, False),
        ([StepResult(0.5, False)] * 9, 3, False),
    ],
)
def test_an_episode_ends_with_success_or_where_it_cannot_go_on(
    episode: list[StepResult], frames: int, success: bool
) -> None:
    result = rollouts(Still(), Script(*episode), [0, 1], OpenLoop(1), 3)
    assert result.frames.tolist() == [frames] * 2
    assert result.successes.tolist() == [success] * 2
    assert result.max_rewards.tolist() == [max(r.reward for r in episode[:frames])] * 2


def test_a_picture_is_drawn_only_when_the_policy_is_asked() -> None:
    world = Script(*[StepResult(0, False)] * 10)
    rollouts(Still(), world, [0], OpenLoop(5), 10)
    assert world.drawn == 2


def executed(execution: ActionExecution, chunks: np.ndarray) -> tuple[np.ndarray, int]:
    """The actions of as many frames as there are chunks, and how many chunks were asked for."""
    supply = iter(chunks)
    asked = []

    def predict() -> np.ndarray:
        asked.append(1)
        return next(supply)

    execution.reset()
    return np.array([execution.next_action(predict) for _ in chunks]), len(asked)


@settings(deadline=None, max_examples=30)
@given(length=st.integers(1, 6), decay=st.floats(0, 1), seed=st.integers(0, 100))
def test_the_ensemble_weighs_predictions_as_zhao_does(length: int, decay: float, seed: int) -> None:
    chunks = np.random.default_rng(seed).normal(size=(9, length, 3))
    actions, asked = executed(TemporalEnsemble(decay), chunks)
    assert asked == 9
    for frame in range(9):
        oldest = max(0, frame - length + 1)
        said = np.array([chunks[start, frame - start] for start in range(oldest, frame + 1)])
        weights = np.exp(-decay * np.arange(len(said)))
        np.testing.assert_allclose(actions[frame], np.average(said, axis=0, weights=weights))


@pytest.mark.parametrize("execute", [1, 2, 5])
def test_open_loop_executes_so_many_steps_of_each_chunk(execute: int) -> None:
    chunks = np.random.default_rng(0).normal(size=(11, 5, 3))
    actions, asked = executed(OpenLoop(execute), chunks)
    assert asked == -(-11 // execute)
    for frame, action in enumerate(actions):
        np.testing.assert_array_equal(action, chunks[frame // execute, frame % execute])


@pytest.mark.parametrize("execution", [TemporalEnsemble(), OpenLoop(4)])
def test_an_episode_begins_without_memory(execution: ActionExecution) -> None:
    chunks = np.random.default_rng(0).normal(size=(3, 5, 2))
    first, _ = executed(execution, chunks)
    np.testing.assert_array_equal(executed(execution, chunks)[0], first)


@pytest.mark.parametrize("execute", [0, 6])
def test_more_steps_than_were_predicted_are_refused(execute: int) -> None:
    with pytest.raises(ValueError, match=r"must lie in 1\.\.5"):
        executed(OpenLoop(execute), np.zeros((2, 5, 2)))


def test_evaluation_seeds_are_no_demonstrations() -> None:
    assert min(EVALUATION_SEEDS) >= 2**31 > seeds_of(recorded().source).max()


class Scripted:
    """Done after the actions of a list, whatever they are; the last may end the episode."""

    def __init__(self, done: set[int], ends: int = 0) -> None:
        self.done, self.ends, self.steps = done, ends, 0

    def reset(self, seed: int) -> None:
        self.steps = 0

    def observe(self) -> Observation:
        return {}

    def step(self, action: np.ndarray) -> StepResult:
        self.steps += 1
        done = self.steps in self.done
        return StepResult(float(self.steps), done, terminated=self.steps == self.ends)

    def close(self) -> None:
        """Nothing to let go of."""


class Nothing:
    def predict_chunk(self, observation: Observation) -> np.ndarray:
        return np.zeros((1, 1))


@pytest.mark.parametrize(
    ("world", "succeeds", "held", "frames", "taken"),
    [
        (Scripted({3}), True, False, 3, 40),
        (Scripted(set(range(5, 41))), True, True, 5, 5 + HOLD - 1),
        (Scripted({3, *range(20, 41)}), True, True, 3, 20 + HOLD - 1),
        (Scripted(set(range(36, 41))), True, True, 36, 40),
        (Scripted({7}, ends=7), True, True, 7, 7),
        (Scripted(set(), ends=7), False, False, 7, 7),
    ],
    ids=["lost again", "held", "lost and held", "too late to be held", "ends done", "breaks down"],
)
def test_success_at_any_step_and_success_at_the_end(
    world: Scripted, succeeds: bool, held: bool, frames: int, taken: int
) -> None:
    for counts in ("any", "end"):
        result = rollouts(Nothing(), world, [0], OpenLoop(1), 40, counts)
        assert result.successes.tolist() == [succeeds]
        assert result.held.tolist() == [held]
        assert result.frames.tolist() == result.max_rewards.tolist() == [frames]
        assert world.steps == taken
        metrics = success_metrics(result)
        other = "end" if counts == "any" else "any"
        found = {"any": 100.0 * succeeds, "end": 100.0 * held}
        assert metrics["eval/pc_success"] == found[counts]
        assert metrics[f"eval/pc_success_{other}"] == found[other]
        assert metrics["eval/episode/0"] == found[counts] / 100
        assert metrics[f"eval/episode_{other}/0"] == found[other] / 100


class Remembering:
    """Remembers what is executed."""

    def __init__(self) -> None:
        self.executed: list[np.ndarray] = []

    def reset(self, seed: int) -> None:
        self.seed = seed

    def observe(self) -> Observation:
        return {}

    def step(self, action: np.ndarray) -> StepResult:
        self.executed.append(action)
        return StepResult(0.0, success=False)

    def close(self) -> None:
        """Nothing to let go of."""


def test_a_demonstration_is_replayed_with_the_noise_of_its_recording() -> None:
    actions, world = np.arange(6.0).reshape(3, 2), Remembering()

    def noise(seed: int, steps: int) -> np.ndarray:
        return np.full((steps, 2), float(seed))

    spec = EnvironmentSpec(lambda control, variant: world, 3, (0, 1))
    replay(actions, spec, world, 7)
    np.testing.assert_array_equal(world.executed, actions)
    noisy = Remembering()
    replay(actions, replace(spec, noise=noise), noisy, 7)
    np.testing.assert_array_equal(noisy.executed, actions + 7)
