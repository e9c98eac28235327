"""Every finding about a trial, and their application to one; one line adds a finding."""

from __future__ import annotations

import numpy as np

from ilsweep.analysis.findings import (
    jump,
    latent,
    learning,
    optimisation,
    ot_collapse,
    padding,
    plateau,
    progress,
    scale,
    transport,
    vision,
)
from ilsweep.analysis.findings.finding import SEVERITIES, Finding
from ilsweep.analysis.findings.rule import Rule
from ilsweep.analysis.findings.thresholds import Limits
from ilsweep.analysis.records.model import TrialRecord

RULES: tuple[Rule, ...] = (
    vision.blind_policy,
    vision.mean_trajectory,
    latent.posterior_collapse,
    latent.latent_gap,
    vision.backbone_frozen,
    vision.feature_collapse,
    scale.unit_imbalance,
    scale.position_saturation,
    scale.scale_mismatch,
    optimisation.batch_too_large,
    jump.loss_jump,
    progress.train_test_gap,
    padding.padding_leak,
    padding.noise_mismatch,
    padding.untrained_dims,
    padding.ode_drift,
    transport.ot_mass_collapse,
    transport.ot_cost_stuck,
    transport.ot_diagonal_prior,
    transport.ot_term_dominates,
    ot_collapse.ot_embedding_collapse,
    transport.ot_ready,
    progress.loss_behaviour_contradiction,
    progress.overfitting,
    learning.not_learning,
    learning.loss_scale,
    learning.schedule_ended,
    plateau.plateau,
    plateau.still_improving,
    optimisation.diverged,
    optimisation.exploding_gradient,
    optimisation.data_bound,
)
"""In the order in which findings of one severity are listed."""


def diagnose(trial: TrialRecord, limits: Limits) -> list[Finding]:
    """All findings about one trial, the most severe first.

    None for one that has not started; of one that is not finite to its end only that: nothing else
    about it means anything.
    """
    if not trial.curves and trial.state != "failed":
        return []
    rules = [rule for rule in RULES if rule.of_failed or trial.state != "failed"]
    with np.errstate(all="ignore"):  # what overflows is infinite, and compared as such
        found = [finding for rule in rules if (finding := rule(trial, limits)) is not None]
    dead = [
        finding for finding in found if finding.id == "diverged" and "since" in finding.evidence
    ]
    return dead or sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
