"""Population-based training: a trial's parameters are their course, and nothing else is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.analyse import Analysis, analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.planning.next_stage import next_stage, stage_yaml
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.schedule import schedule, setting_text
from ilsweep.analysis.report import write_reports
from ilsweep.analysis.report.output import ranking_text
from tests.analysis.made_up import write_trial
from tests.analysis.strategies import sweep, trial

SPEC: dict[str, Any] = {
    "name": "population",
    "trainer": "act",
    "seeds": [0, 1],
    "space": {"lr": {"loguniform": [1e-3, 1.0]}},
    "scheduler": {"type": "pbt"},
    "search": {"algorithm": "random", "num_trials": 12},
    "objective": {"metric": "eval/loss", "mode": "min"},
    "hypotheses": [
        {"claim": "c", "param": "lr", "metric": "eval/loss", "expect": "decrease"}
    ],
}  # fmt: skip


def course(*values: float) -> list[dict[str, Any]]:
    return [{"step": 4 * i, "searched": {"lr": value}} for i, value in enumerate(values)]


def population() -> list[TrialRecord]:
    """As found by hostile tests: the two seeds of c0001 began at 0.2694 and changed apart."""
    made = []
    for c in range(12):
        lr = 0.2694 if c == 1 else 0.01 * (c + 1)
        for seed in (0, 1):
            history = course(lr, (0.1, 0.0456)[seed]) if c == 1 else []
            value = 0.05 + 0.01 * seed if c == 1 else 0.3 + 0.01 * c
            name = f"c{c:04d}"
            made.append(
                trial(
                    {"eval/loss": [0.9, value]},
                    id=f"{name}-s{seed}",
                    config=name,
                    seed=seed,
                    searched={"lr": lr},
                    history=history,
                )
            )
    return made


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyse(sweep(population(), SPEC))


def test_seeds_that_changed_apart_are_no_configuration(analysis: Analysis) -> None:
    first, second = analysis.ranking.rows[:2]
    assert (first.config_id, first.searched) == ("c0001-s0", {"lr": 0.1})
    assert (second.config_id, second.searched) == ("c0001-s1", {"lr": 0.0456})
    assert first.objective.n == second.objective.n == 1
    assert analysis.ranking.rows[2].objective.n == 2


def test_the_answer_names_no_value_that_was_left_behind(analysis: Analysis) -> None:
    text = analysis.answer.en
    assert "lr = 0.2694 has the best" not in text
    assert "c0001-s0 (lr = 0.2694 → 0.1 @4) has the best mean" in text
    assert "no setting" in text
    assert "c0001-s0  lr=0.2694 → 0.1 @4" in ranking_text(analysis).replace(
        "c0001-s0 l", "c0001-s0  l"
    )
    assert any("24 trials changed" in note.en for note in analysis.ranking.notes)


def test_nothing_is_concluded_of_single_values(analysis: Analysis) -> None:
    (verdict,) = analysis.hypotheses
    assert verdict.judgement == "not testable"
    assert "2 trials changed their parameters" in verdict.explanation.en
    assert analysis.importance is not None
    assert (analysis.importance.method, analysis.importance.params) == ("none", ())
    assert analysis.edges == ()


def test_the_next_stage_starts_from_what_was_trained_last(analysis: Analysis) -> None:
    stage = next_stage(analysis)
    assert stage.spec["warm_start"][:2] == [{"lr": 0.1}, {"lr": 0.0456}]
    assert stage.spec["space"] == SPEC["space"]
    (warm,) = [change for change in stage.changes if change.path == "warm_start"]
    assert "their schedule is not" in warm.reason.en
    assert "0.2694 is best" not in stage_yaml(stage, analysis)


def test_a_folder_says_it_in_the_table_and_in_the_blocks(tmp_path: Path) -> None:
    for seed, end in ((0, 0.1), (1, 0.0456)):
        params = {"config_id": "c0001", "seed": seed, "searched": {"lr": 0.2694},
                  "params": {"lr": 0.2694}}  # fmt: skip
        rows = [{"step": step, "eval/loss": 1 / step} for step in (2, 4, 6)]
        write_trial(tmp_path, f"c0001-s{seed}", rows, params=params, history=course(0.2694, end))
    found = read_sweep(tmp_path)
    write_reports(analyse(found))
    text = (tmp_path / "report.en.md").read_text()
    assert text.count("lr=0.2694 → 0.1 @4") >= 2
    assert "lr=0.2694 → 0.0456 @4" in text
    assert "lr=0.2694\n" not in text
    runs = json.loads((tmp_path / "report.json").read_text())["runs"]
    assert runs[0]["schedule"] == [[0, {"lr": 0.2694}], [4, {"lr": 0.1}]]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0.2694, 0.1), "0.2694 → 0.1 @4"),
        ((0.2, 0.1, 0.2), "0.2 → 0.1 @4 → 0.2 @8"),
        ((5.0, 4.0, 3.0, 2.0, 1.0), "5 → ... → 1 @16 (4 changes)"),
        ((0.2,), "0.2"),
        ((0.2, 0.2), "0.2"),
    ],
)
def test_how_a_course_is_told(values: tuple[float, ...], text: str) -> None:
    record = trial(searched={"lr": values[0]}, history=course(*values))
    assert setting_text("lr", values[0], schedule(record)) == text


@pytest.mark.parametrize(
    "history",
    [[{"step": 1}], [{"step": "a", "searched": {}}, {"searched": {"lr": 1}}], [{}, {}],
     [{"step": 0, "searched": {"lr": 1}}, {"step": 4, "searched": {"lr": 1}}]],
)  # fmt: skip
def test_a_damaged_history_is_none(history: list[dict[str, Any]]) -> None:
    assert schedule(trial(searched={"lr": 1}, history=history)) == ()
