"""A sweep in a session of its own, every process of it known by number and start time."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweeps.commands import processes
from sweeps.commands.processes import Process
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
        self._process = subprocess.Popen(command(*args), **options(env), start_new_session=True)
        own = processes.look(self._process.pid)
        assert own is not None
        self.own = own
        self.seen: set[Process] = {own}
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._run)
        self._watch.start()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            self.look()

    def look(self) -> None:
        """Note who is below the driver now; below what it started, too, once it is gone."""
        for known in [process for process in self.seen if same(process)]:
            self.seen |= {plain(process) for process in processes.descendants(known.pid)}

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def part(self, place: str) -> list[Process]:
        """The living processes of a kind among those seen."""
        wanted = PLACES[place].encode()
        return [process for process in self.alive() if wanted in command_line(process)]

    def kill(self, place: str) -> bool:
        """SIGKILL one process of a kind; whether there was one."""
        self.look()
        if place == "driver":
            self.send(signal.SIGKILL)
            return True
        found = self.part(place)
        if found:
            processes.send(found[0], signal.SIGKILL)
        return bool(found)

    def alive(self) -> list[Process]:
        return [process for process in list(self.seen) if same(process)]

    def command_lines(self) -> set[bytes]:
        """What the process list shows of the sweep now."""
        return {command_line(process) for process in self.alive()}

    def ended(self, seconds: float = 120) -> tuple[int, str]:
        """Exit status and what was said on standard error, once the driver has ended."""
        _, errors = self._process.communicate(timeout=seconds)
        return self._process.returncode, errors

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
            processes.send(process, signal.SIGKILL)
        self._process.communicate()


@contextmanager
def driving(*args: object, **env: str) -> Iterator[Driver]:
    driver = Driver(*args, **env)
    try:
        yield driver
    finally:
        driver.close()


def plain(process: Process) -> Process:
    """The identity alone: a parent may change."""
    return Process(process.pid, process.started, 0, True)


def same(process: Process) -> bool:
    """Whether exactly this process is alive."""
    now = processes.look(process.pid)
    return now is not None and now.alive and now.started == process.started


def command_line(process: Process) -> bytes:
    try:
        return Path(f"/proc/{process.pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return b""
