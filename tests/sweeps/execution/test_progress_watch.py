"""Nothing hangs without a word: real workers that are frozen, hang or do not come."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.execution.progress_watch import Silence
from ilsweep.sweeps.processes import proctree
from ilsweep.sweeps.ray_runtime.worker_state import seen
from tests.sweeps.as_typed import ilsweep, options, rows, trials, write_spec
from tests.sweeps.killing import command_line

SHORT = {"steps": 40, "log_every": 10, "eval_every": 20, "save_every": 20}
START_S = 6.0
"""Half of what the start of a worker may take, before that is one that does not come up: it takes
four seconds on a quiet machine."""
SLOW = {"steps": 10, "log_every": 2, "eval_every": 10, "save_every": 2}


def watched(
    folder: Path, seconds: float, meanwhile: Callable[[int], None] = lambda pid: None, **spec: Any
) -> tuple[int, str]:
    """A sweep whose watch has this patience; its exit status and what it said."""
    path = write_spec(folder, **spec)
    how = {**options({}), "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    with (folder / "said").open("w+") as said:
        run = [sys.executable, "-m", "tests.sweeps.watched", path, folder / "small", seconds]
        process = subprocess.Popen(list(map(str, run)), **{**how, "stdout": said})
        beside = threading.Thread(target=meanwhile, args=(process.pid,), daemon=True)
        beside.start()
        try:
            status = process.wait(timeout=200)
        finally:
            process.kill()
        beside.join(timeout=5)
        said.seek(0)
        return status, said.read()


def workers(driver: int, title: bytes) -> list[proctree.Process]:
    return [one for one in proctree.descendants(driver) if command_line(one).startswith(title)]


def test_a_silence_is_spoken_of_less_and_less_often() -> None:
    silence = Silence()
    spoken = [second for second in range(1, 2000) if silence.grows(1, 60)]
    assert spoken == [60, 120, 240, 480, 960, 1920]


def test_what_is_seen_of_a_worker() -> None:
    busy = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
    try:
        before = seen(busy.pid)
        assert not before.broken
        time.sleep(1.5)
        assert "is at work" in seen(busy.pid).at_work(before.cpu_s - 1)
        assert "uses no CPU" in seen(busy.pid).at_work(seen(busy.pid).cpu_s)
        busy.send_signal(signal.SIGSTOP)
        while not seen(busy.pid).broken:
            time.sleep(0.01)
        assert "is stopped" in seen(busy.pid).words
    finally:
        busy.kill()
    while "is gone" not in seen(busy.pid).words:  # only waited for
        time.sleep(0.01)
    busy.wait()
    assert "is gone" in seen(busy.pid).words


@pytest.mark.ray
def test_a_frozen_worker_is_replaced(tmp_path: Path) -> None:
    def freeze(driver: int) -> None:
        while len(rows(tmp_path / "small", "c0000-s0")) < 2:
            time.sleep(0.1)
        for worker in workers(driver, b"ray::HostedTrainer"):
            proctree.send(worker, signal.SIGSTOP)

    status, said = watched(
        tmp_path, START_S, freeze, trainer="tests.sweeps.faulty:Slow", params=SLOW,
        space={"width": {"choice": [4]}}, search={"algorithm": "grid"}, resources={"cpu": 2},
    )  # fmt: skip
    assert status == 0, said
    assert "is stopped, as SIGSTOP does" in said
    assert "it is replaced" in said
    (trial,) = trials(tmp_path / "small").values()
    assert (trial.state, trial.attempt) == ("completed", 2)


@pytest.mark.ray
def test_a_worker_that_does_not_come_up_is_replaced(tmp_path: Path) -> None:
    frozen: list[proctree.Process] = []

    def freeze(driver: int) -> None:
        """The worker that Ray keeps for the next start, before that is needed."""
        while not rows(tmp_path / "small", "c0000-s0"):
            time.sleep(0.05)
        frozen.extend(workers(driver, b"ray::IDLE"))
        for one in frozen:
            proctree.send(one, signal.SIGSTOP)
        proctree.send(workers(driver, b"ray::HostedTrainer")[0], signal.SIGKILL)

    status, said = watched(
        tmp_path, 8, freeze, trainer="tests.sweeps.faulty:Slow", params=SLOW,
        space={"width": {"choice": [4]}}, search={"algorithm": "grid"}, resources={"cpu": 2},
    )  # fmt: skip
    assert frozen
    assert status == 0, said
    assert "its worker has not come up for" in said
    (trial,) = trials(tmp_path / "small").values()
    assert trial.state == "completed"


@pytest.mark.ray
def test_a_trial_over_its_limit_fails_alone_though_it_hangs_in_c(tmp_path: Path) -> None:
    spec = write_spec(
        tmp_path, trainer="tests.sweeps.faulty:Hangs", params=SHORT, limits={"silent_s": 12},
        space={"width": {"choice": [5, 4, 6]}}, search={"algorithm": "grid"},
    )  # fmt: skip
    done = ilsweep("run", spec, "--storage", tmp_path)
    assert done.returncode == 1, done.stderr
    found = {trial.params["width"]: trial for trial in trials(tmp_path / "small").values()}
    assert {width: trial.state for width, trial in found.items()} == {
        5: "failed", 4: "completed", 6: "completed",
    }  # fmt: skip
    assert found[5].error == "reported nothing for 12 s (limits.silent_s)"
    assert (found[5].attempt, found[5].steps) == (1, 10)


@pytest.mark.ray
def test_a_trial_that_takes_too_long_in_all_fails_and_a_slow_one_is_no_alarm(
    tmp_path: Path,
) -> None:
    status, said = watched(
        tmp_path, 3, trainer="tests.sweeps.faulty:Slow", params={"log_every": 5, "width": 4},
        space={"steps": {"choice": [5, 60]}}, search={"algorithm": "grid"}, limits={"trial_s": 12},
    )  # fmt: skip
    assert status == 1, said
    found = {trial.params["steps"]: trial for trial in trials(tmp_path / "small").values()}
    assert found[5].state == "completed"
    assert (found[60].state, found[60].attempt) == ("failed", 1)
    assert found[60].error == "ran longer than 12 s (limits.trial_s)"
    assert "replaced" not in said


@pytest.mark.ray
def test_a_folder_that_is_removed_costs_its_trial_alone(tmp_path: Path) -> None:
    def remove(driver: int) -> None:
        while len(rows(tmp_path / "small", "c0000-s0")) < 2:
            time.sleep(0.1)
        # Away at once: while it is removed file by file, another one may be written into it.
        SweepPaths(tmp_path / "small").trial("c0000-s0").root.rename(tmp_path / "removed")
        shutil.rmtree(tmp_path / "removed", ignore_errors=True)

    status, said = watched(
        tmp_path, 60, remove, trainer="tests.sweeps.faulty:Slow", params=SLOW,
        space={"width": {"choice": [4, 5, 6]}}, search={"algorithm": "grid"},
    )  # fmt: skip
    assert status == 1, said
    found = {trial.params["width"]: trial for trial in trials(tmp_path / "small").values()}
    assert {width: trial.state for width, trial in found.items()} == {
        4: "failed", 5: "completed", 6: "completed",
    }  # fmt: skip
    assert found[4].error == "its folder was removed while it trained"


@pytest.mark.slow
def test_where_every_worker_is_lost_ray_is_started_anew(tmp_path: Path) -> None:
    def freeze(driver: int) -> None:
        while not rows(tmp_path / "small", "c0000-s0"):
            time.sleep(0.05)
        lost = set()
        while "started anew" not in (tmp_path / "said").read_text():
            for one in [*workers(driver, b"ray::IDLE"), *workers(driver, b"ray::HostedTrainer")]:
                if one.identity not in lost:
                    lost.add(one.identity)
                    proctree.send(one, signal.SIGSTOP)
            time.sleep(0.02)

    status, said = watched(
        tmp_path, 4, freeze, trainer="tests.sweeps.faulty:Slow", params=SLOW,
        space={"width": {"choice": [4]}}, search={"algorithm": "grid"}, resources={"cpu": 2},
    )  # fmt: skip
    assert status == 0, said
    assert "Ray is started anew" in said
    (trial,) = trials(tmp_path / "small").values()
    assert trial.state == "completed"


@pytest.mark.slow
def test_where_ray_is_frozen_again_and_again_the_sweep_ends_and_can_be_resumed(
    tmp_path: Path,
) -> None:
    def freeze(driver: int) -> None:
        frozen: set[tuple[int, int]] = set()
        while (now := proctree.look(driver)) and now.alive:
            for raylet in workers(driver, b""):
                if b"raylet/raylet" not in command_line(raylet) or raylet.identity in frozen:
                    continue
                found = workers(driver, b"ray::HostedTrainer")
                if found and rows(tmp_path / "small", "c0000-s0"):
                    frozen.add(raylet.identity)
                    proctree.send(raylet, signal.SIGSTOP)
                    proctree.send(found[0], signal.SIGKILL)
            time.sleep(0.05)

    spec = {"params": SLOW, "space": {"width": {"choice": [4]}}, "search": {"algorithm": "grid"}}
    status, said = watched(tmp_path, 4, freeze, trainer="tests.sweeps.faulty:Slow", **spec)
    assert status == 1, said
    assert said.count("Ray is started anew") == 1
    assert "continue with: ilsweep resume" in said
    assert read_json(SweepPaths(tmp_path / "small").manifest)["sessions"][-1]["interrupted"]
    done = ilsweep("resume", tmp_path / "small")
    assert done.returncode == 0, done.stderr


@pytest.mark.ray
def test_a_cluster_without_room_is_waited_for_with_words(tmp_path: Path) -> None:
    def interrupt(driver: int) -> None:
        while "no machine has" not in (tmp_path / "said").read_text():
            time.sleep(0.2)
        proctree.send(proctree.look(driver), signal.SIGINT)  # type: ignore[arg-type]

    status, said = watched(tmp_path, 2, interrupt, resources={"cpu": 500})
    assert status == 130, said
    assert "c0000-s0 has waited for a worker for" in said
    assert "no machine has 500 CPUs; there are 1 with 2 CPUs" in said
