"""ACT: its configuration, its loss, its latent, what it sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from ilsweep.trainers.act.config import PAPER, ACTConfig
from ilsweep.trainers.act.network import sample_latent
from ilsweep.trainers.act.trainer import ACT
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.nets.inference import inference
from ilsweep.trainers.nets.preprocessing import Batch, Chunks
from ilsweep.trainers.training.losses import kl_to_standard_normal
from tests.trainers.tiny import tiny_demonstrations

TINY: dict[str, Any] = {
    "dim": 16,
    "heads": 2,
    "feedforward": 16,
    "encoder_layers": 1,
    "latent_dim": 4,
    "backbone_width": 4,
    "backbone_stride": 16,
    "chunk_size": 6,
    "dropout": 0.1,
    "batch_size": 8,
}


def tiny_data() -> Demonstrations:
    return tiny_demonstrations()


def build(data: Demonstrations | None = None, **params: Any) -> ACT:
    return ACT(ACTConfig(**{**TINY, **params}), data or tiny_data(), seed=0)


def test_preset_fills_what_is_not_given_and_nothing_else() -> None:
    config = ACTConfig(preset="paper", lr=3e-5, dim=256)
    assert (config.lr, config.dim) == (3e-5, 256)
    assert config.feedforward == PAPER["feedforward"]
    assert config.model_dump()["chunk_size"] == 100
    assert ACTConfig().dim != PAPER["dim"]


@pytest.mark.parametrize("params", [{"dim": 30, "heads": 3}, {"dim": 20, "heads": 8}])
def test_a_width_that_does_not_divide_is_refused(params: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=r"dim must be divisible by .* got"):
        ACTConfig(**params)


def test_loss_is_l1_plus_weighted_kl() -> None:
    metrics = build(kl_weight=7.0).train_step()
    expected = float(metrics["train/l1_loss"]) + 7.0 * float(metrics["train/kld_loss"])
    assert float(metrics["train/loss"]) == pytest.approx(expected)


def test_the_logged_kl_is_that_of_the_posterior() -> None:
    trainer = build(dropout=0.0)
    (batch,) = trainer.sample()
    with torch.no_grad():
        expected = kl_to_standard_normal(*trainer.net.style(batch.inputs.state, batch.chunks))
        _, parts = trainer.loss((batch,))
    torch.testing.assert_close(parts["train/kld_loss"], expected)


def test_padding_reaches_neither_the_posterior_nor_the_error() -> None:
    trainer = build(dropout=0.0, kl_weight=1.0)
    frames = trainer.data.source.train_frames[8:14]
    batch = trainer.batch_of(trainer.data.source, frames, "imagenet")
    assert batch.chunks.pad.any()
    noisy = torch.where(batch.chunks.pad.unsqueeze(-1), 50.0, batch.chunks.actions)
    changed = Batch(batch.inputs, Chunks(noisy, batch.chunks.pad))
    losses = []
    for each in (batch, changed):
        with trainer.stream:
            state = torch.get_rng_state()
            losses.append(trainer.loss((each,))[0].detach())
            torch.set_rng_state(state)
    torch.testing.assert_close(losses[0], losses[1], rtol=0, atol=0)


def test_a_batch_is_not_changed_by_its_loss() -> None:
    trainer = build()
    (batch,) = trainer.sample()
    assert batch.inputs.images is not None
    tensors = (batch.inputs.state, batch.inputs.images, batch.chunks.actions)
    before = [tensor.clone() for tensor in tensors]
    torch.autograd.backward(trainer.loss((batch,))[0])
    for tensor, copy in zip(tensors, before, strict=True):
        torch.testing.assert_close(tensor, copy, rtol=0, atol=0)


def test_latent_samples_have_the_posteriors_moments_and_pass_its_gradient() -> None:
    torch.manual_seed(0)
    mu = torch.full((200_000,), 2.0, requires_grad=True)
    logvar = torch.full((200_000,), -1.0, requires_grad=True)
    sample = sample_latent(mu, logvar)
    assert float(sample.detach().mean()) == pytest.approx(2.0, abs=0.01)
    assert float(sample.detach().var()) == pytest.approx(np.exp(-1.0), abs=0.01)
    sample.sum().backward()
    assert mu.grad is not None
    assert (mu.grad == 1).all()


def test_a_rate_of_zero_freezes_the_backbone_and_nothing_else() -> None:
    trainer = build(lr_backbone=0.0)
    before = {name: value.clone() for name, value in trainer.net.state_dict().items()}
    for _ in range(2):
        trainer.train_step()
    for name, value in trainer.net.state_dict().items():
        if name.startswith("backbone."):
            assert torch.equal(value, before[name]), name
    assert not torch.equal(trainer.net.action.weight, before["action.weight"])


def test_the_backbone_has_its_own_rate() -> None:
    trainer = build(lr=1e-3, lr_backbone=1e-5, lr_schedule="constant")
    trainer.train_step()
    assert [group["lr"] for group in trainer.optimizer.param_groups] == [1e-3, 1e-5]
    sizes = [sum(p.numel() for p in group["params"]) for group in trainer.optimizer.param_groups]
    assert trainer.net.backbone is not None
    assert sizes[1] == sum(p.numel() for p in trainer.net.backbone.parameters())
    assert sum(sizes) == sum(p.numel() for p in trainer.net.parameters())


def test_a_loaded_state_keeps_this_configurations_rates() -> None:
    donor = build(lr=1e-3, weight_decay=0.1)
    heir = build(lr=2e-5, lr_backbone=0.0, lr_schedule="constant", weight_decay=0.2)
    donor.train_step()
    heir.load_state_dict(donor.state_dict())
    assert heir.train_step()["train/lr"] == 2e-5
    assert [group["lr"] for group in heir.optimizer.param_groups] == [2e-5, 0.0]
    assert [group["weight_decay"] for group in heir.optimizer.param_groups] == [0.2, 0.2]


def test_the_cosine_schedule_falls_from_the_rate_to_zero() -> None:
    trainer = build(steps=4, lr=1.0e-3, lr_backbone=2e-4)
    rates = []
    for _ in range(6):
        rates.append(float(trainer.train_step()["train/lr"]))
        backbone = trainer.optimizer.param_groups[1]["lr"]
        assert backbone == pytest.approx(0.2 * rates[-1])
    share = 0.5 + 0.5 * np.cos(np.pi * np.array([0, 0.25, 0.5, 0.75, 1.0, 1.0]))
    assert rates == pytest.approx(list(1e-3 * share), abs=1e-12)


def test_policy_answers_in_physical_units_and_chunks() -> None:
    trainer = build()
    data = trainer.data
    policy = trainer.policy()
    observation = data.observe(data.source, data.source.heldout_frames[:5])
    actions = policy.predict(observation)
    assert actions.shape == (5, 6, 14)
    alone = data.observe(data.source, data.source.heldout_frames[:1])
    np.testing.assert_allclose(policy.predict_chunk(alone), actions[0], atol=1e-5)
    with inference(trainer.net):
        encoded = trainer.net.observe(trainer.preprocessor.inputs(observation, "imagenet"))
        standardised = trainer.net(encoded, torch.zeros(5, 4)).numpy()
    statistics = data.statistics("action")
    np.testing.assert_allclose(actions, standardised * statistics.std + statistics.mean, atol=1e-4)


def test_evaluation_is_the_mean_error_of_the_policy_on_held_out_frames() -> None:
    trainer = build()
    data, total, count = trainer.data, 0.0, 0
    std = data.statistics("action").std
    for frame in data.source.heldout_frames:
        predicted = trainer.policy().predict_chunk(data.observe(data.source, np.array([frame])))
        end = data.source.episode_starts[data.source.episode_of(np.array([frame]))[0] + 1]
        for step in range(min(6, end - frame)):
            error = np.abs(predicted[step] - data.source["action"][frame + step]) / std
            total, count = total + float(error.sum()), count + error.size
    expected = pytest.approx(total / count, rel=1e-4)
    assert trainer.evaluate()["eval/offline_eval/avg_l1"] == expected


def test_evaluation_frames_are_held_out_and_spread() -> None:
    domain = tiny_data().source
    frames = build().held_out(domain).frames
    assert (frames == domain.heldout_frames).all()


def test_evaluation_normalises_as_asked_and_training_does_not_care() -> None:
    plain, other = build(), build(image_norm_eval="none")
    for _ in range(2):
        plain.train_step()
        other.train_step()
    assert all(
        torch.equal(a, b)
        for a, b in zip(plain.net.parameters(), other.net.parameters(), strict=True)
    )
    assert plain.evaluate() != other.evaluate()


@pytest.mark.parametrize("control", ["joint", "ee"])
@pytest.mark.parametrize("observation", ["images", "state"])
def test_trains_on_every_observation_and_control(observation: str, control: str) -> None:
    data = tiny_demonstrations(observation=observation, cameras=("top", "angle"))
    trainer = build(data, control=control)
    assert np.isfinite(float(trainer.train_step()["train/loss"]))
    chunk = trainer.policy().predict_chunk(data.observe(data.source, np.array([0])))
    assert chunk.shape == (6, 14 if control == "joint" else 16)


def test_it_learns_to_look() -> None:
    """With the goal only in the images, the error falls below what a blind policy can reach."""
    data = tiny_demonstrations(episodes=16)
    params = {"lr": 3e-3, "lr_backbone": 3e-3, "dropout": 0.0, "backbone_stride": 8}
    trainer = build(data, **params, kl_weight=1.0)
    losses = [float(trainer.train_step()["train/l1_loss"]) for _ in range(150)]
    assert np.mean(losses[-10:]) < 0.35 * np.mean(losses[:5])


def test_population_based_training_may_unfreeze() -> None:
    frozen, thawed = build(lr_backbone=0.0), build(lr_backbone=1e-3)
    frozen.train_step()
    thawed.load_state_dict(frozen.state_dict())
    assert thawed.net.backbone is not None
    first = next(thawed.net.backbone.parameters())
    before = first.detach().clone()
    thawed.train_step()
    assert not torch.equal(first, before)
