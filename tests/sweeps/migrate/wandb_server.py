"""A W&B server of one sweep on this machine: it answers what `wandb.Api` asks of one.

The queries are those of wandb 0.31: `Viewer`, `GetDefaultEntity`, `GetSweep` and `Runs`, the last
page by page. Anything else gets an answer without data.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WHEN = "2026-05-01T10:00:00Z"
SWEEP = "abc12345"


class Server(ThreadingHTTPServer):
    """`asked` holds the names of the queries that came, in order."""

    def __init__(self, config: str, runs: Sequence[Mapping[str, Any]], *, knows_me: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.config, self.runs, self.knows_me = config, runs, knows_me
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        name = next((n for n in ("Viewer", "GetDefaultEntity", "GetSweep", "Runs")
                     if f"query {n}" in query), "")  # fmt: skip
        self.asked.append(name)
        if name in ("Viewer", "GetDefaultEntity"):
            viewer = {"id": "v", "entity": "me", "username": "me", "email": "", "flags": "{}",
                      "teams": {"edges": []}}  # fmt: skip
            return {"viewer": viewer if self.knows_me else None}
        if name == "GetSweep":
            return {"project": {"sweep": self._sweep() if variables["name"] == SWEEP else None}}
        if name == "Runs":
            assert json.loads(variables["filters"]) == {"sweep": SWEEP}
            return {"project": self._page(int(variables.get("cursor") or 0), variables["perPage"])}
        return {}

    def _sweep(self) -> dict[str, Any]:
        return {
            "__typename": "Sweep", "id": "U3dlZXA=", "name": SWEEP, "displayName": "mine",
            "method": "bayes", "state": "RUNNING", "description": None, "bestLoss": None,
            "config": self.config, "createdAt": WHEN, "updatedAt": WHEN,
            "runCount": len(self.runs), "runCountExpected": None,
        }  # fmt: skip

    def _page(self, begin: int, size: int) -> dict[str, Any]:
        """Two runs at a time, whatever was asked for."""
        end = begin + min(size, 2)
        edges = [
            {"node": _node(i, run), "cursor": str(i + 1)}
            for i, run in enumerate(self.runs[begin:end], begin)
        ]
        info = {"endCursor": str(end), "hasNextPage": end < len(self.runs)}
        return {"internalId": "1", "runCount": len(self.runs), "readOnly": False,
                "runs": {"edges": edges, "pageInfo": info}}  # fmt: skip


def _node(i: int, run: Mapping[str, Any]) -> dict[str, Any]:
    config = {name: {"value": value, "desc": None} for name, value in run["config"].items()}
    return {
        "id": f"UnVu{i}", "projectId": "1", "name": f"run{i}", "displayName": f"sweep-{i}",
        "sweepName": SWEEP, "state": run["state"], "tags": [], "group": None, "jobType": None,
        "commit": None, "readOnly": False, "createdAt": WHEN, "heartbeatAt": WHEN,
        "description": None, "notes": None, "historyLineCount": 3, "systemMetrics": "{}",
        "config": json.dumps({**config, "_wandb": {"value": {}}}), "historyKeys": None,
        "summaryMetrics": json.dumps(run["summary"]), "user": {"name": "a", "username": "me"},
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        data: dict[str, Any] = {}
        if self.path == "/graphql":
            asked = json.loads(body)
            data = self.server.answer(asked["query"], asked.get("variables") or {})
        out = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def serving(
    config: str, runs: Sequence[Mapping[str, Any]] = (), *, knows_me: bool = True
) -> Iterator[Server]:
    """The server for the length of a block."""
    server = Server(config, runs, knows_me=knows_me)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
