"""The page of a sweep while it runs, on this machine alone: `ilsweep report DIR --watch`.

The folder is only read. A page is made when it is asked for and the records have changed, and the
browser is told to ask again while the sweep runs.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilsweep.analysis.page import page
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.processes.signals import heeding, pause
from ilsweep.sweeps.workflow.postprocess import analysed

if TYPE_CHECKING:
    from ilsweep.analysis.metrics.metric import Mode

HOST = "127.0.0.1"
AGAIN_S = 10
"""Seconds after which a browser asks again."""
MARKS = ("metrics.jsonl", "record.json", "episodes.parquet")
"""Files of a trial that change with it."""


class LivePage:
    """The page of a folder as it is now."""

    def __init__(self, root: Path, metric: str = "", mode: Mode | None = None) -> None:
        self._root, self._metric, self._mode = root, metric, mode
        self._lock = threading.Lock()
        self._mark: object = None
        self._page, self.running = b"", True

    def now(self) -> bytes:
        """The page, made anew where the records have changed.

        Raises:
            FolderError: not a sweep's folder any more.
        """
        with self._lock:
            mark = self._records()
            if mark != self._mark:
                analysis = analysed(self._root, self._metric, self._mode)
                self._page, self._mark = page(analysis).encode(), mark
                trials = analysis.sweep.trials
                self.running = not trials or not all(trial.finished for trial in trials)
            return self._page

    def _records(self) -> list[tuple[str, int, int, int]]:
        """What changes with them; those that are replaced have another inode each time."""
        paths, found = SweepPaths(self._root), []
        for file in (paths.controls, *(p for m in MARKS for p in paths.trials.glob(f"*/{m}"))):
            with suppress(FileNotFoundError):  # none, or taken away meanwhile
                seen = file.stat()
                found.append((str(file), seen.st_ino, seen.st_mtime_ns, seen.st_size))
        return sorted(found)


def server(live: LivePage) -> ThreadingHTTPServer:
    """A server of the page at `/`, for whoever is on this machine, on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            port = self.connection.getsockname()[1]
            # A site that has its name point here is not on this machine.
            if self.headers.get("Host") not in (f"{HOST}:{port}", f"localhost:{port}"):
                self.send_error(403)
            elif self.path != "/":
                self.send_error(404)
            else:
                self._show()

        def _show(self) -> None:
            try:
                content = live.now()
            except FolderError as error:
                self.send_error(503, explain=str(error))
            else:
                self._answer(content)

        def _answer(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            if live.running:
                self.send_header("Refresh", str(AGAIN_S))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    return _Server((HOST, 0), Handler)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away before it has the page is no fault."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(root: Path, metric: str, mode: Mode | None, say: Callable[[str], None]) -> None:
    """Serve the page until somebody interrupts; `say` is told where.

    Raises:
        FolderError: not a sweep's folder.
        KeyboardInterrupt: interrupted.
    """
    live = LivePage(root, metric, mode)
    live.now()
    with server(live) as serving, heeding():
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        say(f"http://{HOST}:{serving.server_address[1]}/")
        try:
            while True:
                pause(1)
        finally:
            serving.shutdown()
