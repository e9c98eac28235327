"""Trainers with a fault in their code, where no parameter and no data can make one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.reflow.trainer import Reflow

if TYPE_CHECKING:
    from torch import Tensor

    from ilsweep.trainers.reflow.flow import Velocity


class StopsEarly(Reflow):
    """At test time its Euler method takes one step too few and stops short of the action."""

    OFF = -1
    """Steps that it takes beyond those that it should."""

    def evaluate(self) -> Metrics:
        with patch("ilsweep.trainers.reflow.policy.integrate", self._integrate):
            return super().evaluate()

    def probe(self) -> Metrics:
        with (
            patch("ilsweep.trainers.reflow.policy.integrate", self._integrate),
            patch("ilsweep.trainers.reflow.probes.integrate", self._integrate),
        ):
            return super().probe()

    def _integrate(self, velocity: Velocity, noise: Tensor, steps: int) -> Tensor:
        """`integrate` of reflow with the classic mistake in its loop: (B, T, D) -> (B, T, D)."""
        x = noise
        for step in range(steps + self.OFF):
            t = x.new_full((x.shape[0],), 1 - step / steps)
            x = x - velocity(x, t) / steps
        return x


class GoesTooFar(StopsEarly):
    """The same with one step too many."""

    OFF = 1
