"""A sweep in a session of its own, every process of it known by number and start time."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ilsweep.sweeps.processes import proctree
from ilsweep.sweeps.processes.proctree import Process
from tests.sweeps.as_typed import command, options

GONE_S = 10.0
"""So long after a sweep's end nothing of it may be alive."""
PLACES = {
    "worker": "ray::HostedTrainer",
    "raylet": "raylet/raylet",
    "gcs": "gcs_server",
    "child": "a trainer's helper",
}
"""What the command line of a part of Ray holds; looked for among a driver's own processes only."""


class Driver:
    """`ilsweep` at work, and all processes that were ever seen below it."""

    def __init__(self, *args: object, **env: str) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the driver
        how = {**options(env), "stdout": subprocess.DEVNULL, "stderr": self._errors}
        self._process = subprocess.Popen(command(*args), **how, start_new_session=True)
        own = proctree.look(self._process.pid)
        assert own is not None
        self.own = own
        self.seen = {Process(*own.identity, 0, True)}
        """By identity alone: a parent may change."""
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._run)
        self._watch.start()

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            self.look()

    def look(self) -> None:
        """Note who is below the driver now; below what it started, too, once it is gone."""
        known = {process.identity for process in list(self.seen)}
        ours: set[int] = set()
        for process in sorted(proctree.everything(), key=lambda one: (one.started, one.pid)):
            if process.identity in known or process.parent in ours:
                ours.add(process.pid)
                self.seen.add(Process(*process.identity, 0, True))

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def until(self, condition: Callable[[], Any], seconds: float = 150) -> None:
        """Wait for something to happen while the driver runs."""
        end = time.monotonic() + seconds
        while not condition():
            assert self.running, f"ended before that: {self.ended()}"
            assert time.monotonic() < end, "did not happen in time"
            time.sleep(0.05)

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def part(self, place: str) -> list[Process]:
        """The living processes of a kind among those seen; what a worker forked is none."""
        wanted = PLACES[place].encode()
        found = [process for process in self.alive() if wanted in command_line(process)]
        pids = {process.pid for process in found}
        now = {process: proctree.look(process.pid) for process in found}
        return [process for process, seen in now.items() if seen and seen.parent not in pids]

    def kill(self, place: str) -> bool:
        """SIGKILL one process of a kind; whether there was one."""
        self.look()
        if place == "driver":
            self.send(signal.SIGKILL)
            return True
        found = self.part(place)
        if found:
            proctree.send(found[0], signal.SIGKILL)
        return bool(found)

    def alive(self) -> list[Process]:
        return [process for process in list(self.seen) if same(process)]

    def command_lines(self) -> set[bytes]:
        """What the process list shows of the sweep now."""
        return {command_line(process) for process in self.alive()}

    def ended(self, seconds: float = 120) -> tuple[int, str]:
        """Exit status and what was said on standard error, once the driver has ended."""
        status = self._process.wait(timeout=seconds)
        self._errors.seek(0)
        return status, self._errors.read()

    def left(self) -> list[bytes]:
        """What is alive GONE_S from now, as soon as that is nothing."""
        until = time.monotonic() + GONE_S
        while self.alive() and time.monotonic() < until:
            time.sleep(0.05)
        return [command_line(process)[:120] for process in self.alive()]

    def close(self) -> None:
        """End whatever is left, so that a failed test leaves nothing behind."""
        self._stop.set()
        self._watch.join()
        self.look()
        for process in self.alive():
            proctree.send(process, signal.SIGKILL)
        self._process.wait()
        self._errors.close()


@contextmanager
def driving(*args: object, **env: str) -> Iterator[Driver]:
    driver = Driver(*args, **env)
    try:
        yield driver
    finally:
        driver.close()


def same(process: Process) -> bool:
    """Whether exactly this process is alive."""
    now = proctree.look(process.pid)
    return now is not None and now.alive and now.identity == process.identity


def command_line(process: Process) -> bytes:
    try:
        return Path(f"/proc/{process.pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return b""
