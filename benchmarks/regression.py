"""A small real training for benchmarks and tests of the orchestration: an MLP fits a function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ilsweep.trainers.core.contract import Metrics, Trainer, TrainerConfig, param


class RegressionConfig(TrainerConfig):
    """An MLP, plain gradient descent."""

    lr: float = param(0.05, gt=0)
    """Learning rate."""
    width: int = param(256, gt=0, unit="units")
    """Width of the two hidden layers."""


class Regression(Trainer):
    """Fits y = sin(3 x0) x1 with a two-layer MLP; needs no data."""

    Config: ClassVar[type[TrainerConfig]] = RegressionConfig
    needs_data = False
    metrics: ClassVar[Mapping[str, str]] = {
        "train/loss": "mean squared error of the batch",
        "eval/loss": "mean squared error on fixed points",
    }
    config: RegressionConfig

    def __init__(self, config: TrainerConfig, data: Any, *, seed: int, device: str = "cpu") -> None:
        super().__init__(config, data, seed=seed, device=device)
        import torch
        from torch import nn

        width = self.config.width
        torch.manual_seed(seed)
        self._net = nn.Sequential(
            nn.Linear(2, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1)
        )
        self._optimiser = torch.optim.SGD(self._net.parameters(), lr=self.config.lr)
        self._generator = torch.Generator().manual_seed(seed)
        points = torch.linspace(-1, 1, 16)
        self._grid = torch.cartesian_prod(points, points)

    def _loss(self, x: Any) -> Any:
        y = (3 * x[:, :1]).sin() * x[:, 1:]
        return (self._net(x) - y).square().mean()

    def train_step(self) -> Mapping[str, Any]:
        import torch

        x = 2 * torch.rand(self.config.batch_size, 2, generator=self._generator) - 1
        loss = self._loss(x)
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        return {"train/loss": loss.detach()}

    def evaluate(self) -> Metrics:
        import torch

        with torch.no_grad():
            return {"eval/loss": float(self._loss(self._grid))}

    def state_dict(self) -> dict[str, Any]:
        return {
            "net": self._net.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "generator": self._generator.get_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._net.load_state_dict(state["net"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._generator.set_state(state["generator"])
