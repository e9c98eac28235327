"""What can be set of ACT and of ACT-OT, and what they report. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from ilsweep.trainers.core.contract import (
    DataDescription,
    Params,
    TrainerConfig,
    param,
)
from ilsweep.trainers.core.metric_needs import Above, Has, Needs, NotSeveral, OneOfSeveral
from ilsweep.trainers.evaluation.metrics import METRICS as EVALUATION
from ilsweep.trainers.evaluation.metrics import NEEDS as EVALUATION_NEEDS
from ilsweep.trainers.evaluation.metrics import SEEING, SEEING_NEEDS
from ilsweep.trainers.nets.config import ImageNorm, VisionParams, check_width
from ilsweep.trainers.training.config import Schedule, SupervisedConfig, SupervisedSpec
from ilsweep.trainers.training.metrics import METRICS as TRAINING

NOTES = "ACT-OT stage report"
PAPER: Mapping[str, Any] = {
    "lr": 1e-5,
    "lr_backbone": 1e-5,
    "lr_schedule": "constant",
    "batch_size": 8,
    "kl_weight": 10.0,
    "chunk_size": 100,
    "dim": 512,
    "heads": 8,
    "feedforward": 3200,
    "encoder_layers": 4,
    # The paper says 7; its code returns the output of the first, so one is what was trained.
    "decoder_layers": 1,
    "latent_dim": 32,
    "backbone": "resnet18",
    "backbone_width": 64,
    "backbone_stride": 32,
    "random_shift": 0,
    "dropout": 0.1,
    "ensemble_decay": 0.01,
}
"""The sizes of Zhao et al. 2023, table III, and of their code."""


class ACTConfig(VisionParams, SupervisedConfig):
    """Parameters of ACT. The defaults are small enough for one core; `preset: paper` is not."""

    preset: Literal["small", "paper"] = "small"
    """`paper` sets every size that is not given to the paper's; `small` keeps the defaults."""
    lr: float = param(3e-4, gt=0)
    """Learning rate of everything but the visual backbone."""
    lr_backbone: float = param(3e-4, ge=0)
    """Learning rate of the visual backbone; 0 freezes it."""
    lr_schedule: Schedule = "cosine"
    """`cosine` lowers both rates to zero over `steps`; the paper's is `constant`."""
    weight_decay: float = param(1e-4, ge=0, source="Zhao et al. 2023, code")
    """Decoupled weight decay (AdamW)."""
    grad_clip: float = param(10.0, gt=0, unit="L2 norm", source="lerobot")
    """The gradient is scaled down to this norm where it is larger."""
    kl_weight: float = param(10.0, ge=0, source="Zhao et al. 2023, table III")
    """Weight of the latent's KL in the loss."""
    chunk_size: int = param(20, gt=0, unit="frames")
    """Actions predicted at once."""
    dim: int = param(128, gt=0, unit="channels")
    """Width of the transformer; divisible by 4 and by `heads`."""
    heads: int = param(4, gt=0)
    """Attention heads."""
    feedforward: int = param(256, gt=0, unit="channels")
    """Hidden width of the feed-forward nets."""
    encoder_layers: int = param(2, gt=0)
    """Layers of the transformer's encoder, and of the style encoder."""
    decoder_layers: int = param(1, gt=0)
    """Layers of the transformer's decoder."""
    latent_dim: int = param(32, gt=0, source="Zhao et al. 2023, table III")
    """Dimensions of the style latent."""
    dropout: float = param(0.0, ge=0, lt=1)
    """Dropout in the transformers; 0.1 in the paper, where a CPU does not spend half of a step on
    it."""
    backbone_weights: Path | None = None
    """A torchvision state dict of ImageNet weights (width 64); their normalisation is frozen."""
    image_norm: ImageNorm = "imagenet"
    """How images are normalised: by ImageNet's moments, to 0..1, or not at all (0..255)."""
    image_norm_eval: ImageNorm | None = None
    """Normalisation at evaluation and rollout, where it is to differ; for the experiment."""
    ensemble_decay: float | None = param(0.05, ge=0, unit="1 / frame")
    """m of temporal ensembling: the i-th oldest prediction weighs exp(-m i). The paper's 0.01 for
    chunks of 100 is 0.05 for 20. null executes whole chunks instead."""

    target_rollouts: int = param(0, ge=0, unit="episodes", needs="environment")
    """Episodes in the target domain, where the data has one; `probe/target_pc_success`."""

    @model_validator(mode="before")
    @classmethod
    def _fill_preset(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("preset") == "paper":
            return {**PAPER, **values}
        return values

    @model_validator(mode="after")
    def _dim_divides(self) -> Self:
        check_width(self.dim, self.heads)
        return self


class ACTSpec(SupervisedSpec):
    """ACT: action chunking with transformers, trained on the source domain of the data."""

    Config: ClassVar[type[TrainerConfig]] = ACTConfig
    metrics_need: ClassVar[Mapping[str, Needs]] = {
        **EVALUATION_NEEDS,
        **SEEING_NEEDS,
        "probe/target_pc_success": {
            "target_rollouts": Above(),
            "data.domains": Has("target", "[source, target]"),
        },
        "probe/target_*": {"data.domains": Has("target", "[source, target]")},
    }
    metrics: ClassVar[Mapping[str, str]] = {
        **TRAINING,
        "train/l1_loss": "L1 with the posterior's latent, standardised actions, valid steps.",
        "train/kld_loss": "KL of the latent from its prior, nats, summed over its dimensions.",
        **EVALUATION,
        **SEEING,
        "probe/diversity_ratio": "",
        "probe/active_units": "",
        "probe/l1_posterior": "",
        "probe/l1_zero_latent": "",
        "probe/target_l1": "Error on held-out frames of the target domain.",
        "probe/target_error_ratio": "That over the error on the source's.",
        "probe/target_pc_success": "Successful episodes in the target domain, 0 to 100.",
    }


class OTConfig(Params):
    """Parameters of the transport loss."""

    lambda_ot: float = param(0.1, ge=0, source=NOTES)
    """Weight of the transport loss."""
    reg: float = param(2.0, gt=0, unit="cost", source=NOTES)
    """Entropic regularisation: a larger one makes the plan more even, and keeps its mass where
    costs are high."""
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
    weight_cloning: float = param(0.0, ge=0, source="DeepJDOT, arXiv 1803.10081, equation 5")
    """Weight of the error of the policy's actions on a target sample, by the actions of the source
    sample: the plan carries the source's actions over. The target's own are not used."""
    pairs: Literal["dtw", "random"] = "dtw"
    """How the target samples of a batch are drawn: along the alignment of the domains by dynamic
    time warping, or from all training frames."""

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
    target_cloned: float = param(0.0, ge=0, le=1, unit="share of the training episodes")
    """Target episodes whose actions are cloned as the source's are. 0 is transport alone; 1 shows
    what transport could reach at most."""


COST_TERMS: Mapping[str, Needs] = {
    "state": {"data.cameras": NotSeveral()},
    "label": {"ot.weight_label": Above()},
    "cloning": {"ot.weight_cloning": Above()},
    "*": {"ot.weight_embed": Above(), "data.cameras": OneOfSeveral()},
}
"""What each term of the cost needs, by name: those of embeddings are called by their cameras."""


class ACTOTSpec(ACTSpec):
    """ACT that also aligns a second visual domain by optimal transport."""

    Config: ClassVar[type[TrainerConfig]] = ACTOTConfig
    data_defaults: ClassVar[Mapping[str, Any]] = {"domains": ["source", "target"]}
    metrics_need: ClassVar[Mapping[str, Needs]] = {
        **ACTSpec.metrics_need,
        **{
            f"{group}/{term}": need
            for group in ("train/ot_cost", "probe/ot_term_share")
            for term, need in COST_TERMS.items()
        },
        "train/ot_variation/state": {"data.cameras": NotSeveral()},
        "train/ot_variation/*": {"data.cameras": OneOfSeveral()},
    }
    metrics: ClassVar[Mapping[str, str]] = {
        **ACTSpec.metrics,
        "train/ot_loss": "sum(plan * cost), before `lambda_ot`.",
        "train/ot_pi_sum": "Mass of the plan; 1 when balanced.",
        "train/ot_pi_diag": "Mass of the plan on the pairs that the sampler drew.",
        "train/ot_offdiag": "Share of the plan's mass off its diagonal.",
        "train/ot_cost/*": "Mean over all pairs of one cost term, before its weight.",
        "train/ot_variation/*": "Variance of the source's embeddings over their mean square.",
        "train/ot_marginal_violation": "Mean |marginal - uniform| / uniform, 0 to 1 and more.",
        "train/ot_converged": "Share of the plans whose iterations converged.",
        "train/ot_iterations": "Sinkhorn iterations.",
        "probe/ot_offdiagonal": "",
        "probe/ot_marginal_violation": "",
        "probe/ot_true_match": "",
        "probe/ot_term_share/*": "",
        "probe/domain_distance": "Distance of the domains' mean embeddings, over the standard "
        "deviation within a domain.",
        "probe/embedding_spread": "That standard deviation.",
    }

    @classmethod
    def check(cls, config: Any, data: DataDescription) -> list[str]:
        found = super().check(config, data)
        if "target" not in data.variants:
            found.append(f"data.domains: act_ot needs [source, target], got {list(data.variants)}")
        return found
