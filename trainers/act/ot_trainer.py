"""ACT-OT: ACT with an optimal-transport loss between a source and a target domain.

The loss of ACT on source demonstrations plus `lambda_ot` times the cost of transporting a source
minibatch onto a target one under an unbalanced Sinkhorn plan: the plan is computed on the detached
cost, gradients pass through the cost. The target's actions are never cloned.

Shapes: B samples of each domain, T steps of a chunk, A action dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ilsweep.trainers.act.trainer import ACT, ACTConfig
from ilsweep.trainers.core.contract import Metrics, Params, TrainerConfig, param
from ilsweep.trainers.data.source import DataSource

if TYPE_CHECKING:
    from torch import Tensor

    from ilsweep.trainers.act.network import Scene
    from ilsweep.trainers.act.transport import Plan
    from ilsweep.trainers.data.dataset import Demonstrations, Int
    from ilsweep.trainers.nets.preprocessing import Batch

NOTES = "ACT-OT stage report"


class OTConfig(Params):
    """Parameters of the transport loss."""

    lambda_ot: float = param(0.1, ge=0, source=NOTES)
    """Weight of the transport loss."""
    reg: float = param(2.0, gt=0, unit="cost", source=NOTES)
    """Entropic regularisation: larger spreads the plan, and keeps its mass where costs are high."""
    tau: float = param(10.0, gt=0, unit="cost", source=NOTES)
    """Weight of both marginals' KL: larger moves more mass."""
    tau_src: float | None = param(None, gt=0, unit="cost")
    """The same for the source's marginal alone, where set."""
    tau_tgt: float | None = param(None, gt=0, unit="cost")
    """The same for the target's marginal alone, where set."""
    window_size: int = param(20, ge=0, unit="frames", source=NOTES)
    """A target sample lies at most so far from the frame that its source frame is aligned with."""
    heuristic: bool = param(True, source=NOTES)
    """Diagonal prior: the plan keeps to the pairs that the sampler drew. Without it the plan is
    free to match any source sample with any target sample."""
    weight_embed: float = param(1.0, ge=0, source=NOTES)
    """Weight of the squared distance between embeddings, of each camera where there are several."""
    weight_label: float = param(0.0005, ge=0, source=NOTES)
    """Weight of the squared distance between action chunks, in physical units."""

    @property
    def taus(self) -> tuple[float, float]:
        """Of the source and of the target."""
        return (
            self.tau if self.tau_src is None else self.tau_src,
            self.tau if self.tau_tgt is None else self.tau_tgt,
        )


class ACTOTConfig(ACTConfig):
    """Parameters of ACT-OT."""

    ot: OTConfig = OTConfig()
    """The transport loss."""


class ACTOT(ACT):
    """ACT that also aligns a second visual domain by optimal transport."""

    Config: ClassVar[type[TrainerConfig]] = ACTOTConfig
    config: ACTOTConfig
    data_defaults: ClassVar[Mapping[str, Any]] = {"domains": ["source", "target"]}
    metrics: ClassVar[Mapping[str, str]] = {
        **ACT.metrics,
        "train/ot_loss": "sum(plan * cost), before `lambda_ot`.",
        "train/ot_pi_sum": "Mass of the plan; 1 when balanced.",
        "train/ot_pi_diag": "Mass of the plan on the pairs that the sampler drew.",
        "train/ot_offdiag": "Share of the plan's mass off its diagonal.",
        "train/ot_cost/*": "Mean over all pairs of one cost term, before its weight.",
        "train/ot_marginal_violation": "Mean |marginal - uniform| / uniform, 0 to 1 and more.",
        "train/ot_converged": "Share of the plans whose iterations converged.",
        "train/ot_iterations": "Sinkhorn iterations.",
    }

    def __init__(
        self, config: ACTOTConfig, data: Demonstrations, *, seed: int, device: str = "cpu"
    ) -> None:
        mistakes = self.check(config, data.config)
        if mistakes:
            raise ValueError("; ".join(mistakes))
        super().__init__(config, data, seed=seed, device=device)

    @classmethod
    def check(cls, config: TrainerConfig, data: DataSource) -> list[str]:
        del config
        if "target" in data.variants:
            return []
        return [f"data.domains: act_ot needs [source, target], got {list(data.variants)}"]

    def _sample(self) -> tuple[Batch, ...]:
        window = self.config.ot.window_size
        return self.pair(*self.data.sample_aligned(self.rng, self.batch, window))

    def pair(self, source: Int, target: Int) -> tuple[Batch, Batch]:
        """The batches of B source frames and their B target frames."""
        assert self.data.target is not None
        norm = self.config.image_norm
        return (
            self._batch(self.data.source, source, norm),
            self._batch(self.data.target, target, norm),
        )

    def _loss(self, *batches: Batch) -> tuple[Tensor, dict[str, Any]]:
        source, target = batches
        both = self.see(source, target)
        loss, parts = self._clone(both[: self.batch], source)
        transport = self.transport(both, source, target)
        return loss + self.config.ot.lambda_ot * transport.loss, {**parts, **transport.metrics}

    def see(self, source: Batch, target: Batch) -> Scene:
        """Both domains as one scene of 2 B samples, in one pass of the backbone."""
        from ilsweep.trainers.nets.preprocessing import stack

        return self.net.observe(stack(source.inputs, target.inputs))

    def transport(self, both: Scene, source: Batch, target: Batch) -> Transport:
        """The transport loss between B source and B target samples, seen as one scene of 2 B."""
        import torch

        from ilsweep.trainers.act.transport import unbalanced_plan

        terms = self._cost_terms(both, source, target)
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
        return Transport((moved * cost).sum(), plan, terms)

    def _cost_terms(
        self, both: Scene, source: Batch, target: Batch
    ) -> dict[str, tuple[float, Tensor]]:
        """Weight and pairwise cost (B, B) of each term, by name. A term of weight 0 is left out;
        `state` never is, since the stage report names it."""
        from ilsweep.trainers.training.losses import pairwise_chunk_cost, pairwise_squared_l2

        weights, size = self.config.ot, self.batch
        terms = {
            name: (weights.weight_embed, pairwise_squared_l2(embedding[:size], embedding[size:]))
            for name, embedding in self.net.embed(both).items()
            if weights.weight_embed > 0 or name == "state"
        }
        if weights.weight_label > 0:
            # In physical units, as in the notes: how the label's scale acts is what they ask.
            mine, theirs = (self.codec.physical(batch.chunks.actions) for batch in (source, target))
            label = pairwise_chunk_cost(mine, theirs, source.chunks.pad, target.chunks.pad)
            terms["label"] = (weights.weight_label, label)
        return terms

    def probe(self) -> Metrics:
        from ilsweep.trainers.act.probes import probe_act_ot

        return probe_act_ot(self)


@dataclass(frozen=True)
class Transport:
    """The transport loss of one pair of minibatches, with what led to it."""

    loss: Tensor
    """sum(plan * cost), ()."""
    plan: Plan
    terms: Mapping[str, tuple[float, Tensor]]
    """Weight and pairwise cost (B, B) of each term."""

    @property
    def weighted_costs(self) -> dict[str, float]:
        """What each term adds to sum(plan * cost), by name."""
        return {
            name: weight * float((self.plan.matrix * term.cpu().numpy()).sum())
            for name, (weight, term) in self.terms.items()
        }

    @property
    def metrics(self) -> dict[str, Any]:
        """As they are logged."""
        costs = {
            f"train/ot_cost/{name}": term.detach().mean() for name, (_, term) in self.terms.items()
        }
        return {
            "train/ot_loss": self.loss.detach(),
            "train/ot_pi_sum": self.plan.mass,
            "train/ot_pi_diag": self.plan.diagonal,
            "train/ot_offdiag": self.plan.off_diagonal_share,
            "train/ot_marginal_violation": self.plan.marginal_violation,
            "train/ot_converged": float(self.plan.converged),
            "train/ot_iterations": float(self.plan.iterations),
            **costs,
        }
