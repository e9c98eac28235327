"""ACT-OT: the transport loss against its definition, and what is logged about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ilsweep.trainers.act.config import ACTOTConfig
from ilsweep.trainers.act.ot_trainer import ACTOT
from ilsweep.trainers.act.transport import Transport
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.nets.preprocessing import stack
from tests.trainers.act import test_trainer
from tests.trainers.tiny import tiny_demonstrations

TINY: dict[str, Any] = {**test_trainer.TINY, "ot": {"window_size": 2}}


def tiny_data() -> Demonstrations:
    return tiny_demonstrations(domains=("source", "target"))


def build(data: Demonstrations | None = None, *, seed: int = 0, **ot: Any) -> ACTOT:
    params = {**TINY, "dropout": 0.0, "ot": {"window_size": 2, **ot}}
    return ACTOT(ACTOTConfig(**params), data or tiny_data(), seed=seed)


def transport(trainer: ACTOT) -> Transport:
    source, target = trainer.sample()
    both = trainer.net.observe(stack(source.inputs, target.inputs))
    return trainer.transport(both, source, target)


def test_loss_is_that_of_cloning_plus_the_weighted_transport() -> None:
    metrics = {k: float(v) for k, v in build(lambda_ot=0.3).train_step().items()}
    cloning = metrics["train/l1_loss"] + 10.0 * metrics["train/kld_loss"]
    expected = cloning + 0.3 * metrics["train/ot_loss"]
    assert metrics["train/loss"] == pytest.approx(expected, rel=1e-5)


def test_the_target_is_not_cloned() -> None:
    data = tiny_data()
    assert data.target is not None
    expected = float(build(data).train_step()["train/l1_loss"])
    data.target["action"][:] = 5.0
    assert float(build(data).train_step()["train/l1_loss"]) == expected


def test_transport_loss_is_the_plan_times_the_weighted_cost() -> None:
    found = transport(build(weight_embed=0.7, weight_label=0.01, heuristic=False))
    cost = sum(weight * term.detach().double().numpy() for weight, term in found.terms.values())
    expected = float((found.plan.matrix * cost).sum())
    assert float(found.loss.detach()) == pytest.approx(expected, rel=1e-5)
    assert set(found.terms) == {"state", "label"}


def test_labels_are_compared_in_physical_units() -> None:
    trainer = build(weight_embed=0.0, weight_label=1.0)
    source, target = trainer.sample()
    both = trainer.net.observe(stack(source.inputs, target.inputs))
    _, label = trainer.transport(both, source, target).terms["label"]
    mine, theirs = (
        trainer.preprocessor.physical(b.chunks.actions, b.inputs.state).numpy()
        for b in (source, target)
    )
    for i in range(trainer.batch):
        for j in range(trainer.batch):
            shared = ~(source.chunks.pad[i] | target.chunks.pad[j]).numpy()
            distance = ((mine[i] - theirs[j])[shared] ** 2).sum() * 6 / shared.sum()
            assert float(label[i, j]) == pytest.approx(float(distance), rel=1e-3, abs=1e-6)


def test_gradients_reach_the_embeddings_and_do_not_pass_through_the_plan() -> None:
    trainer = build(heuristic=False, weight_label=0.0)
    found = transport(trainer)
    cost = found.terms["state"][1]
    (gradient,) = torch.autograd.grad(found.loss, cost, retain_graph=True)
    # d sum(P * M) / dM = P only where P is held fixed.
    np.testing.assert_allclose(gradient.numpy(), found.plan.matrix, rtol=1e-5, atol=1e-9)
    torch.autograd.backward(found.loss)
    assert trainer.net.backbone is not None
    first = next(trainer.net.backbone.parameters())
    assert first.grad is not None
    assert first.grad.abs().sum() > 0


def test_minimising_it_brings_the_domains_together() -> None:
    trainer = build(lambda_ot=1.0, weight_label=0.0)
    optimizer = torch.optim.Adam(trainer.net.parameters(), 1e-3)
    distances = []
    for _ in range(25):
        found = transport(trainer)
        optimizer.zero_grad()
        torch.autograd.backward(found.loss)
        optimizer.step()
        distances.append(float(found.terms["state"][1].detach().diagonal().mean()))
    assert np.mean(distances[-3:]) < 0.5 * np.mean(distances[:3])


def test_a_diagonal_prior_leaves_nothing_off_the_diagonal() -> None:
    with_prior = build(heuristic=True).train_step()
    assert with_prior["train/ot_offdiag"] == 0.0
    assert with_prior["train/ot_pi_sum"] == pytest.approx(with_prior["train/ot_pi_diag"])
    assert build(heuristic=False).train_step()["train/ot_offdiag"] > 0.5


def test_one_term_a_camera_where_there_are_several() -> None:
    data = tiny_demonstrations(domains=("source", "target"), cameras=("top", "angle"))
    found = transport(build(data))
    assert set(found.terms) == {"top", "angle", "label"}
    costs = build(data, weight_label=0.0).train_step()
    named = {name for name in costs if name.startswith("train/ot_cost/")}
    assert named == {"train/ot_cost/top", "train/ot_cost/angle"}


def test_state_observations_have_one_embedding() -> None:
    data = tiny_demonstrations(domains=("source", "target"), observation="state")
    assert set(transport(build(data)).terms) == {"state", "label"}


def test_each_side_may_have_its_own_tau() -> None:
    config = ACTOTConfig(ot={"tau": 3.0, "tau_tgt": 7.0})
    assert config.ot.taus == (3.0, 7.0)
    high = transport(build(heuristic=False, reg=0.1, tau_src=50.0, tau_tgt=0.01)).plan.matrix
    assert np.abs(high.sum(1) - 1 / 8).max() < 0.02
    assert np.abs(high.sum(0) - 1 / 8).max() > 0.02


def test_a_cost_too_large_for_reg_is_shown_and_does_not_stop_the_training() -> None:
    trainer = build(weight_label=1e9, reg=0.01, heuristic=False)
    metrics = trainer.train_step()
    assert metrics["train/ot_pi_sum"] < 1e-3
    assert metrics["train/ot_converged"] == 0.0
    assert np.isfinite(float(metrics["train/loss"]))
    assert np.isfinite(float(trainer.train_step()["train/loss"]))


def test_weights_of_zero_leave_a_cost_of_zero() -> None:
    data = tiny_demonstrations(domains=("source", "target"), cameras=("top", "angle"))
    metrics = build(data, weight_embed=0.0, weight_label=0.0).train_step()
    assert float(metrics["train/ot_loss"]) == 0.0
    assert metrics["train/ot_pi_sum"] == pytest.approx(1.0, abs=1e-6)


def test_one_domain_is_refused_with_what_is_needed() -> None:
    data = tiny_demonstrations()
    with pytest.raises(ValueError, match=r"data.domains: act_ot needs \[source, target\]"):
        build(data)
    assert ACTOT.check(ACTOTConfig(), tiny_data().config) == []
