"""The planted faults: every finding has some, the counting counts, and a few are run."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.faults import sweeps, table
from benchmarks.faults.case import Case, planted
from benchmarks.faults.cases import CASES, asked
from benchmarks.faults.look import Look, NotAsSaid, evidence, looks, wrong
from benchmarks.faults.spoilt import Camera, shown
from benchmarks.faults.train import record, trained
from benchmarks.faults.world import World, demonstrations
from ilsweep.analysis.findings.registry import RULES
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.spec.params import nested

RULE_NAMES = [rule.id for rule in RULES]


def case(name: str) -> Case:
    (found,) = [case for case in CASES if case.name == name]
    return found


@pytest.mark.parametrize("finding", RULE_NAMES)
def test_every_finding_is_planted_and_has_healthy_runs(finding: str) -> None:
    assert any(finding in case.plants for case in CASES)
    assert any(finding in case.clean for case in CASES)


def test_cases_are_told_apart_and_know_only_findings_that_there_are() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    for case in CASES:
        assert case.findings <= set(RULE_NAMES), case.name
        assert case.findings, case.name
        assert case.about.endswith("."), case.name
        case.trainer_class.Config(**nested(case.params))


def test_a_fault_cannot_be_planted_and_absent() -> None:
    with pytest.raises(ValueError, match="blind_policy"):
        planted("x", "X.", "blind_policy", clean=frozenset({"blind_policy"}), **_nothing())


def _nothing() -> dict[str, object]:
    return {"trainer": "act", "params": {}}


def test_cases_are_found_by_finding_and_by_name() -> None:
    assert asked(()) == list(CASES)
    assert all("blind_policy" in case.findings for case in asked(["blind_policy"]))
    assert [case.name for case in asked(["act-frozen"])] == ["act-frozen"]
    with pytest.raises(ValueError, match="nonsense"):
        asked(["nonsense"])


def test_where_nothing_was_looked_at_no_target_is_met() -> None:
    assert not table.count([]).good


def look(finding: str, planted: bool, found: bool) -> Look:
    return Look(finding, "case", "dial-turn-v3", 2, planted, found, {"number": 0.5})


def test_the_table_counts_and_shows_every_miss() -> None:
    all_looks = [
        *[look("plateau", True, True)] * 19,
        look("plateau", True, False),
        *[look("plateau", False, False)] * 19,
        look("diverged", False, True),
    ]
    plateau = table.count(all_looks, "plateau")
    assert (plateau.planted, plateau.caught, plateau.healthy) == (20, 19, 19)
    assert table.count(all_looks).good
    assert not table.count(all_looks, "diverged").good
    assert [row.finding for row in table.counts(all_looks, RULE_NAMES)] == ["diverged", "plateau"]
    printed = table.text(all_looks, RULE_NAMES)
    assert "19 of 20" in printed
    assert "judged on, missed: plateau in case, seed 2 (number 0.5)" in printed
    assert "judged on, false alarm: diverged" in printed
    assert "Short of the targets in the judged half: diverged." in printed
    assert len(wrong(all_looks)) == 2


def test_the_targets_are_those_of_the_runs_that_no_threshold_was_set_on() -> None:
    """A made-up world's first three seeds may miss; the other seeds, and other worlds, must not."""
    missed = look("plateau", True, False)
    used = [replace(missed, world="made-up", seed=seed) for seed in range(3)]
    caught = replace(missed, found=True)
    assert not table.missed([*used, caught], RULE_NAMES)
    for other in (replace(missed, world="made-up", seed=3), missed):
        assert [row.finding for row in table.missed([*used, caught, other], RULE_NAMES)] == [
            "plateau"
        ]
    assert table.missed(used, RULE_NAMES)
    rows = table.text([*used, caught], RULE_NAMES).splitlines()
    assert " ".join(rows[2].split()) == "plateau 0 of 3 - 1 of 1 -"
    assert [row.split()[0] for row in rows if row.startswith(("made", "dial"))] == [
        "made-up",
        "dial-turn-v3",
    ]


def test_equal_worlds_are_equal_and_a_planted_camera_shows_what_it_says() -> None:
    black = demonstrations(World(camera="black")).source
    right = demonstrations(World()).source
    train, held = right.train_frames, right.heldout_frames
    assert (black["observation.images.top"][train] == 0).all()
    assert (black["observation.images.top"][held] == right["observation.images.top"][held]).all()
    assert (black["action"] == right["action"]).all()
    demonstrations.cache_clear()
    assert (
        demonstrations(World()).source["observation.images.top"] == right["observation.images.top"]
    ).all()


def quick(name: str, **params: object) -> Case:
    """A case, cut down to what a second holds."""
    whole = case(name)
    few = {"steps": 4, "log_every": 1, "eval_every": 4, **params}
    return Case(
        name=whole.name,
        about=whole.about,
        trainer=whole.trainer,
        params={**whole.params, **few},
        data=World(episodes=8),
        plants=whole.plants & {"backbone_frozen", "batch_too_large"},
        clean=whole.clean & {"backbone_frozen", "batch_too_large", "data_bound"},
    )


def test_a_trained_fault_is_caught_and_a_healthy_run_is_not_accused(tmp_path: Path) -> None:
    cases = [quick("act-frozen"), quick("act-batch-share"), quick("act-healthy")]
    found = [look for look in trained(cases, [0], tmp_path, jobs=1) if isinstance(look, Look)]
    assert {(look.finding, look.planted) for look in found} >= {
        ("backbone_frozen", True),
        ("backbone_frozen", False),
        ("batch_too_large", True),
    }
    assert not wrong(found)
    assert all(look.evidence for look in found if look.planted)
    assert [trial.state for trial in read_sweep(tmp_path).trials] == ["completed"] * 3


def test_a_record_that_is_there_is_taken_and_one_of_other_parameters_is_not(tmp_path: Path) -> None:
    frozen = quick("act-frozen")
    first = record(frozen, 0, tmp_path)
    assert record(frozen, 0, tmp_path).ended == first.ended
    assert record(frozen, 0, tmp_path).seconds == first.seconds
    shorter = quick("act-frozen", steps=2)
    assert record(shorter, 0, tmp_path).steps == 2


def test_a_loss_that_is_not_finite_is_a_failed_trial(tmp_path: Path) -> None:
    huge = quick("act-rate-huge", lr=1e30, lr_backbone=1e30, steps=20)
    trial = record(huge, 0, tmp_path)
    assert trial.state == "failed"
    assert "FloatingPointError" in trial.error
    (found,) = looks(case("act-rate-huge"), 0, trial)
    assert found.found


def test_a_healthy_run_that_failed_stopped_or_did_not_learn_is_not_quiet(tmp_path: Path) -> None:
    """Quiet rules would count as right, though nothing was there that they could have found."""
    healthy = quick("act-healthy", steps=12)
    trial = record(healthy, 0, tmp_path)
    assert [found.right for found in looks(healthy, 0, trial)] == [True] * 3
    loss = trial.curve("train/loss")
    flat = {**trial.curves, "train/loss": replace(loss, values=loss.values[::-1])}
    for broken, said in [
        (
            replace(trial, state="failed", error="x\nFloatingPointError: nan"),
            "failed at step 12 of 12",
        ),
        (replace(trial, steps=11), "completed at step 11 of 12"),
        (replace(trial, curves=flat), "did not fall"),
        (replace(trial, curves={"train/loss": loss}), "nothing that backbone_frozen, data_bound"),
    ]:
        with pytest.raises(NotAsSaid, match=rf"act-healthy, seed 0: .*{said}"):
            looks(healthy, 0, broken)


def acting(percent: float, trial: TrialRecord) -> TrialRecord:
    """The same trial, after twenty episodes."""
    counted = {"eval/pc_success": percent, "eval/n_episodes": 20.0}
    steps = np.array([trial.steps])
    curves = {name: Curve(steps, np.array([value])) for name, value in counted.items()}
    return replace(trial, curves={**trial.curves, **curves})


def test_policies_that_act_succeed_where_healthy_and_fail_where_they_must(tmp_path: Path) -> None:
    sound, spoilt = quick("act-healthy", steps=12), quick("act-frozen", steps=12)
    healthy, frozen = record(sound, 0, tmp_path), record(spoilt, 0, tmp_path)
    assert looks(sound, 0, acting(80, healthy))
    with pytest.raises(NotAsSaid, match="healthy, but succeeds in 15 of 20"):
        looks(sound, 0, acting(75, healthy))
    assert looks(spoilt, 0, acting(75, frozen))
    with pytest.raises(NotAsSaid, match="fail, but succeeds in 15 of 20"):
        looks(replace(spoilt, fails=True), 0, acting(75, frozen))
    assert looks(replace(spoilt, fails=True), 0, acting(50, frozen))


def test_a_run_that_is_not_what_its_case_says_is_told_and_does_not_end_the_rest(
    tmp_path: Path,
) -> None:
    still = replace(quick("act-healthy", lr=1e-12, lr_backbone=0.0), name="still")
    other, *found = list(trained([still, quick("act-frozen")], [0], tmp_path, jobs=1))
    assert isinstance(other, NotAsSaid)
    assert {run.case for run in found if isinstance(run, Look)} == {"act-frozen"}
    assert "not counted: still, seed 0" in table.text([], RULE_NAMES, [str(other)])


def test_information_about_a_policy_that_works_accuses_nobody(tmp_path: Path) -> None:
    case = replace(quick("act-healthy"), clean=frozenset({"posterior_collapse"}), data=World())
    trial = record(replace(case, params={**case.params, "kl_weight": 10.0}), 0, tmp_path)
    empty = Curve(np.array([trial.steps]), np.array([0.0]))
    trial = replace(trial, curves={**trial.curves, "probe/active_units": empty})
    (found,) = looks(case, 0, acting(95, trial))
    assert not found.found
    (found,) = looks(replace(case, clean=frozenset(), plants=case.clean), 0, acting(95, trial))
    assert found.found


@pytest.mark.parametrize("camera", ["black", "scrambled"])
def test_recorded_pictures_are_spoilt_in_training_alone(camera: Camera) -> None:
    made = demonstrations(World(episodes=8)).source
    spoilt = shown(made, camera)
    key, train, held = "observation.images.top", made.train_frames, made.heldout_frames
    assert (spoilt[key][held] == made[key][held]).all()
    assert not (spoilt[key][train] == made[key][train]).all()
    if camera == "black":
        assert not spoilt[key][train].any()
    else:
        assert (
            np.sort(spoilt[key][train].sum((1, 2, 3))) == np.sort(made[key][train].sum((1, 2, 3)))
        ).all()


def test_what_is_measured_was_measured_on_the_cases_as_they_are() -> None:
    """The document lists these cases, and counts their seeds."""
    text = (Path(__file__).parents[1] / "docs/faults.md").read_text()
    assert table.listing(CASES) in text
    not_counted = len(re.findall(r"^ +not counted: ", text, re.MULTILINE))
    cells = r" +(-|\d+ of \d+)" * 4
    rows = {name: cells for name, *cells in re.findall(rf"^    (\w+){cells}$", text, re.MULTILINE)}
    for name in RULE_NAMES:
        planted, healthy = (
            sum(case.seeds for case in CASES if name in getattr(case, truth))
            for truth in ("plants", "clean")
        )
        counted = [int(cell.split()[-1]) if cell != "-" else 0 for cell in rows[name]]
        one, other = planted - counted[0] - counted[2], healthy - counted[1] - counted[3]
        assert 0 <= one <= not_counted, name
        assert 0 <= other <= not_counted, name


def test_a_miss_shows_what_the_rule_went_by(tmp_path: Path) -> None:
    trial = record(quick("act-healthy"), 0, tmp_path)
    assert 0 < evidence("backbone_frozen", trial)["probe/backbone_change"] < math.inf
    assert not evidence("padding_leak", trial)


def test_findings_of_a_sweep_are_caught_on_made_up_sweeps() -> None:
    found = list(sweeps.looks(draws=12))
    assert {look.finding for look in found} == set(sweeps.FINDINGS)
    assert sum(not look.right for look in found) <= 0.2 * len(found)
