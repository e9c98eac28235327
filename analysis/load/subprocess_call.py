"""A function called in a fresh interpreter, beside this one.

No fork: the caller may have threads. Whatever goes wrong there, the function is called here.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import IO, Any, Generic, TypeVar

T = TypeVar("T")
MODULE = "ilsweep.analysis.load.subprocess_call"


class BackgroundCall(Generic[T]):
    """A call under way; function, arguments and result must be picklable."""

    def __init__(self, function: Callable[..., T], *args: Any) -> None:
        self._call = (function, args)
        self._running: tuple[subprocess.Popen[bytes], IO[bytes]] | None = None
        with suppress(OSError):
            self._running = self._start()

    def _start(self) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        """The process and the file of its answer.

        A pipe would hold it up until that is read, and standard output is anybody's to print to.
        """
        search = os.pathsep.join(filter(None, sys.path))
        with ExitStack() as stack:
            answer = stack.enter_context(tempfile.TemporaryFile())
            with tempfile.TemporaryFile() as call:
                pickle.dump(self._call, call, protocol=pickle.HIGHEST_PROTOCOL)
                call.seek(0)
                process = subprocess.Popen(
                    [
                        sys.executable,
                        "-P",
                        "-m",
                        MODULE,
                        str(answer.fileno()),
                    ],
                    env={**os.environ, "PYTHONPATH": search},
                    pass_fds=[answer.fileno()],
                    stdin=call,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            stack.pop_all()
        return process, answer

    def result(self) -> T:
        """What the function returned there, or what it returns or raises here."""
        function, args = self._call
        if self._running is None:
            return function(*args)
        process, answer = self._running
        with answer:
            if process.wait() != 0:
                return function(*args)
            answer.seek(0)
            returned: T = pickle.load(answer)
        return returned


def _main() -> None:
    function, args = pickle.load(sys.stdin.buffer)
    with open(int(sys.argv[1]), "wb") as answer:
        pickle.dump(function(*args), answer, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    _main()
