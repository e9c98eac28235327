"""RDT: a small diffusion transformer over action chunks, after RDT-1B (arXiv 2410.07864).

Actions and states are RDT-1B's unified vector of 128 numbers (`trainers/rdt/unified.py`), the net
predicts the clean chunk from a noisy one (squared error), and a few steps of DPM-Solver++ sample it
at test time, with an exponential moving average of the weights. Noise enters only the numbers that
the robot has, in training as at test time, and only these are in the loss; RDT-1B adds it to all
128 and trains the others towards zero.

Shapes: B samples, T steps of a chunk, U = 128.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.data.dataset import Demonstrations, Float, Int
from ilsweep.trainers.evaluation.rollout import ActionExecution, OpenLoop
from ilsweep.trainers.nets.augment import augmented
from ilsweep.trainers.nets.device import on_device
from ilsweep.trainers.nets.preprocessing import Batch
from ilsweep.trainers.nets.rng import RandomStream
from ilsweep.trainers.rdt.action_limits import Limits
from ilsweep.trainers.rdt.config import RDTConfig, RDTSpec
from ilsweep.trainers.rdt.diffusion import Diffusion
from ilsweep.trainers.rdt.network import RDTNet
from ilsweep.trainers.rdt.policy import RDTPolicy
from ilsweep.trainers.rdt.probes import probe_rdt
from ilsweep.trainers.rdt.unified_preprocessor import UnifiedPreprocessor
from ilsweep.trainers.training.lr_schedule import factor, parameter_groups
from ilsweep.trainers.training.supervised import SupervisedTrainer


class RDT(RDTSpec, SupervisedTrainer[RDTConfig, RDTNet, Batch]):
    """Trains RDT on the source domain of `data`."""

    def __init__(
        self, config: RDTConfig, data: Demonstrations, *, seed: int, device: str = "cpu"
    ) -> None:
        control = config.control or ("ee" if "ee" in data.controls else None)
        super().__init__(config, data, seed=seed, device=device, control=control)
        self.preprocessor = UnifiedPreprocessor(data, self.control, config, device)
        self.diffusion = Diffusion(config.diffusion_steps, config.inference_steps)
        self.net = self.new_net(seed)
        self.average = self.averaged()
        self.weights: Tensor = torch.from_numpy(self._weights()).to(device)
        self.kinds = {
            kind: torch.from_numpy(indices).to(device)
            for kind, indices in self.preprocessor.space.kinds().items()
        }
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.net, config.lr, config.lr_backbone),
            weight_decay=config.weight_decay,
            fused=True,
        )

    def new_net(self, seed: int) -> RDTNet:
        with RandomStream(seed):
            return RDTNet(self.config, self.preprocessor).to(self.device)

    def _weights(self) -> Float:
        """(U,) of the squared errors in the loss; zero for what the robot does not have."""
        weights = np.zeros(self.preprocessor.space.mask.size, dtype=np.float32)
        for kind, indices in self.preprocessor.space.kinds().items():
            weights[indices] = getattr(self.config.loss_weights, kind)
        return weights

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

    def sample(self) -> Batch:
        return self.batch_of(self.rng.choice(self.frames, size=self.batch))

    def batch_of(self, frames: Int) -> Batch:
        """Scaled unified observations and action chunks of some training frames."""
        domain = self.data.source
        inputs = self.preprocessor.inputs(self.data.observe(domain, frames), self.config.image_norm)
        return Batch(inputs, self.preprocessor.chunks(domain, frames, self.config.chunk_size))

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Any]]:
        seen = augmented(batch.inputs, self.config.random_shift)
        predicted = self.denoised(replace(batch, inputs=seen), self.rng)
        errors = self._mean_square(predicted.detach(), batch)
        parts = {f"train/mse/{kind}": errors[own].mean() for kind, own in self.kinds.items()}
        return self.weighted_error(predicted, batch), parts

    def denoised(self, batch: Batch, rng: np.random.Generator) -> Tensor:
        """What the net makes of the batch's chunks under noise at random times, (B, T, U)."""
        clean = batch.chunks.actions
        drawn = rng.integers(self.config.diffusion_steps, size=len(clean))
        times = on_device(drawn, clean.device)
        normal = rng.standard_normal(tuple(clean.shape), dtype=np.float32)
        noise = on_device(normal, clean.device) * self.preprocessor.mask
        noisy = self.diffusion.add_noise(clean, noise, times)
        predicted: Tensor = self.net(self.net.observe(batch.inputs), noisy, times)
        return predicted

    def weighted_error(self, predicted: Tensor, batch: Batch) -> Tensor:
        """Weighted squared error, mean over the robot's numbers and the steps that exist."""
        return (
            self._mean_square(predicted, batch) * self.weights
        ).sum() / self.preprocessor.mask.sum()

    def _mean_square(self, predicted: Tensor, batch: Batch) -> Tensor:
        """Squared error by number (U,), mean over the steps that exist, at least one a sample."""
        valid = (~batch.chunks.pad).unsqueeze(-1)  # (B, T, 1)
        square = (predicted - batch.chunks.actions).square() * valid
        return square.sum(dim=(0, 1)) / valid.sum()

    def output_gradient(self, frames: Int) -> Tensor:
        """Of the loss at the net's output (B, T, U), at training frames with fixed noise."""
        batch = self.batch_of(frames)
        with torch.no_grad():
            predicted = self.denoised(batch, np.random.default_rng(0))
        predicted.requires_grad_()
        (gradient,) = torch.autograd.grad(self.weighted_error(predicted, batch), predicted)
        return gradient

    def policy(self) -> RDTPolicy:
        norm = self.config.image_norm
        return RDTPolicy(self.acting, self.preprocessor, self.diffusion, self._limits(), norm)

    def _limits(self) -> Limits:
        """Within which actions are executed."""
        ranges = self.data.statistics(self.control.action.key)
        return Limits.of(ranges, self.config.clip_margin, self.preprocessor.space.own("rotation"))

    def replay_actions(self, episode: int) -> Float:
        length = self.config.chunk_size
        return self._limits().clip(self.preprocessor.round_trip(self.data.source, episode, length))

    def execution(self) -> ActionExecution:
        return OpenLoop(self.config.execute_steps)

    def probe(self) -> Metrics:
        return probe_rdt(self, self.policy(), self.preprocessor, self.weights, self.output_gradient)
