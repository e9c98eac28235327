"""A configuration is what was trained: labels, folders and repetitions change nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.analysis.importers import import_runs
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.copies import distinct
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.identity import configuration_key
from ilsweep.analysis.records.model import TrialRecord, read_trial
from ilsweep.analysis.records.paths import TrialPaths
from tests.analysis.made_up import write_trial


def trial(config: str, seed: int | None = 0, **known: Any) -> TrialRecord:
    """A record as tests make it by hand."""
    given = {"params": {}, "searched": {}, "state": "completed", **known}
    return TrialRecord(id=f"{config}-s{seed}", config_id=config, seed=seed, **given)


def test_the_label_is_no_part_of_a_configuration() -> None:
    one, other = trial("c0000", params={"lr": 0.1}), trial("c0007", params={"lr": 0.1})
    assert one.configuration == other.configuration
    assert one.configuration != trial("c0000", params={"lr": 0.2}).configuration
    assert trial("c0000", seed=5, params={"lr": 0.1}).configuration == one.configuration


def test_by_hand_parameters_may_stand_in_either_place() -> None:
    known = trial("a", params={"lr": 0.1, "width": 4}, searched={"lr": 0.1})
    assert trial("b", params={"lr": 0.1, "width": 4}).configuration == known.configuration
    assert (
        trial("c", searched={"lr": 0.1}).configuration
        == trial("d", params={"lr": 0.1}).configuration
    )


def test_searched_data_make_another_configuration() -> None:
    few, many = (trial("c", params={"lr": 0.1}, searched={"data.episodes": n}) for n in (10, 40))
    assert few.configuration != many.configuration


def test_of_which_nothing_is_known_is_its_own() -> None:
    assert trial("a").configuration != trial("b").configuration
    assert trial("a", seed=1).configuration == trial("a").configuration


@given(st.permutations([1, 1.0, True, "1", [1], [True], "[1]", None]))
def test_what_python_calls_equal_is_told_apart(values: list[Any]) -> None:
    assert len({configuration_key({"x": value}) for value in values}) == len(values)


def test_the_order_of_parameters_means_nothing() -> None:
    assert configuration_key({"a": 1, "b": 2}) == configuration_key({"b": 2, "a": 1})


@pytest.mark.parametrize("part", ["params", "data", "trainer", "command"])
def test_everything_that_is_trained_with_counts(part: str) -> None:
    known: dict[str, Any] = {"params": {"a": 1}, "data": {"b": 1}, "trainer": "x",
                             "command": {"argv": ["y"]}}  # fmt: skip
    changed = {**known, part: "z" if part == "trainer" else {"z": 1}}
    assert configuration_key(**known) != configuration_key(**changed)


class TestCopies:
    def test_are_dropped_and_seeds_are_not(self) -> None:
        ours = [trial(f"c000{i}", seed, params={"lr": lr})
                for i, lr in enumerate((0.1, 0.1, 0.2)) for seed in (0, 1)]  # fmt: skip
        assert [t.id for t in distinct(ours)] == ["c0000-s0", "c0000-s1", "c0002-s0", "c0002-s1"]

    def test_the_one_that_says_most_stays(self) -> None:
        ours = [trial("a", params={"lr": 0.1}, state="failed"),
                trial("b", params={"lr": 0.1}, state="running"),
                trial("c", params={"lr": 0.1}, state="completed")]  # fmt: skip
        assert [t.id for t in distinct(ours)] == ["c-s0"]

    def test_without_a_seed_nothing_is_a_copy(self) -> None:
        ours = [trial(name, None, params={"lr": 0.1}) for name in "ab"]
        assert distinct(ours) == ours

    def test_a_trial_that_changed_on_the_way_is_none(self) -> None:
        history = [{"step": 0, "searched": {"lr": 0.1}}, {"step": 9, "searched": {"lr": 0.2}}]
        ours = [trial("a", params={"lr": 0.1}), trial("b", params={"lr": 0.1}, history=history)]
        assert distinct(ours) == ours
        unchanged = replace(ours[1], history=history[:1])
        assert [t.id for t in distinct([ours[0], unchanged])] == ["a-s0"]

    def test_foreign_runs_are_copies_with_equal_numbers_only(self) -> None:
        curves = [{"train/loss": Curve(np.array([1]), np.array([x]))} for x in (1.0, 1.0, 2.0)]
        ours = [trial(name, 1000, params={"lr": 0.1}, imported=True, curves=c)
                for name, c in zip("abc", curves, strict=True)]  # fmt: skip
        assert [t.id for t in distinct(ours)] == ["a-s1000", "c-s1000"]


def test_an_older_folder_says_it_by_its_parameters(tmp_path: Path) -> None:
    for name in ("c0000", "c0001"):
        params = {"config_id": name, "seed": 0, "searched": {"lr": 1}, "params": {"lr": 1.0},
                  "data": {"episodes": 40}}  # fmt: skip
        write_trial(tmp_path, f"{name}-s0", [], params=params)
    first, second = (read_trial(TrialPaths(tmp_path / "trials" / f"c000{i}-s0")) for i in (0, 1))
    assert first.configuration == second.configuration
    assert first.configuration == configuration_key({"lr": 1.0}, {"episodes": 40})


def test_what_is_recorded_counts(tmp_path: Path) -> None:
    write_trial(tmp_path, "a", [], params={"configuration": "abc", "params": {"lr": 1.0}})
    assert read_trial(TrialPaths(tmp_path / "trials" / "a")).configuration == "abc"


class TestImported:
    def runs(self, folder: Path, *runs: tuple[dict[str, Any], float]) -> dict[str, TrialRecord]:
        for i, (config, loss) in enumerate(runs):
            run = {"run": {"id": f"r{i}", "config": config}}
            lines = [run, {"step": 1, "train/loss": loss}]
            (folder / f"{i}.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
        import_runs(sorted(folder.glob("*.jsonl")), folder / "sweep")
        return {trial.id: trial for trial in read_sweep(folder / "sweep").trials}

    def test_seeds_of_one_configuration_share_it(self, tmp_path: Path) -> None:
        found = self.runs(tmp_path, ({"lr": 0.1, "seed": 0}, 1.0), ({"lr": 0.1, "seed": 1}, 2.0))
        assert found["r0"].configuration == found["r1"].configuration
        assert len(distinct(found.values())) == 2

    def test_a_whole_number_is_one_however_it_is_written(self, tmp_path: Path) -> None:
        found = self.runs(tmp_path, ({"bs": 8, "seed": 0}, 1.0), ({"bs": 8.0, "seed": 1}, 2.0))
        assert found["r0"].configuration == found["r1"].configuration

    def test_one_seed_and_other_numbers_are_not_pooled(self, tmp_path: Path) -> None:
        same = {"lr": 0.1, "seed": 1000}
        found = self.runs(tmp_path, (same, 1.0), (same, 2.0), (same, 1.0))
        assert found["r0"].config_id == found["r2"].config_id != found["r1"].config_id
        assert [trial.id for trial in distinct(found.values())] == ["r0", "r1"]
