"""The training loop of imitation learning from demonstrations, which every ready trainer fills in.

A trainer says what a batch is (`sample`), what its loss is (`loss`), how the learning rates go
(`rate_factor`), and how the net acts (`policy`, `execution`). The loop does all else: times, the
optimiser, the metrics of a step, held-out error, episodes, and the state of a checkpoint.

Within `stream` torch's global generators are the trainer's own.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from ilsweep.trainers.core.contract import Metrics, Trainer
from ilsweep.trainers.core.environment import EnvironmentSpec
from ilsweep.trainers.core.episode import Episode
from ilsweep.trainers.data.dataset import Demonstrations, Domain, Int
from ilsweep.trainers.data.features import ControlMode
from ilsweep.trainers.data.source import Variant
from ilsweep.trainers.evaluation.closed_loop import closed_loop
from ilsweep.trainers.evaluation.episodes import EpisodeLog
from ilsweep.trainers.evaluation.predictions import predictions
from ilsweep.trainers.evaluation.probes import Sample
from ilsweep.trainers.evaluation.rollout import ActionExecution, RolloutResult
from ilsweep.trainers.evaluation.success import run_episodes
from ilsweep.trainers.nets.inference import NetPolicy, inference
from ilsweep.trainers.nets.moving_average import MovingAverage
from ilsweep.trainers.nets.rng import RandomStream
from ilsweep.trainers.training.config import SupervisedConfig

Config = TypeVar("Config", bound=SupervisedConfig)
Net = TypeVar("Net", bound=nn.Module)
Batch = TypeVar("Batch")


class SupervisedTrainer(Trainer, Generic[Config, Net, Batch]):
    """Descends a loss on batches of demonstrations, one optimiser step at a time.

    A subclass makes `net`, `average` and `optimizer`, whose parameter groups hold the rates of the
    configuration.
    """

    resume_only: ClassVar[tuple[str, ...]] = ("optimizer",)
    config: Config
    data: Demonstrations
    net: Net
    average: MovingAverage[Net] | None
    """Of the net's weights, where `ema_decay` is above 0."""
    optimizer: torch.optim.Optimizer

    def __init__(
        self,
        config: Config,
        data: Demonstrations,
        *,
        seed: int,
        device: str = "cpu",
        control: str | None = None,
    ) -> None:
        super().__init__(config, data, seed=seed, device=device)
        self.rng = np.random.default_rng(seed)
        self.stream = RandomStream(seed, device)
        self.control: ControlMode = data.control(control)
        self.frames: Int = data.source.train_frames
        self.batch: int = config.batch_of(self.frames.size)
        self.first_seed = seed
        self.log = EpisodeLog(data, config.success)
        self.step = 0

    @abstractmethod
    def new_net(self, seed: int) -> Net:
        """The net with the weights that training with `seed` begins with."""

    @abstractmethod
    def sample(self) -> Batch:
        """The batch of the next step, drawn with `rng`."""

    @abstractmethod
    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Any]]:
        """What the optimiser descends, and metrics of the step by name."""

    @abstractmethod
    def rate_factor(self) -> float:
        """What the learning rates of the configuration are multiplied by at this step."""

    @abstractmethod
    def policy(self) -> NetPolicy[Any, Any]:
        """What the acting net does now, at test time; it follows the net as that learns on."""

    @abstractmethod
    def execution(self) -> ActionExecution:
        """Which of the predicted actions are executed."""

    @property
    @abstractmethod
    def chunk_size(self) -> int:
        """Actions predicted at once."""

    @property
    def max_grad_norm(self) -> float | None:
        """The gradient is scaled down to this L2 norm; None leaves it as it is."""
        return None

    def averaged(self) -> MovingAverage[Net] | None:
        """An average that begins with the net as it is now; None where there is to be none."""
        decay = self.config.ema_decay
        return MovingAverage(self.net, decay) if decay else None

    @property
    def acting(self) -> Net:
        """The net that acts and is judged: the averaged one, where there is one."""
        return self.average.net if self.average else self.net

    def autocast(self) -> torch.autocast:
        """A context in which losses are computed in the configuration's precision."""
        kind = torch.device(self.device).type
        return torch.autocast(kind, torch.bfloat16, enabled=self.config.precision == "bf16")

    def train_step(self) -> Mapping[str, Any]:
        begin = time.perf_counter()
        batch = self.sample()
        loaded = time.perf_counter()
        with self.stream, self.autocast():
            loss, parts = self.loss(batch)
        factor = self.rate_factor()
        rates = [factor * rate for rate in self.base_rates]
        norm = descend(loss, self.net, self.optimizer, rates, self.max_grad_norm)
        self.step += 1
        if self.average:
            self.average.update(self.net, self.step)
        return {
            "train/loss": loss.detach(),
            **parts,
            "train/grad_norm": norm,
            "train/lr": rates[0],
            "train/update_s": time.perf_counter() - begin,
            "train/dataloading_s": loaded - begin,
        }

    @property
    def base_rates(self) -> tuple[float, ...]:
        """Learning rates of the optimiser's groups before the schedule; the main one first."""
        return (self.config.lr,)

    def held_out(self, domain: Domain | None = None) -> Sample:
        """The held-out frames that evaluation and probes look at; of the source by default."""
        domain = domain or self.data.source
        return Sample.held_out(self.data, domain, self.chunk_size, self.control)

    def evaluate(self) -> Metrics:
        held_out = self.held_out()
        predicted = self.policy().predict(held_out.observation)
        return {"eval/offline_eval/avg_l1": held_out.error(predicted)}

    def finish(self) -> Metrics:
        return closed_loop(self.data, self.config, self._evaluated, self.log)

    def taken_episodes(self) -> Sequence[Episode]:
        return self.log.take()

    def predictions(self) -> Mapping[str, Any]:
        return predictions(self.policy(), self.data, self.chunk_size, self.control)

    def _evaluated(
        self, episodes: int | Sequence[int], world: EnvironmentSpec | None
    ) -> RolloutResult:
        return self.roll_out(episodes, world=world)

    def solve(self, seeds: Sequence[int]) -> Mapping[int, bool]:
        return self.roll_out(seeds).solved

    def roll_out(
        self,
        episodes: int | Sequence[int],
        policy: NetPolicy[Any, Any] | None = None,
        domain: Variant = "source",
        world: EnvironmentSpec | None = None,
    ) -> RolloutResult:
        """Evaluation episodes, or those of given seeds.

        Of a policy (this one by default) in an environment (the data's by default).
        """
        acting = policy or self.policy()
        with inference(acting.net):
            return run_episodes(
                acting,
                world or self.data.environment,
                episodes,
                self.execution(),
                control=self.control.name,
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
            **({"average": self.average.net.state_dict()} if self.average else {}),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        if self.average:  # population-based training may load another's, which had none
            self.average.net.load_state_dict(state.get("average", state["net"]))
        if "optimizer" in state:
            # The decay is this configuration's, as the rates are: population-based training loads
            # another's weights.
            decays = [group["weight_decay"] for group in self.optimizer.param_groups]
            self.optimizer.load_state_dict(state["optimizer"])
            for group, decay in zip(self.optimizer.param_groups, decays, strict=True):
                group["weight_decay"] = decay
        if "stream" in state:  # RDT's checkpoints had none up to version 0.1
            self.stream.load_state_dict(state["stream"])
        self.rng.bit_generator.state = state["rng"]
        self.first_seed = int(state.get("first_seed", self.first_seed))  # nor reflow's this
        self.step = int(state["step"])


def descend(
    loss: Tensor,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    rates: Sequence[float],
    max_grad_norm: float | None,
) -> Tensor:
    """One optimiser step, a learning rate a group; the gradient's L2 norm before clipping."""
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    trained = [p for p in net.parameters() if p.grad is not None]
    norm = get_total_norm([p.grad for p in trained if p.grad is not None])
    if max_grad_norm is not None:
        clip_grads_with_norm_(trained, max_grad_norm, norm)
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    optimizer.step()
    return norm
