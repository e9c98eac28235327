"""Chromium without a screen or a network, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(
    PROGRAM is None, reason="needs chromium (apt-get install chromium)"
)
PATIENCE_S = 30


class Page:
    """One page that is shown."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        self._loop, self._socket, self._ids = loop, socket, itertools.count(1)
        self.requests: list[str] = []
        """Addresses that the page wanted."""
        self.errors: list[str] = []
        """What its script or its policy complained about."""
        self.drawn_s = 0.0
        """Seconds of a CPU in which it was drawn; not by the clock of a busy machine."""
        self._loaded: set[str] = set()
        """Loads that have come to their end."""

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol; its result."""
        return self._loop.run_until_complete(self._send(method, params))

    async def _send(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            heard = await asyncio.wait_for(self._socket.receive_json(), PATIENCE_S)
            self._note(heard)
            if heard.get("id") == number:
                assert "error" not in heard, heard
                return dict(heard["result"])

    def _note(self, heard: dict[str, Any]) -> None:
        told = heard.get("params", {})
        if heard.get("method") == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        if heard.get("method") == "Page.lifecycleEvent" and told["name"] == "load":
            self._loaded.add(told["loaderId"])
        if heard.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(told["exceptionDetails"]))
        if heard.get("method") == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(told["entry"]["text"])

    def open(self, path: Path) -> None:
        """Show a file, until it is drawn."""
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")
        self.send("Page.setLifecycleEventsEnabled", enabled=True)
        self.send("Performance.enable", timeDomain="threadTicks")
        before = self._cpu_s()
        load = self.send("Page.navigate", url=path.as_uri())["loaderId"]
        end = time.monotonic() + PATIENCE_S
        while load not in self._loaded:  # until then, scripts may still meet the page before
            assert time.monotonic() < end, f"{path}: not drawn"
            time.sleep(0.02)
            self.send("Page.enable")  # hears what has happened
        after = self._cpu_s()
        # In a process of its own the count begins anew.
        self.drawn_s = after - before if after > before else after

    def _cpu_s(self) -> float:
        """What the page's main thread has used of a CPU."""
        told = self.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in told if one["name"] == "TaskDuration"))

    def value(self, script: str) -> Any:
        """What an expression of JavaScript comes to; a promise is awaited."""
        asked = {"expression": script, "returnByValue": True, "awaitPromise": True}
        told = self.send("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE_S
        while not self.value(script):
            assert time.monotonic() < end, f"still not: {script}"
            time.sleep(0.05)


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """A page of a new browser, whose files lie in `profile`; ended with it."""
    assert PROGRAM is not None
    options = (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
        "--no-first-run", "--mute-audio", "--autoplay-policy=no-user-gesture-required", "--lang=en",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}", "about:blank",
    )  # fmt: skip
    loop = asyncio.new_event_loop()
    with subprocess.Popen(
        [PROGRAM, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            port = profile / "DevToolsActivePort"
            session, page = loop.run_until_complete(_connected(loop, port))
            yield page
            loop.run_until_complete(session.close())
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            loop.close()


async def _connected(
    loop: asyncio.AbstractEventLoop, file: Path
) -> tuple[aiohttp.ClientSession, Page]:
    end = time.monotonic() + PATIENCE_S
    while not (file.exists() and "\n" in file.read_text()):
        assert time.monotonic() < end, "the browser did not start"
        await asyncio.sleep(0.05)
    port = file.read_text().splitlines()[0]
    session = aiohttp.ClientSession()
    async with session.get(f"http://127.0.0.1:{port}/json") as told:
        targets = await told.json(content_type=None)
    address = next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page")
    return session, Page(loop, await session.ws_connect(address, max_msg_size=0))
