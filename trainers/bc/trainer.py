"""Behaviour cloning with a Gaussian actor, after SERL and HIL-SERL (arXiv 2401.16013, 2410.21845).

One action at a time; the loss is the negative log-likelihood of the demonstrated action. The actor
is `trainers/bc/network.py`: not squashed by default, its standard deviation the exponential of a
head and clipped to [1e-5, 5] (log-std -11.5 to 1.61), as HIL-SERL sets it. Here the actions are
standardised, where HIL-SERL's lie in (-1, 1) by construction.

`data.episodes: 2` is one demonstration to learn from and one held out; `data.rate_hz: 50` gives
about 400 transitions a demonstration.

Shapes: N training transitions, B samples, A action dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ilsweep.trainers.bc.config import BCConfig, BCSpec
from ilsweep.trainers.bc.network import Box, Gaussian, GaussianActor, Terms
from ilsweep.trainers.bc.policy import GaussianPolicy
from ilsweep.trainers.bc.probes import probe_bc
from ilsweep.trainers.bc.samples import BatchDraw, Sampler, TransitionTable
from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.data.dataset import Demonstrations, Float
from ilsweep.trainers.evaluation.rollout import ActionExecution, OpenLoop
from ilsweep.trainers.nets.augment import augmented
from ilsweep.trainers.nets.device import on_device
from ilsweep.trainers.nets.preprocessing import Inputs, Preprocessor
from ilsweep.trainers.nets.rng import RandomStream
from ilsweep.trainers.training.lr_schedule import cosine, parameter_groups
from ilsweep.trainers.training.supervised import SupervisedTrainer


@dataclass(frozen=True)
class Transitions:
    """What one optimiser step sees."""

    draw: BatchDraw
    inputs: Inputs
    actions: Tensor
    """(B, A), standardised."""


class BC(BCSpec, SupervisedTrainer[BCConfig, GaussianActor, Transitions]):
    """Trains a Gaussian actor on the source domain of `data`."""

    def __init__(
        self, config: BCConfig, data: Demonstrations, *, seed: int, device: str = "cpu"
    ) -> None:
        super().__init__(config, data, seed=seed, device=device, control=config.control)
        self.preprocessor = Preprocessor(data, self.control, device, config.action_representation)
        self.net = self.new_net(seed)
        self.average = self.averaged()
        self.table = TransitionTable(data, self.preprocessor, self.frames, config.image_norm)
        self.sampler = Sampler(self.frames.size, config.sampling)
        target_std = torch.from_numpy(self.preprocessor.targets.std)
        self.variance: Tensor = target_std.square().to(device)
        """(A,) of what the net is to predict of the demonstrated actions."""
        self.history: list[Tensor] = []
        """(2,) a step: `bc/actor_loss` and `bc/normalized_mse`."""
        self.optimizer = torch.optim.Adam(
            parameter_groups(self.net, config.lr, config.lr_backbone), fused=True
        )

    def new_net(self, seed: int) -> GaussianActor:
        with RandomStream(seed):
            box = self._box() if self.config.squash else None
            size = self.data.image_size
            return GaussianActor(self.config, self.preprocessor, size, box).to(self.device)

    def _box(self) -> Box:
        """The range of the standardised training actions.

        At least a deviation either way, so that a dimension that never moves has one.
        """
        seen = self.preprocessor.targets
        ends = [torch.from_numpy((end - seen.mean) / seen.std) for end in (seen.min, seen.max)]
        low, high = (end.to(self.device) for end in ends)
        middle, half = (low + high) / 2, ((high - low) / 2).clamp(min=1.0)
        return Box(middle - half, middle + half)

    @property
    def chunk_size(self) -> int:
        return 1

    @property
    def base_rates(self) -> tuple[float, ...]:
        return self.config.lr, self.config.lr_backbone

    def rate_factor(self) -> float:
        return rate_factor(self.config, self.step)

    def sample(self) -> Transitions:
        draw = self.sampler.draw(self.rng, self.batch)
        return Transitions(draw, *self.table.rows(draw.rows))

    def loss(self, batch: Transitions) -> tuple[Tensor, dict[str, Any]]:
        predicted = self.net(augmented(batch.inputs, self.config.random_shift))
        terms = predicted.terms(batch.actions)
        loss = _weighted(terms.nll, batch.draw)
        parts = self._parts(batch, predicted, terms)
        return loss, {"bc/total_loss": loss.detach(), **parts}

    @torch.no_grad()
    def _parts(self, batch: Transitions, predicted: Gaussian, terms: Terms) -> dict[str, Any]:
        """What a batch shows before its step is taken; kept for the sampler and the probes."""
        rows, nll = batch.draw.rows, terms.nll
        error = predicted.mode() - batch.actions
        square = error.square()
        self.sampler.note(rows, error.abs().mean(dim=-1))
        found = {
            "bc/actor_loss": nll.mean(),
            "bc/mse": (square @ self.variance).mean(),
            "bc/normalized_mse": square.mean(),
            "bc/log_std": terms.log_std.mean(),
            "bc/residual": terms.residual.mean(),
            "bc/min_std": predicted.std.min(),
            "bc/batch_spread": nll.std(correction=0),
        }
        self.history.append(torch.stack((found["bc/actor_loss"], found["bc/normalized_mse"])))
        return {**found, "bc/batch_coverage": np.unique(rows).size / self.frames.size}

    def evaluate(self) -> Metrics:
        held_out, policy = self.held_out(), self.policy()
        predicted = policy.predict(held_out.observation)
        missed = (predicted - held_out.actions)[:, 0]  # the same however actions are represented
        square = (missed / self.preprocessor.targets.std) ** 2  # (B, A)
        chunks = self.preprocessor.chunks(self.data.source, held_out.frames, 1)
        return {
            "eval/offline_eval/avg_l1": held_out.error(predicted),
            "bc/test_nll": float(policy.nll(held_out.observation, chunks.actions[:, 0]).mean()),
            "bc/test_mse": float((square @ self.variance.cpu().numpy()).mean()),
            "bc/test_normalized_mse": float(square.mean()),
        }

    def policy(self) -> GaussianPolicy:
        return GaussianPolicy(self.acting, self.preprocessor, self.config.image_norm)

    def replay_actions(self, episode: int) -> Float:
        domain, box = self.data.source, self.net.box
        if box is None:
            return self.preprocessor.round_trip(domain, episode, 1)
        frames = domain.frames_of(np.array([episode]))
        boxed = box.outside(box.inside(self.preprocessor.chunks(domain, frames, 1).actions))
        made = self.preprocessor.physical(boxed, self.preprocessor.states(domain, frames))
        executed: Float = made[:, 0].cpu().numpy()
        return executed

    def execution(self) -> ActionExecution:
        return OpenLoop(1)

    def probe(self) -> Metrics:
        return probe_bc(self, self.policy(), self.sampler, self.history)

    def state_dict(self) -> dict[str, Any]:
        history = torch.stack(self.history) if self.history else torch.zeros(0, 2)
        return {**super().state_dict(), "sampler": self.sampler.state_dict(), "history": history}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        self.sampler.load_state_dict(state["sampler"])
        self.history = list(state["history"].to(self.device).unbind())


def _weighted(nll: Tensor, draw: BatchDraw) -> Tensor:
    """The mean of a batch's losses (B,), each by its weight."""
    if draw.weights is None:
        return nll.mean()
    return (on_device(draw.weights, nll.device) * nll).mean()


def rate_factor(config: BCConfig, step: int) -> float:
    """What the learning rates are multiplied by at a step, counted from 0."""
    warm = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    if config.lr_schedule == "cosine":
        return warm * cosine(step, config.steps)
    if config.lr_schedule == "step" and step >= config.lr_step_at * config.steps:
        return warm * config.lr_step_factor
    return warm
