"""Fresh training seeds: none of the sweep's, trained once, told beside what chose them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.execution import runner
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store.sweep_dir import plan_of
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.workflow import confirm, postprocess
from ilsweep.sweeps.workflow.retrain import FIRST_SEED, again_spec, fresh_seeds
from tests.sweeps.coins import coins, finished, trained
from tests.sweeps.specs import regression
from tests.sweeps.workflow.test_confirm import at_home

SUCCESS = {"metric": "eval/pc_success", "mode": "max"}


class Here:
    """Trains in this process in the place of Ray, and counts how often it was called."""

    def __init__(self) -> None:
        self.runs = self.resumes = 0

    def run(self, plan: Plan, root: Path, command: list[str]) -> None:
        self.runs += 1
        trained(root, plan, plan.warm_start)

    def resume(self, root: Path, command: list[str]) -> None:
        self.resumes += 1
        plan = plan_of(SweepPaths(root))
        trained(root, plan, plan.warm_start)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    found = Here()
    monkeypatch.setattr(confirm, "process_pool", at_home)
    monkeypatch.setattr(runner, "run", found.run)
    monkeypatch.setattr(runner, "resume", found.resume)
    return found


def test_seeds_are_the_same_each_time_and_none_of_the_sweeps(tmp_path: Path) -> None:
    used = [0, FIRST_SEED, FIRST_SEED + 2]
    paths = finished(tmp_path / "coins", coins(seeds=used, space={"width": {"choice": [8]}}))
    plan, sweep = plan_of(paths), read_sweep(paths.root)
    seeds = fresh_seeds(plan, sweep, 3)
    assert seeds == fresh_seeds(plan, sweep, 3) == [FIRST_SEED + 1, FIRST_SEED + 3, FIRST_SEED + 4]
    assert fresh_seeds(plan, sweep, 2) == seeds[:2]


def test_a_folder_that_was_only_begun_hides_no_sweep(tmp_path: Path) -> None:
    paths = finished(tmp_path / "coins", coins())
    paths.retrained.mkdir()
    found = read_sweep(paths.root)
    assert found.trials
    assert found.retrained is None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"space": {"lr": {"grid_search": [0.01, 0.1]}}, "search": {"algorithm": "grid"}},
        {"scheduler": {"type": "asha", "grace_steps": 20}},
        {"hypotheses": [{"claim": "c", "param": "lr", "metric": "eval/loss",
                         "expect": "increase"}]},
    ],
)  # fmt: skip
def test_the_sweep_of_fresh_trainings_is_a_valid_one_of_these_points(
    changes: dict[str, Any],
) -> None:
    plan = check(regression(**changes))
    points = [{"lr": 0.01}, {"lr": 0.1}]
    again = check(again_spec(plan, points, [7, 8]))
    assert (again.configurations, again.trials, again.warm_start) == (2, 4, points)
    assert again.spec.scheduler.type == "none"
    assert [again.configuration(p) for p in points] == [plan.configuration(p) for p in points]


def test_a_sweep_without_a_space_is_trained_again() -> None:
    spec = {key: value for key, value in regression().items() if key not in ("space", "search")}
    again = check(again_spec(check(spec), [{}], [7, 8]))
    assert (again.configurations, again.trials) == (1, 2)


def test_the_first_is_trained_once_and_announced_with_its_deviation(
    tmp_path: Path, here: Here
) -> None:
    paths = finished(tmp_path / "coins", coins(objective=SUCCESS))
    found = postprocess.confirm_again(paths.root, 1, 300, 3, ["ilsweep"])
    (row,) = found.rows
    assert row.value.value == 100  # as the sweep has it: ten of ten, whatever the skill
    assert row.successes is not None
    assert row.successes.n == 300
    skill = int(read_sweep(paths.root).trials[0].searched["width"])
    assert row.fresh.value == pytest.approx(skill, abs=12)
    rates = [100 * k / n for k, n in row.successes.by_seed]
    assert row.fresh.values == pytest.approx(rates)
    assert row.deviation == pytest.approx(np.std(rates, ddof=1))
    fresh = read_sweep(paths.retrained)
    assert {trial.seed for trial in fresh.trials} == {FIRST_SEED + i for i in range(3)}
    trials = {episode["trial"] for episode in _episodes(paths)}
    assert trials == {trial.id for trial in fresh.trials}
    for lang, title in (
        ("en", "## Trained again with fresh seeds"),
        ("zh", "## 用全新训练种子重新训练"),
    ):
        assert title in paths.report(lang).read_text()
    assert f"{row.config_id} has eval/pc_success" in paths.report("en").read_text()
    content = json.loads(paths.report_json.read_text())["retraining"]
    assert content["rows"][0]["deviation"] == pytest.approx(row.deviation)
    postprocess.confirm_again(paths.root, 1, 10, 3, ["ilsweep"])
    assert (here.runs, here.resumes) == (1, 0)
    assert len(read_sweep(paths.retrained).trials) == 3


def _episodes(paths: SweepPaths) -> list[dict[str, Any]]:
    lines = map(json.loads, SweepPaths(paths.retrained).confirm.read_text().splitlines())
    return [episode for line in lines for episode in line["episodes"].values()]


def test_more_seeds_and_another_configuration_are_added(tmp_path: Path, here: Here) -> None:
    paths = finished(tmp_path / "coins", coins(objective=SUCCESS))
    postprocess.confirm_again(paths.root, 1, 10, 2, ["ilsweep"])
    before = {t.id: t.ended for t in read_sweep(paths.retrained).trials}
    found = postprocess.confirm_again(paths.root, 2, 200, 3, ["ilsweep"])
    assert (here.runs, here.resumes) == (1, 1)
    after = read_sweep(paths.retrained).trials
    assert len(after) == 6
    assert before.items() <= {t.id: t.ended for t in after}.items()
    assert [len(row.trials) for row in found.rows] == [3, 3]
    (pair,) = found.comparisons
    good = max(found.rows, key=lambda row: row.fresh.value)
    assert read_sweep(paths.root).trials[0].searched == {"width": 90}
    assert good.config_id == "c0000"
    assert pair.p < 0.05  # 90 % against 30 %, over three seeds each
    assert "more than the noise between seeds" in found.answer.en


def test_without_an_environment_the_trainings_alone_speak(
    tmp_path: Path, here: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = coins(trainer="benchmarks.regression:Regression")
    paths = finished(tmp_path / "plain", spec)
    assert main(["confirm", str(paths.root), "--train-seeds", "2", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "no simulator" in err
    (row,) = json.loads(out)["rows"]
    assert row["fresh"]["n"] == 2
    assert row["successes"] is None


def test_fresh_trainings_that_fail_are_told(
    tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = finished(tmp_path / "coins", coins(objective=SUCCESS))

    def fails(plan: Plan, root: Path, command: list[str]) -> None:
        here.run(plan, root, command)
        for trial in read_sweep(root).trials:
            record = SweepPaths(root).trial(trial.id).record
            write_atomic(record, to_json({**read_json(record), "state": "failed"}))

    monkeypatch.setattr(runner, "run", fails)
    found = postprocess.confirm_again(paths.root, 1, 10, 2, ["ilsweep"])
    (row,) = found.rows
    assert (row.failed, row.fresh.n, row.successes) == (2, 0, None)
    assert "2 of 2 of its fresh trainings failed" in found.answer.en
    assert found.answer.en in paths.report("en").read_text()


@pytest.mark.slow
def test_ray_trains_again_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = finished(tmp_path / "coins", coins(objective=SUCCESS))
    command = ["confirm", str(paths.root), "--rollouts", "20"]
    assert main([*command, "--train-seeds", "1"]) == 0
    assert "Trained again with 1 fresh training seed" in capsys.readouterr().out
    assert main([*command, "--train-seeds", "2"]) == 0
    assert "Trained again with 2 fresh training seeds" in capsys.readouterr().out
    fresh = read_sweep(paths.retrained).trials
    assert [(t.seed, t.state) for t in fresh] == [
        (FIRST_SEED, "completed"), (FIRST_SEED + 1, "completed")
    ]  # fmt: skip
