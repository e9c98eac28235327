"""Reading metric lines: against a slow reader that does the obvious, over any damage."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.findings.trial_diagnosis import diagnose_trial
from ilsweep.analysis.load import parallel
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.curves import (
    MAX_STEP,
    NOT_METRICS,
    curves_of,
    effective_rows,
    read_lines,
)
from ilsweep.analysis.records.model import read_trial
from ilsweep.analysis.records.paths import SweepPaths, TrialPaths
from tests.analysis import strategies


def obvious_lines(content: bytes) -> list[dict[str, Any]]:
    found = []
    for line in content.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            found.append(row)
    return found


def text(rows: list[dict[str, Any]]) -> str:
    """By their text, since NaN differs from itself; a whole number beyond 64 bits is a float."""

    def number(digits: str) -> int | float:
        return int(digits) if -(2**63) <= int(digits) < 2**64 else float(digits)

    return json.dumps(json.loads(json.dumps(rows), parse_int=number))


def obvious_curves(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[int, float]]:
    points: dict[str, dict[int, float]] = {}
    for row in effective_rows(rows):
        for name, value in row.items():
            if name in NOT_METRICS or isinstance(value, bool | str | list | dict):
                continue
            try:
                number = float(value)
            except (TypeError, OverflowError):
                number = math.nan
            points.setdefault(name, {})[row["step"]] = number if math.isfinite(number) else math.nan
    return points


@given(strategies.metric_files())
@settings(max_examples=300, deadline=None)
def test_lines_and_curves_are_those_of_the_obvious_reader(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.jsonl"
        path.write_bytes(content)
        rows = read_lines(path)
    assert text(rows) == text(obvious_lines(content))
    curves, expected = curves_of(rows), obvious_curves(rows)
    assert curves.keys() == expected.keys()
    for name, by_step in expected.items():
        steps = sorted(by_step)
        assert curves[name].steps.tolist() == steps
        np.testing.assert_array_equal(curves[name].values, [by_step[step] for step in steps])


def test_a_later_attempt_replaces_the_steps_that_it_repeats() -> None:
    rows = [{"step": s, "attempt": 1, "x": float(s)} for s in (1, 2, 3)]
    rows += [{"step": s, "attempt": 2, "x": -float(s), "y": 0.0} for s in (2, 3, 4)]
    curves = curves_of(rows)
    assert curves["x"].values.tolist() == [1, -2, -3, -4]
    assert curves["y"].steps.tolist() == [2, 3, 4]


def test_steps_that_are_no_steps_are_passed_over() -> None:
    rows = [{"step": step, "x": 1.0} for step in (True, "3", None, 2.5, MAX_STEP + 1, 4)]
    assert curves_of(rows)["x"].steps.tolist() == [4]


@given(st.integers(0, 12))
def test_shares_of_helpers_come_back_in_order(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", "/no/such/python")
        patch.setattr(parallel, "WORTH", 3)
        names = [f"{i:02d}" for i in range(count)]
        for name in names:
            (Path(folder) / name).mkdir()
        read = parallel.read_trials([Path(folder) / name for name in names])[0]
        assert [record.id for record in read] == names


def test_helpers_read_what_one_process_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = SweepPaths(tmp_path)
    for i in range(6):
        root = paths.trial(f"{i}").root
        root.mkdir(parents=True)
        (root / "metrics.jsonl").write_text(json.dumps({"step": 1, "x": i}) + '\n{"st')
        (root / "params.json").write_text(json.dumps({"seed": i, "config_id": "c"}))
    alone = [read_trial(TrialPaths(paths.trial(f"{i}").root)) for i in range(6)]
    monkeypatch.setattr(parallel, "WORTH", 3)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert read_sweep(tmp_path).diagnosed == {}
    sweep = read_sweep(tmp_path, diagnose=True)
    together = sweep.trials
    limits = resolve(None)
    assert sweep.diagnosed == {t.id: diagnose_trial(t, limits) for t in alone}
    assert [(t.id, t.seed, t.last("x"), t.steps) for t in together] == [
        (t.id, t.seed, t.last("x"), t.steps) for t in alone
    ]
