"""The field notes, rule by rule: what is suggested, and what must not be."""

from __future__ import annotations

from typing import Any

import numpy as np

from ilsweep.analysis.findings.registry import diagnose
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.records.model import TrialRecord
from tests.analysis.findings.cases import CASES, LIMITS, nll, noisy, only
from tests.analysis.strategies import Points, falling, trial


def suggested(name: str, record: TrialRecord | None = None) -> dict[str, list[tuple[str, Any]]]:
    found = only(record or CASES[name].faulty, name)
    assert found is not None
    changes: dict[str, list[tuple[str, Any]]] = {}
    for s in found.suggestions:
        changes.setdefault(s.param, []).append((s.op, s.value))
    return changes


def test_the_notes_remedies_are_suggested() -> None:
    collapse = suggested("ot_mass_collapse")
    assert collapse["ot.reg"] == [("multiply", 1.5)]  # 2 to 3
    assert collapse["ot.tau"] == [("multiply", 2)]  # 10 to 20
    stuck = suggested("ot_cost_stuck")
    assert stuck["ot.weight_label"] == [("multiply", 0.2), ("set", 0.0)]
    assert suggested("ot_ready")["ot.lambda_ot"] == [("set", 0.2)]
    assert suggested("posterior_collapse")["kl_weight"] == [("multiply", 0.1)]
    assert suggested("blind_policy")["lr_backbone"] == [("multiply", 10)]
    assert suggested("backbone_frozen")["lr_backbone"][0][0] == "set"
    assert 0.1 <= suggested("batch_too_large")["batch_fraction"][0][1] <= 0.2
    assert suggested("unit_imbalance")["position_scale"] == [("multiply", 100.0)]
    assert suggested("position_saturation")["position_scale"] == [("multiply", 100)]
    assert suggested("padding_leak")["target"] == [("set", "teacher")]
    assert suggested("noise_mismatch")["noise_dims"] == [("set", "all")]
    assert suggested("untrained_dims")["loss_dims"] == [("set", "all")]


def test_where_a_measurement_contradicts_a_note_both_are_told() -> None:
    told = {name: only(CASES[name].faulty, name) for name in CASES}
    for name in ("ot_mass_collapse", "ot_diagonal_prior", "batch_too_large", "unit_imbalance"):
        found = told[name]
        assert found is not None
        assert "field report" in found.explanation.en
        assert "笔记" in found.explanation.zh
    diagonal = told["ot_diagonal_prior"]
    assert diagonal is not None
    assert "heuristic=true" in diagonal.explanation.en
    assert [(s.param, s.value) for s in diagonal.suggestions] == [("ot.heuristic", False)]


def test_a_change_to_what_is_already_so_is_not_suggested() -> None:
    record = trial(CASES["padding_leak"].metrics, params={"target": "teacher"})
    assert "target" not in suggested("padding_leak", record)
    record = trial(CASES["posterior_collapse"].metrics, params={"kl_weight": 0})
    assert "kl_weight" not in suggested("posterior_collapse", record)


def test_a_black_image_proves_blindness_but_never_sight() -> None:
    blind = only(trial({"probe/black_action_change": 0.0}), "blind_policy")
    assert blind is not None
    assert blind.severity == "critical"
    sees_black = {"probe/black_action_change": 5.0, "probe/shuffled_action_change": 0.0}
    assert only(trial(sees_black), "blind_policy") is not None


def test_active_units_outweigh_a_small_kl() -> None:
    used: dict[str, Points] = {"train/kld_loss": falling(2, 0.05), "probe/active_units": 3.0}
    assert only(trial(used), "posterior_collapse") is None
    assert only(trial({**used, "probe/active_units": 0.0}), "posterior_collapse") is not None


def test_a_jump_that_the_error_shares_is_no_loss_jump() -> None:
    n = 200
    error = np.array(noisy(0.1, n))
    error[150:] *= 4
    assert only(trial({"bc/actor_loss": nll(39.0, n), "bc/mse": error}), "loss_jump") is None


def test_embeddings_may_outweigh_labels_but_not_each_other() -> None:
    embed = {"ot.weight_embed": 1.0, "ot.weight_label": 0.0005}
    labels = {"train/ot_cost/state": 1000.0, "train/ot_cost/label": 1000.0}
    assert only(trial(labels, params=embed), "ot_term_dominates") is None
    cameras = {"train/ot_cost/top": 1000.0, "train/ot_cost/left": 10.0, **labels}
    cameras["train/ot_cost/state"] = 5.0
    found = only(trial(cameras, params=embed), "ot_term_dominates")
    assert found is not None
    assert "top" in found.explanation.en


def test_a_cost_that_fell_at_once_is_not_stuck() -> None:
    metrics = {"train/ot_pi_sum": noisy(0.9), "train/ot_cost/state": [9.0] * 3 + [1.5] * 57}
    assert only(trial(metrics), "ot_cost_stuck") is None


def test_the_diagonal_prior_is_not_blamed_where_it_is_off_or_nothing_is_left() -> None:
    metrics = CASES["ot_diagonal_prior"].metrics
    assert only(trial(metrics, params={"ot.heuristic": False}), "ot_diagonal_prior") is None
    empty = {"train/ot_pi_sum": 0.0, "train/ot_pi_diag": 0.0, "probe/ot_offdiagonal": 0.0}
    assert only(trial(empty), "ot_diagonal_prior") is None


def test_an_error_measured_once_does_not_hide_how_far_the_loss_fell() -> None:
    """RDT measures its training error after the training alone."""
    case = CASES["loss_behaviour_contradiction"]
    record = trial({**case.metrics, "probe/train_error": 1.5}, params=case.params)
    found = {finding.id for finding in diagnose(record, resolve({}))}
    assert "loss_behaviour_contradiction" in found


def test_a_rate_that_ended_names_the_length_of_its_schedule_and_is_the_plateaus_cause() -> None:
    metrics = {"train/lr": [*np.linspace(1e-4, 2.5e-6, 30), *[2.5e-6] * 90],
               "train/loss": falling(1.0, 0.2, 120, 0.001)}  # fmt: skip
    record = trial(metrics, params={"policy.scheduler_decay_steps": 300})
    found = {finding.id: finding for finding in diagnose(record, LIMITS)}
    assert "policy.scheduler_decay_steps is 300" in found["schedule_ended"].explanation.en
    assert "plateau" not in found


def test_overfitting_never_advises_against_a_success_that_rose() -> None:
    held_out = [*np.linspace(1, 0.4, 10), *np.linspace(0.4, 0.7, 20)]
    rising: dict[str, Points] = {
        "eval/eval_loss": held_out,
        "eval/pc_success": np.linspace(0, 60, 30),
    }
    found = only(trial(rising), "overfitting")
    assert found is not None
    assert (found.severity, found.suggestions) == ("info", ())
    assert "training error" not in found.explanation.en
    assert "But success rose" in found.explanation.en
    falling_off = {**rising, "eval/pc_success": np.linspace(60, 0, 30)}
    told = only(trial(falling_off), "overfitting")
    assert told is not None
    assert told.severity == "warning"


def test_what_fell_at_once_or_succeeds_is_not_said_to_learn_nothing() -> None:
    success = {"train/loss": noisy(1.0), "eval/pc_success": [50.0] * 60,
               "eval/n_episodes": [20.0] * 60}  # fmt: skip
    assert only(trial(success), "not_learning") is None
    luck = {**success, "eval/pc_success": [10.0] * 60}
    assert only(trial(luck), "not_learning") is not None
    fell_at_once = {"train/loss": [5.0, *noisy(1.0, 59)]}
    assert only(trial(fell_at_once), "not_learning") is None
