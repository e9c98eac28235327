"""Relative and delta actions in every ready trainer."""

from __future__ import annotations

from fnmatch import fnmatchcase

import numpy as np
import pytest
from torch import Tensor

from ilsweep.trainers.core.registry import TRAINERS, find
from ilsweep.trainers.envs.aloha.config import DataConfig
from ilsweep.trainers.envs.metaworld.config import MetaWorldConfig
from ilsweep.trainers.nets.action_representation import ActionEncoding
from tests.trainers.test_contract_suite import Case, case, run, same, through_a_file

__all__ = ["case"]  # the fixture
both = pytest.mark.parametrize("kind", ["relative", "delta"])


@both
def test_it_learns_is_judged_and_probed(case: Case, kind: str) -> None:
    trainer = case.build(action_representation=kind, lr=3e-3)
    before = trainer.evaluate()["eval/offline_eval/avg_l1"]
    for _ in range(60):
        trainer.train_step()
    found = {**trainer.evaluate(), **trainer.probe()}
    assert found["eval/offline_eval/avg_l1"] < before
    for name, value in found.items():
        assert np.isfinite(float(value)), (name, value)
        assert any(fnmatchcase(name, pattern) for pattern in trainer.metrics), name


@both
def test_replayed_actions_are_the_demonstrated_ones(case: Case, kind: str) -> None:
    trainer = case.build(action_representation=kind)
    domain, key = trainer.data.source, trainer.control.action.key
    for episode in domain.train_episodes[:2]:
        shown = domain[key][domain.frames_of(np.array([episode]))]
        np.testing.assert_allclose(trainer.replay_actions(int(episode)), shown, atol=1e-5)


@both
def test_predictions_begin_where_the_robot_is(
    case: Case, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = case.build(action_representation=kind)
    run(trainer, 1)
    decode, began = ActionEncoding.decode, []

    def watched(self: ActionEncoding, encoded: Tensor, state: Tensor) -> Tensor:
        began.append(state.numpy())
        return decode(self, encoded, state)

    monkeypatch.setattr(ActionEncoding, "decode", watched)
    seen = trainer.data.observe(trainer.data.source, trainer.frames[:4])
    trainer.policy().predict(seen)
    np.testing.assert_allclose(np.concatenate(began), seen[trainer.control.state.key], atol=1e-5)


@both
def test_stop_and_resume_equals_no_stop(case: Case, kind: str) -> None:
    straight, resumed = (case.build(seed=5, action_representation=kind) for _ in range(2))
    run(straight, 2)
    state = through_a_file(straight.state_dict())
    run(straight, 2)
    resumed.load_state_dict(state)
    run(resumed, 2)
    assert same(straight.state_dict(), resumed.state_dict())


@both
@pytest.mark.parametrize("name", sorted(TRAINERS))
def test_changes_are_refused_before_anything_is_loaded(name: str, kind: str) -> None:
    spec = find(name)
    config = spec.Config.model_validate({"action_representation": kind})
    (line,) = [x for x in spec.check(config, MetaWorldConfig()) if x.startswith("action_")]
    assert line == (
        f"action_representation: {kind} takes actions that are states to reach; those of "
        "metaworld are changes already; valid: absolute"
    )
    aloha = DataConfig(domains=("source", "target"))
    assert spec.check(config, aloha) == []
    plain = spec.Config()
    assert not [x for x in spec.check(plain, MetaWorldConfig()) if x.startswith("action_")]
