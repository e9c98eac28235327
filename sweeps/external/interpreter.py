"""A script of ours at work in another interpreter; it answers in lines of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Self

from ilsweep.sweeps.external.job import not_ours
from ilsweep.sweeps.processes.signals import look

LOOK_S = 0.2
"""Seconds between two looks whether somebody interrupts."""
LEAVE_S = 10.0
"""Seconds in which the script ends once nothing more is asked."""


class ScriptError(Exception):
    """The script cannot go on; says why in a line."""


class Script:
    """A script from its start to its end. What it prints beside its answers is in a log."""

    def __init__(self, argv: Sequence[str], folder: Path, log: Path) -> None:
        """`folder` is where it works.

        Raises:
            ScriptError: it cannot be started.
        """
        self._log = log
        try:
            with log.open("wb") as printed:
                self._process = subprocess.Popen(
                    argv,
                    cwd=folder,
                    env={**not_ours(os.environ), "PYTHONUNBUFFERED": "1"},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=printed,
                    start_new_session=True,  # Ctrl-C is ours to hear
                )
        except OSError as error:
            raise ScriptError(f"{argv[0]}: cannot be started ({error.strerror})") from None
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(0.0 if kind else LEAVE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(LEAVE_S)  # a process that it left behind may hold the other end

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Its answer.

        Raises:
            ScriptError: it gave up, or is gone.
            KeyboardInterrupt: interrupted meanwhile.
        """
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(f"{json.dumps(question)}\n".encode())
            self._process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next object that it prints; other lines are passed over.

        Raises:
            ScriptError: it gave up, or is gone.
            KeyboardInterrupt: interrupted meanwhile.
        """
        while line := self._next():
            with suppress(ValueError):
                found = json.loads(line)
                if isinstance(found, dict):
                    break
        else:
            raise ScriptError(self._last_words())
        if "error" in found:
            raise ScriptError(" ".join(str(found["error"]).split()))
        return found

    def _next(self) -> bytes:
        while True:
            look()
            with suppress(Empty):
                return self._lines.get(timeout=LOOK_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as printed:
            for line in printed:
                self._lines.put(line)
        self._lines.put(b"")

    def _last_words(self) -> str:
        said = self._log.read_text(errors="replace").strip().splitlines()
        status = self._process.wait()
        return said[-1] if said else f"ended with status {status}"
