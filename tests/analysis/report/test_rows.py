"""A sweep's numbers as tables that pandas reads: a row a trial, a row a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ilsweep.analysis.analyse import Analysis, analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.report.rows import curve_rows, trial_rows, write_table
from tests.analysis.made_up import write_trial


@pytest.fixture
def analysis(tmp_path: Path) -> Analysis:
    for seed, end in ((0, 0.3), (1, 0.5)):
        params = {"config_id": "a", "seed": seed,
                  "params": {"lr": 0.1, "dims": [8, 8], "kind": None}}  # fmt: skip
        rows: list[dict[str, Any]] = [
            {"step": 10, "train/loss": 1.0, "eval/x": 2.0},
            {"step": 20, "train/loss": end},
        ]
        write_trial(tmp_path / "s", f"a-s{seed}", rows, params=params)
    more = {"config_id": "b", "seed": 0, "params": {"lr": 1, "dims": [8], "kind": "x"}}
    write_trial(tmp_path / "s", "b-s0", [{"step": 10, "train/loss": 0.1}], params=more)
    return analyse(read_sweep(tmp_path / "s"))


@pytest.mark.parametrize("end", ["csv", "parquet"])
def test_one_row_a_trial(analysis: Analysis, tmp_path: Path, end: str) -> None:
    target = tmp_path / f"t.{end}"
    write_table(trial_rows(analysis), target)
    table = pd.read_csv(target) if end == "csv" else pd.read_parquet(target)
    assert table["trial"].tolist() == ["b-s0", "a-s0", "a-s1"]
    assert table["rank"].tolist() == [1, 2, 2]
    assert table["params/lr"].tolist() == [1.0, 0.1, 0.1]
    assert table["train/loss"].tolist() == [0.1, 0.3, 0.5]
    assert table["eval/x"].isna().tolist() == [True, False, False]
    assert table["params/dims"].tolist() == ["[8]", "[8, 8]", "[8, 8]"]
    assert set(table["health"]) == {"not probed"}


@pytest.mark.parametrize("end", ["csv", "parquet"])
def test_one_row_a_report(analysis: Analysis, tmp_path: Path, end: str) -> None:
    target = tmp_path / f"c.{end}"
    write_table(curve_rows(analysis), target)
    table = pd.read_csv(target) if end == "csv" else pd.read_parquet(target)
    assert len(table) == 5
    mine = table[table["trial"] == "a-s1"]
    assert mine["step"].tolist() == [10, 20]
    assert mine["train/loss"].tolist() == [1.0, 0.5]


def test_a_metric_called_like_a_column_is_kept_beside_it(tmp_path: Path) -> None:
    params = {"config_id": "a", "seed": 3, "params": {}}
    row = {"step": 10, "train/loss": 1.0, "rank": 7.0, "seed": 8.0}
    write_trial(tmp_path / "s", "a-s3", [row], params=params)
    found = analyse(read_sweep(tmp_path / "s"))
    (trial,), (report,) = trial_rows(found), curve_rows(found)
    assert (trial["rank"], trial["seed"], trial["metrics/rank"]) == (1, 3, 7.0)
    assert (report["seed"], report["metrics/seed"], report["rank"]) == (3, 8.0, 7.0)


def test_odd_values_are_kept(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"a": 2**80, "b": True, "c": "x", "d": float("nan")},
            {"a": 1, "b": None, "c": 3, "d": 1.5}]  # fmt: skip
    write_table(rows, tmp_path / "t.parquet")
    table = pd.read_parquet(tmp_path / "t.parquet")
    assert table["a"].tolist() == [2.0**80, 1.0]
    assert table["c"].tolist() == ["x", "3"]
    assert table["d"].isna().tolist() == [True, False]
    write_table([], tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_text() == "\n"
