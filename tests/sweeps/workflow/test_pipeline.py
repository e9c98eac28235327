"""Stages one after the other: within the budget, kept, resumed, reported."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.workflow.budget import Budget, budget_of, fitted
from tests.sweeps.as_typed import start
from tests.sweeps.specs import regression

SPACE = {"lr": {"loguniform": [0.01, 0.1]}}


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def past(trials: int, seconds: float = 60.0) -> list[TrialRecord]:
    return [
        TrialRecord(f"t{i}", f"c{i}", 0, {}, {}, "completed", seconds=seconds)
        for i in range(trials)
    ]


def test_a_budget_is_read_as_written() -> None:
    assert budget_of([]) == Budget()
    assert budget_of(["200trials"]) == Budget(trials=200)
    assert budget_of(["1.5 h", "20 trials"]) == Budget(trials=20, hours=1.5)


@pytest.mark.parametrize("text", ["", "6", "h", "1.5trials", "0h", "-1h", "6hours", "nanh"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="200trials, 6h"):
        budget_of([text])


@pytest.mark.parametrize(
    ("budget", "done", "configurations"),
    [
        (Budget(), 100, 10),
        (Budget(trials=50), 20, 10),  # 20 trials fit into 30
        (Budget(trials=50), 36, 7),  # 14 left, two seeds each
        (Budget(trials=50), 47, None),
        (Budget(trials=50), 60, None),
        (Budget(hours=1.0), 46, 7),  # a minute each
        (Budget(trials=500, hours=1.0), 46, 7),
        (Budget(hours=0.5), 60, None),
    ],
)
def test_a_stage_is_made_to_fit(budget: Budget, done: int, configurations: int | None) -> None:
    spec = regression(seeds=[0, 1], search={"num_trials": 10, "seed": 3}, space=SPACE)
    found = fitted(spec, budget, past(done))
    if configurations is None:
        assert found is None
    else:
        assert found is not None
        plan = check(found)
        assert (plan.configurations, plan.spec.search.seed) == (configurations, 3)


def test_what_a_race_may_take_at_most_has_to_fit() -> None:
    """8 of 10 configurations race: 10 x 2 + 8 x 2 = 36 trials; of 7 it is 7 x 4."""
    seeds = {"at_least": 2, "at_most": 4}
    spec = regression(seeds=seeds, search={"num_trials": 10}, space=SPACE)
    assert fitted(spec, Budget(trials=36), ()) == spec
    found = fitted(spec, Budget(trials=30), ())
    assert found is not None
    assert check(found).most_trials == 28


def test_a_grid_fits_as_a_whole_or_not_at_all() -> None:
    spec = regression(space={"lr": {"choice": [0.1, 0.2, 0.3]}}, search={"algorithm": "grid"})
    assert fitted(spec, Budget(trials=4), past(1)) == spec
    assert fitted(spec, Budget(trials=3), past(1)) is None


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "spec.yaml"
    path.write_text(yamlio.dump(regression(**{"space": SPACE, **changes})))
    return path


def test_what_cannot_be_done_is_said_before_the_first_stage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, storage = write(tmp_path), str(tmp_path / "runs")
    run = ["run", str(spec), "--storage", storage, "--stages", "3"]
    assert main([*run, "--budget", "2trials"]) == 2
    assert "the first stage alone has 3 trials" in capsys.readouterr().err
    assert main([*run, "--budget", "soon"]) == 2
    later = tmp_path / "runs" / "small-stage3"
    later.mkdir(parents=True)
    assert main(run) == 2
    assert "small-stage3: exists already" in capsys.readouterr().err
    assert list((tmp_path / "runs").iterdir()) == [later]


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=400)
    return process.returncode, errors


@pytest.mark.ray
def test_stages_follow_each_other_until_the_budget_is_spent(tmp_path: Path) -> None:
    spec, storage = write(tmp_path, seeds=[0, 1, 2]), tmp_path / "runs"
    status, errors = ended(
        start("run", spec, "--storage", storage, "--stages", 3, "--budget", "30trials")
    )
    assert status == 0, errors
    chain = read_json(storage / "small" / "chain.json")
    assert chain["folders"] == ["small", "small-stage2"]
    assert "does not fit" in chain["ended"]
    assert "does not fit" in errors
    sweeps = [read_sweep(storage / name) for name in chain["folders"]]
    assert sum(len(sweep.trials) for sweep in sweeps) <= 30
    assert sweeps[1].spec["parent"] == "small"
    assert (storage / "small" / "next.yaml").is_file()
    told = read_json(storage / "small" / "stages.json")
    assert [stage["name"] for stage in told["stages"]] == chain["folders"]
    assert [stage["trials"] for stage in told["stages"]] == [len(s.trials) for s in sweeps]
    assert told["ended"]["en"] == chain["ended"]
    for lang, title in (("en", "## Stages"), ("zh", "## 各阶段")):
        text = (storage / "small" / f"report.{lang}.md").read_text()
        assert text.count(title) == 1
        assert f"../small-stage2/report.{lang}.md" in text
        assert sweeps[1].trials
        for trial in sweeps[1].trials:
            assert f"../small-stage2/trials/{trial.id}" in text
    status, errors = ended(start("resume", storage / "small"))
    assert status == 0
    assert "does not fit" in errors


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_chain_goes_on_where_it_was(tmp_path: Path, how: int) -> None:
    params = {"steps": 400, "log_every": 20, "eval_every": 200, "save_every": 200, "width": 32}
    spec, storage = write(tmp_path, params=params, seeds=[0, 1, 2]), tmp_path / "runs"
    process = start("run", spec, "--storage", storage, "--stages", 2)
    second = storage / "small-stage2"
    until = time.monotonic() + 300
    while not list(second.glob("trials/*/metrics.jsonl")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(how)
    status, errors = ended(process)
    if how == signal.SIGINT:
        assert status == 130
        assert str(storage / "small") in errors.splitlines()[-1]
    before = {p: p.read_text() for p in (storage / "small").glob("trials/*/metrics.jsonl")}
    status, errors = ended(start("resume", storage / "small"))
    assert status == 0, errors
    assert {p: p.read_text() for p in before} == before
    sweep = read_sweep(second)
    assert {trial.state for trial in sweep.trials} == {"completed"}
    chain = json.loads((storage / "small" / "chain.json").read_text())
    assert chain["ended"] == "All 2 stages have run."
