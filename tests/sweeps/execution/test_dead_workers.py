"""A sweep whose workers die goes on: each trial fails by itself, with a truthful reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sweeps.as_typed import ilsweep, told, trials, write_spec

PARAMS = {"steps": 6, "log_every": 2, "eval_every": 2, "save_every": 6}


def dying(folder: Path, where: str, how: str, widths: list[int], cpu: float) -> tuple[int, str]:
    """A sweep in which trials with an odd width die; its exit status and what it said."""
    spec = write_spec(
        folder,
        trainer="tests.sweeps.faulty:Dies",
        params=PARAMS,
        space={"width": {"choice": widths}},
        search={"algorithm": "grid"},
        resources={"cpu": cpu},
    )
    done = ilsweep("run", spec, "--storage", folder, ILSWEEP_TEST_WHERE=where, ILSWEEP_TEST_HOW=how)
    return done.returncode, done.stdout + done.stderr


def check(folder: Path, widths: list[int]) -> None:
    found = {trial.params["width"]: trial for trial in trials(folder / "small").values()}
    assert sorted(found) == sorted(widths)
    for width, trial in found.items():
        assert trial.state == ("failed" if width % 2 else "completed"), trial
        assert ("the worker process died" in trial.error) == bool(width % 2)
        assert trial.attempt == (4 if width % 2 else 1)
    assert told(folder / "small").count("FAIL") == sum(width % 2 for width in widths)


@pytest.mark.slow
def test_every_trial_dies(tmp_path: Path) -> None:
    """Twenty workers one after the other."""
    widths = [5, 7, 9, 11, 13]
    status, said = dying(tmp_path, "3", "exit", widths, cpu=2)
    assert status == 1, said
    check(tmp_path, widths)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "how"), [("init", "exit"), ("1", "segfault"), ("3", "kill"), ("end", "exit")]
)
def test_some_die_among_sound_ones(tmp_path: Path, where: str, how: str) -> None:
    widths = [4, 5, 6, 7, 8]
    status, said = dying(tmp_path, where, how, widths, cpu=1)
    assert status == 1, said
    check(tmp_path, widths)


@pytest.mark.ray
def test_a_worker_that_dies_between_two_trials_costs_neither(tmp_path: Path) -> None:
    """Tune keeps it for the next trial, and finds out when it hands that over."""
    widths = [5, 4, 6]
    status, said = dying(tmp_path, "late", "exit", widths, cpu=2)
    assert status == 0, said
    assert "raylet" not in said
    found = trials(tmp_path / "small").values()
    assert {trial.state for trial in found} == {"completed"}
    assert {trial.attempt for trial in found} == {1}
