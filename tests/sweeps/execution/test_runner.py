"""Sweeps as a user runs them: real Ray, the command line, kills."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import RayFailedError
from ilsweep.sweeps.execution import runner
from ilsweep.sweeps.processes.machine import cpus
from ilsweep.sweeps.store import sweep_dir
from ilsweep.sweeps.store.folder_lock import is_locked, locked
from ilsweep.sweeps.validation.validate import load_spec
from tests.sweeps.alone import alone
from tests.sweeps.as_typed import ilsweep, rows, start, told, trials, wait_for, write_spec
from tests.sweeps.killing import command_line, driving
from tests.sweeps.simulated import Simulated
from tests.sweeps.specs import regression, regression_plan


def test_a_sweep_leaves_its_whole_folder_and_the_numbers_of_a_lone_run(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, seeds=[0, 1], wandb={"mode": "offline"})
    done = ilsweep("run", spec, "--storage", tmp_path)
    assert done.returncode == 0, done.stderr
    root = tmp_path / "small"
    reports = ("report.zh.md", "report.en.md", "report.html")
    assert done.stdout.splitlines() == [str(root / name) for name in reports]
    assert "Traceback" not in done.stderr
    found = trials(root)
    assert sorted(found) == [f"c000{c}-s{s}" for c in range(3) for s in (0, 1)]
    for trial in found.values():
        assert (trial.state, trial.steps, trial.attempt) == ("completed", 40, 1)
        steps = [row["step"] for row in rows(root, trial.id)]
        assert steps == [10, 20, 30, 40]
        assert list((root / "trials" / trial.id / "wandb").glob("offline-run-*/run-*.wandb"))
        params = {**regression()["params"], **trial.searched}
        lone = alone(params, tmp_path / "alone" / trial.id, trial.seed or 0)
        for row in rows(root, trial.id):
            metrics = {k: v for k, v in row.items() if "/" in k}
            assert metrics == lone.train_to_report()
    assert told(root) == ["COMPLETE"] * 3
    manifest = read_json(root / "manifest.json")
    assert manifest["versions"]["ray"]
    assert manifest["sessions"][0]["ended"]
    assert not (root / ".tune").exists()

    again = ilsweep("run", spec, "--storage", tmp_path)
    assert again.returncode == 2
    assert "exists already" in again.stderr

    more = ilsweep("resume", root, "--add-trials", 1)
    assert more.returncode == 0, more.stderr
    assert len(trials(root)) == 8
    assert told(root) == ["COMPLETE"] * 4
    for name, trial in found.items():
        assert trials(root)[name].curves.keys() == trial.curves.keys()
        assert trials(root)[name].attempt == 1


@pytest.mark.ray
def test_no_worker_is_started_in_vain(tmp_path: Path) -> None:
    """Trials wait for the workers that Ray starts at once, and run in them."""
    workers, kinds = set(), (b"ray::IDLE", b"ray::Hosted")
    spec = write_spec(tmp_path, search={"num_trials": 4})
    with driving("run", spec, "--storage", tmp_path) as driver:
        while driver.running:
            workers |= {process for process in driver.alive()
                        if command_line(process).startswith(kinds)}  # fmt: skip
            time.sleep(0.1)
        status, errors = driver.ended()
    assert status == 0, errors
    assert len(workers) == cpus()


@pytest.mark.ray
def test_a_trial_that_raises_fails_alone(tmp_path: Path) -> None:
    spec = write_spec(
        tmp_path,
        trainer="tests.sweeps.faulty:Raises",
        params={"steps": 40, "log_every": 10, "eval_every": 20, "save_every": 20},
        space={"width": {"choice": [7, 8, 10]}},
        search={"algorithm": "grid"},
    )
    done = ilsweep("run", spec, "--storage", tmp_path)
    assert done.returncode == 1
    assert "1 of 3 trials failed" in done.stderr
    found = {trial.params["width"]: trial for trial in trials(tmp_path / "small").values()}
    assert {width: trial.state for width, trial in found.items()} == {
        7: "failed", 8: "completed", 10: "completed",
    }  # fmt: skip
    assert "the gripper | fell" in found[7].error
    assert found[7].steps == 10
    assert sorted(told(tmp_path / "small")) == ["COMPLETE", "COMPLETE", "FAIL"]


@pytest.mark.ray
def test_a_trial_whose_worker_is_killed_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    spec = write_spec(
        tmp_path,
        trainer="tests.sweeps.faulty:KillsItself",
        params={"steps": 40, "log_every": 10, "eval_every": 20, "save_every": 20},
        space={"width": {"choice": [7]}},
        search={"algorithm": "grid"},
    )
    done = ilsweep("run", spec, "--storage", tmp_path, ILSWEEP_TEST_MARK=str(tmp_path / "mark"))
    assert done.returncode == 0, done.stderr
    (trial,) = trials(tmp_path / "small").values()
    assert (trial.state, trial.attempt) == ("completed", 2)
    lines = [(row["attempt"], row["step"]) for row in rows(tmp_path / "small", trial.id)]
    assert lines == [(1, 10), (1, 20), (2, 30), (2, 40)]
    lone = alone({**regression()["params"], "width": 7}, tmp_path / "alone")
    expected = [lone.train_to_report()["train/loss"] for _ in range(4)]
    assert trial.curve("train/loss").values.tolist() == expected


@pytest.mark.ray
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_sweep_resumes_to_what_it_would_have_been(tmp_path: Path, how: int) -> None:
    params = {"steps": 3000, "log_every": 100, "eval_every": 500, "save_every": 500, "width": 64}
    spec = write_spec(tmp_path, params=params, search={"algorithm": "random", "num_trials": 3})
    root = tmp_path / "small"
    driver = start("run", spec, "--storage", tmp_path)
    wait_for(lambda: len(rows(root, "c0001-s0")) >= 8)
    before = {name: rows(root, name) for name in ("c0000-s0", "c0001-s0")}
    driver.send_signal(how)
    _, errors = driver.communicate(timeout=90)
    if how != signal.SIGKILL:
        assert driver.returncode == 130
        assert "ilsweep resume" in errors
    (root / "trials" / "c0002-s0").mkdir(exist_ok=True)  # as a kill just before its start leaves it
    done = ilsweep("resume", root)
    assert done.returncode == 0, done.stderr
    found = trials(root)
    assert {trial.state for trial in found.values()} == {"completed"}
    never = Simulated(tmp_path / "never interrupted", load_spec(spec))
    assert never.run()
    points = {name: searched for name, (searched, *_) in never.points().items()}
    assert {name: trial.searched for name, trial in found.items()} == points
    assert told(root) == ["COMPLETE"] * 3
    for name, earlier in before.items():
        lines = rows(root, name)
        assert lines[: len(earlier)] == earlier
    for trial in found.values():
        curve = trial.curve("train/loss")
        assert curve.steps.tolist() == list(range(100, 3001, 100))
        lone = alone({**params, **trial.searched}, tmp_path / "alone" / trial.id)
        expected = [lone.train_to_report()["train/loss"] for _ in range(30)]
        assert curve.values.tolist() == expected


def test_what_is_advised_is_said_before_ray_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a new sweep and of one that is gone on with."""

    def no_ray() -> None:
        raise RayFailedError("no Ray today")

    monkeypatch.setattr(runner, "session", no_ray)
    monkeypatch.setattr(runner, "advice", lambda resources: [f"gpu {resources.gpu:g}"])
    plan, begun = regression_plan(), tmp_path / "begun"
    with pytest.raises(RayFailedError):
        runner.run(plan, tmp_path / "new", [])
    assert "gpu 0" in capsys.readouterr().err
    begun.mkdir()
    sweep_dir.describe(plan, SweepPaths(begun), ["ilsweep"], "2026-01-01")
    Simulated(begun, plan, lambda searched, seed: 0.0, slots=1).run(3)
    with pytest.raises(RayFailedError):
        runner.resume(begun, [])
    assert "gpu 0" in capsys.readouterr().err


def test_two_drivers_never_write_one_folder(tmp_path: Path) -> None:
    spec = write_spec(tmp_path)
    plan, paths = load_spec(spec), SweepPaths(tmp_path / "small")
    sweep_dir.make(paths)
    sweep_dir.describe(plan, paths, ["ilsweep", "run"], "2026-01-01T00:00:00+00:00")
    with locked(paths):
        second = ilsweep("resume", paths.root)
        assert json.loads(ilsweep("status", paths.root, "--json").stdout)["running"] is True
    assert second.returncode == 2
    assert f"another ilsweep is running here (process {os.getpid()} on" in second.stderr
    assert not is_locked(paths)


@pytest.mark.ray
def test_asha_stops_trials_and_optuna_hears_of_it(tmp_path: Path) -> None:
    params = {"steps": 80, "log_every": 10, "eval_every": 10, "save_every": 40, "width": 16}
    spec = write_spec(tmp_path, params=params, search={"num_trials": 8},
                      scheduler={"type": "asha", "grace_steps": 20})  # fmt: skip
    done = ilsweep("run", spec, "--storage", tmp_path)
    assert done.returncode == 0, done.stderr
    found = trials(tmp_path / "small")
    states = [found[name].state for name in sorted(found)]
    assert set(states) == {"completed", "stopped"}
    hears = {"completed": "COMPLETE", "stopped": "PRUNED"}
    assert told(tmp_path / "small") == [hears[state] for state in states]
    assert all(trial.steps < 80 for trial in found.values() if trial.state == "stopped")


@pytest.mark.ray
def test_what_trials_leave_in_a_worker_changes_no_number(tmp_path: Path) -> None:
    params = {"steps": 20, "log_every": 10, "eval_every": 20, "save_every": 20}
    widths = [16, 7, 9, 11, 8, 12]
    spec = write_spec(
        tmp_path, params=params, trainer="tests.sweeps.faulty:Spoils",
        space={"width": {"choice": widths}}, search={"algorithm": "grid"},
    )  # fmt: skip
    done = ilsweep("run", spec, "--storage", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("close() raised RuntimeError: the door | is") == 1
    found = trials(tmp_path / "small")
    pids = []
    for name in sorted(found):
        record = read_json(tmp_path / "small" / "trials" / name / "record.json")
        assert (record["state"], record["attempt"], record["error"]) == ("completed", 1, "")
        assert record["warnings"][0] == "close() raised RuntimeError: the door | is"
        width = found[name].params["width"]
        lone = alone({**params, "width": width}, tmp_path / "alone" / name)
        expected = [lone.train_to_report()["train/loss"] for _ in range(2)]
        assert found[name].curve("train/loss").values.tolist() == expected
        pids.append(found[name].last("probe/pid"))
        assert found[name].last("probe/interrupt") == 1.0, "Ctrl-C is not the trial's to hear"
    odd = [pid for pid, name in zip(pids, sorted(found), strict=True)
           if found[name].params["width"] % 2]  # fmt: skip
    assert len(set(odd)) == 3
    assert len(set(pids)) < len(pids)


@pytest.mark.ray
def test_metrics_may_be_called_by_the_sweeps_own_words(tmp_path: Path) -> None:
    params = {"steps": 80, "log_every": 10, "eval_every": 10, "save_every": 40}
    spec = write_spec(
        tmp_path, params=params, trainer="tests.sweeps.faulty:Words",
        space={"width": {"choice": [7, 16, 64, 8, 10, 32]}}, search={"algorithm": "grid"},
        objective={"metric": "eval/done", "mode": "min"},
        scheduler={"type": "asha", "grace_steps": 20},
    )  # fmt: skip
    done = ilsweep("run", spec, "--storage", tmp_path)
    assert done.returncode == 1, done.stderr
    assert "train_step returned a metric called 3" in done.stderr
    found = {trial.params["width"]: trial for trial in trials(tmp_path / "small").values()}
    states = {width: trial.state for width, trial in found.items()}
    assert states.pop(7) == "failed"
    assert set(states.values()) == {"completed", "stopped"}
    hears = {"completed": "COMPLETE", "stopped": "PRUNED", "failed": "FAIL"}
    heard = [hears[trial.state] for trial in trials(tmp_path / "small").values()]
    assert told(tmp_path / "small") == heard
    for width, state in states.items():
        curves = found[width].curves
        assert curves["train/step"].values.tolist() == [1.0] * (found[width].steps // 10)
        assert (found[width].steps == 80) == (state == "completed")
        assert len(curves["eval/done"]) == found[width].steps // 10


@pytest.mark.ray
def test_population_based_training_changes_parameters_and_says_when(tmp_path: Path) -> None:
    params = {"steps": 200, "log_every": 10, "eval_every": 20, "save_every": 100, "width": 16}
    spec = write_spec(
        tmp_path, params=params, search={"algorithm": "random", "num_trials": 4},
        scheduler={"type": "pbt", "grace_steps": 20, "perturb_every": 40},
    )  # fmt: skip
    done = ilsweep("run", spec, "--storage", tmp_path)
    assert done.returncode == 0, done.stderr
    found = trials(tmp_path / "small")
    assert {trial.state for trial in found.values()} == {"completed"}
    changed = [trial for trial in found.values() if len(trial.history) > 1]
    assert changed
    for trial in changed:
        assert all(1e-3 <= entry["searched"]["lr"] <= 0.3 for entry in trial.history)
        assert trial.curve("eval/loss").steps[-1] == 200


@pytest.mark.ray
def test_status_reads_a_running_and_a_finished_sweep(tmp_path: Path) -> None:
    spec = write_spec(tmp_path)
    assert ilsweep("run", spec, "--storage", tmp_path).returncode == 0
    done = ilsweep("status", tmp_path / "small", "--json")
    facts = json.loads(done.stdout)
    assert facts["states"] == {"completed": 3}
    assert facts["running"] is False
    assert ilsweep("status", tmp_path / "nothing").returncode == 2
