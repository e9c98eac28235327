"""Nothing of a command stays, however it or its worker ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ilsweep.sweeps.processes import proctree
from tests.sweeps.external.scripts import GONE_S, GOOD, hosting, nobody_is_left, run, trial, write

FAMILY = """
    import os, pathlib, signal, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def stay():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path(f"pid.{os.getpid()}").write_text("x")
        time.sleep(120)
        os._exit(0)

    if os.fork() == 0:       # a child, and a child's child
        if os.fork() == 0:
            stay()
        stay()
    if os.fork() == 0:       # a daemon: another session, no parent, nothing in its environment
        os.setsid()
        if os.fork():
            os._exit(0)
        os.execve(sys.executable, [sys.executable, "-c",
            "import os, pathlib, time; pathlib.Path(f'pid.{os.getpid()}').write_text('x');"
            "time.sleep(120)"], {})
    while len(list(pathlib.Path().glob("pid.*"))) < 3:
        time.sleep(0.02)
    print('{"step": 1, "loss": 1}')
    stay()
"""
"""Ignores SIGTERM, and has three more processes."""


def gone(pids: list[int]) -> bool:
    """Whether the processes have ended, after GONE_S at most."""
    until = time.monotonic() + GONE_S
    while any((found := proctree.look(pid)) and found.alive for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def family(root: Path) -> list[int]:
    return [int(p.name.split(".")[1]) for p in (trial(root).root / "run").glob("pid.*")]


def test_a_stopped_one_goes_with_all_its_processes(tmp_path: Path) -> None:
    hosted = hosting(tmp_path, write(tmp_path, FAMILY), end={"grace_s": 0.5})
    hosted.resume()
    assert hosted.train_to_report() == {"train/loss": 1}
    wait = time.monotonic()
    hosted.close()
    assert time.monotonic() - wait < GONE_S
    pids = family(tmp_path)
    assert len(pids) >= 3
    assert gone(pids)


def test_it_is_asked_before_it_is_made_to_go(tmp_path: Path) -> None:
    code = """
        import pathlib, signal, time
        def leave(*_):
            pathlib.Path("saved").write_text("x")
            raise SystemExit
        signal.signal(signal.SIGTERM, leave)
        print('{"step": 1, "loss": 1}')
        time.sleep(60)
    """
    hosted = hosting(tmp_path, write(tmp_path, code))
    hosted.resume()
    hosted.train_to_report()
    hosted.close()
    assert (trial(tmp_path).root / "run" / "saved").exists()


def test_what_an_ended_command_leaves_behind_goes_too(tmp_path: Path) -> None:
    code = """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"],
                                 start_new_session=True)
        open("pid." + str(child.pid), "w").close()
        print('{"step": 1, "loss": 1}')
    """
    assert len(run(hosting(tmp_path, write(tmp_path, code)))) == 1
    assert gone(family(tmp_path))


HOST = """
import sys, time
from pathlib import Path
from tests.sweeps.external.scripts import hosting
hosted = hosting(Path(sys.argv[1]), sys.argv[2:], end={"grace_s": 0.5})
hosted.resume()
print(hosted.train_to_report(), flush=True)
time.sleep(120)
"""


def worker(root: Path) -> subprocess.Popen[str]:
    """A process that hosts the family, as a Ray worker does."""
    argv = write(root, FAMILY)
    process = subprocess.Popen(
        [sys.executable, "-c", HOST, str(root), *argv],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    assert "train/loss" in process.stdout.readline()
    return process


def test_a_killed_worker_takes_everything_with_it(tmp_path: Path) -> None:
    with worker(tmp_path) as process:
        process.kill()
    pids = family(tmp_path)
    assert len(pids) >= 3
    assert gone(pids)


def test_the_next_attempt_ends_what_is_left_of_the_last(tmp_path: Path) -> None:
    """Worker and supervisor are both killed: what is left is found by its mark."""
    with worker(tmp_path) as process:
        supervisors = [
            found
            for found in proctree.marked(str(trial(tmp_path).root))
            if b"supervisor" in Path(f"/proc/{found.pid}/cmdline").read_bytes()
        ]
        assert len(supervisors) == 1
        os.kill(supervisors[0].pid, signal.SIGKILL)
        process.kill()
    assert gone([supervisors[0].pid])
    marked = {found.pid for found in proctree.marked(str(trial(tmp_path).root))}
    pids = family(tmp_path)  # the next attempt clears their files
    assert set() < marked <= set(pids)
    run(hosting(tmp_path, write(tmp_path, GOOD), end={"grace_s": 0.2}))
    assert nobody_is_left(tmp_path)
    assert gone(sorted(marked))
    for pid in pids:  # the one without an environment is beyond a killed supervisor
        if (found := proctree.look(pid)) and found.alive:
            proctree.send(found, signal.SIGKILL)
