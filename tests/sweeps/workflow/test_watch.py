"""The page while a sweep runs."""

from __future__ import annotations

import html
import os
import shutil
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ilsweep.analysis.records.files import append_line, write_atomic
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.workflow.watch import AGAIN_S, HOST, LivePage, serve, server
from tests.analysis.made_up import write_sweep, write_trial


@contextmanager
def served(live: LivePage) -> Iterator[str]:
    with server(live) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{serving.server_address[1]}"
        finally:
            serving.shutdown()


def test_the_page_is_made_anew_when_the_records_change(tmp_path: Path) -> None:
    write_sweep(tmp_path, configs=2)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    live = LivePage(tmp_path)
    with served(live) as address:
        with urllib.request.urlopen(address) as answer:
            first = answer.read()
            assert "Refresh" not in answer.headers, "all trials have ended"
        assert live.now() is live.now(), "nothing is made twice"
        row = {"step": 50, "attempt": 1, "train/loss": 1.0}
        write_trial(tmp_path, "c009-s0", [row], state="running")
        append_line(tmp_path / "trials" / "c009-s0" / "metrics.jsonl", {**row, "step": 100})
        with urllib.request.urlopen(address) as answer:
            assert answer.headers["Refresh"] == str(AGAIN_S)
            second = answer.read()
    assert b"c009" not in first
    assert b"c009" in second
    new = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert {path.parent.name for path in new} == {"c009-s0"}, "the folder is only read"


def test_a_change_within_one_tick_of_the_file_systems_clock_is_seen(tmp_path: Path) -> None:
    write_sweep(tmp_path, configs=2)
    record = tmp_path / "trials" / "c000-s0" / "record.json"
    live, before = LivePage(tmp_path), record.stat()
    first = live.now()
    write_atomic(record, record.read_text().replace("completed", "different"))
    os.utime(record, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert record.stat().st_size == before.st_size
    assert live.now() is not first


@pytest.mark.parametrize(("path", "host", "status"), [("/x", "", 404), ("/", "evil.example", 403)])
def test_nothing_else_is_served_and_to_nobody_else(
    tmp_path: Path, path: str, host: str, status: int
) -> None:
    write_sweep(tmp_path, configs=1, seeds=1)
    with served(LivePage(tmp_path)) as address:
        request = urllib.request.Request(address + path, headers={"Host": host} if host else {})
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request)
        with error.value:
            assert error.value.code == status


def test_a_folder_that_is_gone_is_said_and_a_browser_that_is_gone_is_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "sweep"
    write_sweep(root, configs=1, seeds=1)
    live = LivePage(root)
    with served(live) as address:
        urllib.request.urlopen(address).close()
        shutil.rmtree(root)
        with pytest.raises(urllib.error.HTTPError, match="503") as error:
            urllib.request.urlopen(address)
        with error.value:
            assert "not a sweep's folder" in html.unescape(error.value.read().decode())
    with server(live) as serving, socket.socket() as browser:
        try:
            raise BrokenPipeError
        except OSError:
            serving.handle_error(browser, HOST)
    assert capsys.readouterr().err == ""


def test_what_is_no_sweep_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="not a sweep's folder"):
        serve(tmp_path / "nothing", "", None, print)
