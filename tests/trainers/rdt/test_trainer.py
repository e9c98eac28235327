"""RDT: its configuration, its loss, how it trains, what it executes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from ilsweep.trainers.nets.preprocessing import Batch, Chunks
from ilsweep.trainers.rdt.config import RDTConfig
from ilsweep.trainers.rdt.network import RDTNet
from tests.trainers.rdt.tiny import GRIPPERS, TINY, build, tiny_data, trained


def last(net: RDTNet) -> torch.nn.Linear:
    """The layer that gives the output."""
    layer = net.head[-1]
    assert isinstance(layer, torch.nn.Linear)
    return layer


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"dim": 30, "heads": 3}, "dim must be divisible by 4; got 30"),
        ({"dim": 20, "heads": 8}, "dim must be divisible by heads, 8; got 20"),
        ({"execute_steps": 9}, "execute_steps must be at most chunk_size, 8; got 9"),
        ({"inference_steps": 9, "diffusion_steps": 8}, "at most diffusion_steps, 8; got 9"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(params: dict[str, int], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RDTConfig(**{**TINY, **params})


def test_the_loss_is_the_weighted_squared_error_over_valid_steps_and_own_numbers() -> None:
    trainer = build(loss_weights={"position": 3.0, "rotation": 0.5})
    batch = trainer.batch_of(trainer.data.source.train_frames[8:14])
    assert batch.chunks.pad.any()
    predicted = torch.randn(batch.chunks.actions.shape, generator=torch.manual_seed(0))
    weight = {"position": 3.0, "rotation": 0.5, "gripper": 1.0}
    total, count = 0.0, 0
    for sample in range(len(predicted)):
        for step in range(8):
            if not batch.chunks.pad[sample, step]:
                off = (predicted[sample, step] - batch.chunks.actions[sample, step]).square()
                for kind, indices in trainer.preprocessor.space.kinds().items():
                    total += weight[kind] * float(off[indices].sum())
                count += 20  # 2 arms with 3 positions, 6 rotation numbers, 1 gripper
    assert float(trainer.weighted_error(predicted, batch)) == pytest.approx(total / count, rel=1e-5)


def test_actions_after_the_end_are_the_last_one_and_get_no_gradient() -> None:
    trainer = build()
    batch = trainer.batch_of(trainer.data.source.train_frames[8:14])
    chunks = batch.chunks
    for actions, pad in zip(chunks.actions, chunks.pad, strict=True):
        last = actions[~pad][-1]
        assert torch.equal(actions[pad], last.expand(int(pad.sum()), -1))
    predicted = torch.zeros_like(chunks.actions, requires_grad=True)
    torch.autograd.backward(trainer.weighted_error(predicted, batch))
    assert predicted.grad is not None
    assert not predicted.grad[chunks.pad].any()
    assert predicted.grad[~chunks.pad].any()


def test_a_batch_is_not_changed_by_its_step() -> None:
    trainer = build()
    batch = trainer.batch_of(trainer.frames[:8])
    copy = Batch(batch.inputs, Chunks(batch.chunks.actions.clone(), batch.chunks.pad.clone()))
    loss = trainer.weighted_error(trainer.denoised(batch, trainer.rng), batch)
    torch.autograd.backward(loss)
    assert torch.equal(batch.chunks.actions, copy.chunks.actions)
    assert torch.equal(batch.chunks.pad, copy.chunks.pad)


def test_numbers_that_the_robot_lacks_are_never_noisy_and_never_predicted() -> None:
    trainer = trained(3)
    own = trainer.preprocessor.space.mask
    batch = trainer.batch_of(trainer.frames[:8])
    seen = []
    trainer.net.register_forward_pre_hook(lambda _, args: seen.append(args[1]))
    predicted = trainer.denoised(batch, trainer.rng)
    for values in (batch.inputs.state, batch.chunks.actions, seen[0], predicted):
        assert not values[..., ~own].any()
        assert values[..., own].any()


def test_evaluation_uses_the_averaged_weights() -> None:
    trainer = trained(4)
    before = trainer.evaluate()
    with torch.no_grad():
        for parameter in trainer.net.parameters():
            parameter.add_(1.0)
    assert trainer.evaluate() == before
    with torch.no_grad():
        for parameter in trainer.acting.parameters():
            parameter.add_(0.1)
    assert trainer.evaluate() != before


def test_the_policy_is_a_function_of_what_it_sees() -> None:
    trainer = trained(3)
    policy, data = trainer.policy(), trainer.data
    frames = data.source.heldout_frames[:5]
    together = policy.predict(data.observe(data.source, frames))
    assert together.shape == (5, 8, 16)
    alone = policy.predict_chunk(data.observe(data.source, frames[2:3]))
    np.testing.assert_allclose(alone, together[2], atol=1e-5)
    twice = policy.predict(data.observe(data.source, np.repeat(frames[:1], 2)))
    np.testing.assert_array_equal(twice[0], twice[1])


def test_executed_actions_stay_within_the_widened_training_range() -> None:
    trainer = build(position_scale=100.0, inverse_scale=False, clip_margin=0.2)
    last(trainer.acting).bias.data.fill_(5.0)
    observation = trainer.data.observe(trainer.data.source, trainer.frames[:4])
    made = trainer.policy().predict(observation)
    statistics = trainer.data.statistics("action.ee_pose")
    room = 0.2 * np.maximum(statistics.max - statistics.min, 1e-2)
    own = np.concatenate([trainer.preprocessor.space.own("position"), GRIPPERS])
    assert (made <= statistics.max + room + 1e-6)[..., own].all()
    assert (trainer.policy().command(observation)[..., own] > (statistics.max + room)[own]).any()
    quaternions = made[..., trainer.preprocessor.space.own("rotation")].reshape(-1, 4)
    np.testing.assert_allclose(np.linalg.norm(quaternions, axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("control", ["joint", "ee"])
@pytest.mark.parametrize("observation", ["images", "state"])
def test_trains_on_every_observation_and_control(observation: str, control: str) -> None:
    data = tiny_data(observation=observation, cameras=("top", "angle"))
    trainer = build(data, control=control)
    assert np.isfinite(float(trainer.train_step()["train/loss"]))
    chunk = trainer.policy().predict_chunk(data.observe(data.source, np.array([0])))
    assert chunk.shape == (8, 14 if control == "joint" else 16)
    probed = trainer.probe()
    assert probed
    assert np.isfinite(list(probed.values())).all()


def test_a_rate_of_zero_freezes_the_backbone_and_nothing_else() -> None:
    trainer = build(lr_backbone=0.0)
    before = {name: value.clone() for name, value in trainer.net.state_dict().items()}
    for _ in range(2):
        trainer.train_step()
    for name, value in trainer.net.state_dict().items():
        if name.startswith("backbone."):
            assert torch.equal(value, before[name]), name
    assert not torch.equal(last(trainer.net).weight, before["head.2.weight"])


def test_the_cosine_schedule_falls_from_the_rate_to_zero() -> None:
    trainer = build(steps=4, lr=1.0e-3, lr_backbone=2e-4)
    rates = [float(trainer.train_step()["train/lr"]) for _ in range(6)]
    share = 0.5 + 0.5 * np.cos(np.pi * np.array([0, 0.25, 0.5, 0.75, 1.0, 1.0]))
    assert rates == pytest.approx(list(1e-3 * share), abs=1e-12)


def test_it_learns_to_look() -> None:
    """With the goal only in the images, the error falls below what a blind policy can reach."""
    data = tiny_data(episodes=12)
    trainer = trained(150, data, normalize="minmax", ema_decay=0.9, backbone_stride=8)
    held_out = trainer.held_out()
    blind = np.broadcast_to(data.statistics("action.ee_pose").mean, held_out.actions.shape)
    assert trainer.evaluate()["eval/offline_eval/avg_l1"] < 0.85 * held_out.error(blind)
