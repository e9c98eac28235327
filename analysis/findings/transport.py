"""Rules about optimal transport between two domains (`field-notes/act-ot-stage-report.md`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OtMovement:
    """Where the movement of `train/ot_loss` came from.

    ot_loss = mass * cost per mass, so its log changes add: d log L = d log mass + d log cost. The
    variance of the report-to-report changes of log L is shared out by covariance; the noise is the
    part of the changes that the next report takes back (lag-one autocovariance, Roll 1984).
    """

    reports: int
    change: float
    """log(last / first) of the loss."""
    mass_change: float
    cost_change: float
    """Their sum is `change`."""
    mass_share: float
    """Share of the variance of the changes that goes with the plan's mass; with `cost_share` 1."""
    cost_share: float
    noise_share: float
    """Share of the variance of the changes that is taken back by the next report: sampling."""
