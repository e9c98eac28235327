"""`--metric NAME --mode MODE`: found by any of its names, refused in one line, kept by imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilsweep.analysis.importers import Goal, How, NoSuchMetric
from ilsweep.analysis.importers.chosen_metric import chosen
from ilsweep.analysis.load.sweep import by_metric, read_sweep
from ilsweep.analysis.metrics.metric import Mode
from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.ranking.rank import rank
from tests.analysis.importers.logs import imported, write

LOGGED = ("train/loss", "eval/eval_loss", "eval/pc_success", "eval/a/jerk", "train/x", "eval/x")


@pytest.mark.parametrize(
    ("name", "mode", "wanted"),
    [
        ("train/loss", None, Objective("train/loss", "min")),
        ("loss", None, Objective("train/loss", "min")),
        ("val_loss", "max", Objective("eval/eval_loss", "max")),
        ("success_rate", None, Objective("eval/pc_success", "max")),
        ("a/jerk", "min", Objective("eval/a/jerk", "min")),
        ("eval/x", "max", Objective("eval/x", "max")),
    ],
)
def test_a_metric_is_found_by_any_of_its_names(
    name: str, mode: Mode | None, wanted: Objective
) -> None:
    assert chosen(name, mode, LOGGED) == wanted


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "--metric: nothing was never logged; valid: eval/a/jerk, "),
        ("jerk", "--mode: which end of eval/a/jerk is good is not known by its name"),
        ("cost", "never logged"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(name: str, said: str) -> None:
    with pytest.raises(NoSuchMetric, match=r"^--") as refused:
        chosen(name, None, LOGGED)
    assert said in str(refused.value)


def test_a_mode_is_taken_from_the_spec_that_has_one() -> None:
    assert chosen("a/jerk", None, LOGGED, [Objective("eval/a/jerk", "max")]).mode == "max"


def test_an_import_keeps_what_the_runs_are_judged_by(tmp_path: Path) -> None:
    for name, end in (("a", 1), ("b", 2)):
        rows = "".join(f'{{"step": {s}, "jerk": {s * end}, "loss": 1.0}}\n' for s in (1, 2, 3))
        write(tmp_path, {f"{name}.jsonl": rows})
    imported(tmp_path, "a.jsonl", how=How(goal=Goal("jerk", "max")))
    imported(tmp_path, "b.jsonl")
    sweep = read_sweep(tmp_path / "out")
    found = rank(sweep.trials, sweep.spec, {})
    assert (found.metric, found.rows[0].config_id) == ("train/jerk", "b")
    other = by_metric(sweep, "loss", "max")
    notes = rank(other.trials, other.spec, {}).notes
    assert any("train/loss is maximised here" in note.en for note in notes)


def test_a_wrong_metric_leaves_nothing_behind(tmp_path: Path) -> None:
    write(tmp_path, {"a.jsonl": '{"step": 1, "loss": 1.0}\n'})
    with pytest.raises(NoSuchMetric):
        imported(tmp_path, "a.jsonl", how=How(goal=Goal("jerk", "max")))
    assert not (tmp_path / "out").exists()


def test_a_sweep_keeps_its_own_objective(tmp_path: Path) -> None:
    write(tmp_path, {"a.jsonl": '{"step": 1, "loss": 1.0}\n',
                     "out/manifest.json": '{"spec": {"trainer": "bc"}}'})  # fmt: skip
    with pytest.raises(NoSuchMetric, match="with an objective of its own"):
        imported(tmp_path, "a.jsonl", how=How(goal=Goal("loss", "min")))
