"""What foreign runs differ in at once is said; what the design can tell is not."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis.inference.hypotheses import judge
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.ranking.confounded import confounded, confounded_in
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.model import TrialRecord
from tests.analysis.importers.logs import falling, imported, lerobot_config, lerobot_log, write
from tests.analysis.strategies import curve


def run(name: str, foreign: bool = True, **params: Any) -> TrialRecord:
    return TrialRecord(name, name, 0, params, params, "completed", imported=foreign)


def runs(*configs: dict[str, Any], **more: Any) -> list[TrialRecord]:
    return [run(f"r{i}", **config, **more) for i, config in enumerate(configs)]


@pytest.mark.parametrize(
    ("configs", "together"),
    [
        ([{"lr": 1, "bs": 8}, {"lr": 2, "bs": 16}], ["lr", "bs"]),
        ([{"lr": 1, "bs": 8}, {"lr": 2, "bs": 8}], []),
        ([{"lr": 1, "bs": 8, "aug": "a"}, {"lr": 2, "bs": 8, "aug": "a"},
          {"lr": 2, "bs": 16, "aug": "b"}], ["bs", "aug"]),
        ([{"a": a, "b": b} for a in (1, 2) for b in ("x", "y")], []),
        ([{"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 1}, {"a": 2, "b": 1, "c": 2}],
         ["a", "b", "c"]),
        ([{"lr": 1, "seed": 1}, {"lr": 2, "seed": 2}], []),
        ([{"lr": 1, "bs": 8, "note": 3}, {"lr": 2, "bs": 16}], ["lr", "bs"]),
        ([{"lr": 1, "dims": [1, 2]}, {"lr": 2, "dims": [1]}], ["lr", "dims"]),
    ],
)  # fmt: skip
def test_parameters_that_change_together_are_found(
    configs: list[dict[str, Any]], together: list[str]
) -> None:
    assert confounded(runs(*configs)) == together


def test_a_random_search_of_somebody_else_confounds_nothing() -> None:
    rng = np.random.default_rng(0)
    drawn: list[dict[str, Any]] = [
        {"lr": rng.random(), "wd": rng.random(), "net": str(i % 3)} for i in range(20)
    ]
    assert confounded(runs(*drawn)) == []
    assert confounded(runs(*({**c, "wd2": 2 * c["wd"]} for c in drawn))) == ["wd", "wd2"]


def test_our_own_trials_are_drawn_on_purpose() -> None:
    own = runs({"lr": 1, "bs": 8}, {"lr": 2, "bs": 16}, foreign=False)
    assert confounded(own) == []


def test_seeds_of_one_configuration_are_no_further_one() -> None:
    records = [
        TrialRecord(f"{lr}{s}", str(lr), s, {"lr": lr, "bs": lr}, {}, "completed", imported=True)
        for lr in (1, 2)
        for s in range(3)
    ]
    assert confounded(records) == ["lr", "bs"]


def test_the_ranking_says_in_what_runs_differ(tmp_path: Path) -> None:
    for i, change in enumerate([{}, {"policy__chunk_size": 50, "batch_size": 64}]):
        config = lerobot_config(seed=i, **change)
        write(tmp_path, {f"r{i}/train.log": lerobot_log(falling(), config)})
    imported(tmp_path, "r0", "r1")
    found = rank(read_sweep(tmp_path / "out").trials, {}, {})
    assert found.confounded is not None
    assert "batch_size, policy.chunk_size at once" in found.confounded.en
    assert found.confounded in found.notes


def test_nothing_is_concluded_of_one_of_them() -> None:
    rows = runs({"lr": 1, "bs": 8}, {"lr": 2, "bs": 16})
    claim = {"claim": "c", "param": "lr", "metric": "train/loss", "expect": "increase"}
    records = [replace(row, curves={"train/loss": curve(i)}) for i, row in enumerate(rows)]
    (found,) = judge({"hypotheses": [claim]}, records, {}, {}, Catalog())
    assert found.judgement == "not testable"
    assert found.detail is not None
    assert "no two runs differ in lr alone" in found.detail.en


def test_one_that_never_differs_alone_is_said_by_itself() -> None:
    found = confounded_in(runs({"x": "a", "y": 0}, {"x": "a", "y": 1}, {"x": "b", "y": 2}))
    assert found is not None
    assert "no two of these runs differ in x alone" in found.en


def test_many_runs_of_many_parameters_take_no_time() -> None:
    rng = np.random.default_rng(0)
    configs = [
        {f"p{i}": rng.integers(50) if i % 2 else str(rng.integers(300)) for i in range(60)}
        for _ in range(300)
    ]
    began = time.process_time()
    assert len(confounded(runs(*configs))) == 60
    assert time.process_time() - began < 5
