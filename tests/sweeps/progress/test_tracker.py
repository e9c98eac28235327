"""What the screen of a running sweep counts: trials by state, and the time that is left."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from ilsweep.analysis.records.model import State
from ilsweep.sweeps.progress.console import PAUSE, Screen, say
from ilsweep.sweeps.progress.tracker import (
    SweepProgress,
    TrialProgress,
    ended,
    summary,
    time_left_s,
)


def test_what_several_threads_say_stands_on_lines_of_its_own(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def talk(letter: str) -> None:
        for _ in range(1000):
            say(letter * 40)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=talk, args=(letter,)) for letter in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    said = capfd.readouterr().err.splitlines()
    assert sorted(said) == [letter * 40 for letter in "abc" for _ in range(1000)]


def test_one_line_says_how_far_it_is() -> None:
    board = SweepProgress(4, 100, "eval/loss")
    states: dict[str, State] = {"a": "completed", "b": "failed", "c": "running"}
    for name, state in states.items():
        board.trials[name] = TrialProgress(name, state, step=50, steps=100)
    assert summary(board) == "2/4 trials · 1 running · 1 failed"
    assert ended(board) == 2


def test_the_screen_says_what_status_says_until_all_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looked up where a trial has ended since, and not so often that it takes the machine."""
    board = SweepProgress(3, 100, "eval/loss")
    now, looks = 0.0, list[float]()
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def says() -> str:
        nonlocal now
        looks.append(now)
        now += 1.0
        return f"a is first of {len(board.trials)}"

    screen = Screen(board, says)
    assert screen._leader() == ""
    board.trials["a"] = TrialProgress("a", "completed")
    assert screen._leader() == screen._leader() == "so far: a is first of 1"
    board.trials["b"] = TrialProgress("b", "completed")
    now += PAUSE - 1
    assert screen._leader() == "so far: a is first of 1"
    now += 1
    assert screen._leader() == "so far: a is first of 2"
    board.trials["c"] = TrialProgress("c", "completed")
    assert screen._leader() == ""
    assert looks == [0, PAUSE + 1]


def test_the_time_left_goes_by_what_trials_took_and_how_many_run_at_once() -> None:
    assert time_left_s([], 10) is None
    live = TrialProgress("a", "running", step=50, steps=100)
    assert time_left_s([live], 10) is None, "it has reported no time"
    live.seconds = 10.0
    assert time_left_s([live], 10) == pytest.approx(20 * 9.5)
    second = TrialProgress("b", "running", step=50, steps=100, seconds=10.0)
    assert time_left_s([live, second], 10) == pytest.approx(20 * 9 / 2)
    ended = [TrialProgress(f"e{i}", "stopped", step=10, steps=100, seconds=5.0) for i in range(8)]
    assert time_left_s([*ended, live, second], 10) == pytest.approx((8 * 5 + 20) / 9 / 2)
    assert time_left_s([TrialProgress("c", "completed", seconds=3.0)], 1) == 0
