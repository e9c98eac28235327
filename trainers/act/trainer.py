"""ACT: action chunking with transformers (Zhao et al. 2023, arXiv 2304.13705).

A conditional variational auto-encoder over action chunks, trained by L1 and `kl_weight` times the
KL of its latent, run with the latent at zero. The networks are in `trainers/act/network.py`.

Shapes: B samples, T steps of a chunk, A action dimensions, Z latent dimensions.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ilsweep.trainers.act.config import ACTConfig, ACTSpec
from ilsweep.trainers.act.network import ACTNet, EncodedObservation, sample_latent
from ilsweep.trainers.act.policy import ACTPolicy
from ilsweep.trainers.act.probes import probe_act
from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.data.dataset import Demonstrations, Domain, Float, Int
from ilsweep.trainers.evaluation.rollout import ActionExecution, OpenLoop, TemporalEnsemble
from ilsweep.trainers.nets.augment import augmented
from ilsweep.trainers.nets.config import ImageNorm
from ilsweep.trainers.nets.preprocessing import Batch, Preprocessor
from ilsweep.trainers.nets.rng import RandomStream
from ilsweep.trainers.training.losses import kl_to_standard_normal, masked_l1
from ilsweep.trainers.training.lr_schedule import factor, parameter_groups
from ilsweep.trainers.training.supervised import SupervisedTrainer

Batches = tuple[Batch, ...]
"""One of each domain that a step sees."""


class ACT(ACTSpec, SupervisedTrainer[ACTConfig, ACTNet, Batches]):
    """Trains ACT on the source domain of `data`."""

    def __init__(
        self, config: ACTConfig, data: Demonstrations, *, seed: int, device: str = "cpu"
    ) -> None:
        super().__init__(config, data, seed=seed, device=device, control=config.control)
        self.preprocessor = Preprocessor(
            data, self.control, device, config.action_representation, config.chunk_size
        )
        self.net = self.new_net(seed)
        self.average = self.averaged()
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.net, config.lr, config.lr_backbone),
            weight_decay=config.weight_decay,
            fused=True,
        )

    def new_net(self, seed: int) -> ACTNet:
        with RandomStream(seed):
            return ACTNet(self.config, self.preprocessor).to(self.device)

    @property
    def chunk_size(self) -> int:
        return self.config.chunk_size

    @property
    def base_rates(self) -> tuple[float, ...]:
        return self.config.lr, self.config.lr_backbone

    @property
    def max_grad_norm(self) -> float | None:
        return self.config.grad_clip

    def rate_factor(self) -> float:
        return factor(self.config.lr_schedule, self.step, self.config.steps)

    def sample(self) -> Batches:
        frames = self.rng.choice(self.frames, size=self.batch)
        return (self.batch_of(self.data.source, frames, self.config.image_norm),)

    def batch_of(self, domain: Domain, frames: Int, norm: ImageNorm) -> Batch:
        """Standardised observations and action chunks of some frames."""
        inputs = self.preprocessor.inputs(self.data.observe(domain, frames), norm)
        return Batch(inputs, self.preprocessor.chunks(domain, frames, self.config.chunk_size))

    def loss(self, batch: Batches) -> tuple[Tensor, dict[str, Any]]:
        (source,) = batch
        seen = augmented(source.inputs, self.config.random_shift)
        return self.cloning_loss(self.net.observe(seen), source)

    def cloning_loss(
        self, encoded: EncodedObservation, batch: Batch
    ) -> tuple[Tensor, dict[str, Any]]:
        """The loss of behaviour cloning (Zhao et al. 2023, algorithm 1) and its parts."""
        chunks = batch.chunks
        mu, logvar = self.net.style(batch.inputs.state, chunks)
        predicted = self.net(encoded, sample_latent(mu, logvar))
        l1 = masked_l1(predicted, chunks.actions, chunks.pad)
        kl = kl_to_standard_normal(mu, logvar)
        parts = {"train/l1_loss": l1.detach(), "train/kld_loss": kl.detach()}
        return l1 + self.config.kl_weight * kl, parts

    def policy(self) -> ACTPolicy:
        norm = self.config.image_norm_eval or self.config.image_norm
        return ACTPolicy(self.acting, self.preprocessor, norm)

    def replay_actions(self, episode: int) -> Float:
        return self.preprocessor.round_trip(self.data.source, episode, self.config.chunk_size)

    def execution(self) -> ActionExecution:
        decay = self.config.ensemble_decay
        return OpenLoop(self.config.chunk_size) if decay is None else TemporalEnsemble(decay)

    def probe(self) -> Metrics:
        return probe_act(self, self.policy())
