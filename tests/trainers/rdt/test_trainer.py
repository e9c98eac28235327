"""RDT: its configuration, its loss, its scales, what it samples, what its probes say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from ilsweep.analysis.findings.registry import diagnose
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.records.model import read_trial
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.trainers.data.dataset import Demonstrations, Domain
from ilsweep.trainers.envs.aloha.layout import EE_ACTION, EE_POSE
from ilsweep.trainers.envs.aloha.simulator import environment
from ilsweep.trainers.nets.preprocessing import Batch, Chunks
from ilsweep.trainers.rdt.config import RDTConfig
from ilsweep.trainers.rdt.diffusion import Diffusion, MovingAverage
from ilsweep.trainers.rdt.network import RDTNet
from ilsweep.trainers.rdt.probes import errors, executed, loss_scales, tool_errors
from ilsweep.trainers.rdt.trainer import RDT
from tests.trainers.demonstrations import config_of
from tests.trainers.tiny import tiny_demonstrations

TINY: dict[str, Any] = {
    "dim": 16,
    "heads": 2,
    "layers": 1,
    "chunk_size": 8,
    "execute_steps": 4,
    "inference_steps": 3,
    "backbone_width": 4,
    "backbone_stride": 16,
    "batch_size": 8,
}
GRIPPERS = [7, 15]


def tiny_data(episodes: int = 6, **config: Any) -> Demonstrations:
    """The tiny demonstrations with poses as the robot's are: metres, quaternions, grippers."""
    data = tiny_demonstrations(episodes, **config)
    return replace(data, source=_with_poses(data.source), environment=environment(config_of(data)))


def _with_poses(domain: Domain) -> Domain:
    poses = {}
    for key in (EE_POSE, EE_ACTION):
        values = domain[key]
        pose = 0.2 * values.astype(np.float64)
        for first in (3, 11):
            pose[:, first] = 1.0
            pose[:, first : first + 4] /= np.linalg.norm(pose[:, first : first + 4], axis=1)[
                :, None
            ]
        pose[:, GRIPPERS] = 0.5 + values[:, GRIPPERS]
        poses[key] = pose.astype(np.float32)
    return replace(domain, features={**domain.features, **poses})


def build(data: Demonstrations | None = None, *, seed: int = 0, **params: Any) -> RDT:
    return RDT(RDTConfig(**{**TINY, **params}), data or tiny_data(), seed=seed)


def last(net: RDTNet) -> torch.nn.Linear:
    """The layer that gives the output."""
    layer = net.head[-1]
    assert isinstance(layer, torch.nn.Linear)
    return layer


def scales(trainer: RDT) -> dict[str, float]:
    return loss_scales(trainer, trainer.preprocessor, trainer.weights, trainer.output_gradient)


def trained(steps: int, data: Demonstrations | None = None, **params: Any) -> RDT:
    trainer = build(data, **{"lr": 3e-3, "lr_backbone": 3e-3, "steps": steps, **params})
    for _ in range(steps):
        trainer.train_step()
    return trainer


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


def test_noise_follows_the_forward_process() -> None:
    diffusion = Diffusion(1000, 5)
    torch.manual_seed(0)
    clean, noise = torch.full((1000, 8, 16), 3.0), torch.randn(1000, 8, 16)
    noisy = diffusion.add_noise(clean, noise, torch.arange(1000))
    mean = noisy.mean(dim=(1, 2)) / 3.0
    # Nichol & Dhariwal 2021, equation 17: the squared cosine, with an offset of 0.008.
    time = (np.arange(1000) + 1) / 1000
    expected = np.cos((time + 0.008) / 1.008 * np.pi / 2) / np.cos(0.008 / 1.008 * np.pi / 2)
    np.testing.assert_allclose(mean.numpy()[:900], expected[:900], atol=0.12)
    assert float(noisy[999].std()) == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_net_that_knows_the_answer_samples_it(steps: int) -> None:
    answer = torch.linspace(-2, 40, 2 * 3 * 128).reshape(2, 3, 128)
    calls: list[float] = []

    def denoise(noisy: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        calls.append(float(times[0]))
        return answer

    made = Diffusion(1000, steps).sample(denoise, torch.randn(2, 3, 128))
    torch.testing.assert_close(made, answer, rtol=1e-4, atol=1e-3)
    assert len(calls) == steps
    assert calls[0] == 999
    assert calls == sorted(calls, reverse=True)


def test_sampling_draws_a_gaussian_whose_denoiser_is_known() -> None:
    """For x ~ N(m, s^2) the best clean guess is linear in the noisy one; many small steps of the
    solver bring noise to that distribution."""
    m, s = 0.7, 0.3
    diffusion = Diffusion(1000, 100)
    a = torch.cumprod(1 - diffusion._training.betas, dim=0)

    def denoise(noisy: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        kept = a[times].view(-1, 1, 1)
        gain = kept.sqrt() * s * s / (kept * s * s + 1 - kept)
        return m + gain * (noisy - kept.sqrt() * m)

    made = diffusion.sample(
        denoise, torch.randn(64, 8, 128, generator=torch.Generator().manual_seed(0))
    )
    assert float(made.mean()) == pytest.approx(m, abs=0.01)
    assert float(made.std()) == pytest.approx(s, rel=0.05)


def test_the_average_follows_its_recursion() -> None:
    net = torch.nn.Linear(1, 1, bias=False)
    average = MovingAverage(net, limit=0.6)
    expected = float(net.weight.detach())
    for step in range(1, 6):
        with torch.no_grad():
            net.weight.fill_(float(step))
        average.update(net, step)
        decay = min(0.6, 1 - (1 + step) ** -0.75)
        expected = decay * expected + (1 - decay) * step
    (weight,) = average.net.parameters()
    assert float(weight) == pytest.approx(expected, rel=1e-5)
    assert not weight.requires_grad


def test_evaluation_uses_the_averaged_weights() -> None:
    trainer = trained(4)
    before = trainer.evaluate()
    with torch.no_grad():
        for parameter in trainer.net.parameters():
            parameter.add_(1.0)
    assert trainer.evaluate() == before
    with torch.no_grad():
        for parameter in trainer.average.net.parameters():
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
    last(trainer.average.net).bias.data.fill_(5.0)
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


def test_errors_by_group_are_in_physical_units() -> None:
    trainer = build()
    sample = trainer.held_out()
    wrong = sample.actions.copy()
    wrong[..., 0] += 0.003  # left x
    wrong[..., 2] += 0.004  # left z
    wrong[..., GRIPPERS] += 0.05
    half = np.radians(10) / 2
    for first in (3, 11):  # turned by ten degrees about the hand's own x
        w, x, y, z = np.moveaxis(sample.actions[..., first : first + 4], -1, 0)
        c, s = np.cos(half), np.sin(half)
        wrong[..., first : first + 4] = np.stack(
            [w * c - x * s, x * c + w * s, y * c + z * s, z * c - y * s], axis=-1
        )
    wrong[sample.pad] = 77.0
    found = errors(trainer.preprocessor.space, sample, wrong)
    assert found["probe/error/position_mm"] == pytest.approx(5.0 / 2, rel=1e-3)  # one arm of two
    assert found["probe/error/rotation_deg"] == pytest.approx(10.0, rel=1e-2)
    assert found["probe/error/gripper_pct"] == pytest.approx(5.0, rel=1e-3)


def test_joint_errors_are_degrees() -> None:
    trainer = build(control="joint")
    sample = trainer.held_out()
    found = errors(trainer.preprocessor.space, sample, sample.actions + np.float32(np.radians(2.0)))
    assert found["probe/error/joints_deg"] == pytest.approx(2.0, rel=1e-3)
    assert set(found) & {"probe/error/position_mm", "probe/error/rotation_deg"} == set()


def test_joints_have_their_tools_errors_by_forward_kinematics() -> None:
    sample = build(control="joint").held_out()
    assert max(tool_errors(sample, sample.actions).values()) < 1e-4
    wrong = sample.actions.copy()
    wrong[..., 5] += np.radians(10)  # the left wrist turns the tool about (nearly) its own axis
    wrong[sample.pad] = 77.0
    found = tool_errors(sample, wrong)
    assert found["probe/error/rotation_deg"] == pytest.approx(10.0 / 2, rel=1e-3)
    assert 0 < found["probe/error/position_mm"] < 0.3
    wrong = sample.actions.copy()
    wrong[..., 0] += np.radians(10)  # the waist turns the arm about the vertical
    found = tool_errors(sample, wrong)
    assert found["probe/error/rotation_deg"] == pytest.approx(10.0 / 2, rel=1e-3)
    assert found["probe/error/position_mm"] > 10


def test_only_what_is_executed_and_exists_is_looked_at() -> None:
    sample = build().held_out()
    made = executed(sample, sample.actions, 4)
    assert len(made) == int((~sample.pad[:, :4]).sum())
    assert sample.pad[:, :4].any()


def test_group_scales_follow_the_scale_and_the_weight() -> None:
    plain = scales(build())
    scaled = scales(build(position_scale=100.0))
    weighted = scales(build(loss_weights={"position": 1e4}))
    for found in (plain, scaled, weighted):
        shares = [value for name, value in found.items() if "gradient_share" in name]
        assert sum(shares) == pytest.approx(1.0)
    std = "probe/group_std/position"
    assert scaled[std] == pytest.approx(100 * plain[std], rel=1e-4)
    assert weighted[std] == pytest.approx(100 * plain[std], rel=1e-4)
    assert scaled["probe/group_std/rotation"] == plain["probe/group_std/rotation"]
    share = "probe/gradient_share/position"
    assert scaled[share] > 0.9 > 0.1 > plain[share]
    assert scales(build(position_scale=0.01))[share] < 1e-6


def findings(folder: Path, trainer: RDT) -> set[str]:
    """What the rules say of a record that holds what this trainer tells of itself."""
    told = {**trainer.train_step(), **trainer.evaluate(), **trainer.probe()}
    line = {"step": trainer.step, **{name: float(value) for name, value in told.items()}}
    config = trainer.config.model_dump(mode="json")
    weights = {f"loss_weights.{name}": w for name, w in config.pop("loss_weights").items()}
    trial = TrialPaths(folder)
    trial.params.write_text(json.dumps({**config, **weights}))
    trial.metrics.write_text(json.dumps(line) + "\n")
    trial.record.write_text(json.dumps({"id": "t", "state": "completed"}))
    return {found.id for found in diagnose(read_trial(trial), resolve({}))}


NOTHING: set[str] = set()
SCALES = {"unit_imbalance", "position_saturation", "scale_mismatch"}


@pytest.mark.parametrize(
    ("params", "present", "absent"),
    [
        ({}, NOTHING, SCALES),
        ({"normalize": "minmax"}, NOTHING, SCALES),
        ({"position_scale": 10.0}, NOTHING, SCALES),
        ({"inverse_scale": False}, NOTHING, SCALES),  # nothing was scaled
        ({"position_scale": 0.01}, {"unit_imbalance"}, {"scale_mismatch"}),
        (
            {"position_scale": 0.01, "loss_weights": {"position": 1e4}},
            NOTHING,
            {"unit_imbalance", "scale_mismatch"},
        ),
        (
            {"position_scale": 10.0, "inverse_scale": False},
            {"scale_mismatch", "position_saturation"},
            NOTHING,
        ),
        ({"normalize": "minmax", "inverse_scale": False}, {"scale_mismatch"}, NOTHING),
        (
            {"normalize": "minmax", "inverse_scale": False, "control": "joint"},
            {"scale_mismatch"},
            NOTHING,
        ),
    ],
)
def test_rules_see_the_fault_and_nothing_where_there_is_none(
    tmp_path: Path, params: dict[str, Any], present: set[str], absent: set[str]
) -> None:
    data = tiny_data(episodes=12, observation="state")
    found = findings(tmp_path, trained(40, data, **params, ema_decay=0.9))
    assert present <= found
    assert not absent & found
