"""Pairs, carried-over actions and cloned target episodes of ACT-OT."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ilsweep.trainers.act.config import ACTOTConfig
from ilsweep.trainers.act.ot_trainer import ACTOT
from ilsweep.trainers.training.losses import masked_l1
from tests.trainers.act.test_ot_trainer import TINY, build, tiny_data


def cloning(share: float, data: Any = None) -> ACTOT:
    params = {**TINY, "dropout": 0.0, "target_cloned": share, "ot": {"weight_label": 0.0}}
    return ACTOT(ACTOTConfig(**params), data or tiny_data(), seed=0)


def test_carried_over_actions_are_the_source_s_on_the_target_s_observations() -> None:
    trainer = build(weight_cloning=0.5, weight_embed=0.0, weight_label=0.0, heuristic=False)
    source, target = trainer.sample()
    both = trainer.observe_both(source, target)
    weight, term = trainer.transport(both, source, target).terms["cloning"]
    term = term.detach()
    theirs = both[trainer.batch :]
    predicted = trainer.net(theirs, trainer.net.prior_latent(theirs)).detach()
    assert weight == 0.5
    for i in range(trainer.batch):
        one = slice(i, i + 1)
        for j in range(trainer.batch):
            pair = (predicted[j : j + 1], source.chunks.actions[one], source.chunks.pad[one])
            assert float(term[i, j]) == pytest.approx(float(masked_l1(*pair)), rel=1e-4)


def test_carried_over_actions_use_none_of_the_target() -> None:
    data, losses = tiny_data(), []
    assert data.target is not None
    for _ in range(2):
        trainer = build(data, weight_cloning=1.0, weight_label=0.0)
        losses.append([float(trainer.train_step()["train/loss"]) for _ in range(3)])
        data.target["action"][:] = 5.0
    assert losses[0] == losses[1]


def test_carried_over_actions_teach_what_to_do_in_the_target() -> None:
    """With a diagonal prior, target samples learn the actions of their source samples."""
    trainer = build(weight_cloning=1.0, weight_embed=0.0, weight_label=0.0, lambda_ot=1.0)
    optimizer = torch.optim.Adam(trainer.net.parameters(), 1e-3)
    source, target = trainer.sample()
    errors = []
    for _ in range(30):
        both = trainer.observe_both(source, target)
        found = trainer.transport(both, source, target)
        errors.append(float(found.terms["cloning"][1].detach().diagonal().mean()))
        optimizer.zero_grad()
        torch.autograd.backward(found.loss)
        optimizer.step()
    assert errors[-1] < 0.8 * errors[0]


def test_random_pairs_come_from_anywhere_in_the_target() -> None:
    aligned, drawn = (_phase_difference(build(pairs=pairs)) for pairs in ("dtw", "random"))
    assert aligned < 0.2 < drawn


def _phase_difference(trainer: ACTOT) -> float:
    """Mean difference of the phase within pairs, over some batches: both phases go from 0 to 1."""
    source, target = trainer.data.source, trainer.data.target
    assert target is not None
    pairs = [trainer.draw() for _ in range(20)]
    return float(np.mean([np.abs(source.phase[o] - target.phase[t]) for o, t in pairs]))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_cloned_target_episodes_are_those_asked_for(share: float) -> None:
    data = tiny_data()
    assert data.target is not None
    trainer = cloning(share, data)
    episodes = set(data.target.episode_of(trainer.cloned).tolist()) if share else set()
    assert len(episodes) == round(share * len(data.target.train_episodes))
    assert episodes <= set(data.target.train_episodes.tolist())
    before = float(trainer.train_step()["train/loss"])
    data.target["action"][:] += 1.0
    after = float(cloning(share, data).train_step()["train/loss"])
    assert (before != after) == (share > 0)
