"""ACT-OT: ACT with an optimal-transport loss between a source and a target domain.

The loss of ACT on source demonstrations plus `lambda_ot` times the cost of transporting a source
minibatch onto a target one under an unbalanced Sinkhorn plan: the plan is computed on the detached
cost, gradients pass through the cost. The actions of `target_cloned` of the target are cloned.

Shapes: B samples of each domain, T steps of a chunk, A action dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ilsweep.trainers.act.config import ACTOTConfig, ACTOTSpec
from ilsweep.trainers.act.network import EncodedObservation
from ilsweep.trainers.act.probes import probe_act_ot
from ilsweep.trainers.act.trainer import ACT, Batches
from ilsweep.trainers.act.transport import Transport, unbalanced_plan
from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.data.dataset import Demonstrations, Domain, Int
from ilsweep.trainers.evaluation.predictions import plan_by_phase, share_of
from ilsweep.trainers.nets.augment import augmented
from ilsweep.trainers.nets.inference import inference
from ilsweep.trainers.nets.preprocessing import Batch, stack
from ilsweep.trainers.training.losses import pairwise_chunk_cost, pairwise_l1, pairwise_squared_l2

PLANS = 8
"""Pairs of minibatches whose plans are drawn."""


class ACTOT(ACTOTSpec, ACT):
    """ACT that also aligns a second visual domain by optimal transport."""

    config: ACTOTConfig

    def __init__(
        self, config: ACTOTConfig, data: Demonstrations, *, seed: int, device: str = "cpu"
    ) -> None:
        mistakes = self.check(config, data.config)
        if mistakes:
            raise ValueError("; ".join(mistakes))
        super().__init__(config, data, seed=seed, device=device)
        assert data.target is not None
        self.target: Domain = data.target
        episodes = self.target.train_episodes
        self.cloned = self.target.frames_of(episodes[: round(config.target_cloned * len(episodes))])
        """Frames of the target whose actions are cloned."""

    def draw(self) -> tuple[Int, Int]:
        """B source frames of training, and a target frame for each."""
        if self.config.ot.pairs == "dtw":
            return self.data.sample_aligned(self.rng, self.batch, self.config.ot.window_size)
        both = (self.frames, self.target.train_frames)
        source, target = (self.rng.choice(frames, size=self.batch) for frames in both)
        return source, target

    def sample(self) -> Batches:
        """B of the source, B of the target and, where some are cloned, B of those."""
        pair = self.pair(*self.draw())
        if not len(self.cloned):
            return pair
        frames = self.rng.choice(self.cloned, size=self.batch)
        return *pair, self.batch_of(self.target, frames, self.config.image_norm)

    def pair(self, source: Int, target: Int) -> tuple[Batch, Batch]:
        """The batches of B source frames and their B target frames."""
        norm = self.config.image_norm
        return (
            self.batch_of(self.data.source, source, norm),
            self.batch_of(self.target, target, norm),
        )

    def loss(self, batch: Batches) -> tuple[Tensor, dict[str, Any]]:
        shift = self.config.random_shift
        source, target, *cloned = (
            replace(part, inputs=augmented(part.inputs, shift)) for part in batch
        )
        both = self.observe_both(source, target)
        loss, parts = self.cloning_loss(both[: self.batch], source)
        for more in cloned:
            loss = (loss + self.cloning_loss(self.net.observe(more.inputs), more)[0]) / 2
        transport = self.transport(both, source, target)
        return loss + self.config.ot.lambda_ot * transport.loss, {**parts, **transport.metrics}

    def observe_both(self, source: Batch, target: Batch) -> EncodedObservation:
        """Both domains as one observation of 2 B samples, in one pass of the backbone."""
        return self.net.observe(stack(source.inputs, target.inputs))

    def transport(self, both: EncodedObservation, source: Batch, target: Batch) -> Transport:
        """The transport loss between B source and B target samples, observed as 2 B in one."""
        embeddings = self.net.embed(both)
        terms = self._cost_terms(embeddings, source, target) | self._carried_over(both, source)
        cost = source.inputs.state.new_zeros(self.batch, self.batch)
        for weight, term in terms.values():
            cost = cost + weight * term
        tau_src, tau_tgt = self.config.ot.taus
        plan = unbalanced_plan(
            cost.detach().cpu().numpy(),
            reg=self.config.ot.reg,
            tau_src=tau_src,
            tau_tgt=tau_tgt,
            diagonal_prior=self.config.ot.heuristic,
        )
        moved = torch.from_numpy(plan.matrix).to(cost)
        return Transport((moved * cost).sum(), plan, terms, self._variation(embeddings))

    def _carried_over(
        self, both: EncodedObservation, source: Batch
    ) -> dict[str, tuple[float, Tensor]]:
        """What cloning each source sample's actions on each target sample would cost, (B, B)."""
        weight = self.config.ot.weight_cloning
        if not weight:
            return {}
        theirs = both[self.batch :]
        predicted = self.net(theirs, self.net.prior_latent(theirs))
        return {
            "cloning": (weight, pairwise_l1(source.chunks.actions, predicted, source.chunks.pad))
        }

    def _variation(self, embeddings: Mapping[str, Tensor]) -> dict[str, Tensor]:
        own = {name: embedding[: self.batch] for name, embedding in embeddings.items()}
        return {
            name: e.var(dim=0, correction=0).sum() / e.square().sum(dim=1).mean()
            for name, e in own.items()
        }

    def _cost_terms(
        self, embeddings: Mapping[str, Tensor], source: Batch, target: Batch
    ) -> dict[str, tuple[float, Tensor]]:
        """Weight and pairwise cost (B, B) of each term, by name.

        A term of weight 0 is left out; `state` never is, since the stage report names it.
        """
        weights, size = self.config.ot, self.batch
        terms = {
            name: (weights.weight_embed, pairwise_squared_l2(embedding[:size], embedding[size:]))
            for name, embedding in embeddings.items()
            if weights.weight_embed > 0 or name == "state"
        }
        if weights.weight_label > 0:
            # In physical units, as in the stage report, which varies the scale of the labels.
            ours, theirs = (
                self.preprocessor.physical(batch.chunks.actions, batch.inputs.state)
                for batch in (source, target)
            )
            label = pairwise_chunk_cost(ours, theirs, source.chunks.pad, target.chunks.pad)
            terms["label"] = (weights.weight_label, label)
        return terms

    def transport_of(self, source: Int, target: Int) -> Transport:
        """The transport between B source frames and their B target frames, at test time."""
        batches = self.pair(source, target)
        with inference(self.net):
            return self.transport(self.observe_both(*batches), *batches)

    def predictions(self) -> Mapping[str, Any]:
        """What ACT predicts, and `plan`: the mass that transport moves, by phase of the frames."""
        source, target = self.data.source, self.target
        rng, plans = np.random.default_rng(0), []
        for _ in range(PLANS):
            ours, theirs = self.data.sample_aligned(rng, self.batch, self.config.ot.window_size)
            matrix = self.transport_of(ours, theirs).plan.matrix
            plans.append((matrix, share_of(source, ours), share_of(target, theirs)))
        return {**super().predictions(), "plan": plan_by_phase(plans)}

    def probe(self) -> Metrics:
        window = self.config.ot.window_size
        return probe_act_ot(self, self.policy(), self.transport_of, window)
