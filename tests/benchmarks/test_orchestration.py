"""A benchmark's time counts only where all its trials ended well with all their reports."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import orchestration
from benchmarks.orchestration import compare
from benchmarks.ways import WAYS, Way, side_by_side, tuned, written
from benchmarks.work import RESULT, Ended, NotDone, Work, prove, write

WORK = Work(trials=3, steps=20)
GOOD = [Ended(rate, "completed", list(range(2, 21, 2)), 0.1, 0.0, 1.0) for rate in WORK.rates]


def test_trials_that_did_all_their_work_give_their_results() -> None:
    assert prove(WORK, GOOD) == dict.fromkeys(WORK.rates, 0.1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "failed", "error": "Traceback\nNotImplementedError"}, "1 failed: NotImpl"),
        ({"state": "stopped"}, "1 stopped"),
        ({"steps": list(range(2, 19, 2))}, "reported at"),
        ({"steps": []}, "reported at"),
        ({"result": math.nan}, "ended with nan"),
        ({"rate": 0.5}, "each once"),
    ],
)
def test_one_trial_that_did_not_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(NotDone, match=said):
        prove(WORK, [*GOOD[:2], replace(GOOD[2], **change)])


def test_a_trial_that_is_missing_or_came_twice_is_noticed() -> None:
    for ended in ([], GOOD[:2], [*GOOD, GOOD[0]]):
        with pytest.raises(NotDone, match="3 were asked for"):
            prove(WORK, ended)


def other_numbers(work: Work, folder: Path) -> None:
    """Trains nothing."""
    write(GOOD, folder / "ended-0.json")


def test_bare_loops_and_optuna_do_the_same_work_and_another_is_found_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ways = {"floor": WAYS["floor"], "optuna": WAYS["optuna"], "lazy": Way(other_numbers, written)}
    with pytest.raises(NotDone, match=r"lazy did not do its work: rate .* another way"):
        compare(WORK, ways, rounds=1)
    assert "over" not in capsys.readouterr().out


def test_a_process_that_fails_is_a_line_and_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(work: Work, folder: Path) -> None:
        side_by_side([[sys.executable, "-c", "raise SystemExit('no slot')"]])

    monkeypatch.setitem(WAYS, "broken", Way(broken, written))
    monkeypatch.setattr(orchestration, "steps_for", lambda seconds: 20)
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "broken"])
    with pytest.raises(SystemExit, match=r"broken did not do its work: .*\n?no slot"):
        orchestration.main()


def class_without_checkpoints(work: Work, folder: Path) -> None:
    """What this benchmark once measured as Ray Tune: every trial fails at its end."""
    code = f"from tests.benchmarks.test_orchestration import fail; fail({work!r}, {str(folder)!r})"
    side_by_side([[sys.executable, "-c", f"from benchmarks.work import Work\n{code}"]])


def fail(work: Work, folder: str) -> None:
    import logging

    import ray
    from ray import tune

    class Trial(tune.Trainable):
        def step(self) -> dict[str, Any]:
            step = (self.training_iteration + 1) * work.every
            return {
                "step": step,
                "began": 0.0,
                "ended": 1.0,
                RESULT: 0.1,
                "done": step == work.steps,
            }

    ray.init(num_cpus=2, logging_level=logging.ERROR, log_to_driver=False)
    write(tuned(Trial, work, Path(folder), reuse=True), Path(folder) / "ended-ray.json")


@pytest.mark.slow
def test_trials_of_ray_tune_that_fail_are_not_measured() -> None:
    with pytest.raises(NotDone, match=r"old did not do its work: of 3 trials 3 failed: .*Error"):
        compare(WORK, {"old": Way(class_without_checkpoints, written)}, rounds=1)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["ray_defaults", "ray", "ray_no_loggers", "ilsweep"])
def test_every_way_does_its_work(way: str) -> None:
    compare(WORK, {name: WAYS[name] for name in ("floor", way)}, rounds=1)
