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
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.data.dataset import Demonstrations, Float, Int
from ilsweep.trainers.evaluation.rollout import ActionExecution, OpenLoop
from ilsweep.trainers.nets.augment import augmented
from ilsweep.trainers.nets.device import on_device
from ilsweep.trainers.nets.preprocessing import Inputs, Preprocessor
from ilsweep.trainers.nets.rng import RandomStream
from ilsweep.trainers.reflow.config import ReflowConfig, ReflowSpec
from ilsweep.trainers.reflow.flow import Padding, matching_errors, sample_times
from ilsweep.trainers.reflow.network import VelocityNet
from ilsweep.trainers.reflow.policy import FlowPolicy
from ilsweep.trainers.reflow.probes import probe_reflow
from ilsweep.trainers.reflow.rectify import Rectify
from ilsweep.trainers.reflow.teacher import Teacher, teacher_of
from ilsweep.trainers.training.losses import mean_over_steps
from ilsweep.trainers.training.lr_schedule import cosine
from ilsweep.trainers.training.supervised import SupervisedTrainer, descend


class Reflow(ReflowSpec, SupervisedTrainer[ReflowConfig, VelocityNet, Inputs]):
    """Trains a teacher, then a student on the teacher's pairs, on the source domain of `data`."""

    def __init__(
        self, config: ReflowConfig, data: Demonstrations, *, seed: int, device: str = "cpu"
    ) -> None:
        super().__init__(config, data, seed=seed, device=device, control=config.control)
        self.preprocessor = Preprocessor(
            data, self.control, device, config.action_representation, config.chunk_size
        )
        self.padding = Padding(self.preprocessor.action_dim, config.padded_dim)
        self.net = self.new_net(seed)
        self.average = self.averaged()
        self.optimizer = _optimizer(self.net)
        self.teacher = self.new_net(seed).requires_grad_(False)
        self.teacher_loss = math.nan
        """Mean loss over the last tenth of the teacher's steps; nan until there is a teacher."""
        self.rectify = Rectify(config, self.padding, self.teacher, self.preprocessor.device)

    def new_net(self, seed: int) -> VelocityNet:
        with RandomStream(seed):
            return VelocityNet(self.config, self.preprocessor).to(self.device)

    @property
    def chunk_size(self) -> int:
        return self.config.chunk_size

    @property
    def max_grad_norm(self) -> float | None:
        return self.config.grad_clip

    def rate_factor(self) -> float:
        return cosine(self.step, self.config.steps)

    def teach(self) -> None:
        """Have a teacher, where there is none yet."""
        if not math.isnan(self.teacher_loss):
            return
        made = teacher_of(self.data, self.config, self.seed, self.device, self._new_teacher)
        self.teacher.load_state_dict(made.weights)
        self.teacher_loss = made.loss
        if self.config.student == "teacher":
            self.net.load_state_dict(made.weights)
            self.average = self.averaged()

    def _new_teacher(self) -> Teacher:
        """One made by flow matching on the demonstrations.

        Its noise is in all dimensions and its actions are padded with zeros, as in openpi.
        """
        config, rng = self.config, np.random.default_rng((self.seed, 1))
        stream = RandomStream(self.seed, self.device)
        optimizer = _optimizer(self.teacher.requires_grad_(True))
        losses: list[Tensor] = []
        for step in range(config.teacher_steps):
            frames = rng.choice(self.frames, size=self.batch)
            with stream, self.autocast():
                loss = self._teacher_loss(frames)
            rate = config.teacher_lr * cosine(step, config.teacher_steps)
            descend(loss, self.teacher, optimizer, [rate], config.grad_clip)
            losses.append(loss.detach())
        self.teacher.requires_grad_(False)
        last = torch.stack(losses[-max(1, len(losses) // 10) :])
        return Teacher(deepcopy(self.teacher.state_dict()), float(last.mean()))

    def _teacher_loss(self, frames: Int) -> Tensor:
        """Of conditional flow matching; steps after an episode's end are neither seen nor counted.

        openpi, `Pi0.compute_loss`.
        """
        inputs = augmented(self.inputs(frames), self.config.random_shift)
        chunks = self.preprocessor.chunks(self.data.source, frames, self.config.chunk_size)
        actions = self.padding.pad(chunks.actions.masked_fill(chunks.pad.unsqueeze(-1), 0.0))
        field = self.teacher.field(inputs, chunks.pad)
        noise = self.rectify.noise("all", len(frames))
        times = on_device(sample_times(len(frames)), noise.device)
        errors = matching_errors(field, noise, actions, times)
        return mean_over_steps(
            errors[..., self.padding.dims(self.config.teacher_loss_dims)], chunks.pad
        )

    def inputs(self, frames: Int) -> Inputs:
        """Standardised observations of some frames of the source."""
        return self.preprocessor.inputs(self.data.observe(self.data.source, frames), "imagenet")

    def sample(self) -> Inputs:
        return self.inputs(self.rng.choice(self.frames, size=self.batch))

    def loss(self, batch: Inputs) -> tuple[Tensor, dict[str, Any]]:
        noise = self.rectify.noise(self.config.noise_dims, self.batch)
        seen = augmented(batch, self.config.random_shift)
        pair = self.rectify.pair(seen, noise)
        times = on_device(sample_times(self.batch), noise.device)
        return self.rectify.loss(self.net.field(seen), pair, times)

    def train_step(self) -> Mapping[str, Any]:
        self.teach()
        return super().train_step()

    def evaluate(self) -> Metrics:
        self.teach()
        return super().evaluate()

    def finish(self) -> Metrics:
        self.teach()
        return super().finish()

    def probe(self) -> Metrics:
        self.teach()
        teacher = self._policy(self.teacher, self.config.teacher_euler_steps)
        return probe_reflow(
            self, self.policy(), teacher, self.rectify, self.inputs, self.teacher_loss
        )

    def policy(self) -> FlowPolicy:
        """What the student does now, at test time; it follows the net as that learns on."""
        return self._policy(self.acting, self.config.euler_steps)

    def _policy(self, net: VelocityNet, steps: int) -> FlowPolicy:
        return FlowPolicy(net, self.preprocessor, self.padding, self.config.infer_noise_dims, steps)

    def replay_actions(self, episode: int) -> Float:
        return self.preprocessor.round_trip(self.data.source, episode, self.config.chunk_size)

    def execution(self) -> ActionExecution:
        return OpenLoop(self.config.execute_steps)

    def state_dict(self) -> dict[str, Any]:
        return {
            **super().state_dict(),
            "teacher": self.teacher.state_dict(),
            "teacher_loss": self.teacher_loss,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        self.teacher.load_state_dict(state["teacher"])
        self.teacher_loss = float(state["teacher_loss"])


def _optimizer(net: VelocityNet) -> torch.optim.Optimizer:
    return torch.optim.AdamW(net.parameters(), weight_decay=0.0, fused=True)
