"""Unbalanced optimal transport between two minibatches, with its convergence facts.

The problem (Chizat et al. 2018; the library is POT), for marginals a, b and a prior c:

    min over P >= 0 of  <P, M> + reg KL(P | c) + tau_src KL(P 1 | a) + tau_tgt KL(P' 1 | b)

Nothing is rescaled or stabilised: where the cost is so large against `reg` that exp(-M / reg)
under-flows, the plan loses its mass, and the caller's metrics show it.

Shapes: B source samples, C target samples.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

MAX_ITERATIONS = 1000
TOLERANCE = 1e-6
"""Largest relative change of the scaling vectors at which POT calls the iteration converged."""


@dataclass(frozen=True)
class Plan:
    """A transport plan and how it was reached."""

    matrix: NDArray[np.float64]
    """(B, C), non-negative."""
    converged: bool
    """False when the iterations ran out or broke down numerically."""
    iterations: int

    @property
    def mass(self) -> float:
        """Total mass; 1 in the balanced limit."""
        return float(self.matrix.sum())

    @property
    def diagonal(self) -> float:
        """Mass on the pairs (i, i) that the sampler put together."""
        return float(np.trace(self.matrix))

    @property
    def off_diagonal_share(self) -> float:
        """Share of the mass off the diagonal, 0 to 1; 0 where there is no mass."""
        if self.mass == 0:
            return 0.0
        off_diagonal = self.matrix.copy()
        np.fill_diagonal(off_diagonal, 0.0)
        return float(off_diagonal.sum()) / self.mass

    @property
    def marginal_violation(self) -> float:
        """Mean |row sum - 1 / B| * B over both marginals: 0 when balanced, 1 without any mass."""
        rows, columns = self.matrix.sum(axis=1), self.matrix.sum(axis=0)
        return float(
            (np.abs(rows * rows.size - 1).mean() + np.abs(columns * columns.size - 1).mean()) / 2
        )


def unbalanced_plan(
    cost: NDArray[np.floating],
    *,
    reg: float,
    tau_src: float,
    tau_tgt: float,
    diagonal_prior: bool = False,
) -> Plan:
    """The plan for a (B, C) cost between uniform marginals.

    `reg` and `tau` have the unit of the cost; `tau` may be infinite (a marginal that must hold).
    With `diagonal_prior` the prior c is the identity over B and the plan is diagonal whatever the
    cost says; without it, c is the product of the marginals. Raises ValueError for a diagonal prior
    over a cost that is not square.
    """
    import ot

    rows, columns = cost.shape
    if diagonal_prior and rows != columns:
        raise ValueError(f"a diagonal prior needs a square cost, got {rows} x {columns}")
    prior = np.eye(rows) / rows if diagonal_prior else None
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        matrix, log = ot.unbalanced.sinkhorn_knopp_unbalanced(
            np.full(rows, 1 / rows),
            np.full(columns, 1 / columns),
            np.asarray(cost, dtype=np.float64),
            reg,
            (tau_src, tau_tgt),
            c=prior,
            numItermax=MAX_ITERATIONS,
            stopThr=TOLERANCE,
            log=True,
        )
    broke_down = any("Numerical errors" in str(w.message) for w in caught)
    errors = log["err"]
    converged = not broke_down and bool(errors) and bool(errors[-1] < TOLERANCE)
    return Plan(matrix=np.asarray(matrix), converged=converged, iterations=len(errors))


@dataclass(frozen=True)
class Transport:
    """The transport loss of one pair of minibatches, with what led to it."""

    loss: Tensor
    """sum(plan * cost), ()."""
    plan: Plan
    terms: Mapping[str, tuple[float, Tensor]]
    """Weight and pairwise cost (B, B) of each term."""
    variation: Mapping[str, Tensor]
    """Variance of the source's own embeddings over their mean square, () in 0..1, by name: near
    zero where all have become alike, which makes any transport cheap."""

    @property
    def weighted_costs(self) -> dict[str, float]:
        """What each term adds to sum(plan * cost), by name."""
        return {
            name: weight * float((self.plan.matrix * term.cpu().numpy()).sum())
            for name, (weight, term) in self.terms.items()
        }

    @property
    def metrics(self) -> dict[str, Any]:
        """As they are logged."""
        costs = {
            f"train/ot_cost/{name}": term.detach().mean() for name, (_, term) in self.terms.items()
        }
        return {
            "train/ot_loss": self.loss.detach(),
            "train/ot_pi_sum": self.plan.mass,
            "train/ot_pi_diag": self.plan.diagonal,
            "train/ot_offdiag": self.plan.off_diagonal_share,
            "train/ot_marginal_violation": self.plan.marginal_violation,
            "train/ot_converged": float(self.plan.converged),
            "train/ot_iterations": float(self.plan.iterations),
            **costs,
            **{f"train/ot_variation/{name}": v.detach() for name, v in self.variation.items()},
        }
