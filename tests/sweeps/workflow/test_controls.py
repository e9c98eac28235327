"""Controls of a sweep, in a small world: healthy, and with one fault each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.controls import Control, Controls, controls_of
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import ControlsFailedError, SpecError
from ilsweep.sweeps.execution import runner
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.workflow import controls, sweep
from ilsweep.sweeps.workflow.controls import before_search, controls_text, run_controls
from tests.analysis.made_up import write_trial

MODULE = "tests.sweeps.tiny_world"


def spec(trainer: str = "bc", fault: str = "none", **changes: Any) -> dict[str, Any]:
    return {
        "name": "tiny",
        "trainer": trainer if ":" not in trainer else f"{MODULE}{trainer}",
        "data": {"source": f"{MODULE}:Tiny", "observation": "state", "fault": fault},
        "params": {"steps": 20, "rollouts": 4},
        "space": {"lr": {"choice": [1e-3, 1e-4]}},
        "objective": {"metric": "eval/pc_success", "mode": "max"},
        "wandb": {"mode": "disabled"},
        **changes,
    }


def run(**changes: Any) -> Controls:
    found = run_controls(check(spec(**changes)))
    assert found is not None
    return found


def counts(found: Controls) -> dict[str, str]:
    return {c.name: f"{c.k}/{c.n}" if c.n else c.not_run for c in found.controls}


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh process imports torch, which takes longer than the controls."""

    @contextmanager
    def here(count: int, threads: int) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor(count) as pool:
            yield pool

    monkeypatch.setattr(controls, "process_pool", here)


def test_a_healthy_world_passes() -> None:
    found = run()
    assert counts(found) == {
        "expert": "10/10", "random": "0/10", "replay": "3/3", "reference": "none_named",
    }  # fmt: skip
    assert found.sensitive is True
    assert "expert     10 of 10" in controls_text(found)


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"fault": "expert"}, "expert"),
        ({"fault": "flag"}, "random"),
        ({"trainer": ":Lossy"}, "replay"),
        ({"trainer": ":Schooled", "controls": {"reference": {"params": {"steps": 9}}}},
         "reference"),
    ],
    ids=["expert", "flag", "encoding", "reference"],
)  # fmt: skip
def test_each_fault_stops_the_sweep_before_its_search(
    changes: dict[str, Any], failed: str, tmp_path: Path
) -> None:
    plan = check(spec(**changes))
    with pytest.raises(ControlsFailedError, match=rf"{failed} .*--no-controls"):
        before_search(plan, tmp_path)
    assert not SweepPaths(tmp_path).controls.exists()  # so that a resumed sweep stops, too
    found = run(**changes)
    assert [control.name for control in found.failed] == [failed]
    assert found.sensitive is False
    before_search(plan, tmp_path, skip=True)
    again = controls_of(read_json(SweepPaths(tmp_path).controls))
    assert again is not None
    assert again.skipped


@pytest.mark.usefixtures("in_this_process")
def test_a_reference_that_succeeds_is_trained_with_its_own_parameters() -> None:
    reference = {"reference": {"params": {"steps": 11, "rollouts": 7}}}
    found = run(trainer=":Schooled", controls=reference, params={"steps": 2})
    assert counts(found)["reference"] == "7/7"
    assert counts(found)["replay"] == "no_codec"
    assert found.sensitive is True


@pytest.mark.usefixtures("in_this_process")
def test_a_fault_that_is_searched_on_purpose_stops_nothing() -> None:
    found = run(
        trainer="rdt",
        data={"source": "aloha", "observation": "state", "episodes": 3},
        params={"position_scale": 100.0, "rollouts": 1},
        space={"inverse_scale": {"choice": [False, True]}},
    )
    assert counts(found)["replay"] == "2/2"


@pytest.mark.usefixtures("in_this_process")
def test_an_environment_that_raises_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ControlsFailedError) as raised:
        before_search(check(spec(fault="raises")), tmp_path)
    assert "the gripper is stuck" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_where_no_policy_is_tried_there_are_no_controls(tmp_path: Path) -> None:
    error = {"metric": "eval/offline_eval/avg_l1", "mode": "min"}
    plan = check(spec(params={"rollouts": 0}, objective=error))
    assert run_controls(plan) is None
    before_search(plan, tmp_path)
    assert not SweepPaths(tmp_path).controls.exists()


@pytest.mark.usefixtures("in_this_process")
def test_what_is_known_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ILSWEEP_CACHE", str(tmp_path / "cache"))
    data = {"source": "aloha", "observation": "state", "episodes": 2}
    plan = check(spec(data=data, params={"rollouts": 1}))
    first = run_controls(plan)
    before_search(plan, tmp_path, skip=True)
    known = controls_of(read_json(SweepPaths(tmp_path).controls))
    assert first is not None
    assert known is not None
    assert counts(known) == counts(first)
    assert first.sensitive is True
    other = check(spec(data={**data, "seed": 1}, params={"rollouts": 1}))
    before_search(other, tmp_path, skip=True)
    unknown = controls_of(read_json(SweepPaths(tmp_path).controls))
    assert unknown is not None
    assert counts(unknown)["expert"] == "skipped"


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ({"reference": {"params": {"stepz": 1}}}, "controls.reference.params.stepz"),
        ({"reference": {"params": {"steps": -1}}}, "controls.reference.params.steps"),
        ({"reference": {"params": {"rollouts": 0}}}, "no episodes to succeed in"),
        ({"refrence": {}}, "controls.refrence: unknown key"),
    ],
)
def test_a_wrong_reference_is_one_line(section: dict[str, Any], line: str) -> None:
    with pytest.raises(SpecError) as raised:
        check(spec(controls=section))
    assert len(raised.value.problems) == 1
    assert line in str(raised.value)


@pytest.mark.usefixtures("in_this_process")
def test_the_command_line_stops_before_the_search_and_says_why_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(yamlio.dump(spec(fault="flag")))
    assert main(["run", str(file), "--storage", str(tmp_path / "runs")]) == 1
    said = capsys.readouterr()
    assert "the success flag is true though nothing was done" in said.err
    assert said.err.endswith("--no-controls; nothing was started\n")
    assert "Traceback" not in said.err
    assert not (tmp_path / "runs" / "tiny").exists()
    assert main(["validate", str(file), "--controls"]) == 1
    assert "random     10 of 10" in capsys.readouterr().out
    file.write_text(yamlio.dump(spec()))
    assert main(["validate", str(file), "--controls", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["controls"]["sensitive"] is True


@pytest.mark.usefixtures("in_this_process")
def test_a_sweep_without_controls_says_that_nothing_can_be_concluded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its trials come to; Ray would train them."""

    def train(plan: Plan, paths: SweepPaths, *_: object) -> None:
        rows = [{"step": 20, "attempt": 1, "eval/pc_success": 50.0, "eval/n_episodes": 4}]
        for number in range(plan.configurations):
            who = {"config_id": f"c{number}", "seed": 0}
            write_trial(paths.root, f"c{number}-s0", rows, params=who)

    monkeypatch.setattr(runner, "load_ray", lambda: None)
    monkeypatch.setattr(runner, "_train", train)
    file = tmp_path / "spec.yaml"
    file.write_text(yamlio.dump(spec(trainer=":Schooled", fault="flag")))
    storage = str(tmp_path / "runs")
    assert main(["run", str(file), "--storage", storage, "--no-controls"]) == 0
    paths = SweepPaths(tmp_path / "runs" / "tiny")
    report = paths.report("en").read_text()
    first = "**Answer**: The controls were not run (--no-controls): nothing about behaviour"
    assert first in report
    assert read_json(paths.controls)["skipped"] is True


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, True),
        ({"data": {"expert": "my_expert:solve"}}, False),
        ({"data": {"env": {"id": "my_world:Arm"}}}, False),
        ({"data": {"source": "my_data:Mine"}}, False),
        ({"data": {"root": "sets/cube"}}, False),
        ({"trainer": "my_trainer:Mine"}, False),
    ],
)
def test_no_control_is_kept_that_depends_on_a_users_file(
    changes: dict[str, Any], kept: bool
) -> None:
    ours = {
        "source": "gym",
        "env": {"id": "gym_pusht/PushT-v0"},
        "expert": "ilsweep.trainers.envs.gym.pusht:expert",
    }
    data = {**ours, **changes.get("data", {})}
    job = controls.Job("expert", data, changes.get("trainer", "act"))
    assert bool(job.key) is kept


def test_a_sweep_that_failed_its_controls_stops_at_each_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Path] = []
    failed = Controls((Control("expert", 0, 10),))
    monkeypatch.setattr(controls, "_controls", lambda *_, **__: failed)
    monkeypatch.setattr(sweep, "plan_of", lambda _: None)
    monkeypatch.setattr(runner, "resume", lambda root, *_, **__: runs.append(root))
    for _ in range(2):
        with pytest.raises(ControlsFailedError, match="ilsweep run SPEC --no-controls"):
            sweep._resume(tmp_path, 0, False)
    assert runs == []
