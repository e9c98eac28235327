"""Kills at random moments, for as long as one likes (`make chaos`): nothing differs afterwards.

CHAOS_SECONDS is how long it kills, CHAOS_SEED repeats a run's choices.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from ilsweep.analysis.records.curves import effective_rows
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.report import findings_json, ranking_json
from ilsweep.sweeps.workflow.postprocess import analysed
from tests.sweeps.as_typed import ilsweep, rows, trials, write_spec
from tests.sweeps.killing import PLACES, Driver, driving

TARGETS = ("driver", *PLACES, "SIGINT", "SIGTERM")
PAUSE = (0.05, 0.6)
"""Between two kills, at least and at most, as a part of what an undisturbed sweep takes."""
QUIET = 3
"""Sessions that an interrupted sweep gets once nobody kills any more."""
CONFIGURATIONS, SEEDS = 6, 2


def write_helped(folder: Path) -> Path:
    """A grid of small real trainings, each with a child that it needs."""
    return write_spec(
        folder,
        trainer="tests.sweeps.helped:Helped",
        params={"steps": 400, "log_every": 25, "eval_every": 50, "save_every": 50, "width": 32},
        space={"lr": {"choice": [0.01 * (i + 1) for i in range(CONFIGURATIONS)]}},
        seeds=list(range(SEEDS)),
        search={"algorithm": "grid"},
    )


def everything(root: Path) -> dict[str, Any]:
    """All that a sweep found, without what tells when, how long and at which attempt."""
    paths = SweepPaths(root)
    found: dict[str, Any] = {"spec.yaml": paths.spec.read_text()}
    for name, trial in trials(root).items():
        lines = [
            {key: value for key, value in row.items() if key not in ("attempt", "seconds")}
            for row in effective_rows(rows(root, name))
        ]
        record = (trial.state, trial.error, trial.steps)
        found[name] = (read_json(paths.trial(name).params), record, lines)
    storage = JournalStorage(JournalFileBackend(str(paths.optuna)))
    study = optuna.load_study(study_name="small", storage=storage)
    for told in study.trials:
        values = (told.state.name, told.params, told.values, told.intermediate_values)
        found[f"optuna {told.number}"] = (*values, told.user_attrs)
    analysis = analysed(root)
    found["ranking"] = ranking_json(analysis).replace(str(root), "")
    found["findings"] = findings_json(analysis).replace(str(root), "")
    return found


def strike(driver: Driver, target: str) -> bool:
    """Kill one process, or ask the driver to end; whether there was somebody to hit."""
    if target in ("SIGINT", "SIGTERM"):
        driver.send(signal.Signals[target])
        return True
    return driver.kill(target)


class Chaos:
    """Sweeps that are disturbed until the time is up, and then left to end."""

    def __init__(self, seconds: float, seed: int, undisturbed_s: float) -> None:
        self._pause_s = [part * undisturbed_s for part in PAUSE]
        self._until = time.monotonic() + seconds
        self._chance = random.Random(seed)
        self.hits: Counter[str] = Counter()
        self.resumes = 0

    @property
    def over(self) -> bool:
        return time.monotonic() > self._until

    def through(self, root: Path, spec: Path) -> None:
        """One sweep to its end, however often something of it is killed."""
        ended: dict[Path, bytes] = {}
        status, quiet = 1, 0
        while status:
            quiet += self.over
            assert quiet <= QUIET, "does not end, although nobody kills any more"
            begun = SweepPaths(root).manifest.exists()
            self.resumes += begun
            again = ("resume", root, "--retry-failed") if begun else ("run", spec, "--storage",
                                                                      root.parent)  # fmt: skip
            with driving(*again) as driver:
                hit = self._disturb(driver)
                status, errors = driver.ended()
                assert driver.left() == []
            assert "Traceback" not in errors, errors
            # Ray's own library ends a driver whose raylet dies while the two get acquainted.
            aborted = {-signal.SIGABRT} if hit & {"raylet", "gcs"} else set()
            assert status in {0, 1, 130, -signal.SIGKILL} | aborted, errors
            for path, content in ended.items():
                assert path.read_bytes() == content, f"{path}: changed after its end"
            ended |= {path: path.read_bytes() for path in root.glob("trials/*/record.json")
                      if read_json(path).get("state") == "completed"}  # fmt: skip

    def _disturb(self, driver: Driver) -> set[str]:
        hit = set()
        due = self._next()
        while driver.running:
            if time.monotonic() > due and not self.over:
                target = self._chance.choice(TARGETS)
                if strike(driver, target):
                    self.hits[target] += 1
                    hit.add(target)
                due = self._next()
            time.sleep(0.05)
        return hit

    def _next(self) -> float:
        return time.monotonic() + self._chance.uniform(*self._pause_s)


@pytest.mark.chaos
def test_kills_at_random_change_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seconds = float(os.environ.get("CHAOS_SECONDS", "600"))
    seed = int(os.environ.get("CHAOS_SEED", random.randrange(10**6)))
    spec = write_helped(tmp_path)
    began = time.monotonic()
    assert ilsweep("run", spec, "--storage", tmp_path / "calm").returncode == 0
    took = time.monotonic() - began
    expected = everything(tmp_path / "calm" / "small")
    states = [trial.state for trial in trials(tmp_path / "calm" / "small").values()]
    assert states == ["completed"] * CONFIGURATIONS * SEEDS
    chaos, sweeps, differs = Chaos(seconds, seed, took), 0, []
    while not chaos.over:
        root = tmp_path / f"disturbed{sweeps}" / "small"
        chaos.through(root, spec)
        sweeps += 1
        found = everything(root)
        differs += [f"{root.parent.name}: {name}" for name in expected.keys() | found.keys()
                    if found.get(name) != expected.get(name)]  # fmt: skip
    with capsys.disabled():
        hits = ", ".join(f"{target} {chaos.hits[target]}" for target in TARGETS)
        print(
            f"\nchaos for {seconds:g} s, seed {seed}: {sweeps} sweeps that take {took:.0f} s each"
        )
        print(f"ended: {hits}; {chaos.hits.total()} in all")
        print(f"resumed {chaos.resumes} times")
        print(f"different from an undisturbed sweep: {', '.join(differs) or 'nothing'}")
    assert chaos.hits, "nobody was killed"
    assert not differs
