"""Whatever is killed or goes wrong beside a sweep: nothing of it is lost, nothing stays alive."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.importers import read_runs
from ilsweep.analysis.records.curves import effective_rows
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.execution.wandb_logger import LEAVE_S
from ilsweep.sweeps.store import sweep_dir as folder
from ilsweep.sweeps.validation.validate import load_spec
from tests.sweeps.as_typed import (
    ROOT,
    ilsweep,
    rows,
    told,
    trials,
    undisturbed,
    write_spec,
)
from tests.sweeps.killing import Driver, driving
from tests.walks import EVERY, SAVED, STEPS, check_undisturbed

WALK = "tests.cluster.project.wanderer:Wanderer"
PARENT, HELPED = "tests.cluster.project.wanderer:Parent", "tests.sweeps.helped:Helped"
KEY = "0123456789abcdef" * 2 + "01234567"


def write_walk(folder: Path, step_s: float = 0.0, **changes: Any) -> Path:
    """Four trials of 100 steps, their numbers known beforehand (`tests.walks`)."""
    return write_spec(
        folder,
        **{
            "trainer": WALK,
            "params": {"steps": STEPS, "log_every": EVERY, "eval_every": SAVED,
                       "save_every": SAVED, "step_s": step_s},
            "space": {"drift": {"choice": [0.1, 0.2]}},
            "seeds": [0, 1],
            "objective": {"metric": "eval/x", "mode": "max"},
            "search": {"algorithm": "grid"},
            **changes,
        },
    )  # fmt: skip


def assert_goes_on(root: Path, before: dict[str, list[dict[str, Any]]]) -> None:
    """What was on disk is there, each trial lost one save interval at most, the rest is right."""
    check_undisturbed(root, 4)
    assert told(root) == ["COMPLETE"] * 2
    for name, lines in before.items():
        now = rows(root, name)
        assert now[: len(lines)] == lines
        first = [row for row in effective_rows(now) if row["attempt"] == 1]
        assert len(first) >= len(lines) - SAVED // EVERY


def children(folder: Path) -> set[int]:
    return {int(path.name) for path in folder.iterdir()}


class TestKilled:
    """SIGKILL of one process of a sweep whose trainers have children, grandchildren and daemons."""

    @pytest.mark.ray
    @pytest.mark.parametrize(
        "place",
        ["raylet", "worker", *(pytest.param(p, marks=pytest.mark.slow) for p in ("gcs", "driver"))],
    )
    def test_loses_nothing_and_nobody_stays(self, tmp_path: Path, place: str) -> None:
        root, names = tmp_path / "small", tmp_path / "children"
        names.mkdir()
        spec = write_walk(tmp_path, 0.03, trainer=PARENT)
        with driving(
            "run", spec, "--storage", tmp_path, ILSWEEP_TEST_CHILDREN=str(names)
        ) as driver:
            driver.until(lambda: len(rows(root, "c0000-s1")) >= 3)
            before = {name: rows(root, name) for name in trials(root)}
            assert driver.kill(place)
            status, errors = driver.ended()
            assert driver.left() == []
        assert len(children(names)) >= 3
        assert children(names) <= {process.pid for process in driver.seen}
        assert "Traceback" not in errors
        if place == "worker":  # what it forked holds its connection to Ray open
            assert status == 0, errors
            assert {trial.attempt for trial in trials(root).values()} == {1, 2}
        else:
            assert status == (-signal.SIGKILL if place == "driver" else 1), errors
            again = ilsweep("resume", root, ILSWEEP_TEST_CHILDREN=str(names))
            assert again.returncode == 0, again.stderr
        assert_goes_on(root, before)

    @pytest.mark.slow
    def test_a_trainer_without_its_child_fails_and_can_go_on(self, tmp_path: Path) -> None:
        root = tmp_path / "small"
        params = {"steps": 400, "log_every": 25, "eval_every": 50, "save_every": 50, "width": 16}
        spec = write_spec(tmp_path, trainer=HELPED, params=params, search={"num_trials": 2})
        with driving("run", spec, "--storage", tmp_path) as driver:
            driver.until(lambda: len(rows(root, "c0000-s0")) >= 4)
            assert driver.kill("child")
            status, errors = driver.ended()
            assert driver.left() == []
        assert status == 1
        assert "1 of 2 trials failed" in errors
        assert sorted(told(root)) == ["COMPLETE", "FAIL"]
        (failed,) = [trial for trial in trials(root).values() if trial.state == "failed"]
        assert failed.error.strip().endswith("RuntimeError: the helper is gone")
        before = {name: rows(root, name) for name in trials(root)}
        assert ilsweep("resume", root, "--retry-failed").returncode == 0
        assert told(root) == ["COMPLETE"] * 2
        for trial in trials(root).values():
            assert rows(root, trial.id)[: len(before[trial.id])] == before[trial.id]
            expected = undisturbed(trial, params, tmp_path / "alone")
            assert trial.curve("train/loss").values.tolist() == expected

    @pytest.mark.slow
    def test_a_trainers_children_end_with_its_trial(self, tmp_path: Path) -> None:
        """Not only with the sweep: the trials of one worker follow each other."""
        root, names = tmp_path / "small", tmp_path / "children"
        names.mkdir()
        spec = write_walk(
            tmp_path, 0.02, trainer=PARENT, space={"drift": {"choice": [0.1, 0.2, 0.3]}}
        )
        most = 0
        with driving(
            "run", spec, "--storage", tmp_path, ILSWEEP_TEST_CHILDREN=str(names)
        ) as driver:
            while driver.running:
                known = children(names)
                most = max(most, sum(process.pid in known for process in driver.alive()))
                time.sleep(0.1)
            status, errors = driver.ended()
            assert driver.left() == []
        assert status == 0, errors
        assert len(children(names)) == 6 * 3
        assert 3 <= most <= 2 * 2 * 3, "children of trials that have ended were still alive"
        check_undisturbed(root, 6)


def interrupted_twice(driver: Driver, number: int, pause_s: float) -> tuple[int, str]:
    driver.send(number)
    time.sleep(pause_s)
    while driver.running:
        driver.send(number)
        time.sleep(0.02)
    return driver.ended(30)


@pytest.mark.ray
@pytest.mark.parametrize(
    ("number", "pause_s"),
    [
        (signal.SIGINT, 0.3),
        pytest.param(signal.SIGTERM, 0.3, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, 0.0, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 0.0, marks=pytest.mark.slow),
    ],
)
def test_asked_again_and_again_to_end_it_ends_once(
    tmp_path: Path, number: int, pause_s: float
) -> None:
    root = tmp_path / "small"
    with driving("run", write_walk(tmp_path, 0.03), "--storage", tmp_path) as driver:
        driver.until(lambda: len(rows(root, "c0000-s1")) >= 3)
        before = {name: rows(root, name) for name in trials(root)}
        status, errors = interrupted_twice(driver, number, pause_s)
        assert driver.left() == []
    assert status == 130, errors
    assert "Traceback" not in errors
    assert errors.count(f"continue with: ilsweep resume {root}") == 1
    assert read_json(root / "manifest.json")["sessions"][0]["interrupted"]
    assert ilsweep("resume", root).returncode == 0
    assert_goes_on(root, before)


@pytest.mark.parametrize("left", [[], [".lock"], [".lock", ".manifest.json.x1y2"]])
def test_a_folder_that_a_kill_left_blank_is_taken(tmp_path: Path, left: list[str]) -> None:
    paths = SweepPaths(tmp_path / "small")
    paths.root.mkdir()
    for name in left:
        (paths.root / name).touch()
    with (
        folder.new(paths),
        pytest.raises(FolderError, match="another ilsweep is running"),
        folder.new(paths),
    ):
        pass
    (paths.root / "notes.md").touch()
    with pytest.raises(FolderError, match="exists already"):
        folder.make(paths)


@pytest.mark.ray
def test_a_kill_between_the_manifest_and_the_spec_is_mended(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, search={"num_trials": 1})
    paths = SweepPaths(tmp_path / "small")
    folder.make(paths)
    folder.describe(load_spec(spec), paths, ["ilsweep", "run"], folder.now())
    paths.spec.unlink()
    done = ilsweep("resume", paths.root)
    assert done.returncode == 0, done.stderr
    assert load_spec(paths.spec).spec == load_spec(spec).spec
    assert told(paths.root) == ["COMPLETE"]


def states(root: Path) -> set[str]:
    """The states of all trials that there are so far."""
    return {read_json(path).get("state", "") for path in root.glob("trials/*/record.json")}


@pytest.mark.slow
def test_a_clock_that_jumps_by_years_changes_no_number_and_no_duration(tmp_path: Path) -> None:
    """Set to another year each second, in the driver, in Tune and in the workers."""
    root = tmp_path / "small"
    clock = {"PYTHONPATH": f"{Path(__file__).parent / 'jumping'}:{ROOT}"}
    began = time.monotonic()
    with driving("run", write_walk(tmp_path, 0.02), "--storage", tmp_path, **clock) as driver:
        driver.until(lambda: "completed" in states(root))
        facts = json.loads(ilsweep("status", root, "--json", **clock).stdout)
        status, errors = driver.ended()
    took = time.monotonic() - began
    assert status == 0, errors
    check_undisturbed(root, 4)
    if facts["running"]:
        assert 0 <= facts["seconds_left"] < took
    for told_left in re.findall(r"about (.*) left", errors):
        assert told_left.endswith(" s"), errors
    for trial in trials(root).values():
        seconds = [row["seconds"] for row in rows(root, trial.id)]
        assert seconds == sorted(seconds)
        assert STEPS * 0.02 <= seconds[-1] <= trial.seconds < took
    (session,) = read_json(root / "manifest.json")["sessions"]
    years = {datetime.fromisoformat(session[when]).year for when in ("started", "ended")}
    years |= {datetime.fromisoformat(trial.ended).year for trial in trials(root).values()}
    assert len(years) > 1, "the clock did not jump"
    before = SweepPaths(root).report("en").read_bytes()
    assert ilsweep("report", root, **clock).returncode == 0
    assert SweepPaths(root).report("en").read_bytes() == before


@pytest.mark.slow
def test_wandb_out_of_reach_costs_one_line_and_no_trial(tmp_path: Path) -> None:
    """The port is closed: nobody answers, nobody refuses by name. The runs are there, offline."""
    root = tmp_path / "small"
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        spec = write_walk(tmp_path, 0.01, wandb={"mode": "online"})
        env = {"WANDB_BASE_URL": url, "WANDB_API_KEY": KEY, "HOME": str(tmp_path)}
        began = time.monotonic()
        with driving("run", spec, "--storage", tmp_path, **env) as driver:
            status, errors = driver.ended()
            assert driver.left() == []
    assert status == 0, errors
    check_undisturbed(root, 4)
    (line,) = [line for line in errors.splitlines() if "wandb" in line]
    assert "wandb cannot be reached" in line
    for name in trials(root):
        (written,) = (SweepPaths(root).trial(name).root / "wandb").glob("offline-run-*/*.wandb")
        (run,) = read_runs(written)[1]
        assert len(run.rows) == len(effective_rows(rows(root, name)))
    assert time.monotonic() - began < LEAVE_S + 60
    for path in root.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), path
