"""Reflow: its teacher, its pairs, what its knobs change, and what its probes see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.nets.inference import inference
from ilsweep.trainers.reflow.config import ReflowConfig
from ilsweep.trainers.reflow.flow import integrate, sample_times
from ilsweep.trainers.reflow.teacher import OF_THE_STUDENT
from ilsweep.trainers.reflow.trainer import Reflow
from tests.trainers.tiny import tiny_demonstrations

TINY: dict[str, Any] = {
    "dim": 16,
    "heads": 2,
    "feedforward": 16,
    "layers": 1,
    "chunk_size": 6,
    "execute_steps": 3,
    "batch_size": 8,
    "teacher_steps": 12,
    "teacher_lr": 1e-2,
    "teacher_euler_steps": 2,
    "euler_steps": 2,
    "student": "scratch",
    "steps": 40,
}


def tiny_data() -> Demonstrations:
    return tiny_demonstrations(observation="state")


def build(data: Demonstrations | None = None, **params: Any) -> Reflow:
    return Reflow(ReflowConfig(**{**TINY, **params}), data or tiny_data(), seed=0)


def test_sizes_that_do_not_fit_are_refused_with_the_rule() -> None:
    with pytest.raises(ValidationError, match=r"execute_steps must lie in 1\.\.6, chunk_size"):
        build(execute_steps=7)
    with pytest.raises(ValidationError, match="divisible by heads"):
        build(heads=3)
    with pytest.raises(ValueError, match="more than the robot's 14 dimensions, got 14"):
        build(padded_dim=14)


OTHER_STUDENT: dict[str, Any] = {
    "steps": 3, "lr": 1e-2, "ema_decay": 0.9, "execute_steps": 2, "target": "repadded",
    "loss_dims": "valid", "noise_dims": "valid", "infer_noise_dims": "valid",
    "student": "teacher", "euler_steps": 3, "teacher_euler_steps": 4, "teacher_rollouts": 1,
    "euler_rollouts": 1, "rollouts": 1, "lesions": 1, "success": "end", "log_every": 1,
    "eval_every": 1, "save_every": 1,
}  # fmt: skip


def test_the_teacher_is_the_same_whatever_the_student_is_told() -> None:
    """So that it may be shared by trials that differ in nothing else."""
    assert set(OTHER_STUDENT) == OF_THE_STUDENT
    for mine, theirs in zip(_new_teacher(), _new_teacher(**OTHER_STUDENT), strict=True):
        assert torch.equal(mine, theirs)


def _new_teacher(**params: Any) -> list[torch.Tensor]:
    return list(build(tiny_data(), **params)._new_teacher().weights.values())


def test_trials_that_differ_in_their_student_alone_share_a_teacher() -> None:
    data = tiny_data()
    made: list[list[torch.Tensor]] = []
    runs: tuple[dict[str, Any], ...] = ({}, OTHER_STUDENT, {"teacher_lr": 2e-2})
    for params in runs:
        trainer = build(data, **params)
        trainer.teach()
        made.append([weight.clone() for weight in trainer.teacher.parameters()])
        for weight in trainer.teacher.parameters():
            weight.zero_()  # its own copy
    first, second, third = made
    assert all(map(torch.equal, first, second))
    assert not all(map(torch.equal, first, third))


def test_the_teacher_does_not_learn_on() -> None:
    trainer = build()
    trainer.teach()
    before = [parameter.clone() for parameter in trainer.teacher.parameters()]
    for _ in range(3):
        trainer.train_step()
    for parameter, copy in zip(trainer.teacher.parameters(), before, strict=True):
        assert torch.equal(parameter, copy)


def test_a_loaded_run_keeps_its_teacher() -> None:
    trainer, other = build(), build(teacher_steps=5)
    trainer.train_step()
    other.load_state_dict(trainer.state_dict())
    other.train_step()
    assert other.teacher_loss == trainer.teacher_loss
    for mine, theirs in zip(trainer.teacher.parameters(), other.teacher.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_the_student_begins_where_it_is_told() -> None:
    heir, fresh = build(student="teacher"), build(student="scratch")
    initial = [parameter.clone() for parameter in fresh.net.parameters()]
    heir.teach()
    fresh.teach()
    for student, teacher in zip(heir.net.parameters(), heir.teacher.parameters(), strict=True):
        assert torch.equal(student, teacher)
    for student, before in zip(fresh.net.parameters(), initial, strict=True):
        assert torch.equal(student, before)
    assert not torch.equal(fresh.net.action.weight, fresh.teacher.action.weight)


def pair_of(trainer: Reflow) -> Any:
    trainer.teach()
    inputs = trainer.inputs(trainer.frames[:5])
    generator = torch.Generator().manual_seed(0)
    return inputs, trainer.rectify.pair(
        inputs, trainer.rectify.noise(trainer.config.noise_dims, 5, generator)
    )


def test_a_pair_ends_where_the_teacher_does() -> None:
    trainer = build()
    inputs, pair = pair_of(trainer)
    with inference(trainer.teacher):
        expected = integrate(trainer.teacher.field(inputs), pair.noise, 2)
    assert torch.equal(pair.made, expected)
    assert torch.equal(pair.target, expected)


def test_repadding_takes_only_what_the_padding_carried() -> None:
    trainer = build(target="repadded")
    _, pair = pair_of(trainer)
    assert torch.equal(pair.target[..., :14], pair.made[..., :14])
    assert float(pair.made[..., 14:].abs().mean()) > 0
    assert float(pair.target[..., 14:].abs().max()) == 0


def test_a_loss_over_the_valid_dimensions_gives_the_padding_no_gradient() -> None:
    for dims, reaches in (("valid", False), ("all", True)):
        trainer = build(loss_dims=dims)
        inputs, pair = pair_of(trainer)
        t = sample_times(5, torch.Generator().manual_seed(1))
        loss, _ = trainer.rectify.loss(trainer.net.field(inputs), pair, t)
        (gradient,) = torch.autograd.grad(loss, [trainer.net.velocity.weight])
        assert bool(gradient[:14].abs().sum() > 0)
        assert bool(gradient[14:].abs().sum() > 0) is reaches


def test_repadding_is_seen_by_a_loss_over_the_valid_dimensions_only_as_an_input() -> None:
    """The targets agree there; the points on the lines do not, in the padding."""
    losses = {}
    for target in ("teacher", "repadded"):
        trainer = build(target=target, loss_dims="valid")
        inputs, pair = pair_of(trainer)
        t = sample_times(5, torch.Generator().manual_seed(1))
        field = trainer.net.field(inputs)
        losses[target] = float(trainer.rectify.loss(field, pair, t)[0].detach())

        def deaf(x: torch.Tensor, t: torch.Tensor, field: Any = field) -> Any:
            return field(torch.nn.functional.pad(x[..., :14], (0, 18)), t)

        losses[f"deaf {target}"] = float(trainer.rectify.loss(deaf, pair, t)[0].detach())
    assert losses["teacher"] != losses["repadded"]
    assert losses["deaf teacher"] == losses["deaf repadded"]


def test_the_training_loss_is_the_mean_of_its_halves_over_all_dimensions() -> None:
    found = {name: float(value) for name, value in build(loss_dims="all").train_step().items()}
    mean = (14 * found["train/valid_error"] + 18 * found["train/padding_error"]) / 32
    assert found["train/loss"] == pytest.approx(mean, rel=1e-5)
    found = {name: float(value) for name, value in build(loss_dims="valid").train_step().items()}
    assert found["train/loss"] == pytest.approx(found["train/valid_error"], rel=1e-6)


def test_the_policy_answers_in_physical_units_and_the_same_when_asked_again() -> None:
    trainer = build()
    trainer.train_step()
    data = trainer.data
    observation = data.observe(data.source, data.source.heldout_frames[:3])
    actions = trainer.policy().predict(observation)
    assert actions.shape == (3, 6, 14)
    np.testing.assert_array_equal(actions, trainer.policy().predict(observation))
    noise = trainer.rectify.noise("all", 3, torch.Generator().manual_seed(0))
    with inference(trainer.net):
        field = trainer.net.field(trainer.preprocessor.inputs(observation, "imagenet"))
        end = integrate(field, noise, 2)[..., :14].numpy()
    statistics = data.statistics("action")
    np.testing.assert_allclose(actions, end * statistics.std + statistics.mean, atol=1e-5)


@pytest.mark.parametrize("control", ["joint", "ee"])
@pytest.mark.parametrize("observation", ["images", "state"])
def test_trains_on_every_observation_and_control(observation: str, control: str) -> None:
    data = tiny_demonstrations(observation=observation, cameras=("top", "angle"))
    trainer = build(data, control=control, backbone_width=4, teacher_steps=1)
    assert np.isfinite(float(trainer.train_step()["train/loss"]))
    chunk = trainer.policy().predict_chunk(data.observe(data.source, np.array([0])))
    assert chunk.shape == (6, 14 if control == "joint" else 16)


def test_reflow_straightens_the_paths() -> None:
    """A taught student of its own teacher's pairs has straighter paths than that teacher."""
    data = tiny_demonstrations(episodes=16, observation="state")
    params = {"dim": 32, "teacher_steps": 400, "teacher_lr": 5e-3, "batch_size": 32, "steps": 250}
    trainer = build(data, **params, student="teacher", teacher_euler_steps=10, lr=2e-3)
    for _ in range(250):
        trainer.train_step()
    found = trainer.probe()
    assert found["probe/straightness"] < 0.5 * found["probe/teacher_straightness"]
    assert found["probe/velocity_error"] < found["probe/teacher_velocity_error"]
    assert found["probe/endpoint_error/1"] < 0.5


def test_success_is_told_by_the_number_of_euler_steps() -> None:
    """Of a taught teacher, and of a student that has learnt nothing."""
    data = tiny_demonstrations(episodes=16, observation="state")
    params = {"dim": 32, "teacher_steps": 400, "teacher_lr": 5e-3, "batch_size": 32, "steps": 1}
    rollouts = {"rollouts": 6, "euler_rollouts": 6, "teacher_rollouts": 6}
    trainer = build(data, **params, **rollouts, student="scratch")
    trainer.train_step()
    found = {**trainer.finish(), **trainer.probe()}
    assert found["eval/pc_success"] < 50 < found["probe/teacher_pc_success"]
    assert found["probe/pc_success/10"] < 50 < found["probe/teacher_pc_success/10"]
    assert {name for name in found if "pc_success/" in name} == {
        f"probe/{whose}pc_success/{n}" for whose in ("", "teacher_") for n in (1, 5, 10)
    }
    ten = build(data, **params, **rollouts, student="scratch", euler_steps=10)
    ten.load_state_dict(trainer.state_dict())
    assert ten.finish()["eval/pc_success"] == found["probe/pc_success/10"]
