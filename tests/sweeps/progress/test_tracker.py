"""What the screen of a running sweep counts: trials by state, and the time that is left."""

from __future__ import annotations

import time

import pytest

from ilsweep.analysis.records.model import State
from ilsweep.sweeps.progress.console import Screen
from ilsweep.sweeps.progress.tracker import (
    SweepProgress,
    TrialProgress,
    ended,
    restore_progress,
    summary,
    time_left_s,
)
from tests.analysis.strategies import trial


def test_one_line_says_how_far_it_is() -> None:
    board = SweepProgress(4, 100, "eval/loss")
    states: dict[str, State] = {"a": "completed", "b": "failed", "c": "running"}
    for name, state in states.items():
        board.trials[name] = TrialProgress(name, state, step=50, steps=100)
    board.restored |= {"a", "b", "c"}
    assert summary(board) == "2/4 trials · 1 running · 1 failed"
    assert ended(board) == 2


def test_the_screen_says_what_status_says_until_all_have_ended() -> None:
    """Looked up where a trial has ended since, and not so often that it takes the machine."""
    board = SweepProgress(2, 100, "eval/loss")
    looks: list[float] = []

    def says() -> str:
        looks.append(time.monotonic())
        time.sleep(0.01)
        return "a is first"

    screen = Screen(board, says)
    assert screen._leader() == ""
    board.trials["a"] = TrialProgress("a", "completed")
    assert screen._leader() == screen._leader() == "so far: a is first"
    board.trials["b"] = TrialProgress("b", "completed")
    assert screen._leader() == ""
    assert len(looks) == 1


def test_the_time_left_is_told_by_the_trials_of_this_session() -> None:
    board = SweepProgress(10, 100, "eval/loss", began=1000.0)
    old = [trial({"eval/loss": [0.5]}, id=f"old-{i}", config=f"old-{i}") for i in range(6)]
    restore_progress(board, old, 100)
    assert time_left_s(board, 1010.0) is None
    board.trials["a"] = TrialProgress("a", "running", step=50, steps=100)
    assert time_left_s(board, 1010.0) == pytest.approx(10 / 0.5 * 3.5)
    board.trials["a"].state = "completed"
    assert time_left_s(board, 1020.0) == pytest.approx(20 * 3)
