"""What a record says by itself: its findings, and why its transport loss moved.

It needs no other trial, so that the processes that read a large sweep find it out on the way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.findings.ot_movement import OtMovement, ot_movement
from ilsweep.analysis.findings.registry import diagnose
from ilsweep.analysis.findings.thresholds import Limits
from ilsweep.analysis.records.model import TrialRecord


@dataclass(frozen=True)
class TrialDiagnosis:
    """One trial's findings, the most severe first, and its transport loss explained."""

    findings: tuple[Finding, ...]
    movement: OtMovement | None


@np.errstate(all="ignore")  # what overflows is infinite, and compared as such
def diagnose_trial(trial: TrialRecord, limits: Limits) -> TrialDiagnosis:
    """What one record says."""
    return TrialDiagnosis(tuple(diagnose(trial, limits)), ot_movement(trial))
