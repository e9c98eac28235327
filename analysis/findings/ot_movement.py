"""Why `train/ot_loss` does not fall steadily, answered from the run's own reports."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

LOSS, MASS = "train/ot_loss", "train/ot_pi_sum"


@dataclass(frozen=True)
class OtMovement:
    """Where the movement of `train/ot_loss` came from.

    ot_loss = mass * cost per mass, so that changes of the logarithms add up. The variance of the
    report-to-report changes is shared out by covariance; noise is the part of the changes that the
    next report takes back: for a value plus independent noise the changes have the lag-one
    autocovariance -s^2 and 2 s^2 of their variance is noise (Roll 1984).
    """

    reports: int
    factor: float
    """last / first of the loss."""
    mass_factor: float
    cost_factor: float
    """Their product is `factor`."""
    mass_share: float
    """Share of the variance of the changes that goes with the plan's mass; with `cost_share` 1."""
    cost_share: float
    noise_share: float
    """Share of the variance of the changes that the next report takes back: sampling."""
    rises: int
    """Reports at which the loss rose."""

    @property
    def text(self) -> Text:
        steps = self.reports - 1
        noise, mass, cost = map(pct, (self.noise_share, self.mass_share, self.cost_share))
        against_en = against_zh = ""
        if min(self.mass_share, self.cost_share) < 0:
            against_en, against_zh = (
                " (negative: it moved against the loss)",
                "（负值：与损失反向）",
            )
        total, by_mass, by_cost = map(num, (self.factor, self.mass_factor, self.cost_factor))
        return Text(
            f"The loss rose at {self.rises} of {steps} reports. {noise} of its movement is "
            f"sampling noise, taken back at the next report; {mass} goes with the plan's mass and "
            f"{cost} with the cost per mass{against_en}. From first to last the loss became "
            f"{total} times as large: the mass {by_mass} times, the cost per mass {by_cost} times.",
            f"{steps} 次记录中 OT 损失有 {self.rises} 次上升。其波动的 {noise} 是采样噪声"
            f"（下一次记录即被抵消）；{mass} 来自 π 的总质量，{cost} 来自单位质量的"
            f"代价{against_zh}。首末之间损失变为 {total} 倍：质量变为 {by_mass} 倍，"
            f"单位质量的代价变为 {by_cost} 倍。",
        )


def _factor(log: float) -> float:
    return math.exp(min(log, 700.0))


def ot_movement(trial: TrialRecord) -> OtMovement | None:
    """The decomposition; None with fewer than eight reports of a positive loss and mass."""
    loss, mass = trial.curve(LOSS), trial.curve(MASS)
    if len(loss) < 8 or len(mass) < 8:
        return None
    values, masses = loss.values, mass.values
    if not np.array_equal(loss.steps, mass.steps):
        _, i, j = np.intersect1d(loss.steps, mass.steps, return_indices=True)
        values, masses = values[i], masses[j]
    good = (values > 0) & (masses > 0) & np.isfinite(values) & np.isfinite(masses)
    if np.count_nonzero(good) < 8:
        return None
    log_loss, log_mass = np.log(values[good]), np.log(masses[good])
    moves, mass_moves = np.diff(log_loss), np.diff(log_mass)
    centred, mass_centred = (x - np.add.reduce(x) / len(x) for x in (moves, mass_moves))
    variance = float(centred @ centred) / len(moves)
    if variance <= 1e-18:
        return None
    mass_share = float(centred @ mass_centred) / len(moves) / variance
    taken_back = -2 * float(centred[1:] @ centred[:-1]) / (len(moves) - 1) / variance
    change, mass_change = (float(x[-1] - x[0]) for x in (log_loss, log_mass))
    return OtMovement(
        reports=len(log_loss),
        factor=_factor(change),
        mass_factor=_factor(mass_change),
        cost_factor=_factor(change - mass_change),
        mass_share=mass_share,
        cost_share=1 - mass_share,
        noise_share=min(max(taken_back, 0.0), 1.0),
        rises=int(np.count_nonzero(moves > 0)),
    )
