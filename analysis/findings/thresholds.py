"""Every number that a finding compares with, and where it comes from.

A spec overrides one under `thresholds`, by its full name (`ot_mass_collapse.mass: 0.05`) or nested
(`ot_mass_collapse: {mass: 0.05}`). "Own" marks a number that no source gives: chosen here, and
measured against planted faults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACT_NOTE = "docs/findings/act.md"
OT_NOTE = "docs/findings/act-ot.md"
BC_NOTE = "docs/findings/bc.md"
RDT_NOTE = "docs/findings/rdt.md"
REFLOW_NOTE = "docs/findings/reflow.md"

MEASURED = "docs/faults.md"

Limits = Mapping[str, float]
"""Threshold name to value."""


@dataclass(frozen=True)
class Threshold:
    """A number, its unit, and who says so."""

    value: float
    unit: str
    source: str


THRESHOLDS: dict[str, Threshold] = {
    "blind_policy.change": Threshold(
        0.05,
        "standard deviations of the actions",
        f"{ACT_NOTE}: 'exactly the same'; 5 % is own",
    ),
    "mean_trajectory.diversity": Threshold(
        0.3, "share of the demonstrated variation", f"{MEASURED}: blind 0.12, seeing from 0.61"
    ),
    "mean_trajectory.paths": Threshold(
        0.3,
        "share of the demonstrated variation",
        f"{MEASURED}: with black images to 0.07, as they are from 1.4",
    ),
    "posterior_collapse.kl": Threshold(
        0.1, "nats", f"{ACT_NOTE}: 'near 0'; own: a seventh of a bit over the whole latent"
    ),
    "posterior_collapse.units": Threshold(
        1, "active units", "Burda et al. 2016: a unit with variance under 0.01 is inactive"
    ),
    "posterior_collapse.price": Threshold(0.2, "share of the training L1 a nat costs", "own"),
    "latent_gap.ratio": Threshold(
        1.5, "error ratio", f"{MEASURED}: planted from 2.3, healthy to 1.1"
    ),
    "backbone_frozen.change": Threshold(1e-3, "relative change of the weights", "own"),
    "feature_collapse.rank": Threshold(2.0, "directions", "own; Roy & Vetterli 2007 define it"),
    "unit_imbalance.ratio": Threshold(
        30.0, "ratio of standard deviations", f"{RDT_NOTE}: 100 failed; half a decade less is own"
    ),
    "position_saturation.share": Threshold(
        0.05, "share of the positions", f"{RDT_NOTE}: all were clipped; 5 % is own"
    ),
    "position_saturation.excess": Threshold(
        2.0, "times the training range", f"{RDT_NOTE}: 20 times; 2 is own"
    ),
    "scale_mismatch.roundtrip": Threshold(
        0.01, "standard deviations of the actions", "own; an inverse is exact but for rounding"
    ),
    "scale_mismatch.ratio": Threshold(5.0, "ratio of standard deviations, either way", "own"),
    "batch_too_large.share": Threshold(
        0.5, "share of the data set", f"{BC_NOTE}: 'close to or over 50 %'"
    ),
    "loss_jump.score": Threshold(
        7.0,
        "robust standard deviations of a change",
        f"{MEASURED}: planted from 10.1; between 5 and 10 no sound run is accused more",
    ),
    "loss_jump.fall": Threshold(
        0.25, "share of the loss's whole fall", f"{BC_NOTE}: -15 to +24; a quarter is own"
    ),
    "loss_jump.error": Threshold(0.25, "share of the error's level or whole fall", "own"),
    "train_test_gap.ratio": Threshold(
        3.0, "error ratio", f"{REFLOW_NOTE}: 0.028 over 0.002 is 14; 3 is own"
    ),
    "padding_leak.thrown_away": Threshold(
        1e-3,
        "standard deviations of the valid actions",
        f"{REFLOW_NOTE}: mean 0.0075 was found; own",
    ),
    "noise_mismatch.difference": Threshold(0.1, "standard deviations", "own"),
    "untrained_dims.gradient": Threshold(1e-6, "share of the output gradient", "own: zero"),
    "untrained_dims.influence": Threshold(0.01, "standard deviations of the actions", "own"),
    "ode_drift.velocity": Threshold(0.2, "relative error", "own"),
    "ode_drift.endpoint": Threshold(
        0.12,
        "relative error",
        f"{REFLOW_NOTE}: 27.93 %; {MEASURED}: planted from 0.16, healthy to 0.08, and to 0.1 with "
        "images of gym-aloha",
    ),
    "ode_drift.growth": Threshold(
        1.0,
        "end-point error over velocity error",
        f"{MEASURED}: planted from 1.3, healthy to 0.5, and to 0.7 with images of gym-aloha",
    ),
    "ot_mass_collapse.mass": Threshold(0.1, "plan's mass", f"{OT_NOTE}: 'if pi_sum < 0.1'"),
    "ot_cost_stuck.mass": Threshold(0.1, "plan's mass", f"{OT_NOTE}: 'if pi_sum is large'"),
    "ot_cost_stuck.fall": Threshold(0.05, "relative fall of the cost", "own"),
    "ot_diagonal_prior.offdiagonal": Threshold(
        1e-3, "share of the mass", "facts: exactly 0 with the diagonal prior; rounding is own"
    ),
    "ot_term_dominates.share": Threshold(0.9, "share of the plan's cost", "own"),
    "ot_embedding_collapse.variation": Threshold(
        1e-3,
        "variance over mean square, the largest",
        "docs/worlds.md: dial-turn-v3, 6e-5 at lambda 0.1, 0.01 at 0.001, 0.28 without transport",
    ),
    "ot_ready.lambda": Threshold(0.2, "lambda_ot", f"{OT_NOTE}: 'raise lambda to 0.2 once stable'"),
    "ot_ready.mass": Threshold(0.1, "plan's mass", OT_NOTE),
    "ot_ready.swing": Threshold(0.3, "standard deviation over mean, last third", "own: 'stable'"),
    "loss_behaviour_contradiction.fall": Threshold(
        0.9,
        "relative fall of the squared training error",
        f"{RDT_NOTE}: 1e-5 and total failure; own",
    ),
    "loss_behaviour_contradiction.success": Threshold(
        0.35, "upper end of the success rate's interval", "own: 0 of 10 has 0.31"
    ),
    "overfitting.rise": Threshold(
        0.05,
        "rise of the held-out error over its best",
        f"{MEASURED}: planted from 0.08, healthy to 0.03",
    ),
    "not_learning.reports": Threshold(12, "reports of the loss", "own"),
    "not_learning.normalised_error": Threshold(
        1.0, "times the actions' variance", "the error of the mean action, by definition"
    ),
    "loss_scale.loss": Threshold(1e3, "loss of normalised actions", "own; it begins at about 1"),
    "schedule_ended.share": Threshold(0.6, "share of the training", "own"),
    "schedule_ended.fall": Threshold(5.0, "times the floor", "own"),
    "plateau.gain": Threshold(
        0.01, "gain of the last third over all", f"{ACT_NOTE}: 'falls quickly, then not'; own"
    ),
    "still_improving.gain": Threshold(
        0.01, "gain of the last third over all", "from there on it is no plateau"
    ),
    "still_improving.pace": Threshold(
        0.25,
        "gain of the last third over that of the third before",
        f"tuning playbook: curves still falling; {MEASURED}: planted from 0.32, annealed to 0.15",
    ),
    "trend.p": Threshold(0.01, "p of a trend", "convention"),
    "diverged.growth": Threshold(2.0, "last third's loss over the first report's", "own"),
    "exploding_gradient.ratio": Threshold(100.0, "largest gradient norm over the median", "own"),
    "data_bound.share": Threshold(
        0.2, "share of a step's time", "own; 5 % is what our trainers must reach"
    ),
    "edge_of_space.margin": Threshold(0.05, "share of the domain, log where it is log", "own"),
    "edge_of_space.p": Threshold(
        0.05,
        "p of a rise towards the border",
        "convention; docs/faults.md: of 20 random values the margin alone sees 40 to 60 %",
    ),
    "seed_noise.share": Threshold(
        0.5, "share of the variance within configurations", "tuning playbook: noise over the gap"
    ),
}


def resolve(overrides: object) -> dict[str, float]:
    """All thresholds, with a spec's `thresholds` in place of ours; what is unknown is skipped.

    `unknown_thresholds` names what was.
    """
    limits = {name: threshold.value for name, threshold in THRESHOLDS.items()}
    for name, value in _flat(overrides).items():
        if name in limits and isinstance(value, int | float) and not isinstance(value, bool):
            limits[name] = float(value)
    return limits


def unknown_thresholds(overrides: object) -> list[str]:
    """Names in a spec's `thresholds` that are none of ours."""
    return sorted(set(_flat(overrides)) - set(THRESHOLDS))


def _flat(overrides: object) -> dict[str, Any]:
    if not isinstance(overrides, Mapping):
        return {}
    flat: dict[str, Any] = {}
    for name, value in overrides.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}.{key}": item for key, item in value.items()})
        else:
            flat[str(name)] = value
    return flat
