"""For each finding about a trial: a record that must show it, and one that must not."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.findings.registry import RULES
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.records.model import TrialRecord
from tests.analysis.strategies import Points, falling, trial

LIMITS = resolve({})


@dataclass(frozen=True)
class Case:
    """Metrics and parameters of a faulty trial, and what differs in a healthy one."""

    metrics: dict[str, Points]
    healthy: dict[str, Points]
    params: dict[str, Any] = field(default_factory=dict)
    healthy_params: dict[str, Any] = field(default_factory=dict)
    state: Any = "completed"

    @property
    def faulty(self) -> TrialRecord:
        return trial(self.metrics, params=self.params, state=self.state)

    @property
    def sound(self) -> TrialRecord:
        metrics = {**self.metrics, **self.healthy}
        return trial(metrics, params={**self.params, **self.healthy_params})


def noisy(level: float, n: int = 60, noise: float = 0.05, seed: int = 1) -> list[float]:
    return list(level * (1 + noise * np.random.default_rng(seed).normal(size=n)))


def nll(jump: float, n: int = 200) -> list[float]:
    """The note's curve: down to -15, and from three quarters on higher by `jump`."""
    values = np.array(falling(5.0, -15.0, n))
    values[3 * n // 4 :] += jump
    return list(values)


CASES: dict[str, Case] = {
    "blind_policy": Case(
        {"probe/shuffled_action_change": 0.01, "probe/black_action_change": 0.4},
        {"probe/shuffled_action_change": 0.3},
        {"kl_weight": 10.0, "lr_backbone": 1e-5, "lr": 1e-4},
    ),
    "mean_trajectory": Case({"probe/diversity_ratio": 0.1}, {"probe/diversity_ratio": 0.7}),
    "posterior_collapse": Case(
        {"train/kld_loss": falling(2, 0.01)}, {"train/kld_loss": falling(20, 4)}, {"kl_weight": 10}
    ),
    "latent_gap": Case(
        {"probe/l1_posterior": 0.05, "probe/l1_zero_latent": 0.3}, {"probe/l1_zero_latent": 0.06}
    ),
    "backbone_frozen": Case(
        {"probe/backbone_change": 0.0}, {"probe/backbone_change": 0.1}, {"lr_backbone": 0.0}
    ),
    "feature_collapse": Case({"probe/feature_rank": 1.2}, {"probe/feature_rank": 14.0}),
    "unit_imbalance": Case(
        {"probe/group_std/position": 0.003, "probe/group_std/rotation": 0.4},
        {"probe/group_std/position": 0.3},
        {"position_scale": 1.0},
    ),
    "position_saturation": Case(
        {"probe/out_of_range_share": 0.8, "probe/range_excess": 20.0},
        {"probe/out_of_range_share": 0.01, "probe/range_excess": 1.1},
        {"position_scale": 1.0},
    ),
    "scale_mismatch": Case(
        {"probe/roundtrip_error": 99.0, "probe/executed_scale_ratio": 100.0},
        {"probe/roundtrip_error": 1e-7, "probe/executed_scale_ratio": 1.02},
    ),
    "batch_too_large": Case(
        {"probe/transitions": 418.0},
        {"probe/transitions": 2090.0},
        {"batch_size": 256, "batch_fraction": None},
    ),
    "loss_jump": Case(
        {"bc/actor_loss": nll(39.0), "bc/mse": noisy(0.1, 200), "bc/min_std": nll(0.0)},
        {"bc/actor_loss": nll(0.0)},
    ),
    "train_test_gap": Case(
        {"probe/train_error": 0.002, "probe/test_error": 0.028}, {"probe/test_error": 0.003}
    ),
    "padding_leak": Case(
        {"probe/padding_target_error": 0.0075, "probe/padding_teacher": 0.0075},
        {"probe/padding_target_error": 0.0},
        {"target": "repadded"},
    ),
    "noise_mismatch": Case(
        {"probe/noise_std_train": 0.0, "probe/noise_std_infer": 1.0},
        {"probe/noise_std_train": 1.0},
    ),
    "untrained_dims": Case(
        {"probe/padding_gradient_share": 0.0, "probe/padding_influence": 0.2},
        {"probe/padding_gradient_share": 0.3},
    ),
    "ode_drift": Case(
        {"probe/velocity_error": 0.05, "probe/endpoint_error": 0.28},
        {"probe/endpoint_error": 0.06},
    ),
    "ot_mass_collapse": Case(
        {"train/ot_pi_sum": noisy(0.03)},
        {"train/ot_pi_sum": noisy(0.6)},
        {"ot.reg": 2.0, "ot.tau": 10.0, "ot.weight_label": 0.0005, "ot.heuristic": True},
    ),
    "ot_cost_stuck": Case(
        {"train/ot_pi_sum": noisy(0.7), "train/ot_cost/state": noisy(1200)},
        {"train/ot_cost/state": falling(1200, 400)},
        {"ot.weight_embed": 1.0, "ot.weight_label": 0.0005},
    ),
    "ot_diagonal_prior": Case(
        {"train/ot_pi_sum": noisy(0.9), "train/ot_pi_diag": noisy(0.9)},
        {"train/ot_pi_diag": noisy(0.3)},
        {"ot.heuristic": True},
    ),
    "ot_term_dominates": Case(
        {"train/ot_cost/state": 2.0, "train/ot_cost/label": 1000.0},
        {},
        {"ot.weight_embed": 1.0, "ot.weight_label": 0.5},
        {"ot.weight_label": 0.0005},
    ),
    "ot_embedding_collapse": Case(
        {"train/ot_variation/a": noisy(1e-5), "train/ot_variation/b": noisy(6e-5)},
        {"train/ot_variation/b": noisy(0.01)},
        {"ot.lambda_ot": 0.1},
    ),
    "ot_ready": Case(
        {"train/ot_pi_sum": noisy(0.8), "train/ot_cost/state": falling(1200, 400)},
        {"train/ot_pi_sum": noisy(0.8, noise=0.6)},
        {"ot.lambda_ot": 0.1},
    ),
    "loss_behaviour_contradiction": Case(
        {"train/loss": falling(1.0, 1e-5), "eval/pc_success": 0.0, "eval/n_episodes": 20.0},
        {"eval/pc_success": 60.0},
        {"position_scale": 1.0},
    ),
    "overfitting": Case(
        {
            "eval/offline_eval/avg_l1": [*np.linspace(1, 0.4, 10), *np.linspace(0.4, 0.7, 20)],
            "train/l1_loss": np.linspace(1, 0.05, 30),
        },
        {"eval/offline_eval/avg_l1": falling(1, 0.4, 30)},
    ),
    "not_learning": Case({"train/loss": noisy(1.0)}, {"train/loss": falling(1.0, 0.2)}),
    "loss_scale": Case({"train/loss": noisy(3e8)}, {"train/loss": falling(90.0, 2.0)}),
    "schedule_ended": Case(
        {"train/lr": [*np.linspace(1e-4, 2.5e-6, 30), *[2.5e-6] * 90]},
        {"train/lr": np.linspace(1e-4, 2.5e-6, 120)},
        {"policy.scheduler_decay_steps": 30},
    ),
    "plateau": Case(
        {"train/l1_loss": falling(1.0, 0.2, 300, 0.001)},
        {"train/l1_loss": np.linspace(1.0, 0.2, 300)},
    ),
    "still_improving": Case(
        {"train/l1_loss": np.linspace(1.0, 0.2, 300)},
        {"train/l1_loss": falling(1.0, 0.2, 300, 0.001)},
    ),
    "diverged": Case(
        {"train/loss": [*falling(2, 1), math.nan]}, {"train/loss": falling(2, 1)}, {"lr": 1.0}
    ),
    "exploding_gradient": Case(
        {"train/grad_norm": [*noisy(3.0), 5000.0, *noisy(3.0)]},
        {"train/grad_norm": [1200.0, *noisy(3.0)]},
    ),
    "data_bound": Case(
        {"train/dataloading_s": noisy(0.2), "train/update_s": noisy(0.1)},
        {"train/dataloading_s": noisy(0.002)},
    ),
}


def only(record: TrialRecord, name: str) -> Finding | None:
    (rule,) = [rule for rule in RULES if rule.id == name]
    return rule(record, LIMITS)
