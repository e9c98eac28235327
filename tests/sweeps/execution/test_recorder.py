"""What becomes of a trial's results in its folder."""

from __future__ import annotations

import traceback
from collections import UserDict
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import ActorDiedError, RayTaskError

from ilsweep.analysis.records.curves import read_lines
from ilsweep.analysis.records.episodes import read_episodes
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.records.predictions import read_predictions
from ilsweep.sweeps.execution.recorder import Recorder
from ilsweep.sweeps.execution.wandb_logger import WandbLog
from ilsweep.sweeps.progress.tracker import SweepProgress
from ilsweep.trainers.core.episode import Episode
from tests.sweeps.specs import regression_plan


class Trial:
    """A trial of Tune's, as callbacks see it."""

    def __init__(self, error: Any = None) -> None:
        known = regression_plan().trial({"lr": 0.1}, 0)
        self.config = {"trial": known, "attempt": 1, "searched": known.searched}
        self._error = error

    def get_pickled_error(self) -> Any:
        if isinstance(self._error, ImportError):
            raise self._error
        return self._error


class Sweep:
    def __init__(self, root: Path) -> None:
        plan, self.paths = regression_plan(), SweepPaths(root)
        self.said: list[str] = []
        wandb = WandbLog(plan.spec, self.paths, self.said.append)
        self.recorder = Recorder(plan, self.paths, SweepProgress(3, 40, "eval/loss"), wandb)

    def result(self, trial: Trial, **changes: Any) -> None:
        sound = {"step": 10, "seconds": 1.0, "state": "running", "error": "", "again": False,
                 "unkept": "", "metrics": UserDict(), "warnings": [],
                 "episodes": [], "predictions": []}  # fmt: skip
        self.recorder.on_trial_result(0, [], trial, {**sound, **changes})

    def record(self) -> dict[str, Any]:
        return read_json(self.paths.trial("c0000-s0").record)


def test_metrics_are_written_by_their_names_and_the_sweeps_own_stay_apart(tmp_path: Path) -> None:
    sweep, trial = Sweep(tmp_path), Trial()
    sweep.recorder.on_trial_start(0, [], trial)
    sweep.result(trial, metrics=UserDict({"train/step": 7.0, "eval/loss": 0.5}), objective=0.5)
    assert read_lines(sweep.paths.trial("c0000-s0").metrics) == [
        {"step": 10, "attempt": 1, "seconds": 1.0, "train/step": 7.0, "eval/loss": 0.5}
    ]
    assert sweep.recorder._board.trials["c0000-s0"].value == 0.5


def test_a_warning_is_noted_and_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep, trial = Sweep(tmp_path), Trial()
    sweep.recorder.on_trial_start(0, [], trial)
    for _ in range(2):
        sweep.result(trial, warnings=[("c0000-s0", "close() raised ValueError")])
    sweep.recorder.on_trial_complete(0, [], trial)
    assert sweep.record()["warnings"] == ["close() raised ValueError"]
    assert capsys.readouterr().err.splitlines() == ["c0000-s0: close() raised ValueError"]


def task_error() -> RayTaskError:
    try:
        raise ValueError("no state")
    except ValueError as error:
        return RayTaskError("\x1b[36msave\x1b[39m", traceback.format_exc(), error)


@pytest.mark.parametrize(
    ("error", "last"),
    [(task_error(), "ValueError: no state"), (ActorDiedError(), "the worker process died"),
     (ImportError(), "the worker process died"), (None, "the worker process died")],
)  # fmt: skip
def test_a_trial_that_tune_gives_up_says_why(tmp_path: Path, error: Any, last: str) -> None:
    sweep, trial = Sweep(tmp_path), Trial(error)
    sweep.recorder.on_trial_start(0, [], trial)
    sweep.recorder.on_trial_error(0, [], trial)
    assert sweep.record()["state"] == "failed"
    assert sweep.record()["error"].splitlines()[-1].startswith(last)
    assert "\x1b" not in sweep.record()["error"]


def test_a_worker_that_dies_before_its_trial_begins_harms_nothing(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    sweep.recorder.on_trial_recover(0, [], Trial())
    assert sweep.record() == {}
    sweep.recorder.on_trial_start(0, [], Trial())
    assert sweep.record()["attempt"] == 1


def test_episodes_and_predictions_are_written_and_taken_out_of_the_result(tmp_path: Path) -> None:
    sweep, trial = Sweep(tmp_path), Trial()
    sweep.recorder.on_trial_start(0, [], trial)
    episodes = [Episode(2**31, "none", True, 40, 4.0, b"film", b"still", ((0.0, 1.0, 2.0),))]
    predictions = ['{"plan": [[1.0]]}']
    sweep.result(trial, step=20, state="completed", episodes=episodes, predictions=predictions)
    assert read_predictions(sweep.paths.trial("c0000-s0")).plan == ((1.0,),)
    [kept] = read_episodes(sweep.paths.trial("c0000-s0"))
    assert (kept.seed, kept.success, kept.steps, kept.path) == (2**31, True, 40, ((0.0, 1.0, 2.0),))
    assert kept.film is not None
    assert kept.film.read_bytes() == b"film"
    assert not episodes, "Tune keeps a trial's last result"
    assert not predictions
