"""The worker's end of a supervisor: start it, hear from it, let it end the command."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ilsweep.sweeps.external.output import mend
from ilsweep.sweeps.processes import proctree
from ilsweep.sweeps.processes.isolated import isolated
from ilsweep.sweeps.security.masking import Mask

SUPERVISOR = "ilsweep.sweeps.external.supervisor"
LEAVE_S = 3.0
"""Seconds beyond the grace that a supervisor gets for ending its command."""


@dataclass(frozen=True)
class Launch:
    """What a supervisor is told."""

    argv: list[str]
    cwd: str
    env: dict[str, str]
    hide: list[str]
    """Values that are not kept of what it prints."""
    output: str
    """File for what the command prints."""
    reports: str
    """File for the printed lines that match `keep`."""
    keep: list[str]
    fail: list[str]
    """Regular expressions; a printed line that matches one ends the command."""
    grace_s: float


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    status: int | None = None
    """Exit status, negative for a signal; None where it never ran or was stopped."""
    error: str = ""
    """Why it could not be started, or was ended; empty for an end of its own."""
    left_out: int = 0
    """Reports that came faster than they can be recorded."""


class Running:
    """A command at work under its supervisor.

    Raises:
        OSError: the machine starts no more processes.
    """

    def __init__(self, launch: Launch) -> None:
        self._mark = launch.env[proctree.MARK]
        self._grace_s = launch.grace_s
        # A worker that was killed leaves a supervisor that is still ending the attempt before.
        proctree.end(self._find, launch.grace_s + LEAVE_S)
        self._launch = launch
        self._printed, into = os.pipe()
        os.set_blocking(self._printed, False)
        try:
            self._supervisor = subprocess.Popen(
                isolated(SUPERVISOR),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", os.defpath), proctree.MARK: self._mark},
                pass_fds=(self._printed, into),
            )
        finally:
            os.close(into)
        assert self._supervisor.stdin is not None
        job = {**asdict(launch), "pipe": (self._printed, into)}
        self._supervisor.stdin.write(json.dumps(job).encode() + b"\n")
        self._supervisor.stdin.flush()
        self._supervisor.wait()  # its child goes on, so that it is no child of this process
        self._answer: Answer | None = None
        self._heard = b""

    def _find(self) -> list[proctree.Process]:
        return proctree.marked(self._mark)

    def poll(self, seconds: float) -> Answer | None:
        """Wait so long for the end; None where it goes on."""
        assert self._supervisor.stdout is not None
        handle = self._supervisor.stdout.fileno()
        until = time.monotonic() + seconds
        while self._answer is None:
            ready, _, _ = select.select([handle], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return None
            data = os.read(handle, 1 << 16)
            self._heard += data
            if not data:
                self._answer = self._read()
        return self._answer

    def _read(self) -> Answer:
        try:
            answer: dict[str, Any] = json.loads(self._heard)
        except ValueError:
            self._end_without()
            return Answer(error="its supervisor was killed")
        return Answer(answer.get("status"), answer["error"], answer.get("left_out", 0))

    def stop(self) -> None:
        """End the command and all that it started; back when they are gone."""
        assert self._supervisor.stdin is not None
        assert self._supervisor.stdout is not None
        self._supervisor.stdin.close()
        if self.poll(self._grace_s + LEAVE_S) is None:
            self._end_without()
        self._supervisor.stdout.close()
        if self._printed >= 0:
            os.close(self._printed)
            self._printed = -1

    def _end_without(self) -> None:
        """End what is left without a supervisor, and read what it had not read yet."""
        proctree.end(self._find, 0)
        rest = b""
        with suppress(BlockingIOError):  # a process beyond us has it open still
            while data := os.read(self._printed, 1 << 16):
                rest += data
        mask = Mask(self._launch.hide)
        shown = mask.cut(rest) + mask.rest()
        mend(Path(self._launch.output), Path(self._launch.reports), self._launch.keep, shown)
