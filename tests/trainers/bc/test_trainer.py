"""Behaviour cloning: its likelihood, its batches, its schedule, what it reports of itself."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from ilsweep.trainers.bc import probes as bc_probes
from ilsweep.trainers.bc.config import BCConfig
from ilsweep.trainers.bc.trainer import BC, rate_factor
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.features import STATE
from ilsweep.trainers.evaluation import probes
from tests.trainers.demonstrations import recorded
from tests.trainers.tiny import tiny_demonstrations

TINY: dict[str, Any] = {
    "hidden_dims": (16,),
    "dropout": 0.1,
    "image_dim": 8,
    "backbone_width": 4,
    "backbone_stride": 16,
    "batch_size": 8,
    "replays": 0,
}


def tiny_data() -> Demonstrations:
    return tiny_demonstrations()


def build(data: Demonstrations | None = None, *, seed: int = 0, **params: Any) -> BC:
    data = data or tiny_demonstrations(observation="state")
    return BC(BCConfig(**{**TINY, **params}), data, seed=seed)


def test_the_bounds_of_the_deviation_are_in_order() -> None:
    with pytest.raises(ValidationError, match=r"std_min must lie below std_max, 0.1; got 0.2"):
        BCConfig(std_min=0.2, std_max=0.1)


def test_the_batch_is_a_share_of_the_transitions_or_a_number() -> None:
    transitions = build().frames.size
    assert build(batch_fraction=0.25).batch == round(0.25 * transitions)
    assert build(batch_size=7).batch == 7


@pytest.mark.parametrize("squash", [False, True])
def test_the_loss_is_the_mean_negative_log_likelihood(squash: bool) -> None:
    """Computed again from the same draw with torch's own distributions."""
    trainer, twin = build(squash=squash, dropout=0.0), build(squash=squash, dropout=0.0)
    metrics = trainer.train_step()
    draw = twin.sampler.draw(twin.rng, twin.batch)
    inputs, actions = twin.table.rows(draw.rows)
    with torch.no_grad():
        predicted = twin.net(inputs)
    normal = torch.distributions.Normal(predicted.mean, predicted.std)
    nll = -normal.log_prob(actions).sum(dim=-1)
    if squash:
        box = predicted.box
        assert box is not None
        unit = box.inside(actions)
        tanh = torch.distributions.TanhTransform(cache_size=1)
        squashed = torch.distributions.TransformedDistribution(normal, [tanh])
        nll = -(squashed.log_prob(unit) - (0.5 * (box.high - box.low)).log()).sum(dim=-1)
    for name in ("train/loss", "bc/actor_loss", "bc/total_loss"):
        torch.testing.assert_close(metrics[name], nll.mean(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        metrics["bc/batch_spread"], nll.std(correction=0), rtol=1e-4, atol=1e-4
    )


def test_errors_are_those_of_the_mean_action() -> None:
    trainer, twin = build(dropout=0.0), build(dropout=0.0)
    metrics = trainer.train_step()
    frames = twin.frames[twin.sampler.draw(twin.rng, twin.batch).rows]
    predicted = twin.policy().predict(twin.data.observe(twin.data.source, frames))[:, 0]
    error = predicted - twin.data.source["action"][frames]
    std = twin.data.statistics("action").std
    assert float(metrics["bc/mse"]) == pytest.approx((error**2).sum(axis=1).mean(), rel=1e-4)
    expected = pytest.approx(((error / std) ** 2).mean(), rel=1e-4)
    assert float(metrics["bc/normalized_mse"]) == expected


def test_the_loss_is_the_sum_of_its_logged_parts() -> None:
    metrics = build().train_step()
    parts = float(metrics["bc/log_std"]) + float(metrics["bc/residual"])
    constant = 14 / 2 * math.log(2 * math.pi)
    assert float(metrics["bc/actor_loss"]) == pytest.approx(parts + constant, rel=1e-5)


def test_held_out_errors_are_means_over_the_held_out_frames() -> None:
    trainer = build()
    data = trainer.data
    frames = data.source.heldout_frames
    policy = trainer.policy()
    rows = [
        policy.predict(data.observe(data.source, frames[i : i + 1])) for i in range(len(frames))
    ]
    error = np.concatenate(rows)[:, 0] - data.source["action"][frames]
    std = data.statistics("action").std
    found = trainer.evaluate()
    assert found["eval/offline_eval/avg_l1"] == pytest.approx(np.abs(error / std).mean(), rel=1e-4)
    assert found["bc/test_mse"] == pytest.approx((error**2).sum(axis=1).mean(), rel=1e-4)
    assert found["bc/test_normalized_mse"] == pytest.approx(((error / std) ** 2).mean(), rel=1e-4)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"lr_schedule": "constant"}, [1, 1, 1, 1]),
        ({"lr_schedule": "cosine"}, [1, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125)]),
        ({"lr_schedule": "step", "lr_step_at": 0.5, "lr_step_factor": 0.1}, [1, 1, 0.1, 0.1]),
        ({"lr_schedule": "constant", "warmup_steps": 3}, [1 / 3, 2 / 3, 1, 1]),
    ],
)
def test_schedules(params: dict[str, Any], expected: list[float]) -> None:
    config = BCConfig(steps=4, **params)
    assert [rate_factor(config, step) for step in range(4)] == pytest.approx(expected)


def test_the_schedule_reaches_the_optimiser() -> None:
    trainer = build(tiny_data(), lr=1e-3, lr_backbone=1e-4, lr_schedule="step", steps=2)
    rates = [float(trainer.train_step()["train/lr"]) for _ in range(2)]
    assert rates == pytest.approx([1e-3, 1e-4])
    assert [group["lr"] for group in trainer.optimizer.param_groups] == pytest.approx([1e-4, 1e-5])


def test_a_rate_of_zero_freezes_the_backbone_and_nothing_else() -> None:
    trainer = build(tiny_data(), lr_backbone=0.0)
    before = {name: value.clone() for name, value in trainer.net.state_dict().items()}
    trainer.train_step()
    after = trainer.net.state_dict()
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved == {name for name in after if not name.startswith("vision.backbone.")}


@pytest.mark.parametrize("control", ["joint", "ee"])
@pytest.mark.parametrize("observation", ["images", "state"])
@pytest.mark.parametrize("kind", ["exp", "softplus", "uniform", "fixed"])
def test_trains_on_every_observation_control_and_deviation(
    observation: str, control: str, kind: str
) -> None:
    data = tiny_demonstrations(observation=observation, cameras=("top", "angle"))
    trainer = build(data, control=control, std_parameterization=kind)
    assert np.isfinite(float(trainer.train_step()["train/loss"]))
    chunk = trainer.policy().predict_chunk(data.observe(data.source, np.array([0])))
    assert chunk.shape == (1, 14 if control == "joint" else 16)


def test_it_learns_what_the_state_tells() -> None:
    trainer = build(tiny_demonstrations(episodes=16, observation="state"), lr=3e-3, dropout=0.0)
    before = trainer.evaluate()["eval/offline_eval/avg_l1"]
    for _ in range(200):
        trainer.train_step()
    assert trainer.evaluate()["eval/offline_eval/avg_l1"] < 0.35 * before


def test_it_learns_to_look() -> None:
    """With the goal only in the images, shuffled images cost more than the right ones."""
    data = tiny_demonstrations(episodes=16)
    blind = replace(
        data.source,
        features={**data.source.features, STATE: np.zeros_like(data.source[STATE])},
    )
    trainer = build(replace(data, source=blind), lr=3e-3, lr_backbone=3e-3, dropout=0.0)
    for _ in range(150):
        trainer.train_step()
    train = probes.Sample.spaced(
        trainer.data, trainer.data.source, trainer.frames, 1, trainer.control
    )
    assert probes.vision(trainer.policy(), train)["probe/shuffled_error_ratio"] > 1.2


def test_a_squashed_policy_stays_within_the_range_of_training() -> None:
    data = tiny_demonstrations(observation="state")
    trainer = build(data, squash=True, lr=0.05)
    for _ in range(20):
        trainer.train_step()
    seen = data.statistics("action")
    half = np.maximum((seen.max - seen.min) / 2, seen.std)
    middle = (seen.max + seen.min) / 2
    predicted = trainer.policy().predict(data.observe(data.source, data.source.heldout_frames))
    assert (np.abs(predicted[:, 0] - middle) <= half * (1 + 1e-5)).all()


def test_sampling_by_error_keeps_the_objective() -> None:
    """Weighted draws have, in the mean, the loss of all transitions."""
    trainer = build(sampling="error", dropout=0.0, lr=1e-12, batch_size=4096)
    trainer.train_step()
    assert trainer.sampler.probabilities.std() > 0
    inputs, actions = trainer.table.rows(np.arange(trainer.frames.size))
    with torch.no_grad():
        expected = float(trainer.net(inputs).terms(actions).nll.mean())
    metrics = trainer.train_step()
    assert float(metrics["bc/total_loss"]) == pytest.approx(expected, rel=0.03)
    assert float(metrics["bc/actor_loss"]) > expected * 1.03


def test_five_demonstrations_and_one_share_nothing_with_the_held_out_ones() -> None:
    one, five = (tiny_demonstrations(episodes=n, holdout=0.1) for n in (2, 6))
    assert [len(data.source.train_episodes) for data in (one, five)] == [1, 5]
    for data in (one, five):
        found = build(data).probe()
        assert found["probe/transitions"] == data.source.train_frames.size
        assert not set(data.source.train_frames) & set(data.source.heldout_frames)


def history(steps: int = 400, noise: float = 0.01) -> np.ndarray:
    """A loss on a steep trend and a still error, (S, 2)."""
    trend = np.linspace(0, -40, steps) + noise * np.random.default_rng(0).normal(size=steps)
    return np.stack([trend, np.full(steps, 0.1)], axis=1)


def test_a_jump_of_the_loss_alone_is_measured_on_a_trend() -> None:
    still, jumped = history(), history()
    jumped[300:, 0] += 39
    assert bc_probes.jumps(still)["probe/loss_jump"] < 0.1
    found = bc_probes.jumps(jumped)
    assert found["probe/loss_jump"] == pytest.approx(39, abs=3)
    assert found["probe/loss_jump_error"] == pytest.approx(0, abs=1e-9)
    early = history()
    early[100, 0] += 39
    assert bc_probes.jumps(early)["probe/loss_jump"] < 0.1
    assert bc_probes.jumps(history(99)) == {}


def test_coverage_of_uniform_draws_is_that_of_drawing_with_replacement() -> None:
    trainer = build(batch_fraction=1.0)
    shares = [float(trainer.train_step()["bc/batch_coverage"]) for _ in range(60)]
    assert np.mean(shares) == pytest.approx(1 - math.exp(-1), abs=0.03)
    found = bc_probes.coverage(trainer.sampler)
    assert found["probe/visits_min"] < 1 < found["probe/visits_max"]
    assert trainer.sampler.visits.sum() == 60 * trainer.batch


def test_a_distinct_batch_of_everything_is_everything() -> None:
    trainer = build(sampling="distinct", batch_fraction=1.0)
    assert [trainer.train_step()["bc/batch_coverage"] for _ in range(3)] == [1, 1, 1]
    assert (trainer.sampler.visits == 3).all()
    with pytest.raises(ValueError, match=rf"a batch of 1\.\.{trainer.frames.size}, .* got 1000"):
        build(sampling="distinct", batch_size=1000).train_step()


def test_the_demonstration_is_replayed_where_it_began() -> None:
    """A policy that says what was shown reproduces the demonstration; an untrained one does not."""
    trainer = build(recorded(), replays=1)
    assert trainer.probe()["probe/replay_reward"] < 4

    class Shown:
        net = trainer.net

        def predict(self, observation: Any) -> np.ndarray:
            return trainer.data.source["action"][trainer.data.source.train_frames][:, None]

        def predict_chunk(self, observation: Any) -> np.ndarray:
            return trainer.data.source["action"][:1]

    found = bc_probes.reproduction(trainer, Shown())  # type: ignore[arg-type]
    assert (found["probe/replay_reward"], found["probe/replay_pc_success"]) == (4, 100)
    assert found["probe/rerun_pc_success"] == 0


@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_errors_have_one_measure_however_actions_are_represented(kind: str) -> None:
    """In physical units, and over the variance of what the net predicts, as in training."""
    trainer = build(action_representation=kind)
    trainer.train_step()
    held_out, found = trainer.held_out(), trainer.evaluate()
    square = np.square((trainer.policy().predict(held_out.observation) - held_out.actions)[:, 0])
    variance = trainer.variance.numpy()
    assert found["bc/test_mse"] == pytest.approx(square.sum(axis=1).mean(), rel=1e-4)
    assert found["bc/test_normalized_mse"] == pytest.approx((square / variance).mean(), rel=1e-4)
    chunks = trainer.preprocessor.chunks(trainer.data.source, trainer.frames, 1)
    assert (chunks.actions[:, 0].var(0, correction=0) < 1.001).all()
