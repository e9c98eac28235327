"""A trainer of one's own: a linear policy from joints and object poses to the next action."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch

from ilsweep.trainers.core.contract import Metrics, Trainer, TrainerConfig, param
from ilsweep.trainers.evaluation import probes
from ilsweep.trainers.evaluation.diversity import diversity
from ilsweep.trainers.evaluation.rollout import OpenLoop
from ilsweep.trainers.evaluation.success import run_episodes, success_metrics


class ClonerConfig(TrainerConfig):
    ridge: float = param(1e-4, ge=0)
    """Weight of the squared coefficients in the loss."""


class Cloner(Trainer):
    Config = ClonerConfig
    metrics: ClassVar[Mapping[str, str]] = {
        "train/loss": "Squared error of standardised actions, and the ridge.",
        "eval/l1": "L1 on held-out frames, in standard deviations of the actions.",
        "eval/*": "See trainers/evaluation/success.py.",
        "probe/*": "See trainers/evaluation/probes.py.",
    }

    def __init__(self, config: ClonerConfig, data: Any, *, seed: int, device: str = "cpu") -> None:
        super().__init__(config, data, seed=seed, device=device)
        self.rng = np.random.default_rng(seed)
        self.frames = data.source.train_frames
        self.control = data.control("joint")
        self.scale = data.statistics("action")
        self.weight = torch.zeros(self.see(data.observe(data.source, self.frames[:1])).shape[1], 14)
        self.weight.requires_grad_()
        self.optimizer = torch.optim.Adam([self.weight], lr=config.lr)

    def see(self, seen: Any) -> torch.Tensor:
        robot, world = seen["observation.state"], seen["observation.environment_state"]
        ones = np.ones((len(robot), 1), np.float32)
        return torch.from_numpy(np.concatenate([robot, world, ones], axis=1))

    def standard(self, frames: Any) -> Any:  # (B, 14), as they are learnt
        return (self.data.source["action"][frames] - self.scale.mean) / self.scale.std

    def executed(self, made: Any) -> Any:  # and back
        return made * self.scale.std + self.scale.mean

    def train_step(self) -> Mapping[str, Any]:
        some = self.rng.choice(self.frames, self.config.batch_of(self.frames.size))
        shown = self.standard(some)
        made = self.see(self.data.observe(self.data.source, some)) @ self.weight
        error = (made - torch.from_numpy(shown)).square().mean()
        loss = error + self.config.ridge * self.weight.square().sum()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"train/loss": loss.detach()}

    def predict(self, seen: Any) -> Any:  # (B, 1, 14), for the probes
        made = (self.see(seen) @ self.weight).detach().numpy()
        return self.executed(made)[:, None]

    def predict_chunk(self, seen: Any) -> Any:  # (1, 14), for the simulator
        return self.predict(seen)[0]

    def evaluate(self) -> Metrics:
        sample = probes.Sample.held_out(self.data, self.data.source, 1, self.control)
        return {"eval/l1": sample.error(self.predict(sample.observation))}

    def probe(self) -> Metrics:
        sample = probes.Sample.held_out(self.data, self.data.source, 1, self.control)
        diverse = diversity(self, self.data, 1, self.control)
        return {**probes.joints(self, sample), **diverse}

    def replay_actions(self, episode: int) -> Any:  # (T, 14), for the controls: there and back
        frames = self.data.source.frames_of(np.array([episode]))
        return self.executed(self.standard(frames))

    def solve(self, seeds: Any) -> Mapping[int, bool]:
        return self.roll_out(seeds).solved

    def finish(self) -> Metrics:
        return success_metrics(self.roll_out(self.config.rollouts))

    def roll_out(self, episodes: Any) -> Any:
        return run_episodes(
            self, self.data.environment, episodes, OpenLoop(1), control=self.control.name
        )

    def state_dict(self) -> dict[str, Any]:
        state = self.rng.bit_generator.state
        return {
            "weight": self.weight.detach().clone(),
            "optimizer": self.optimizer.state_dict(),
            "rng": state,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.weight.data.copy_(state["weight"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.bit_generator.state = state["rng"]
