"""A sweep in which nothing succeeds, or nothing could."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.analyse import Analysis, analyse, ranked
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.planning.next_stage import next_stage
from ilsweep.analysis.records.controls import Control, Controls, controls_of
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.report import write_reports
from tests.analysis.made_up import SPEC, write_trial

HEALTHY = Controls(
    (
        Control("expert", 10, 10),
        Control("random", 0, 10),
        Control("replay", 3, 3),
        Control("reference", not_run="none_named"),
    )
)


def sweep(
    root: Path,
    successes: dict[str, int],
    controls: Controls | None = HEALTHY,
    objective: str = "eval/pc_success",
) -> Analysis:
    """Configurations with so many successes of ten, the first of the least error."""
    for i, (name, k) in enumerate(successes.items()):
        row = {
            "step": 100,
            "train/loss": 1.0,
            "eval/offline_eval/avg_l1": 0.1 * (i + 1),
            "eval/pc_success": 10.0 * k,
            "eval/n_episodes": 10,
        }
        searched = {"lr": 0.1 * (i + 1)}
        known = {"config_id": name, "seed": 0, "searched": searched}
        known["params"] = {"steps": 100, **searched}
        write_trial(root, f"{name}-s0", [row], params=known)
    mode = "max" if objective == "eval/pc_success" else "min"
    spec = {**SPEC, "objective": {"metric": objective, "mode": mode}, "hypotheses": [],
            "space": {"lr": {"uniform": [0, 1]}}}  # fmt: skip
    write_atomic(SweepPaths(root).manifest, to_json({"name": "made-up", "spec": spec}))
    write_atomic(SweepPaths(root).spec, "name: made-up\n")
    if controls:
        write_atomic(SweepPaths(root).controls, to_json(controls.to_json()))
    return analyse(read_sweep(root))


def of_sweep(analysis: Analysis) -> dict[str, Any]:
    return {finding.id: finding for finding in analysis.of_sweep}


def test_where_nothing_succeeds_nothing_is_called_best(tmp_path: Path) -> None:
    analysis = sweep(tmp_path, {"a": 0, "b": 0, "c": 0})
    found = of_sweep(analysis)["nothing_works"]
    assert analysis.ranking.best is None
    assert found.severity == "critical"
    assert found.evidence == {"configurations": 3, "episodes": 30, "expert": "10/10",
                              "random": "0/10", "replay": "3/3"}  # fmt: skip
    for text in (analysis.answer.en, analysis.headline):
        assert "othing works yet" in text
        assert "expert 10" in text
        assert "steps × 4" in text
        assert "best" not in text
    assert "最优" not in analysis.answer.zh
    assert ranked(analysis.sweep)[1] == analysis.headline
    stage = next_stage(analysis, lambda spec: True)
    assert {"params.steps", "space.steps"} & {change.path for change in stage.changes}
    assert "warm_start" not in stage.spec
    assert stage.spec.get("seeds") == SPEC["seeds"]


def test_one_success_is_enough_to_be_best(tmp_path: Path) -> None:
    analysis = sweep(tmp_path, {"a": 0, "b": 1, "c": 0})
    assert analysis.ranking.best is not None
    assert analysis.ranking.best.config_id == "b"
    assert "nothing_works" not in of_sweep(analysis)


def test_a_small_error_that_never_succeeds_stands_below_one_that_does(tmp_path: Path) -> None:
    analysis = sweep(tmp_path, {"a": 0, "b": 4, "c": 0}, objective="eval/offline_eval/avg_l1")
    assert [row.config_id for row in analysis.ranking.rows] == ["b", "a", "c"]
    assert analysis.ranking.best is not None
    assert analysis.ranking.best.config_id == "b"


def test_without_episodes_nothing_changes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        row = {"step": 100, "eval/offline_eval/avg_l1": 0.1 if name == "a" else 0.2}
        write_trial(tmp_path, name, [row], params={"config_id": name, "seed": 0})
    analysis = analyse(read_sweep(tmp_path))
    assert analysis.ranking.best is not None
    assert analysis.ranking.best.config_id == "a"
    assert not of_sweep(analysis)


@pytest.mark.parametrize(
    ("control", "says"),
    [
        (Control("expert", 2, 10), "success flag or the episodes are wrong"),
        (Control("random", 9, 10), "true though nothing was done"),
        (Control("replay", 0, 3), "transform of the actions"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_broken_pipeline_is_said_before_anything_else(
    control: Control, says: str, tmp_path: Path
) -> None:
    others = tuple(c for c in HEALTHY.controls if c.name != control.name)
    analysis = sweep(tmp_path, {"a": 10, "b": 9}, Controls((control, *others)))
    found = of_sweep(analysis)["broken_pipeline"]
    assert found.evidence == {control.name: f"{control.k}/{control.n}"}
    assert analysis.sweep.controls is not None
    assert analysis.sweep.controls.sensitive is False
    assert says in analysis.answer.en
    assert "is best" not in analysis.answer.en
    assert analysis.headline.startswith("broken pipeline")


def test_the_cause_in_a_reference_that_works_is_named(tmp_path: Path) -> None:
    known = (*HEALTHY.controls[:3], Control("reference", 9, 10))
    sweep(tmp_path, {"a": 0, "b": 0}, Controls(known))
    manifest = SweepPaths(tmp_path).manifest
    content = read_json(manifest)
    content["spec"]["controls"] = {"reference": {"params": {"lr": 0.5}}}
    write_atomic(manifest, to_json(content))
    found = of_sweep(analyse(read_sweep(tmp_path)))["nothing_works"]
    assert [(s.param, s.op, s.value) for s in found.suggestions] == [("lr", "set", 0.5)]


def test_the_controls_stand_at_the_top_of_both_reports(tmp_path: Path) -> None:
    analysis = sweep(tmp_path, {"a": 0, "b": 3})
    write_reports(analysis)
    paths = SweepPaths(tmp_path)
    english, chinese = paths.report("en").read_text(), paths.report("zh").read_text()
    assert english.index("10 of 10") < english.index("## Ranking")
    assert "not run | some at least | the spec names none" in english
    assert "专家" in chinese
    assert read_json(paths.report_json)["controls"] == HEALTHY.to_json()


def test_a_sweep_without_controls_says_so(tmp_path: Path) -> None:
    analysis = sweep(tmp_path, {"a": 3}, None)
    write_reports(analysis)
    assert "**Controls**: not run." in SweepPaths(tmp_path).report("en").read_text()
    skipped = Controls(tuple(Control(c.name, not_run="skipped") for c in HEALTHY.controls), True)
    analysis = sweep(tmp_path, {"a": 3}, skipped)
    assert analysis.answer.en.startswith("The controls were not run (--no-controls)")
    assert analysis.sweep.controls is not None
    assert analysis.sweep.controls.sensitive is None


def test_controls_are_read_as_they_were_written_and_damage_is_not_run() -> None:
    assert controls_of(HEALTHY.to_json()) == HEALTHY
    assert HEALTHY.sensitive is True
    assert controls_of({}) is None
    damaged = {**HEALTHY.to_json(), "controls": {"expert": {"k": "ten"}, "random": 3,
                                                 "replay": {"k": 5, "n": 3}}}  # fmt: skip
    found = controls_of(damaged)
    assert found is not None
    assert [control.n for control in found.controls] == [0, 0, 0, 0]
    assert found.sensitive is None
