"""ACT: action chunking with transformers (Zhao et al. 2023, arXiv 2304.13705).

A conditional variational auto-encoder over action chunks, trained by L1 and `kl_weight` times the
KL of its latent, run with the latent at zero. The networks are in `trainers/act/network.py`.

Shapes: B samples, T steps of a chunk, A action dimensions, Z latent dimensions.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import model_validator

from ilsweep.trainers.core.contract import (
    EPISODE_METRICS,
    OF_ROLLOUTS,
    Metrics,
    Trainer,
    TrainerConfig,
    param,
)
from ilsweep.trainers.envs.aloha.config import DomainName
from ilsweep.trainers.training.lr_schedule import cosine, parameter_groups, set_rates

if TYPE_CHECKING:
    from torch import Tensor

    from ilsweep.trainers.act.network import ACTNet, Scene
    from ilsweep.trainers.act.policy import ACTPolicy
    from ilsweep.trainers.data.dataset import Demonstrations, Domain, Int
    from ilsweep.trainers.data.features import ControlMode
    from ilsweep.trainers.envs.contract import EnvironmentSpec
    from ilsweep.trainers.evaluation.probes import Sample
    from ilsweep.trainers.evaluation.rollout import RolloutResult
    from ilsweep.trainers.nets.preprocessing import Batch, Codec

ImageNorm = Literal["imagenet", "unit", "none"]

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
    "backbone_width": 64,
    "backbone_stride": 32,
    "dropout": 0.1,
    "ensemble_decay": 0.01,
}
"""The sizes of Zhao et al. 2023, table III, and of their code."""


class ACTConfig(TrainerConfig):
    """Parameters of ACT. The defaults are small enough for one core; `preset: paper` is not."""

    preset: Literal["small", "paper"] = "small"
    """`paper` sets every size that is not given to the paper's; `small` keeps the defaults."""
    control: str | None = None
    """How the robot is commanded, by the names of the data: for aloha `joint` or `ee`; null for the
    first of them."""
    lr: float = param(3e-4, gt=0)
    """Learning rate of everything but the visual backbone."""
    lr_backbone: float = param(3e-4, ge=0)
    """Learning rate of the visual backbone; 0 freezes it."""
    lr_schedule: Literal["constant", "cosine"] = "cosine"
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
    backbone_width: int = param(8, gt=0, unit="channels")
    """Channels of the ResNet-18's first stage; 64 is the original."""
    backbone_stride: Literal[8, 16, 32] = param(32, unit="pixels")
    """Pixels between the tokens of an image; below 32 by dilation, as DETR's DC5."""
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
        for divisor, name in ((4, "4"), (self.heads, f"heads, {self.heads}")):
            if self.dim % divisor:
                raise ValueError(f"dim must be divisible by {name}; got {self.dim}")
        return self


class ACT(Trainer):
    """Trains ACT on the source domain of `data`."""

    Config: ClassVar[type[TrainerConfig]] = ACTConfig
    config: ACTConfig
    data: Demonstrations
    metrics_need: ClassVar[Mapping[str, str]] = {
        **OF_ROLLOUTS,
        "probe/target_pc_success": "target_rollouts",
    }
    metrics: ClassVar[Mapping[str, str]] = {
        "train/loss": "What the optimiser descends.",
        "train/l1_loss": "L1 with the posterior's latent, standardised actions, valid steps.",
        "train/kld_loss": "KL of the latent from its prior, nats, summed over its dimensions.",
        "train/grad_norm": "L2 norm of the gradient before clipping.",
        "train/lr": "Learning rate.",
        "train/update_s": "Seconds of an optimiser step, its batch included.",
        "train/dataloading_s": "Seconds that the batch took.",
        "eval/offline_eval/avg_l1": "L1 on held-out episodes, latent zero, standardised actions.",
        **EPISODE_METRICS,
        "probe/*": "See trainers/evaluation/probes.py.",
    }

    def __init__(
        self, config: ACTConfig, data: Demonstrations, *, seed: int, device: str = "cpu"
    ) -> None:
        super().__init__(config, data, seed=seed, device=device)
        import numpy as np
        import torch

        from ilsweep.trainers.nets.preprocessing import Codec
        from ilsweep.trainers.nets.rng import RandomStream

        self.rng = np.random.default_rng(seed)
        self.stream = RandomStream(seed, device)
        self.control: ControlMode = data.control(config.control)
        self.codec: Codec = Codec(data, self.control, device)
        self.first_seed = seed
        self.step = 0
        self.net: ACTNet = self.new_net(seed)
        self.frames: Int = data.source.train_frames
        self.batch: int = config.batch_of(self.frames.size)
        self.optimizer: torch.optim.Optimizer = torch.optim.AdamW(
            parameter_groups(self.net, config.lr, config.lr_backbone),
            weight_decay=config.weight_decay,
            fused=True,
        )

    def new_net(self, seed: int) -> ACTNet:
        """The net with the weights that training with `seed` begins with."""
        from ilsweep.trainers.act.network import ACTNet
        from ilsweep.trainers.nets.rng import RandomStream

        with RandomStream(seed):
            return ACTNet(self.config, self.codec).to(self.device)

    def train_step(self) -> Mapping[str, Any]:
        import torch

        begin = time.perf_counter()
        batch = self._sample()
        loaded = time.perf_counter()
        with self.stream:
            loss, metrics = self._loss(*batch)
            self.optimizer.zero_grad()
            torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.grad_clip)
        lr = self._set_rates()
        self.optimizer.step()
        self.step += 1
        return {
            "train/loss": loss.detach(),
            **metrics,
            "train/grad_norm": norm,
            "train/lr": lr,
            "train/update_s": time.perf_counter() - begin,
            "train/dataloading_s": loaded - begin,
        }

    def _set_rates(self) -> float:
        """Both learning rates of this step, from the configuration alone; the main one."""
        config = self.config
        share = cosine(self.step, config.steps) if config.lr_schedule == "cosine" else 1.0
        set_rates(self.optimizer, share, (config.lr, config.lr_backbone))
        return share * config.lr

    def _sample(self) -> tuple[Batch, ...]:
        """The batch of each domain that a step sees."""
        frames = self.rng.choice(self.frames, size=self.batch)
        return (self._batch(self.data.source, frames, self.config.image_norm),)

    def _batch(self, domain: Domain, frames: Int, norm: ImageNorm) -> Batch:
        """Standardised observations and action chunks of some frames."""
        from ilsweep.trainers.nets.preprocessing import Batch

        inputs = self.codec.inputs(self.data.observe(domain, frames), norm)
        return Batch(inputs, self.codec.chunks(domain, frames, self.config.chunk_size))

    def _loss(self, *batches: Batch) -> tuple[Tensor, dict[str, Any]]:
        """What the optimiser descends, and its parts by metric."""
        (source,) = batches
        return self._clone(self.net.observe(source.inputs), source)

    def _clone(self, scene: Scene, batch: Batch) -> tuple[Tensor, dict[str, Any]]:
        """The loss of behaviour cloning (Zhao et al. 2023, algorithm 1) and its parts."""
        from ilsweep.trainers.act.network import sample_latent
        from ilsweep.trainers.training.losses import kl_to_standard_normal, masked_l1

        chunks = batch.chunks
        mu, logvar = self.net.style(batch.inputs.state, chunks)
        predicted = self.net(scene, sample_latent(mu, logvar))
        l1 = masked_l1(predicted, chunks.actions, chunks.pad)
        kl = kl_to_standard_normal(mu, logvar)
        parts = {"train/l1_loss": l1.detach(), "train/kld_loss": kl.detach()}
        return l1 + self.config.kl_weight * kl, parts

    def evaluate(self) -> Metrics:
        held_out = self.sample(self.data.source)
        predicted = self.policy().predict(held_out.observation)
        return {"eval/offline_eval/avg_l1": held_out.error(predicted)}

    def finish(self) -> Metrics:
        from ilsweep.trainers.evaluation.closed_loop import closed_loop

        return closed_loop(self.data, self.config, partial(self.roll_out, "source"))

    def probe(self) -> Metrics:
        from ilsweep.trainers.act.probes import probe_act

        return probe_act(self)

    def policy(self) -> ACTPolicy:
        """What the net does now, at test time; it follows the net as that learns on."""
        from ilsweep.trainers.act.policy import ACTPolicy

        norm = self.config.image_norm_eval or self.config.image_norm
        return ACTPolicy(self.net, self.codec, norm)

    def sample(self, domain: Domain) -> Sample:
        """The held-out frames that evaluation and probes look at."""
        from ilsweep.trainers.evaluation.probes import Sample

        return Sample.held_out(self.data, domain, self.config.chunk_size, self.control)

    def solve(self, seeds: Sequence[int]) -> Mapping[int, bool]:
        return self.roll_out("source", seeds).solved

    def replay_actions(self, episode: int) -> Any:
        return self.codec.round_trip(self.data.source, episode, self.config.chunk_size)

    def roll_out(
        self,
        domain: DomainName,
        episodes: int | Sequence[int],
        world: EnvironmentSpec | None = None,
    ) -> RolloutResult:
        """Evaluation episodes, or those of given seeds, in one visual domain of the data's
        environment or of another, by temporal ensembling or whole chunks."""
        from ilsweep.trainers.act.policy import inference
        from ilsweep.trainers.evaluation.rollout import OpenLoop, TemporalEnsemble
        from ilsweep.trainers.evaluation.success import run_episodes

        size, decay = self.config.chunk_size, self.config.ensemble_decay
        strategy = OpenLoop(size) if decay is None else TemporalEnsemble(decay)
        control = self.control.name
        with inference(self.net):
            return run_episodes(
                self.policy(),
                world or self.data.environment,
                episodes,
                strategy,
                control=control,
                domain=domain,
                success=self.config.success,
            )

    def state_dict(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "stream": self.stream.state_dict(),
            "rng": self.rng.bit_generator.state,
            "first_seed": self.first_seed,
            "step": self.step,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        # This configuration's, as the rates are: population-based training loads another's weights.
        for group in self.optimizer.param_groups:
            group["weight_decay"] = self.config.weight_decay
        self.stream.load_state_dict(state["stream"])
        self.rng.bit_generator.state = state["rng"]
        self.first_seed = int(state["first_seed"])
        self.step = int(state["step"])
