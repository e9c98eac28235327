"""`submit --no-controls` reaches the sweep on the head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.cluster import archive, client, entrypoint
from ilsweep.sweeps.processes.signals import interruptible
from ilsweep.sweeps.spec import yamlio

SPEC = {
    "name": "tiny",
    "trainer": "benchmarks.regression:Regression",
    "params": {"steps": 2},
    "space": {"lr": {"choice": [0.1, 0.2]}},
    "objective": {"metric": "train/loss", "mode": "min"},
}


class Head:
    """A cluster that only remembers what it was to start."""

    def __init__(self, address: str) -> None:
        self.started: list[str] = []
        STARTED[address] = self

    def sweeps(self) -> list[dict[str, Any]]:
        return []

    def start(self, verb: str, folder: str, directory: Path, *more: str) -> str:
        self.started = [verb, folder, *more]
        return "job"


STARTED: dict[str, Head] = {}


@pytest.mark.parametrize("flag", [[], ["--no-controls"]])
@pytest.mark.parametrize("store", [[], ["s3://lab/sweeps"]])
def test_the_job_is_told_whether_to_run_controls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: list[str], store: list[str]
) -> None:
    monkeypatch.setattr(client, "Cluster", Head)
    file = tmp_path / "spec.yaml"
    file.write_text(yamlio.dump(SPEC))
    remote = ["--remote", *store] if store else []
    status = main(["submit", str(file), "--address", "http://head", "--detach", *remote, *flag])
    assert status == 0
    assert STARTED["http://head"].started == ["run", "~/ilsweep/tiny", *store, *flag]


@pytest.mark.parametrize("flag", [[], ["--no-controls"]])
def test_the_sweep_on_the_head_runs_them_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: list[str]
) -> None:
    seen: list[bool] = []
    monkeypatch.chdir(tmp_path)
    Path(archive.SPEC).write_text(yamlio.dump(SPEC))

    def run_sweep(plan: Any, root: Path, *, controls: bool) -> int:
        seen.append(controls)
        return 0

    monkeypatch.setattr(entrypoint, "run_sweep", run_sweep)
    with interruptible():  # as a program it keeps the signals to its end, which is not the tests'
        assert entrypoint.main("run", str(tmp_path / "runs/tiny"), *flag) == 0
    assert seen == [not flag]
    assert read_json(SweepPaths(tmp_path / "runs/tiny").manifest) in (None, {})
