"""A call beside this process returns what a call in it would, whatever goes wrong there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ilsweep.analysis.load.subprocess_call import BackgroundCall


def _where(path: Path) -> int:
    """Notes the process that called it."""
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return os.getpid()


def _end_if_not(pid: int) -> str:
    if os.getpid() != pid:
        os._exit(3)
    return "here"


def _print(text: str) -> str:
    print(text, flush=True)
    return text


def test_it_is_called_once_in_another_process(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    there = BackgroundCall(_where, noted).result()
    assert there != os.getpid()
    assert noted.read_text().splitlines() == [str(there)]


def test_a_large_result_is_not_held_up() -> None:
    assert BackgroundCall(bytes, 10_000_000).result() == bytes(10_000_000)


def test_what_is_printed_there_does_not_spoil_the_result() -> None:
    assert BackgroundCall(_print, "loaded").result() == "loaded"


def test_what_raises_there_raises_here() -> None:
    with pytest.raises(ValueError, match="abc"):
        BackgroundCall(int, "abc").result()


def test_a_process_that_ends_is_replaced_by_a_call_here() -> None:
    assert BackgroundCall(_end_if_not, os.getpid()).result() == "here"


def test_where_no_process_starts_it_is_called_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(Path(sys.executable).with_name("no-such")))
    assert BackgroundCall(os.getpid).result() == os.getpid()
