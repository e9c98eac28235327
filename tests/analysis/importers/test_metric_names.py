"""One table of names: what scripts call a metric, by whatever spelling, is one metric here."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilsweep.analysis.importers import How, ImportRefused, names_from
from ilsweep.analysis.importers.metric_names import recorded
from tests.analysis.importers.logs import imported, points, write


def called(name: str, value: float = 0.4) -> dict[str, float]:
    (row,) = recorded([{"step": 1, name: value}])
    return {key: found for key, found in row.items() if key != "step"}


@pytest.mark.parametrize(
    "name",
    ["success", "succ", "SR", "eval/success-rate", "test/success_rate_mean", "eval/success_mean",
     "success_ratio", "eval/lift-v2/success", "Rollout/Success_Rate/Lift-v2", "is_success",
     "total success rate"],
)  # fmt: skip
def test_a_success_rate_by_any_name(name: str) -> None:
    assert called(name) == {"eval/pc_success": 40.0}


@pytest.mark.parametrize(
    "name", ["success rate (%)", "Success (%)", "Success Rate [%]", "success_pct", "pc_success"]
)
def test_a_percentage_is_one_whatever_its_size(name: str) -> None:
    assert called(name) == {"eval/pc_success": 0.4}


@pytest.mark.parametrize("name", [
    "num_success", "n_success", "eval/num_success", "train/success", "best_success_rate",
    "eval/max_success", "best/success",
])  # fmt: skip
def test_a_count_a_best_so_far_and_a_success_in_training_are_no_rate(name: str) -> None:
    assert "eval/pc_success" not in called(name)


@pytest.mark.parametrize(
    ("name", "ours"),
    [("val-loss", "eval/eval_loss"), ("test_loss", "eval/eval_loss"), ("loss/total", "train/loss"),
     ("train-loss", "train/loss"), ("avg_loss", "train/loss"), ("Grad-Norm", "train/grad_norm"),
     ("lr-AdamW", "train/lr"), ("lr/group_0", "train/lr"), ("num_rollouts", "eval/n_episodes"),
     ("val_mse", "eval/mse"), ("Validation L1 Loss", "eval/l1_loss"), ("train_lr", "train/lr"),
     ("test_l1_loss", "eval/l1_loss"), ("training_iteration", "train/training_iteration"),
     ("mine", "train/mine"), ("a/b-c", "a/b-c")],
)  # fmt: skip
def test_names_of_the_table_by_any_spelling(name: str, ours: str) -> None:
    assert called(name) == {ours: 0.4}
    assert called(ours) == {ours: 0.4}


def test_what_a_spec_names_stays() -> None:
    (row,) = recorded([{"step": 1, "test_loss": 0.4}], keep=["train/test_loss"])
    assert row == {"step": 1, "train/test_loss": 0.4}


@pytest.mark.parametrize("theirs", ["done", "train/done"])
@pytest.mark.parametrize("ours", ["success", "eval/pc_success"])
def test_an_entry_of_the_user_s_own_counts_with_its_scale(theirs: str, ours: str) -> None:
    rows = [{"step": s, "done": v, "success": 0.1} for s, v in ((1, 0.25), (2, 0.5))]
    found = recorded(rows, more={theirs: ours})
    assert [row["eval/pc_success"] for row in found] == [25.0, 50.0]
    percent = recorded([{"step": 1, "done": 0.5}, {"step": 2, "done": 50.0}], more={"done": ours})
    assert [row["eval/pc_success"] for row in percent] == [0.5, 50.0]


def test_an_import_takes_own_names_and_says_which_are_not_there(tmp_path: Path) -> None:
    write(tmp_path, {"x.csv": "step,ce (held out)\n10,0.5\n20,0.25\n"})
    how = How(names=names_from(["ce (held out)=eval_loss", "b=eval/c"]))
    notes: list[str] = []
    (trial,) = imported(tmp_path, "x.csv", how=how, notes=notes).values()
    assert points(trial, "eval/eval_loss") == {10: 0.5, 20: 0.25}
    assert [note for note in notes if "--name" in note] == ["--name b: was never logged"]


@pytest.mark.parametrize("text", ["x", "=eval/a", "a=", "a=b c", "epoch=step"])
def test_what_is_no_entry_is_refused(text: str) -> None:
    with pytest.raises(ImportRefused, match=r"--name: .*valid: "):
        names_from([text])
