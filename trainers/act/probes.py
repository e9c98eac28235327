"""What ACT and ACT-OT are looked at for after training; the questions are in `probes.py`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ilsweep.trainers.act.policy import ACTPolicy, inference
from ilsweep.trainers.act.transport import Plan
from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.evaluation import probes
from ilsweep.trainers.evaluation.probes import Sample

if TYPE_CHECKING:
    from ilsweep.trainers.act.ot_trainer import ACTOT
    from ilsweep.trainers.act.trainer import ACT

PROBE_BATCHES = 16
"""Pairs of minibatches whose transport is probed."""


def probe_act(trainer: ACT) -> Metrics:
    """Vision, joints, diversity, latent, backbone and, where there is one, the target domain.

    `probe/transitions`: frames of the training set, of which a batch is a share.
    """
    policy, data, config = trainer.policy(), trainer.data, trainer.config
    source = trainer.sample(data.source)
    found = {
        **probes.vision(policy, source),
        **probes.joints(policy, source),
        **probes.diversity(policy, data, config.chunk_size, trainer.control),
        **_latent(policy, source),
        "probe/transitions": float(trainer.frames.size),
    }
    if trainer.net.backbone is not None:
        found |= probes.feature_rank(policy.features(source.observation))
        found |= probes.backbone_change(trainer.net, trainer.new_net(trainer.first_seed))
    if data.target is not None:
        found |= probes.target_domain(policy, source, trainer.sample(data.target))
        if config.target_rollouts:
            result = trainer.roll_out("target", config.target_rollouts)
            found["probe/target_pc_success"] = result.pc_success
    return found


def probe_act_ot(trainer: ACTOT) -> Metrics:
    """All that ACT is probed for, the distance between the domains, and the transport."""
    assert trainer.data.target is not None
    policy = trainer.policy()
    ours = policy.embeddings(trainer.sample(trainer.data.source).observation)
    theirs = policy.embeddings(trainer.sample(trainer.data.target).observation)
    return {**probe_act(trainer), **probes.domain_distance(ours, theirs), **_transport(trainer)}


def _latent(policy: ACTPolicy, sample: Sample) -> Metrics:
    """Active units, and the held-out error with the posterior's mean against the latent at zero."""
    shown = (sample.domain, sample.observation, sample.frames)
    return {
        **probes.active_units(policy.posterior_means(*shown)),
        "probe/l1_posterior": sample.error(policy.reconstruct(*shown)),
        "probe/l1_zero_latent": sample.error(policy.predict(sample.observation)),
    }


def _transport(trainer: ACTOT) -> Metrics:
    """Plans between training minibatches that are the same for every trial on this data.

    `probe/ot_offdiagonal`, `probe/ot_marginal_violation`: means over the plans, as in training.
    `probe/ot_true_match`: see `probes.true_match`; mean over the plans that have mass.
    `probe/ot_term_share/NAME`: the term's share of all plans' cost, after its weight.
    """
    rng, window = np.random.default_rng(0), trainer.config.ot.window_size
    plans: list[Plan] = []
    matches: list[float] = []
    costs: dict[str, float] = {}
    for _ in range(PROBE_BATCHES):
        frames = trainer.data.sample_aligned(rng, trainer.batch, window)
        source, target = trainer.pair(*frames)
        with inference(trainer.net):
            found = trainer.transport(trainer.see(source, target), source, target)
        plans.append(found.plan)
        matches.append(probes.true_match(found.plan.matrix, trainer.data, *frames))
        for name, cost in found.weighted_costs.items():
            costs[name] = costs.get(name, 0.0) + cost
    total, matched = sum(costs.values()), [match for match in matches if not math.isnan(match)]
    return {
        "probe/ot_offdiagonal": float(np.mean([plan.off_diagonal_share for plan in plans])),
        "probe/ot_marginal_violation": float(np.mean([plan.marginal_violation for plan in plans])),
        **({"probe/ot_true_match": float(np.mean(matched))} if matched else {}),
        **{f"probe/ot_term_share/{name}": c / total for name, c in costs.items() if total > 0},
    }
