"""The screen of a running sweep names the configuration that `rank` will name, by its number."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.model import State, TrialRecord
from ilsweep.sweeps.progress.tracker import (
    SweepProgress,
    TrialProgress,
    leader,
    restore_progress,
    summary,
    time_left_s,
)
from tests.analysis.strategies import trial

STATES: list[State] = ["running", "completed", "stopped", "failed"]


@st.composite
def records(draw: st.DrawFn) -> list[TrialRecord]:
    """Up to four configurations of up to nine seeds, in any state, with a value or without."""
    made = []
    for c in range(draw(st.integers(0, 4))):
        for seed in range(draw(st.integers(1, 9))):
            values = draw(st.lists(st.floats(-1e3, 1e3) | st.just(math.nan), max_size=4))
            state = draw(st.sampled_from(STATES))
            name, metrics = f"c{c}-s{seed}", {"eval/loss": values} if values else {}
            made.append(trial(metrics, id=name, config=f"c{c}", seed=seed, state=state))
    return made


def as_reported(board: SweepProgress, record: TrialRecord) -> None:
    """What the recorder does while a trial runs."""
    live = board.trials[record.id] = TrialProgress(record.id, "running", config_id=record.config_id)
    curve = record.curve("eval/loss")
    for step, value in zip(curve.steps.tolist(), curve.values.tolist(), strict=True):
        live.step = step
        live.reached(value)
    live.state = record.state


@given(records(), st.sampled_from(["min", "max"]))
@settings(deadline=None, max_examples=300)
def test_the_first_row_of_the_ranking_leads(made: list[TrialRecord], mode: str) -> None:
    ranking = rank(made, {"objective": {"metric": "eval/loss", "mode": mode}}, {})
    board = SweepProgress(len(made), 100, "eval/loss", mode)
    restore_progress(board, [record for record in made if record.finished], 100)
    for record in made:
        if not record.finished:
            as_reported(board, record)
    first = ranking.rows[0] if ranking.rows and ranking.rows[0].objective.n else None
    found = leader(board)
    assert (found.config_id if found else None) == (first.config_id if first else None)
    if found and first:
        assert found.value == first.objective.value
        assert found.seeds == first.objective.n


def test_the_screen_says_how_many_seeds_and_that_nothing_is_diagnosed_yet() -> None:
    board = SweepProgress(4, 100, "eval/loss", "min")
    ends = {("a", 0): 0.1, ("a", 1): 0.9, ("b", 0): 0.3, ("b", 1): 0.35}
    made = [trial({"eval/loss": v}, id=f"{c}-s{s}", config=c, seed=s) for (c, s), v in ends.items()]
    restore_progress(board, made, 100)
    text = summary(board)
    assert "leading so far (not diagnosed): b, eval/loss 0.325, 2 seeds" in text
    assert "best" not in text


@pytest.mark.parametrize("seeds", [1, 10])
def test_ten_thousand_trials_are_looked_at_in_a_moment(seeds: int) -> None:
    board = SweepProgress(10_000, 100, "eval/loss", "min")
    for i, value in enumerate(np.random.default_rng(0).random(10_000).tolist()):
        board.trials[f"t{i}"] = TrialProgress(
            f"t{i}", "completed", config_id=f"c{i // seeds}", step=100, steps=100, value=value
        )
    began = time.process_time()
    assert leader(board) is not None
    assert time.process_time() - began < 0.5


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
