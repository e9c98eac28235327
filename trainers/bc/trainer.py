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

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import model_validator

from ilsweep.trainers.act.trainer import ImageNorm
from ilsweep.trainers.core.contract import OF_ROLLOUTS, Metrics, Trainer, TrainerConfig, param
from ilsweep.trainers.training.lr_schedule import cosine, parameter_groups, set_rates

if TYPE_CHECKING:
    from torch import Tensor

    from ilsweep.trainers.bc.network import Box, Gaussian, GaussianActor, Terms
    from ilsweep.trainers.bc.policy import GaussianPolicy
    from ilsweep.trainers.bc.samples import Draw, Sampler, Table
    from ilsweep.trainers.data.dataset import Demonstrations, Int
    from ilsweep.trainers.data.features import ControlMode
    from ilsweep.trainers.evaluation.probes import Sample
    from ilsweep.trainers.evaluation.rollout import RolloutResult

HIL_SERL = "HIL-SERL, code"
Sampling = Literal["uniform", "distinct", "error"]


class BCConfig(TrainerConfig):
    """Parameters of behaviour cloning."""

    control: str | None = None
    """How the robot is commanded, by the names of the data: for aloha `joint` or `ee`; null for the
    first of them."""
    batch_size: int = param(256, gt=0, unit="samples", source=HIL_SERL)
    """Samples in one optimiser step."""
    lr: float = param(3e-4, gt=0, source=HIL_SERL)
    """Learning rate of everything but the visual backbone."""
    lr_backbone: float = param(3e-4, ge=0)
    """Learning rate of the visual backbone; 0 freezes it, as HIL-SERL does with its own."""
    lr_schedule: Literal["constant", "cosine", "step"] = "constant"
    """`cosine` lowers the rates to zero over `steps`; `step` multiplies them once by
    `lr_step_factor`; HIL-SERL's is `constant`."""
    lr_step_at: float = param(0.5, ge=0, le=1, unit="share of `steps`")
    """Where `step` changes the rates."""
    lr_step_factor: float = param(0.1, gt=0)
    """What `step` multiplies the rates by."""
    warmup_steps: int = param(0, ge=0, unit="optimiser steps")
    """The rates rise in a straight line over so many steps, whatever the schedule."""
    sampling: Sampling = param("uniform", source=HIL_SERL)
    """`uniform` draws with replacement. `distinct` draws no transition twice, so that a
    `batch_fraction` of 1 is the whole training set at every step. `error` draws a transition in
    proportion to the error that it had when it was last drawn, and weighs its loss by the inverse,
    so that the objective stays the same."""
    hidden_dims: tuple[int, ...] = param((256, 256), min_length=1, unit="channels")
    """Widths of the perceptron's layers; HIL-SERL has three of 512."""
    dropout: float = param(0.0, ge=0, lt=1)
    """Dropout in the perceptron; 0.25 in HIL-SERL."""
    std_parameterization: Literal["exp", "softplus", "uniform", "fixed"] = param(
        "exp", source=HIL_SERL
    )
    """How the standard deviation is made: exp or softplus of a head that sees the observation, one
    learned value for each dimension, or `fixed_std`."""
    std_min: float = param(1e-5, gt=0, unit="spreads of the actions", source=HIL_SERL)
    """Smallest standard deviation; below it the head has no gradient."""
    std_max: float = param(5.0, gt=0, unit="spreads of the actions", source=HIL_SERL)
    """Largest standard deviation."""
    fixed_std: float = param(0.1, gt=0, unit="spreads of the actions")
    """The standard deviation where it is `fixed`."""
    squash: bool = param(False, source=HIL_SERL)
    """Whether a tanh keeps the actions within their range in training."""
    image_norm: ImageNorm = "imagenet"
    """How images are normalised: by ImageNet's moments, to 0..1, or not at all (0..255)."""
    image_dim: int = param(64, gt=0, unit="channels")
    """Width of the images' embedding; 256 in HIL-SERL."""
    backbone_width: int = param(8, gt=0, unit="channels")
    """Channels of the ResNet-18's first stage; 64 is the original."""
    backbone_stride: Literal[8, 16, 32] = param(32, unit="pixels")
    """Pixels between the places of an image's map."""
    replays: int = param(1, ge=0, unit="demonstrations", needs="seeds")
    """Training demonstrations that the policy has to reproduce in the simulator at the end."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.std_min >= self.std_max:
            raise ValueError(f"std_min must lie below std_max, {self.std_max}; got {self.std_min}")
        return self


class BC(Trainer):
    """Trains a Gaussian actor on the source domain of `data`."""

    Config: ClassVar[type[TrainerConfig]] = BCConfig
    config: BCConfig
    data: Demonstrations
    metrics_need: ClassVar[Mapping[str, str]] = OF_ROLLOUTS
    metrics: ClassVar[Mapping[str, str]] = {
        "train/loss": "What the optimiser descends.",
        "bc/actor_loss": "Negative log-likelihood of standardised actions, nats, mean of a batch.",
        "bc/total_loss": "The same, weighted where hard samples are drawn more often; descended.",
        "bc/mse": "Squared error of the mean action, summed over its dimensions, physical units.",
        "bc/normalized_mse": "Squared error over the actions' variance, mean over dimensions.",
        "bc/log_std": "Part of the loss: sum over dimensions of the log standard deviation, nats.",
        "bc/residual": "Part of the loss: half the squared error in predicted deviations, nats.",
        "bc/min_std": "Smallest predicted standard deviation of a batch, in spreads.",
        "bc/batch_spread": "Standard deviation of the loss over the samples of a batch, nats.",
        "bc/batch_coverage": "Share of the training transitions that a batch holds.",
        "bc/test_nll": "Negative log-likelihood of held-out actions, nats.",
        "bc/test_mse": "Squared error on held-out episodes, as `bc/mse`.",
        "bc/test_normalized_mse": "Squared error on held-out episodes, as `bc/normalized_mse`.",
        "train/grad_norm": "L2 norm of the gradient.",
        "train/lr": "Learning rate.",
        "train/update_s": "Seconds of an optimiser step, its batch included.",
        "train/dataloading_s": "Seconds that the batch took.",
        "eval/offline_eval/avg_l1": "L1 on held-out episodes, in spreads.",
        "eval/pc_success": "Successful episodes in the simulator, 0 to 100.",
        "eval/n_episodes": "Episodes that it is a share of.",
        "eval/avg_max_reward": "Mean over episodes of the highest reward, 0 to 4.",
        "eval/episode/*": "1 for a success, by evaluation seed.",
        "probe/*": "See trainers/evaluation/probes.py and trainers/bc/probes.py.",
    }

    def __init__(
        self, config: BCConfig, data: Demonstrations, *, seed: int, device: str = "cpu"
    ) -> None:
        super().__init__(config, data, seed=seed, device=device)
        import numpy as np
        import torch

        from ilsweep.trainers.bc.samples import Sampler, Table
        from ilsweep.trainers.nets.preprocessing import Codec
        from ilsweep.trainers.nets.rng import RandomStream

        self.rng = np.random.default_rng(seed)
        self.stream = RandomStream(seed, device)
        self.control: ControlMode = data.control(config.control)
        self.codec: Codec = Codec(data, self.control, device)
        self.first_seed = seed
        self.step = 0
        self.net: GaussianActor = self.new_net(seed)
        self.frames: Int = data.source.train_frames
        self.batch: int = config.batch_of(self.frames.size)
        self.table: Table = Table(data, self.codec, self.frames, config.image_norm)
        self.sampler: Sampler = Sampler(self.frames.size, config.sampling)
        spread = torch.from_numpy(data.statistics(self.control.action.key).std)
        self.variance: Tensor = spread.square().to(device)
        """(A,) of the demonstrated actions."""
        self.history: list[Tensor] = []
        """(2,) a step: `bc/actor_loss` and `bc/normalized_mse`."""
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(
            parameter_groups(self.net, config.lr, config.lr_backbone), fused=True
        )

    def new_net(self, seed: int) -> GaussianActor:
        """The net with the weights that training with `seed` begins with."""
        from ilsweep.trainers.bc.network import GaussianActor
        from ilsweep.trainers.nets.rng import RandomStream

        with RandomStream(seed):
            box = self._box() if self.config.squash else None
            size = self.data.image_size
            return GaussianActor(self.config, self.codec, size, box).to(self.device)

    def _box(self) -> Box:
        """The range of the standardised training actions, at least a deviation either way, so that
        a dimension that never moves has one."""
        import torch

        from ilsweep.trainers.bc.network import Box

        seen = self.data.statistics(self.control.action.key)
        ends = [torch.from_numpy((end - seen.mean) / seen.std) for end in (seen.min, seen.max)]
        low, high = (end.to(self.device) for end in ends)
        middle, half = (low + high) / 2, ((high - low) / 2).clamp(min=1.0)
        return Box(middle - half, middle + half)

    def train_step(self) -> Mapping[str, Any]:
        import torch

        begin = time.perf_counter()
        draw = self.sampler.draw(self.rng, self.batch)
        inputs, actions = self.table.rows(draw.rows)
        loaded = time.perf_counter()
        with self.stream:
            predicted = self.net(inputs)
            terms = predicted.terms(actions)
            loss = self._weighted(terms.nll, draw)
            self.optimizer.zero_grad()
            torch.autograd.backward(loss)
        lr = self._set_rates()
        norm = torch.nn.utils.get_total_norm(
            [p.grad for p in self.net.parameters() if p.grad is not None]
        )
        self.optimizer.step()
        self.step += 1
        return {
            "train/loss": loss.detach(),
            "bc/total_loss": loss.detach(),
            **self._seen(draw, predicted, terms, actions),
            "train/grad_norm": norm,
            "train/lr": lr,
            "train/update_s": time.perf_counter() - begin,
            "train/dataloading_s": loaded - begin,
        }

    def _weighted(self, nll: Tensor, draw: Draw) -> Tensor:
        """The mean of a batch's losses (B,), each by its weight."""
        import torch

        if draw.weights is None:
            return nll.mean()
        return (torch.from_numpy(draw.weights).to(nll) * nll).mean()

    def _seen(
        self, draw: Draw, predicted: Gaussian, terms: Terms, actions: Tensor
    ) -> dict[str, Any]:
        """What a batch showed before its step was taken; kept for the sampler and the probes."""
        import numpy as np
        import torch

        with torch.no_grad():
            nll, error = terms.nll, predicted.mode() - actions
            square = error.square()
            self.sampler.note(draw.rows, error.abs().mean(dim=-1))
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
        return {**found, "bc/batch_coverage": np.unique(draw.rows).size / self.frames.size}

    def _set_rates(self) -> float:
        """Both learning rates of this step, from the configuration alone; the main one."""
        share = rate_share(self.config, self.step)
        set_rates(self.optimizer, share, (self.config.lr, self.config.lr_backbone))
        return share * self.config.lr

    def evaluate(self) -> Metrics:
        held_out = self.sample(self.data.source.heldout_frames)
        policy = self.policy()
        predicted = policy.predict(held_out.observation)
        square = ((predicted - held_out.actions)[:, 0] / held_out.spread) ** 2  # (B, A)
        chunks = self.codec.chunks(self.data.source, held_out.frames, 1)
        return {
            "eval/offline_eval/avg_l1": held_out.error(predicted),
            "bc/test_nll": float(policy.nll(held_out.observation, chunks.actions[:, 0]).mean()),
            "bc/test_mse": float((square @ self.variance.cpu().numpy()).mean()),
            "bc/test_normalized_mse": float(square.mean()),
        }

    def finish(self) -> Metrics:
        from ilsweep.trainers.evaluation.success import success_metrics

        return success_metrics(self.roll_out(self.config.rollouts))

    def probe(self) -> Metrics:
        from ilsweep.trainers.bc.probes import probe_bc

        return probe_bc(self)

    def solve(self, seeds: Sequence[int]) -> Mapping[int, bool]:
        return self.roll_out(seeds).solved

    def policy(self) -> GaussianPolicy:
        """What the net does now, at test time; it follows the net as that learns on."""
        from ilsweep.trainers.bc.policy import GaussianPolicy

        return GaussianPolicy(self.net, self.codec, self.config.image_norm)

    def sample(self, frames: Int) -> Sample:
        """At most `EVAL_FRAMES` of some frames, evenly spaced, that evaluation and probes see."""
        from ilsweep.trainers.evaluation.probes import Sample

        return Sample.spaced(self.data, self.data.source, frames, 1, self.control)

    def roll_out(self, episodes: int | Sequence[int]) -> RolloutResult:
        """Evaluation episodes, or those of given seeds, one action at a time."""
        from ilsweep.trainers.act.policy import inference
        from ilsweep.trainers.evaluation.rollout import OpenLoop
        from ilsweep.trainers.evaluation.success import run_episodes

        control = self.control.name
        with inference(self.net):
            return run_episodes(
                self.policy(), self.data.environment, episodes, OpenLoop(1), control=control
            )

    def state_dict(self) -> dict[str, Any]:
        import torch

        history = torch.stack(self.history) if self.history else torch.zeros(0, 2)
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "stream": self.stream.state_dict(),
            "rng": self.rng.bit_generator.state,
            "sampler": self.sampler.state_dict(),
            "history": history,
            "first_seed": self.first_seed,
            "step": self.step,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.stream.load_state_dict(state["stream"])
        self.rng.bit_generator.state = state["rng"]
        self.sampler.load_state_dict(state["sampler"])
        self.history = list(state["history"].to(self.device).unbind())
        self.first_seed = int(state["first_seed"])
        self.step = int(state["step"])


def rate_share(config: BCConfig, step: int) -> float:
    """The learning rate of a step (counted from 0) as a share of the configured one."""
    warm = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    if config.lr_schedule == "cosine":
        return warm * cosine(step, config.steps)
    if config.lr_schedule == "step" and step >= config.lr_step_at * config.steps:
        return warm * config.lr_step_factor
    return warm
