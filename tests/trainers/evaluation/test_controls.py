"""Controls in a small world, healthy and with one fault each; and in the real ones, in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.trainers.core.contract import Trainer
from ilsweep.trainers.core.environment import StepResult
from ilsweep.trainers.core.registry import load
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.features import ENVIRONMENT
from ilsweep.trainers.data.sources import parse
from ilsweep.trainers.evaluation import controls
from ilsweep.trainers.evaluation.controls import NotRunError
from ilsweep.trainers.evaluation.rollout import EVALUATION_SEEDS
from tests.trainers.demonstrations import config_of
from tests.trainers.tiny import DIRECTIONS, TinyEnvironment, tiny_demonstrations

SEEDS = EVALUATION_SEEDS[:5]


def to_the_goal(world: TinyEnvironment, seed: int) -> Iterator[np.ndarray]:
    """The expert of the small world."""
    del seed
    while True:
        yield (world._goal @ DIRECTIONS)[:14]


def nowhere(world: TinyEnvironment, seed: int) -> Iterator[np.ndarray]:
    """A broken one."""
    del world, seed
    while True:
        yield np.full(14, 3.0)


class Known(TinyEnvironment):
    """The demonstrations' own episodes under their seeds; done means nearer than by luck."""

    def reset(self, seed: int) -> None:
        super().reset(seed)
        source = tiny_demonstrations(6, observation="state").source
        if seed < 6:
            self._goal = source[ENVIRONMENT][source.episode_starts[seed], :2]

    def step(self, action: np.ndarray) -> StepResult:
        result = super().step(action)
        return replace(result, success=result.reward > 0.96)


class AlwaysTrue(Known):
    """Its success flag means nothing."""

    def step(self, action: np.ndarray) -> StepResult:
        return replace(super().step(action), success=True)


def healthy(kind: type[TinyEnvironment] = Known, **changes: Any) -> Demonstrations:
    data = tiny_demonstrations(6, observation="state")
    assert data.environment is not None
    spec = replace(data.environment, make=partial(kind, config_of(data)), expert=to_the_goal)
    return replace(data, environment=replace(spec, **changes))


def trainer(data: Demonstrations, name: str = "bc", **params: Any) -> Trainer:
    made = load(name)
    return made(made.Config(**params), data, seed=0)


def test_a_healthy_world_can_be_solved_and_not_by_luck() -> None:
    data = healthy()
    assert controls.expert(data, SEEDS, "any").pc_success == 100
    assert controls.expert(data, SEEDS, "end").pc_success == 100
    assert controls.random(data, SEEDS, "any").pc_success == 0


def test_an_expert_that_does_not_fit_its_episodes_fails() -> None:
    assert controls.expert(healthy(expert=nowhere), SEEDS, "any").pc_success == 0


def test_a_success_flag_that_is_always_true_is_met_at_random() -> None:
    assert controls.random(healthy(AlwaysTrue), SEEDS, "any").pc_success == 100


@pytest.mark.parametrize("actions", ["absolute", "relative", "delta"])
@pytest.mark.parametrize("name", ["act", "bc", "reflow", "rdt"])
def test_demonstrations_survive_a_sound_encoding(name: str, actions: str) -> None:
    asked = {"control": "joint", "action_representation": actions}
    result = controls.replay(trainer(healthy(), name, **asked), 3, "any")
    assert result.pc_success == 100
    assert len(result.seeds) == 3


def test_the_encoding_of_a_squashed_policy_is_its_own() -> None:
    assert controls.replay(trainer(healthy(), squash=True), 3, "any").pc_success == 100


def test_an_encoding_that_loses_a_factor_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = trainer(healthy())
    monkeypatch.setattr(sound.preprocessor._action, "decode", lambda values: values)  # type: ignore[attr-defined]
    assert controls.replay(sound, 3, "any").pc_success == 0


def test_what_rdt_leaves_out_at_test_time_fails_before_any_training() -> None:
    fault = trainer(healthy(), "rdt", control="joint", normalize="minmax", inverse_scale=False)
    assert controls.replay(fault, 3, "any").pc_success == 0
    sound = trainer(healthy(), "rdt", control="joint", normalize="minmax")
    assert controls.replay(sound, 3, "any").pc_success == 100


def test_the_noise_of_the_recording_is_added_again() -> None:
    data = healthy(noise=lambda seed, steps: np.full((steps, 14), 0.5))
    assert controls.replay(trainer(data), 3, "any").pc_success == 0


def test_what_cannot_be_run_says_why() -> None:
    data = tiny_demonstrations(6, observation="state")
    with pytest.raises(NotRunError, match="no_expert"):
        controls.expert(data, SEEDS, "any")
    with pytest.raises(NotRunError, match="no_environment"):
        controls.random(replace(data, environment=None), SEEDS, "any")
    unseeded = replace(data, source=replace(data.source, seeds=None))
    with pytest.raises(NotRunError, match="no_seeds"):
        controls.replay(trainer(unseeded), 3, "any")
    other = trainer(data)
    other.replay_actions = lambda episode: None  # type: ignore[method-assign]
    with pytest.raises(NotRunError, match="no_codec"):
        controls.replay(other, 3, "any")


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ({"source": "metaworld", "task": "push-v3"}, "act"),
        ({"source": "aloha"}, "rdt"),
    ],
)
def test_the_real_worlds_pass(
    spec: dict[str, Any], name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if spec["source"] == "metaworld":
        pytest.importorskip("metaworld")
    asked = parse({**spec, "episodes": 3, "observation": "state"})
    data = asked.load(Path(tmp_path_factory.getbasetemp()) / "controls")
    assert controls.expert(data, SEEDS[:3], "end").successes.sum() >= 2
    assert controls.random(data, SEEDS[:3], "any").pc_success == 0
    assert controls.replay(trainer(data, name), 2, "any").pc_success == 100
