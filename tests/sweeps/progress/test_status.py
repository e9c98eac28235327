"""`status`, `rank`, the report and the last line of `run` name one configuration and one number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.exit_codes import FAILED
from ilsweep.sweeps.progress.status import status, status_text
from ilsweep.sweeps.workflow.postprocess import finish
from tests.analysis.made_up import write_sweep, write_trial

METRIC = "eval/offline_eval/avg_l1"


def made(root: Path, ends: dict[str, list[float]], **more: Any) -> Path:
    """A sweep whose configurations ended at these values, one a seed."""
    for config, values in ends.items():
        for seed, value in enumerate(values):
            rows = [{"step": 50, METRIC: value, **more.get(config, {})}]
            params = {"config_id": config, "seed": seed, "searched": {"x": config}}
            write_trial(root, f"{config}-s{seed}", rows, params=params)
    spec = {"name": "n", "trainer": "act", "objective": {"metric": METRIC, "mode": "min"}}
    write_atomic(SweepPaths(root).manifest, to_json({"spec": spec}))
    return root


def test_a_lucky_seed_is_not_the_best(tmp_path: Path) -> None:
    facts = status(made(tmp_path, {"lucky": [0.1, 0.9], "solid": [0.3, 0.34]}))
    best = facts["best"]
    assert (best["config"], best["seeds"], best["says"]) == ("solid", 2, "best")
    assert best["value"] == pytest.approx(0.32)
    said = f"solid (x = solid) has the best mean: {METRIC} 0.32 [0.0659, 0.574] over 2 seeds"
    assert said in status_text(facts)


def test_a_blind_policy_is_not_the_best(tmp_path: Path) -> None:
    blind, sees = ({"probe/shuffled_action_change": change} for change in (0.0, 0.5))
    facts = status(made(tmp_path, {"blind": [0.1], "sees": [0.3]}, blind=blind, sees=sees))
    assert (facts["best"]["config"], facts["best"]["says"]) == ("sees", "best")
    assert "blind (x = blind) has 0.1 and stands below: blind_policy 1/1" in facts["says"]
    facts = status(made(tmp_path / "all", {"blind": [0.1]}, blind=blind))
    assert facts["best"]["says"] == "leading"
    assert "blind_policy" in status_text(facts)
    assert "blind_policy 1/1" in status_text(facts)
    assert "best" not in status_text(facts)


def test_health_has_a_column_and_a_finding_its_seeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blind, sees = ({"probe/shuffled_action_change": change} for change in (0.0, 0.5))
    root = made(tmp_path, {"blind": [0.1, 0.1], "sees": [0.3, 0.3], "mute": [0.2, 0.2]},
                blind=blind, sees=sees)  # fmt: skip
    assert main(["rank", str(root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = {line.split()[0]: line for line in lines[1:4]}
    assert "  healthy  " in told["1"]
    assert "  not probed  " in told["2"]
    assert "  unhealthy: blind_policy 2/2  " in told["3"]
    assert main(["report", str(root), "--lang", "en"]) == 0
    report = (root / "report.en.md").read_text()
    assert "How to read it:" in report
    assert "| unhealthy | `blind_policy 2/2` |" in report


def test_all_name_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_sweep(tmp_path / "s").paths.root

    def printed(*command: str) -> str:
        assert main([*command]) == 0
        return capsys.readouterr().out

    first = json.loads(printed("rank", str(root), "--json"))["rows"][0]
    best = json.loads(printed("status", str(root), "--json"))["best"]
    assert best["config"] == first["config_id"]
    assert best["value"] == first["objective"]["value"]
    assert best["seeds"] == first["objective"]["n"]
    shown = f"{best['value']:.4g}"
    said = printed("status", str(root)).splitlines()[2].strip()
    ranked = printed("rank", str(root)).splitlines()
    assert shown in ranked[1]
    assert ranked[-1] == said
    assert finish(root, lambda: None) == FAILED  # one of its trials failed
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == said
    assert last.startswith(f"{best['config']} (")
    assert "over 3 seeds" in last
    assert best["config"] in (root / "report.en.md").read_text().split("**Answer**")[1][:40]
    assert json.loads((root / "report.json").read_text())["ranking"]["rows"][0] == first


def test_without_an_objective_the_default_is_named(tmp_path: Path) -> None:
    """Imported runs have no spec."""
    write_trial(tmp_path, "r1", [{"step": 50, "train/loss": 0.5}])
    facts = status(tmp_path)
    assert (facts["metric"], facts["best"]["config"]) == ("train/loss", "r1")


def test_where_there_is_no_order_nothing_is_the_best(tmp_path: Path) -> None:
    """Training losses of different policies."""
    for i, policy in enumerate(("act", "smolvla")):
        params = {
            "config_id": policy,
            "params": {"policy.type": policy},
            "imported": {"format": "x"},
        }
        write_trial(tmp_path, policy, [{"step": 50, "train/loss": i + 0.5}], params=params)
    facts = status(tmp_path)
    assert facts["best"] is None
    assert facts["says"].startswith("No order: ")
    assert "leading" not in status_text(facts)


def test_trials_that_have_not_begun_are_counted(tmp_path: Path) -> None:
    root = made(tmp_path, {"a": [0.1, 0.2]})
    spec = {"name": "n", "trainer": "act", "objective": {"metric": METRIC, "mode": "min"}}
    write_atomic(SweepPaths(root).manifest, to_json({"spec": spec, "trials": 6}))
    assert "6 trials: 2 completed, 4 not begun" in status_text(status(root))


def test_a_race_is_told(tmp_path: Path) -> None:
    root = made(tmp_path, {"a": [0.1, 0.2, 0.1], "b": [0.1, 0.1], "c": [9.0, 9.1]})
    race = {"at_least": 2, "at_most": 5}
    spec = {"seeds": race, "objective": {"metric": METRIC, "mode": "min"}}
    write_atomic(SweepPaths(root).manifest, to_json({"spec": spec, "trials": 6}))
    text = status_text(status(root))
    assert "7 trials: 7 completed" in text
    assert "race over seeds: 2 of 3 configurations left after 2 of at most 5 seeds" in text


def test_a_plot_takes_the_spellings_of_rank(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = made(tmp_path, {"a": [0.1, 0.2]})
    for spelling in ("avg_l1", METRIC):
        assert main(["rank", str(root), "--metric", spelling]) == 0
        capsys.readouterr()
        assert main(["report", str(root), "--plot", spelling]) == 0
        assert capsys.readouterr().out.strip().endswith("curves-eval-offline-eval-avg-l1.png")
    assert main(["report", str(root), "--plot", "nothing"]) == 2
    assert "--plot: nothing was never logged; valid: eval/" in capsys.readouterr().err


@pytest.mark.parametrize("imported", [True, False])
def test_only_a_sweep_of_ours_is_to_be_resumed(tmp_path: Path, imported: bool) -> None:
    """A run that trains elsewhere is not interrupted here; a path has its quotes."""
    root = tmp_path / "my runs"
    params: dict[str, Any] = {"imported": {"files": []}} if imported else {}
    write_trial(root, "a", [{"step": 1, METRIC: 0.1}], params=params, state="running")
    text = status_text(status(root))
    assert (f"ilsweep resume '{root}'" in text) is not imported
    assert ("1 running" if imported else "1 interrupted") in text
