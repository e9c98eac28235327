"""Sweeps of ours among what is imported: their trials are runs, their other files are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.importers import ImportRefused
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.report.rows import curve_rows, trial_rows, write_table
from tests.analysis.importers.logs import imported, points, write
from tests.analysis.made_up import write_sweep, write_trial

JOURNAL = '{"op_code":0,"worker_id":"7","study_name":"made-up","directions":[2]}\n'
OTHERS: dict[str, str | bytes] = {
    "optuna.log": JOURNAL,
    "search.jsonl": '{"asked": "c000", "searched": {"ot.reg": 1.0}, "step": 1}\n',
    "looks.jsonl": '{"time": "2026-11-26T05:59:20+00:00", "reached": {"c000-s0": 600}}\n',
    "confirm.jsonl": '{"trial": "c000-s0", "seed": 1, "success": true, "step": 3}\n',
    "report.json": '{"history": [{"step": 1, "train/loss": 1.0}]}',
    "trials/c000-s0/wandb/offline-run-20261126_054658-a/run-a.wandb": b":W&B",
    "trials/c000-s0/checkpoints/training_state.json": '{"step": 1, "train/loss": 9.0}',
}


def test_the_trials_of_a_sweep_are_imported_as_they_are(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path / "a", configs=3, steps=500)
    write(tmp_path / "a", OTHERS)
    notes: list[str] = []
    found = imported(tmp_path, "a", notes=notes)
    assert set(found) == {f"made-up-{trial.id}" for trial in sweep.trials}
    for trial in sweep.trials:
        again = found[f"made-up-{trial.id}"]
        assert points(again, "train/loss") == points(trial, "train/loss")
        same = ("seed", "state", "error", "seconds", "ended")
        assert [getattr(again, name) for name in same] == [getattr(trial, name) for name in same]
        assert trial.params.items() <= again.params.items()
    assert len({trial.config_id for trial in found.values()}) == 3
    assert {"ot.reg", "ot.tau"} & set(found["made-up-c000-s0"].searched)
    assert sum("ilsweep report" in note for note in notes) == 1
    assert not any("passed over" in note for note in notes)


def test_a_trial_that_failed_before_its_first_report_is_spoken_of(tmp_path: Path) -> None:
    """Else its configuration would have a seed less, and no failure."""
    write_trial(tmp_path / "a", "c0-s0", [{"step": 1, "train/loss": 1.0}])
    write_trial(tmp_path / "a", "c0-s1", [])
    notes: list[str] = []
    assert list(imported(tmp_path, "a", notes=notes)) == ["a-c0-s0"]
    assert f"{tmp_path / 'a'}: reported nothing and left out: c0-s1" in notes


def test_two_sweeps_are_pooled_where_all_but_the_seed_is_the_same(tmp_path: Path) -> None:
    for sweep, trainer, seed in (("a", "act", 0), ("b", "act", 1), ("c", "bc", 2)):
        params = {"config_id": "c0", "seed": seed, "params": {"lr": 0.1}, "data": {"source": "x"}}
        write_trial(tmp_path / sweep, "c0-s0", [{"step": 1, "train/loss": seed}], params=params)
        spec = {"name": sweep, "trainer": trainer}
        SweepPaths(tmp_path / sweep).manifest.write_text(json.dumps({"spec": spec}))
    found = imported(tmp_path, "a", "b", "c")
    assert found["a-c0-s0"].config_id == found["b-c0-s0"].config_id
    assert found["c-c0-s0"].config_id != found["a-c0-s0"].config_id


def test_sweeps_of_one_name_stay_apart_but_for_copies(tmp_path: Path) -> None:
    for place, loss in (("x", 1.0), ("y", 2.0), ("z", 2.0)):
        write_trial(tmp_path / place / "a", "c0-s0", [{"step": 1, "train/loss": loss}])
    found = imported(tmp_path, "x/a", "y/a", "z/a")
    assert set(found) == {"a-c0-s0", "a-c0-s0-2"}
    assert {trial.last("train/loss") for trial in found.values()} == {1.0, 2.0}
    assert len({trial.config_id for trial in found.values()}) == 2


@pytest.mark.parametrize("name", [*list(OTHERS)[:5], "trials/c000-s0/params.json"])
def test_a_file_of_a_sweep_without_reports_is_refused(tmp_path: Path, name: str) -> None:
    write_sweep(tmp_path / "a", configs=1, steps=100)
    write(tmp_path / "a", OTHERS)
    with pytest.raises(ImportRefused, match="valid: the sweep's folder, trials/ID/metrics"):
        imported(tmp_path, f"a/{name}")


def test_a_glob_over_a_sweep_gives_its_trials(tmp_path: Path) -> None:
    write_sweep(tmp_path / "a", configs=1, steps=100)
    write(tmp_path / "a", OTHERS)
    write(tmp_path, {"a/plots/loss.png": b"\x89PNG", "a/mine/loss.png": b"\x89PNG"})
    assert len(imported(tmp_path, "a/*")) == 3
    with pytest.raises(ImportRefused, match="is a folder; name its files"):
        imported(tmp_path, "a/mine")


def test_a_table_of_trials_is_refused_and_one_of_reports_is_read(tmp_path: Path) -> None:
    write_sweep(tmp_path / "a", configs=2, steps=200)
    analysis = analyse(read_sweep(tmp_path / "a"))
    write_table(trial_rows(analysis), tmp_path / "trials.csv")
    write_table(curve_rows(analysis), tmp_path / "curves.csv")
    with pytest.raises(ImportRefused, match=r"holds no reports; valid: .*export-table --curves"):
        imported(tmp_path, "trials.csv")
    assert len(imported(tmp_path, "curves.csv")) == 6


def test_demonstrations_are_no_runs(tmp_path: Path) -> None:
    write(tmp_path, {"cube/meta/info.json": '{"codebase_version": "v3.0"}'})
    with pytest.raises(ImportRefused, match="holds demonstrations, and no run; valid: "):
        imported(tmp_path, "cube")


def test_an_imported_folder_is_imported_as_what_it_holds(tmp_path: Path) -> None:
    write(tmp_path, {"act.csv": "step,loss\n1,2\n2,1\n"})
    first = imported(tmp_path, "act.csv", into="one")["act"]
    again = imported(tmp_path, "one", into="two")["act"]
    assert (again.config_id, again.name) == (first.config_id, first.name)
    assert points(again, "train/loss") == points(first, "train/loss")


def test_a_folder_is_not_imported_into_itself(tmp_path: Path) -> None:
    write_sweep(tmp_path / "a", configs=1, steps=100)
    with pytest.raises(ImportRefused, match="valid: another folder"):
        imported(tmp_path, "a", into="a")
    write(tmp_path, {"act.csv": "step,loss\n1,2\n"})
    for _ in range(2):
        imported(tmp_path, ".", into=".")
    assert "act" in {trial.id for trial in read_sweep(tmp_path).trials}
    assert len(read_sweep(tmp_path).trials) == 4
