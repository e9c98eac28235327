"""The benchmark of the worlds prints a row for each, of numbers that were measured."""

from __future__ import annotations

import sys

import pytest

from benchmarks import environments


def test_a_world_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["environments", "gym PushT-v0", "--episodes", "2", "--size", "32"]
    monkeypatch.setattr(sys, "argv", arguments)
    environments.main()
    row = capsys.readouterr().out.splitlines()[-1].removeprefix("gym PushT-v0").split()
    assert row[0] == "1"
    assert all(float(cell) > 0 for cell in row[1:])


def test_a_world_that_there_is_not_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["environments", "pusht"])
    with pytest.raises(SystemExit):
        environments.main()
    assert "unknown: pusht; valid: aloha, metaworld" in capsys.readouterr().err
