"""Runs one trial's command and answers for all its processes, whatever happens to the worker.

A process of its own, in a session of its own and no child of the worker's, so that it outlives the
worker by the seconds that ending the command takes. It hears of the worker's end by its standard
input closing, which the kernel does for a killed process too. Every process that the command
starts, daemons included, stays below it (PR_SET_CHILD_SUBREAPER), and the command dies with it
(PR_SET_PDEATHSIG). Standard library only: it starts in some 20 ms.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import select
import signal
import subprocess
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

from ilsweep.sweeps.external.output import Kept, Lines, Reports
from ilsweep.sweeps.processes import proctree
from ilsweep.sweeps.security.masking import Mask

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
POLL_S = 0.1
CHUNK = 1 << 18


class Supervisor:
    """One command at work.

    `job` is a `Launch`, and `pipe`: both ends of what the command prints to, which the worker reads
    where this process is killed.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self._job = job
        self._kept = Kept(Path(job["output"]))
        self._reports = Reports(Path(job["reports"]), job["keep"])
        self._fail = [re.compile(text.encode()) for text in job["fail"]]
        self._lines = Lines()
        self._mask = Mask(job["hide"])
        self._read, self._write = job["pipe"]
        self._status: int | None = None
        self._pid = -1
        self._why = ""
        self._stop = False
        signal.signal(signal.SIGTERM, self._asked)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # `ilsweep validate --try` blocks some

    def _asked(self, number: int, frame: FrameType | None) -> None:
        self._stop = True

    def run(self) -> dict[str, Any]:
        """Start, wait, end; what there is to say in the end."""
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        try:
            child = subprocess.Popen(
                self._job["argv"],
                cwd=self._job["cwd"],
                env=self._job["env"],
                stdin=subprocess.DEVNULL,
                stdout=self._write,
                stderr=self._write,
                start_new_session=True,
                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0),
            )
        except (OSError, ValueError) as error:
            return self._end(f"cannot be started: {error}")
        finally:
            os.close(self._write)
        self._pid = child.pid
        while self._status is None and not self._stop:
            self._pump(POLL_S)
        self._stop = self._stop and self._status is None
        proctree.end(lambda: proctree.descendants(os.getpid()), self._job["grace_s"], self._pump)
        child.returncode = self._status
        return self._end("")

    def _end(self, error: str) -> dict[str, Any]:
        while self._take():
            pass
        self._show(self._mask.rest())
        self._heard(self._lines.rest())
        self._kept.close()
        self._reports.close()
        return {
            "status": self._status,
            "error": error or self._why,
            "stopped": self._stop and not self._why,
            "left_out": self._reports.left_out,
        }

    def _pump(self, seconds: float) -> None:
        """Drain output until the deadline, poll stdin for the worker's exit, reap children."""
        until = time.monotonic() + seconds
        sources = [self._read] if self._stop else [self._read, 0]
        ready, _, _ = select.select(sources, [], [], seconds)
        if 0 in ready and not os.read(0, CHUNK):
            self._stop = True
        if self._read in ready and not self._take():
            time.sleep(max(0, until - time.monotonic()))  # closed: nobody writes any more
        self._bury()

    def _take(self) -> bool:
        """A chunk of output; False where there is none."""
        try:
            data = os.read(self._read, CHUNK)
        except OSError:
            return False
        if data:
            self._show(self._mask.cut(data))
        return bool(data)

    def _show(self, data: bytes) -> None:
        """Keep what can be shown, and hear its lines."""
        self._kept.write(data)
        self._heard(self._lines.cut(data))

    def _heard(self, lines: list[bytes]) -> None:
        self._reports.lines(lines)
        for pattern in self._fail if not self._why else []:
            for line in lines:
                if pattern.search(line):
                    text = line.decode("utf-8", "replace").strip()[:300]
                    self._why = f"printed {text!r}, which end.output refuses"
                    self._stop = True
                    return

    def _bury(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._pid:
                self._status = os.waitstatus_to_exitcode(status)


def main() -> None:
    """Read the job, a line of JSON, from standard input; answer with one on standard output."""
    text = b""
    while not text.endswith(b"\n") and (more := os.read(0, CHUNK)):
        text += more
    if os.fork():
        os._exit(0)
    os.setsid()
    try:
        answer = Supervisor(json.loads(text)).run()
    except Exception:  # noqa: BLE001 - the worker hears of it in no other way
        answer = {"error": f"the supervisor broke: {traceback.format_exc()}"}
        proctree.end(lambda: proctree.descendants(os.getpid()), 0)
    os.write(1, json.dumps(answer).encode() + b"\n")
