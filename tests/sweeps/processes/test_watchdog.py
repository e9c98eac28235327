"""What a trial or a sweep leaves running is ended, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ilsweep.sweeps.processes import proctree, watchdog
from tests.sweeps.as_typed import ROOT
from tests.sweeps.killing import GONE_S, same

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(100)"]
DETACH = [sys.executable, "-S", "-c", f"import subprocess as s; s.Popen({SLEEP!r}, "
          "start_new_session=True, stdout=s.DEVNULL)"]  # fmt: skip
"""Leaves a sleeper that is nobody's child any more."""
DRIVER = f"""
import subprocess, sys, time
from ilsweep.sweeps.processes.watchdog import Guard
guard = Guard()
for command in ({SLEEP!r}, {DETACH!r}):
    print(subprocess.Popen(command, stdout=subprocess.DEVNULL).pid, flush=True)
time.sleep(100)
"""


BARE = [sys.executable, "-S", "-c", f"import subprocess as s, time; print(s.Popen({SLEEP!r}, "
        "env={}, stdout=s.DEVNULL).pid, flush=True); time.sleep(100)"]  # fmt: skip
"""Its child bears no mark."""
BEREAVED = f"""
import subprocess, time
from ilsweep.sweeps.processes.watchdog import LOOK_S, Guard
guard = Guard()
with subprocess.Popen({BARE!r}, stdout=subprocess.PIPE) as parent:
    child = parent.stdout.readline().decode()
    time.sleep(4 * LOOK_S)
    parent.kill()
print(child, flush=True)
time.sleep(100)
"""


EARLY = f"""
import ctypes, os, subprocess, sys, time
from ilsweep.sweeps.processes import proctree
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # who loses its parent below is now a child of this process
subprocess.run([sys.executable, "-c", '''
import os, subprocess
from ilsweep.sweeps.processes.isolated import isolated
guard = isolated("ilsweep.sweeps.processes.watchdog", "a mark", str(os.getpid()))
subprocess.Popen(["sh", "-c", 'sleep 0.3; exec "$@"', "-", *guard], stdin=subprocess.PIPE,
                 stdout=subprocess.DEVNULL)
os._exit(0)
'''], check=True)
bystander = subprocess.Popen({SLEEP!r})
while len(proctree.descendants(os.getpid())) > 1:
    time.sleep(0.01)
print(bystander.poll())
bystander.kill()
"""
"""A driver that ends before its guard has begun, and a process that is started after that."""


def until_marked(count: int, value: str, mark: str = watchdog.SESSION) -> None:
    """A process that execs has no environment for a moment."""
    until = time.monotonic() + GONE_S
    while len(proctree.marked(value, mark)) < count:
        assert time.monotonic() < until


def mark_of(process: proctree.Process) -> str:
    """Which session it is of, as soon as it has an environment."""
    until = time.monotonic() + GONE_S
    while time.monotonic() < until:
        for line in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0"):
            if line.startswith(watchdog.SESSION.encode()):
                return line.partition(b"=")[2].decode()
    raise AssertionError("it bears no mark")


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEP) as process:
        yield process
        assert process.poll() is None, "somebody else's process was ended"
        process.kill()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks are set in this process; not beyond the test."""
    for name in (watchdog.SESSION, proctree.MARK):
        monkeypatch.setenv(name, "")


@pytest.mark.usefixtures("environment")
def test_a_trials_processes_end_and_those_before_it_stay(
    tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    children = watchdog.ChildProcesses(str(tmp_path))
    forked = os.fork()
    if forked == 0:
        time.sleep(100)
        os._exit(0)
    started = subprocess.Popen(SLEEP)
    subprocess.run(DETACH, check=True)
    until_marked(2, str(tmp_path), proctree.MARK)
    children.end()
    assert proctree.marked(str(tmp_path)) == []
    assert started.wait() == -signal.SIGTERM
    assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == -signal.SIGTERM


@pytest.mark.usefixtures("environment", "bystander")
def test_the_next_attempt_ends_what_is_left_of_the_last(tmp_path: Path) -> None:
    subprocess.run(DETACH, check=True, env={**os.environ, proctree.MARK: str(tmp_path)})
    until_marked(1, str(tmp_path), proctree.MARK)
    watchdog.ChildProcesses(str(tmp_path))
    assert proctree.marked(str(tmp_path)) == []


@pytest.mark.usefixtures("environment", "bystander")
def test_what_a_killed_worker_left_ends_and_what_lives_on_stays() -> None:
    kept = watchdog.Guard()
    mark = os.environ[watchdog.SESSION]
    worker = subprocess.Popen(SLEEP)
    subprocess.run(DETACH, check=True)
    until_marked(2, mark)
    watchdog.end_orphans()
    assert [process.pid for process in proctree.marked(mark, watchdog.SESSION)] == [worker.pid]
    kept.close()
    assert worker.wait() == -signal.SIGTERM
    assert watchdog.SESSION not in os.environ


@pytest.mark.usefixtures("bystander")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_driver(how: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER], cwd=ROOT, stdout=subprocess.PIPE
    ) as driver:
        assert driver.stdout is not None
        sleeper = proctree.look(int(driver.stdout.readline()))
        driver.stdout.readline()
        assert sleeper is not None
        mark = mark_of(sleeper)
        until_marked(2, mark)
        driver.send_signal(how)
    until = time.monotonic() + GONE_S
    while proctree.marked(mark, watchdog.SESSION):
        assert time.monotonic() < until, "somebody outlived the driver"
        time.sleep(0.05)


def test_the_guard_of_a_driver_that_ended_before_it_began_ends_nobody_else() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EARLY], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "None\n", done.stderr


@pytest.mark.usefixtures("bystander")
def test_who_lost_mark_and_parent_ends_too() -> None:
    """As Ray's agents do, whose title overwrites their environment, when the raylet is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", BEREAVED], cwd=ROOT, stdout=subprocess.PIPE
    ) as driver:
        assert driver.stdout is not None
        orphan = proctree.look(int(driver.stdout.readline()))
        assert orphan is not None
        assert orphan.parent != driver.pid
        driver.kill()
    until = time.monotonic() + GONE_S
    while same(orphan):
        assert time.monotonic() < until, "it outlived the driver"
        time.sleep(0.05)
