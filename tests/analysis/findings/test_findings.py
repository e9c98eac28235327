"""Every finding of the contract: a record that must show it, and one that must not."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import ilsweep.analysis.findings as package
from ilsweep.analysis.findings.registry import RULES, diagnose
from ilsweep.analysis.findings.thresholds import THRESHOLDS, resolve, unknown_thresholds
from ilsweep.analysis.metrics.catalog import METRICS, SUCCESS
from ilsweep.analysis.records.files import to_json
from ilsweep.analysis.records.model import TrialRecord
from tests.analysis import strategies
from tests.analysis.findings.cases import CASES, LIMITS, only
from tests.analysis.strategies import falling, trial


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_found_and_health_is_not_accused(name: str) -> None:
    found = only(CASES[name].faulty, name)
    assert found is not None
    assert found.id == name
    assert only(CASES[name].sound, name) is None


WARNS = ("posterior_collapse", "latent_gap", "overfitting", "train_test_gap", "loss_jump")


@pytest.mark.parametrize("name", WARNS)
def test_a_warning_of_a_failure_is_information_where_most_episodes_succeed(name: str) -> None:
    """As the empty latent of ACT in Meta-World, where 20 of 20 episodes succeed."""
    case = CASES[name]
    severities = {
        percent: only(trial({**case.metrics, **success(percent)}, params=case.params), name)
        for percent in (60.0, 95.0)
    }
    assert {p: found and found.severity for p, found in severities.items()} == {
        60.0: "warning",
        95.0: "info",
    }
    works = severities[95.0]
    assert works is not None
    assert not works.suggestions
    assert "19 of 20 episodes succeed" in works.explanation.en


def success(percent: float) -> dict[str, float]:
    return {"eval/pc_success": percent, "eval/n_episodes": 20.0}


@pytest.mark.parametrize(("weight", "found"), [(10.0, True), (0.05, True), (0.01, False)])
def test_an_empty_latent_that_is_nearly_free_has_nothing_to_tell(
    weight: float, found: bool
) -> None:
    """A nat for 0.01 of an L1 of 0.12 buys nothing: the demonstrations have no styles."""
    record = trial(
        {"probe/active_units": 0.0, "train/l1_loss": falling(0.8, 0.12)},
        params={"kl_weight": weight},
    )
    assert (only(record, "posterior_collapse") is not None) is found


def test_a_last_third_in_which_the_error_rose_again_brought_nothing() -> None:
    """The measured case: 2 to 5 % of the whole fall lost over the last third."""
    curve = [*np.linspace(1.0, 0.3, 20), *np.linspace(0.3, 0.32, 40)]
    found = only(trial({"eval/offline_eval/avg_l1": curve}), "plateau")
    assert found is not None
    assert float(found.evidence["gain_share"]) < -0.01


@pytest.mark.parametrize(("name", "found"), [("train/l1_loss", True), ("bc/mse", False)])
def test_how_far_an_error_fell_is_told_in_squares(name: str, found: bool) -> None:
    """A quarter of the L1 is a sixteenth of the square; a quarter of the square is much."""
    record = trial({name: falling(0.8, 0.2), **success(0.0)})
    assert (only(record, "loss_behaviour_contradiction") is not None) is found


@pytest.mark.parametrize("name", ["bc/normalized_mse", "bc/test_normalized_mse"])
def test_a_policy_no_better_than_the_mean_action_is_no_success(name: str) -> None:
    """The measured case: lr 0.01, the loss fell from 1.5e9 to 7762, the error rose to 18."""
    loss = {"train/loss": falling(1.5e9, 7762.0, 20), "bc/mse": falling(1.0, 0.9, 20)}
    found = only(trial({**loss, name: falling(4.0, 18.0, 20)}), "not_learning")
    assert found is not None
    assert found.severity == "critical"
    assert found.evidence["metric"] == name
    assert only(trial({**loss, name: falling(4.0, 0.5, 20)}), "not_learning") is None
    on_the_way = trial({**loss, name: falling(4.0, 18.0, 20)}, state="running")
    assert only(on_the_way, "not_learning") is None


@pytest.mark.parametrize(("reports", "found"), [(17, False), (18, True)])
def test_a_plateau_takes_eighteen_reports(reports: int, found: bool) -> None:
    record = trial({"train/loss": [*np.linspace(1.0, 0.2, 9), *[0.2] * (reports - 9)]})
    assert (only(record, "plateau") is not None) is found


@pytest.mark.parametrize(("reports", "found"), [(17, False), (18, True), (20, True)])
def test_a_curve_of_few_reports_that_falls_to_the_end_still_improves(
    reports: int, found: bool
) -> None:
    """A trainer of ours reports twenty times; five points alone give p = 0.03 at best."""
    record = trial({"train/loss": np.linspace(1.0, 0.2, reports)})
    assert (only(record, "still_improving") is not None) is found


@pytest.mark.parametrize(("constants", "found"), [(0.1, True), (4.0, True), (4.4, False)])
def test_an_exponential_fall_improves_while_a_third_brings_a_quarter_of_the_one_before(
    constants: float, found: bool
) -> None:
    """e^(-T/3) is a quarter at T = 4.2 time constants; the share of the whole is 5 % there."""
    curve = 0.2 + np.exp(-constants * np.linspace(0, 1, 300))
    assert (only(trial({"train/l1_loss": curve}), "still_improving") is not None) is found


@pytest.mark.parametrize("untrained", [0.6, 0.9, 9.0])
def test_how_bad_an_untrained_policy_was_does_not_end_a_fall(untrained: float) -> None:
    """The measured case: most of the fall within a tenth of the steps, then slowly on."""
    curve = [*np.linspace(untrained, 0.44, 6), *np.linspace(0.44, 0.4, 54)]
    found = only(trial({"eval/offline_eval/avg_l1": curve}), "still_improving")
    assert (found is not None) is (untrained < 1)  # else it is a plateau: 0.2 % of the whole


def test_executed_paths_decide_over_predictions() -> None:
    """A door that is opened with one motion, along paths that the door leads apart."""
    predicted, executed = "probe/diversity_ratio", "probe/path_diversity"
    led_apart = trial({predicted: 0.1, executed: 3.1})
    assert only(led_apart, "mean_trajectory") is None
    found = only(trial({predicted: 0.7, executed: 0.02}), "mean_trajectory")
    assert found is not None
    assert "executed" in found.explanation.en


@pytest.mark.parametrize("name", CASES)
def test_a_finding_without_its_evidence_says_nothing(name: str) -> None:
    if name == "batch_too_large":
        return  # `batch_fraction` alone is evidence
    assert only(trial({}, params=CASES[name].params), name) is None


@pytest.mark.parametrize("name", CASES)
def test_a_finding_is_complete_in_both_languages(name: str) -> None:
    found = only(CASES[name].faulty, name)
    assert found is not None
    assert found.evidence
    assert re.search(r"\d", found.explanation.en)
    assert re.search(r"\d", found.explanation.zh)
    assert re.search("[一-鿿]", found.explanation.zh)
    assert not re.search("[一-鿿]", found.explanation.en)
    for suggestion in found.suggestions:
        assert suggestion.reason.en
        assert re.search("[一-鿿]", suggestion.reason.zh)
        assert suggestion.source
    printed = found.to_json()
    assert {"id", "trial", "severity", "evidence", "explanation", "suggestions"} <= set(printed)
    for entry in printed["suggestions"]:
        assert {"param", "op", "value", "reason"} <= set(entry)
    assert to_json(printed)


def test_the_rules_are_those_of_the_contract() -> None:
    names = [rule.id for rule in RULES]
    assert len(set(names)) == len(names)
    assert set(names) == set(CASES)
    of_a_sweep = {"edge_of_space", "seed_noise"}
    assert {name.split(".")[0] for name in THRESHOLDS} <= {*names, *of_a_sweep, "trend"}


def test_every_metric_that_a_rule_reads_is_described() -> None:
    source = "".join(p.read_text() for p in Path(package.__path__[0]).glob("*.py"))
    read = set(re.findall(r'"(probe/[a-z_0-9/]+)"', source))
    known = {metric.name.removesuffix("*") for metric in METRICS}
    assert read <= known
    assert len(read) > 30


@given(strategies.trials())
@settings(max_examples=300, deadline=None)
def test_no_record_breaks_a_rule(record: TrialRecord) -> None:
    for found in diagnose(record, LIMITS):
        assert found.trial == record.id
        assert found.explanation.en
        assert found.explanation.zh
        to_json(found.to_json())


def test_a_failed_trial_is_only_told_why() -> None:
    failed = trial(
        {"train/l1_loss": np.linspace(1, 0.2, 300)}, state="failed", error="the loss is not finite"
    )
    assert [found.id for found in diagnose(failed, LIMITS)] == ["diverged"]


def test_a_loss_that_became_nan_has_diverged_before_its_first_report_too() -> None:
    error = "Traceback\nFloatingPointError: train/loss is nan at step 4"
    for metrics in ({}, {"train/loss": falling(2, 1)}):
        broken = trial(metrics, state="failed", error=error)
        assert [found.id for found in diagnose(broken, LIMITS)] == ["diverged"]
    other = trial({"train/loss": falling(2, 1)}, state="failed", error="KeyError: 'x'")
    assert not diagnose(other, LIMITS)


def test_thresholds_can_be_overridden_nested_and_by_full_name() -> None:
    record = CASES["ot_mass_collapse"].faulty
    for overrides in ({"ot_mass_collapse.mass": 0.01}, {"ot_mass_collapse": {"mass": 0.01}}):
        limits = resolve(overrides)
        assert "ot_mass_collapse" not in {found.id for found in diagnose(record, limits)}
    assert unknown_thresholds({"ot_mass_collapse": {"mas": 1}}) == ["ot_mass_collapse.mas"]
    assert resolve("nonsense") == LIMITS


@pytest.mark.parametrize(("then", "now", "rose"), [(20.0, 64.0, True), (64.0, 64.0, False)])
def test_a_plateau_in_which_success_rose_is_no_reason_to_stop(
    then: float, now: float, rose: bool
) -> None:
    curve = [*np.geomspace(1, 0.1, 20), *[0.1] * 20]
    record = trial({"eval/offline_eval/avg_l1": curve, SUCCESS: [then] * 30 + [now] * 10})
    found = only(record, "plateau")
    assert found is not None
    assert ("success rose from 20 % to 64 %" in found.explanation.en) is rose
    assert bool(found.suggestions) is not rose
