"""Every finding about a trial, and their application to one; one line adds a finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

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

Layer = Literal["pipeline", "optimisation", "regularisation", "loss", "transport"]

LAYERS: Mapping[Layer, tuple[Rule, ...]] = {
    "pipeline": (
        scale.scale_mismatch,
        scale.position_saturation,
        scale.unit_imbalance,
        learning.loss_scale,
        padding.padding_leak,
        padding.noise_mismatch,
        padding.untrained_dims,
        optimisation.data_bound,
    ),
    "optimisation": (
        optimisation.diverged,
        optimisation.exploding_gradient,
        learning.not_learning,
        learning.schedule_ended,
        vision.blind_policy,
        vision.mean_trajectory,
        vision.backbone_frozen,
        vision.feature_collapse,
        padding.ode_drift,
        plateau.still_improving,
        plateau.plateau,
    ),
    "regularisation": (
        latent.posterior_collapse,
        latent.latent_gap,
        progress.overfitting,
        progress.train_test_gap,
        progress.loss_behaviour_contradiction,
    ),
    "loss": (
        optimisation.batch_too_large,
        jump.loss_jump,
    ),
    "transport": (
        ot_collapse.ot_embedding_collapse,
        transport.ot_mass_collapse,
        transport.ot_cost_stuck,
        transport.ot_diagonal_prior,
        transport.ot_term_dominates,
        transport.ot_ready,
    ),
}
"""By what they are about, in the order in which it is mended: what goes in and comes out before how
the loss is descended, that before what holds the policy back, then what only the loss is known to
feel, transport last. Findings of one severity are listed in this order."""

RULES: tuple[Rule, ...] = tuple(rule for rules in LAYERS.values() for rule in rules)

PLACE: Mapping[str, int] = {
    rule.id: place for place, rules in enumerate(LAYERS.values()) for rule in rules
}
"""Id of a finding about a trial to the place of its layer."""


def urgency(finding: Finding) -> tuple[int, int]:
    """What is mended first: by layer, then by severity.

    What still improves is trained for longer before anything of its layer is changed that is not
    critical.
    """
    severity = 1 if finding.id == "still_improving" else 2 * SEVERITIES.index(finding.severity)
    return PLACE.get(finding.id, 0), severity


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
