"""What ACT and ACT-OT are probed for after training; see `evaluation/probes.py` for the rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ilsweep.trainers.act.config import ACTConfig
from ilsweep.trainers.act.network import ACTNet
from ilsweep.trainers.act.policy import ACTPolicy
from ilsweep.trainers.act.transport import Transport
from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.data.dataset import Int
from ilsweep.trainers.evaluation import probes
from ilsweep.trainers.evaluation.diversity import diversity
from ilsweep.trainers.evaluation.probes import Sample
from ilsweep.trainers.training.supervised import SupervisedTrainer

Trained = SupervisedTrainer[ACTConfig, ACTNet, Any]

PROBE_BATCHES = 16
"""Pairs of minibatches whose transport is probed."""


def probe_act(trainer: Trained, policy: ACTPolicy) -> Metrics:
    """Vision, joints, diversity, latent, backbone and, where there is one, the target domain.

    `probe/transitions`: frames of the training set, of which a batch is a share.
    """
    data, config, source = trainer.data, trainer.config, trainer.held_out()
    predicted = policy.predict(source.observation)
    found = {
        **probes.vision(policy, source, predicted),
        **probes.joints(policy, source, predicted),
        **diversity(
            policy, data, config.chunk_size, trainer.control, from_state=config.starts_in_state
        ),
        **_latent(policy, source),
        "probe/l1_zero_latent": source.error(predicted),
        "probe/transitions": float(trainer.frames.size),
    }
    if trainer.net.backbone is not None:
        features, untrained = (
            policy.features(source.observation),
            trainer.new_net(trainer.first_seed),
        )
        found |= probes.backbone(features, trainer.net, untrained)
    if data.target is not None:
        target = trainer.held_out(data.target)
        found |= probes.target_domain(policy, source, target, predicted)
        if config.target_rollouts:
            world = trainer.log.watched("target")
            result = trainer.roll_out(config.target_rollouts, domain="target", world=world)
            found["probe/target_pc_success"] = result.pc_success
    return found


def probe_act_ot(
    trainer: Trained, policy: ACTPolicy, transport: Callable[[Int, Int], Transport], window: int
) -> Metrics:
    """All that ACT is probed for, the distance between the domains, and the transport.

    `transport` is that between B source and B target frames, at most `window` frames from where
    they are aligned.
    """
    assert trainer.data.target is not None
    ours = policy.embeddings(trainer.held_out().observation)
    theirs = policy.embeddings(trainer.held_out(trainer.data.target).observation)
    return {
        **probe_act(trainer, policy),
        **probes.domain_distance(ours, theirs),
        **_transport(trainer, transport, window),
    }


def _latent(policy: ACTPolicy, sample: Sample) -> Metrics:
    """Active units, and the held-out error with the posterior's mean for a latent."""
    shown = (sample.domain, sample.observation, sample.frames)
    return {
        **probes.active_units(policy.posterior_means(*shown)),
        "probe/l1_posterior": sample.error(policy.reconstruct(*shown)),
    }


def _transport(
    trainer: Trained, transport: Callable[[Int, Int], Transport], window: int
) -> Metrics:
    """Plans between training minibatches that are the same for every trial on this data.

    `probe/ot_offdiagonal`, `probe/ot_marginal_violation`: means over the plans, as in training.
    `probe/ot_true_match`: see `probes.true_match`; mean over the plans that have mass.
    `probe/ot_term_share/NAME`: the term's share of all plans' cost, after its weight.
    """
    rng = np.random.default_rng(0)
    found: list[Transport] = []
    matches: list[float] = []
    costs: dict[str, float] = {}
    for _ in range(PROBE_BATCHES):
        frames = trainer.data.sample_aligned(rng, trainer.batch, window)
        found.append(transport(*frames))
        matches.append(probes.true_match(found[-1].plan.matrix, trainer.data, *frames))
        for name, cost in found[-1].weighted_costs.items():
            costs[name] = costs.get(name, 0.0) + cost
    total, matched = sum(costs.values()), [match for match in matches if not math.isnan(match)]
    plans = [each.plan for each in found]
    return {
        "probe/ot_offdiagonal": float(np.mean([plan.off_diagonal_share for plan in plans])),
        "probe/ot_marginal_violation": float(np.mean([plan.marginal_violation for plan in plans])),
        **({"probe/ot_true_match": float(np.mean(matched))} if matched else {}),
        **{f"probe/ot_term_share/{name}": c / total for name, c in costs.items() if total > 0},
    }
