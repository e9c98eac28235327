"""Reflow: a student learns the straight paths between a flow-matching teacher's noise and actions.

Rectified flow (Liu et al. 2022, arXiv 2209.03003, algorithm 1) of a policy after pi0 (Black et al.
2024, arXiv 2410.24164), whose actions are padded with zeros to a width that all robots share. Time
runs as in pi0's code: t = 1 is noise, t = 0 is an action, and the velocity is noise - action; see
`trainers/reflow/flow.py`. The net is in `trainers/reflow/network.py`.

The teacher is made before the first step, from the seed alone, and stays as it is; `steps` counts
those of the student. Shapes: B samples, T steps of a chunk, D padded dimensions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
from ilsweep.trainers.training.lr_schedule import cosine, set_rates

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ilsweep.trainers.data.dataset import Demonstrations, Domain, Int
    from ilsweep.trainers.data.features import ControlMode
    from ilsweep.trainers.envs.contract import EnvironmentSpec
    from ilsweep.trainers.evaluation.probes import Sample
    from ilsweep.trainers.evaluation.rollout import RolloutResult
    from ilsweep.trainers.nets.preprocessing import Codec, Inputs
    from ilsweep.trainers.reflow.flow import Velocity
    from ilsweep.trainers.reflow.network import VelocityNet
    from ilsweep.trainers.reflow.policy import FlowPolicy

Dims = Literal["valid", "all"]
Target = Literal["teacher", "repadded"]

PI0 = "Black et al. 2024; openpi"


class ReflowConfig(TrainerConfig):
    """Parameters of reflow. The defaults are small enough for one core."""

    control: str | None = None
    """How the robot is commanded, by the names of the data: for aloha `joint` or `ee`; null for the
    first of them."""
    batch_size: int = param(32, gt=0, unit="samples")
    """Samples in one optimiser step, of the teacher and of the student."""
    lr: float = param(5e-4, gt=0)
    """Learning rate of the student at the start; it falls to zero over `steps` as a cosine."""
    grad_clip: float = param(1.0, gt=0, unit="L2 norm", source="openpi")
    """The gradient is scaled down to this norm where it is larger."""
    chunk_size: int = param(16, gt=0, unit="frames")
    """Actions predicted at once."""
    execute_steps: int = param(8, gt=0, unit="frames")
    """Actions of a chunk that are executed before the next is asked for."""
    padded_dim: int = param(32, gt=16, unit="dimensions", source=PI0)
    """Width of the flow; the dimensions beyond the robot's own (14, or 16) are padding."""

    target: Target = "teacher"
    """What the student learns to end at: the teacher's actions as they came out (`teacher`), or cut
    to the robot's dimensions and padded with zeros again (`repadded`)."""
    loss_dims: Dims = "all"
    """Dimensions that the student's loss is taken over."""
    noise_dims: Dims = "all"
    """Dimensions of the student's training that start from noise; the others start from zero."""
    infer_noise_dims: Dims = "all"
    """The same at test time; pi0 and SmolVLA draw noise in all."""
    student: Literal["teacher", "scratch"] = "teacher"
    """Weights that the student begins with: the teacher's, or those that the teacher began with."""
    euler_steps: int = param(10, gt=0, source=PI0)
    """Euler steps from noise to action at test time."""

    teacher_steps: int = param(1500, gt=0, unit="optimiser steps")
    """Length of the teacher's training, before the student's first step."""
    teacher_lr: float = param(1e-3, gt=0)
    """Learning rate of the teacher at the start; it falls to zero as a cosine."""
    teacher_loss_dims: Dims = "all"
    """Dimensions that the teacher's loss is taken over: all in openpi and in earlier versions of
    lerobot, the valid ones in later versions of lerobot."""
    teacher_euler_steps: int = param(10, gt=0, source=PI0)
    """Euler steps by which the teacher makes the actions of a pair."""
    teacher_rollouts: int = param(0, ge=0, unit="episodes", needs="environment")
    """Episodes of the teacher in the simulator, to compare with; `probe/teacher_pc_success`."""

    dim: int = param(64, gt=0, unit="channels")
    """Width of the transformer; divisible by 4 and by `heads`."""
    heads: int = param(4, gt=0)
    """Attention heads."""
    feedforward: int = param(128, gt=0, unit="channels")
    """Hidden width of the feed-forward nets."""
    layers: int = param(3, gt=0)
    """Layers of the transformer."""
    backbone_width: int = param(8, gt=0, unit="channels")
    """Channels of the ResNet-18's first stage, where images are seen; 64 is the original."""
    backbone_stride: Literal[8, 16, 32] = param(32, unit="pixels")
    """Pixels between the tokens of an image."""

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        for divisor, name in ((4, "4"), (self.heads, f"heads, {self.heads}")):
            if self.dim % divisor:
                raise ValueError(f"dim must be divisible by {name}; got {self.dim}")
        if self.execute_steps > self.chunk_size:
            raise ValueError(
                f"execute_steps must lie in 1..{self.chunk_size}, chunk_size; "
                f"got {self.execute_steps}"
            )
        return self


@dataclass(frozen=True)
class Pair:
    """Where paths begin and what they are to end at, (B, T, D) each."""

    noise: Tensor
    made: Tensor
    """What the teacher made of the noise."""
    target: Tensor
    """What the student is taught to make of it."""


class Reflow(Trainer):
    """Trains a teacher, then a student on the teacher's pairs, on the source domain of `data`."""

    Config: ClassVar[type[TrainerConfig]] = ReflowConfig
    config: ReflowConfig
    data: Demonstrations
    metrics_need: ClassVar[Mapping[str, str]] = {
        **OF_ROLLOUTS,
        "probe/teacher_pc_success": "teacher_rollouts",
    }
    metrics: ClassVar[Mapping[str, str]] = {
        "train/loss": "What the optimiser descends: squared velocity error over `loss_dims`.",
        "train/valid_error": "Squared velocity error over the robot's own dimensions.",
        "train/padding_error": "Squared velocity error over the padded dimensions.",
        "train/grad_norm": "L2 norm of the gradient before clipping.",
        "train/lr": "Learning rate.",
        "train/update_s": "Seconds of an optimiser step, its batch and its pairs included.",
        "train/dataloading_s": "Seconds that the batch took.",
        "eval/offline_eval/avg_l1": "L1 on held-out episodes, in spreads of the actions.",
        **EPISODE_METRICS,
        "probe/*": "See trainers/reflow/probes.py.",
    }

    def __init__(
        self, config: ReflowConfig, data: Demonstrations, *, seed: int, device: str = "cpu"
    ) -> None:
        super().__init__(config, data, seed=seed, device=device)
        import numpy as np

        from ilsweep.trainers.nets.preprocessing import Codec
        from ilsweep.trainers.nets.rng import RandomStream
        from ilsweep.trainers.reflow.flow import Padding

        self.rng = np.random.default_rng(seed)
        self.stream = RandomStream(seed, device)
        self.control: ControlMode = data.control(config.control)
        self.codec: Codec = Codec(data, self.control, device)
        self.padding = Padding(self.codec.action_dim, config.padded_dim)
        self.frames: Int = data.source.train_frames
        self.batch: int = config.batch_of(self.frames.size)
        self.step = 0
        self.net = self._new_net()
        self.optimizer = self._optimizer(self.net)
        self.teacher = self._new_net().requires_grad_(False)
        self.teacher_loss = math.nan
        """Mean loss over the last tenth of the teacher's steps; nan until there is a teacher."""

    def _new_net(self) -> VelocityNet:
        """The net with the weights that the seed decides."""
        from ilsweep.trainers.nets.rng import RandomStream
        from ilsweep.trainers.reflow.network import VelocityNet

        with RandomStream(self.seed):
            return VelocityNet(self.config, self.codec).to(self.device)

    def _optimizer(self, net: VelocityNet) -> torch.optim.Optimizer:
        import torch

        return torch.optim.AdamW(net.parameters(), weight_decay=0.0, fused=True)

    def teach(self) -> None:
        """Make the teacher, where there is none yet, by flow matching on the demonstrations.

        Its noise is in all dimensions and its actions are padded with zeros, as in openpi.
        """
        if not math.isnan(self.teacher_loss):
            return
        import numpy as np
        import torch

        from ilsweep.trainers.nets.rng import RandomStream

        config, rng = self.config, np.random.default_rng((self.seed, 1))
        stream = RandomStream(self.seed, self.device)
        optimizer = self._optimizer(self.teacher.requires_grad_(True))
        losses: list[Tensor] = []
        for step in range(config.teacher_steps):
            frames = rng.choice(self.frames, size=self.batch)
            with stream:
                loss = self._teacher_loss(frames)
            rate = config.teacher_lr * cosine(step, config.teacher_steps)
            self._descend(loss, self.teacher, optimizer, rate)
            losses.append(loss.detach())
        self.teacher.requires_grad_(False)
        self.teacher_loss = float(torch.stack(losses[-max(1, len(losses) // 10) :]).mean())
        if config.student == "teacher":
            self.net.load_state_dict(self.teacher.state_dict())

    def _teacher_loss(self, frames: Int) -> Tensor:
        """Of conditional flow matching; steps after an episode's end are neither seen nor counted.

        openpi, `Pi0.compute_loss`.
        """
        from ilsweep.trainers.reflow.flow import matching_errors, mean_over_steps

        inputs = self.inputs(self.data.source, frames)
        chunks = self.codec.chunks(self.data.source, frames, self.config.chunk_size)
        actions = self.padding.pad(chunks.actions.masked_fill(chunks.pad.unsqueeze(-1), 0.0))
        field = self.teacher.field(inputs, chunks.pad)
        errors = matching_errors(field, self.noise("all", len(frames)), actions, self.times(frames))
        return mean_over_steps(
            errors[..., self.padding.dims(self.config.teacher_loss_dims)], chunks.pad
        )

    def train_step(self) -> Mapping[str, Any]:
        self.teach()
        begin = time.perf_counter()
        frames = self.rng.choice(self.frames, size=self.batch)
        inputs = self.inputs(self.data.source, frames)
        loaded = time.perf_counter()
        with self.stream:
            pair = self.pair(inputs, self.noise(self.config.noise_dims, self.batch))
            loss, parts = self.loss(self.net.field(inputs), pair, self.times(frames))
        rate = self.config.lr * cosine(self.step, self.config.steps)
        norm = self._descend(loss, self.net, self.optimizer, rate)
        self.step += 1
        return {
            "train/loss": loss.detach(),
            **parts,
            "train/grad_norm": norm,
            "train/lr": rate,
            "train/update_s": time.perf_counter() - begin,
            "train/dataloading_s": loaded - begin,
        }

    def _descend(
        self, loss: Tensor, net: VelocityNet, optimizer: torch.optim.Optimizer, rate: float
    ) -> Tensor:
        """One optimiser step at a learning rate; the gradient's norm before clipping."""
        import torch

        optimizer.zero_grad()
        torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), self.config.grad_clip)
        set_rates(optimizer, 1.0, (rate,))
        optimizer.step()
        return norm

    def inputs(self, domain: Domain, frames: Int) -> Inputs:
        """Standardised observations of some frames."""
        return self.codec.inputs(self.data.observe(domain, frames), "imagenet")

    def noise(self, dims: Dims, samples: int, generator: torch.Generator | None = None) -> Tensor:
        """Where paths begin, (B, T, D); drawn on the CPU, the same on every device."""
        drawn = self.padding.noise(dims, samples, self.config.chunk_size, generator)
        return drawn.to(self.codec.device)

    def times(self, frames: Int, generator: torch.Generator | None = None) -> Tensor:
        """A time in the flow for each frame, (B,)."""
        from ilsweep.trainers.reflow.flow import sample_times

        return sample_times(len(frames), generator).to(self.codec.device)

    def pair(self, inputs: Inputs, noise: Tensor) -> Pair:
        """What the teacher makes of noise, and what becomes of that before the student sees it."""
        import torch

        from ilsweep.trainers.reflow.flow import integrate

        with torch.no_grad():
            made = integrate(self.teacher.field(inputs), noise, self.config.teacher_euler_steps)
        target = made
        if self.config.target == "repadded":
            target = self.padding.pad(self.padding.unpad(made))
        return Pair(noise, made, target)

    def loss(self, velocity: Velocity, pair: Pair, t: Tensor) -> tuple[Tensor, dict[str, Any]]:
        """The student's loss and its two halves (Liu et al. 2022, equation 1)."""
        from ilsweep.trainers.reflow.flow import matching_errors

        errors = matching_errors(velocity, pair.noise, pair.target, t)
        parts = {
            "train/valid_error": self.padding.unpad(errors).detach().mean(),
            "train/padding_error": errors[..., self.padding.padded].detach().mean(),
        }
        return errors[..., self.padding.dims(self.config.loss_dims)].mean(), parts

    def evaluate(self) -> Metrics:
        self.teach()
        held_out = self.held_out()
        predicted = self.policy().predict(held_out.observation)
        return {"eval/offline_eval/avg_l1": held_out.error(predicted)}

    def finish(self) -> Metrics:
        from ilsweep.trainers.evaluation.closed_loop import closed_loop

        self.teach()
        return closed_loop(self.data, self.config, partial(self.roll_out, self.policy()))

    def probe(self) -> Metrics:
        from ilsweep.trainers.reflow.probes import probe_reflow

        self.teach()
        return probe_reflow(self)

    def policy(self) -> FlowPolicy:
        """What the student does now, at test time; it follows the net as that learns on."""
        return self._policy(self.net, self.config.euler_steps)

    def teacher_policy(self) -> FlowPolicy:
        """What the teacher does at test time, from the student's noise."""
        return self._policy(self.teacher, self.config.teacher_euler_steps)

    def _policy(self, net: VelocityNet, steps: int) -> FlowPolicy:
        from ilsweep.trainers.reflow.policy import FlowPolicy

        return FlowPolicy(net, self.codec, self.padding, self.config.infer_noise_dims, steps)

    def held_out(self) -> Sample:
        """The held-out frames that evaluation and probes look at."""
        from ilsweep.trainers.evaluation.probes import Sample

        return Sample.held_out(self.data, self.data.source, self.config.chunk_size, self.control)

    def solve(self, seeds: Sequence[int]) -> Mapping[int, bool]:
        return self.roll_out(self.policy(), seeds).solved

    def replay_actions(self, episode: int) -> Any:
        return self.codec.round_trip(self.data.source, episode, self.config.chunk_size)

    def roll_out(
        self,
        policy: FlowPolicy,
        episodes: int | Sequence[int],
        world: EnvironmentSpec | None = None,
    ) -> RolloutResult:
        """Evaluation episodes, or those of given seeds, in the data's environment or another,
        `execute_steps` of each chunk executed."""
        from ilsweep.trainers.evaluation.rollout import OpenLoop
        from ilsweep.trainers.evaluation.success import run_episodes

        strategy = OpenLoop(self.config.execute_steps)
        return run_episodes(
            policy,
            world or self.data.environment,
            episodes,
            strategy,
            control=self.control.name,
            success=self.config.success,
        )

    def state_dict(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "teacher": self.teacher.state_dict(),
            "teacher_loss": self.teacher_loss,
            "stream": self.stream.state_dict(),
            "rng": self.rng.bit_generator.state,
            "step": self.step,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.teacher.load_state_dict(state["teacher"])
        self.teacher_loss = float(state["teacher_loss"])
        self.stream.load_state_dict(state["stream"])
        self.rng.bit_generator.state = state["rng"]
        self.step = int(state["step"])
