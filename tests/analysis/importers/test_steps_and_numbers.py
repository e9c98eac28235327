"""Step axes, printed numbers with something attached, names of metrics."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.analysis.importers.metric_names import OURS, TABLE, known, recorded
from ilsweep.analysis.importers.numbers import as_number, quantity
from ilsweep.analysis.importers.step_column import step_column
from tests.analysis.importers.logs import imported, lerobot_log, points, write


@pytest.mark.parametrize(
    ("text", "value"),
    [("14.0%", 14), ("0.501,", 0.501), ("1,234", 1234), ("1,234,567.5", 1234567.5), ("1.2k", 1200),
     ("0.1s", 0.1), ("5.2it/s", 5.2), ("12GB", 12), ("tensor(0.5, device='cuda:0')", 0.5),
     ("np.float64(0.2)", 0.2), ("'0.9'", 0.9), ("\x1b[32m0.5\x1b[0m", 0.5), ("1e-05)", 1e-5),
     ("-3", -3), ("inf", math.inf), ("[3/10],", 0.3), ("1.05，成功率=10％", 1.05), ("10％", 10),
     ("−0.5", -0.5)],
)  # fmt: skip
def test_a_number_with_something_attached(text: str, value: float) -> None:
    assert as_number(text) == value


@pytest.mark.parametrize("text", ["3abc", "", "0,5", "1,23", "08:02", "None", "oops", "1 2", "%"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert as_number(text) is None


@given(
    st.floats(allow_nan=False), st.sampled_from(["{}", "{},", "'{}'", "tensor({})", "\x1b[1m{}"])
)
def test_a_wrapped_number_is_the_number(value: float, form: str) -> None:
    assert as_number(form.format(value)) == value


def test_not_a_number_is_one() -> None:
    found = quantity("nan%")
    assert found is not None
    assert math.isnan(found.value)


def test_a_value_that_is_not_understood_is_said_once_a_metric(tmp_path: Path) -> None:
    text = lerobot_log({200: 1.0, 400: 0.5}).replace("grdn:1.1", "grdn:oops")
    write(tmp_path, {"r.log": text})
    notes: list[str] = []
    (trial,) = imported(tmp_path, "r.log", notes=notes).values()
    assert points(trial, "train/loss") == {200: 1.0, 400: 0.5}
    assert notes == ["r.log: train/grad_norm: 'oops' is not understood as a number (2 in all)"]


def test_several_reports_on_one_line(tmp_path: Path) -> None:
    one = lerobot_log({10: 0.8, 20: 0.7, 30: 0.6}).replace("\n", " ")
    write(tmp_path, {"r.log": one, "o.log": "Step 0: loss=0.5, a=1 Step 10: loss=0.4, a=2"})
    trials = imported(tmp_path, "r.log", "o.log")
    assert points(trials["r"], "train/loss") == {10: 0.8, 20: 0.7, 30: 0.6}
    assert points(trials["o"], "train/loss") == {0: 0.5, 10: 0.4}
    assert not [name for name in trials["r"].curves if name.endswith(("step", ".py", "smpl"))]


@pytest.mark.parametrize(
    "axis", ["train/global_step", "global_step", "trainer/global_step", "iter"]
)
def test_a_counter_that_rises_is_the_step(tmp_path: Path, axis: str) -> None:
    rows = [{"_step": i, axis: 50 * (i + 1), "train/loss": 1 / (i + 1)} for i in range(4)]
    rows.insert(2, {"_step": 9, "eval/pc_success": 5.0})
    write(tmp_path, {"h.jsonl": "".join(json.dumps(row) + "\n" for row in rows)})
    notes: list[str] = []
    (trial,) = imported(tmp_path, "h.jsonl", notes=notes).values()
    assert list(points(trial, "train/loss")) == [50, 100, 150, 200]
    assert points(trial, "eval/pc_success") == {100: 5.0}
    assert notes == [f"h.jsonl: the step is the column {axis}"]


@pytest.mark.parametrize(
    "values", [[7, 7, 7, 7], [0.5, 1.5, 2.5, 3.5], [4, 3, 2, 1], [1, None, None, None]]
)
def test_a_counter_that_does_not_rise_is_not(values: list[float | None]) -> None:
    assert step_column([{"_step": i, "global_step": v} for i, v in enumerate(values)]) == "_step"


def test_the_bar_before_a_report_tells_its_step_and_counting_is_said(tmp_path: Path) -> None:
    part = "Val loss:   {0:.5f}\nval_l1: {0:.3f} val_kl: 0.010 val_loss: {0:.3f} \n"
    bar = "  0%|     | {}/1001 [00:01<10:00,  5.0it/s]validating\n"
    rollout = " 10%|#    | 40/400 [00:01<00:10, 40.0it/s]\r"
    losses = {0: 0.9, 500: 0.5, 1000: 0.3}
    told = "".join(bar.format(s) + part.format(v) + rollout for s, v in losses.items())
    write(tmp_path, {"told.log": told, "no.log": "\n" + "".join(map(part.format, losses.values()))})
    notes: list[str] = []
    trials = imported(tmp_path, "told.log", "no.log", notes=notes)
    assert points(trials["told"], "eval/eval_loss") == losses
    assert list(points(trials["no"], "eval/eval_loss")) == [0, 1, 2]
    assert "no.log: the log tells no step: the reports are counted from 0" in notes


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [("Resuming from checkpoint checkpoint-36000\n", "", [36000, 36500]),
     ("", "Saved state to ./c/checkpoint-36500\n", [36000, 36500]),
     ("", "", [0, 500])],
)  # fmt: skip
def test_a_bar_after_a_resume(tmp_path: Path, before: str, after: str, steps: list[int]) -> None:
    bars = "".join(f"\rSteps:  1%|#| {s}/4000 [00:10<10:00, loss=0.5, lr=0.0001]" for s in (0, 500))
    write(tmp_path, {"r.log": f"{before}{bars}\n{after}"})
    (trial,) = imported(tmp_path, "r.log").values()
    assert list(points(trial, "train/loss")) == steps


def test_a_bar_that_counts_all_steps_after_a_resume_is_left(tmp_path: Path) -> None:
    text = "Resuming from checkpoint checkpoint-300\nSteps: 1%|#| 300/400 [0:1<0:1, loss=0.5]\n"
    write(tmp_path, {"r.log": text})
    assert list(points(imported(tmp_path, "r.log")["r"], "train/loss")) == [300]


def test_the_table_of_names_is_its_own_answer() -> None:
    for ours, theirs in TABLE.items():
        assert {known(name) for name in (ours, *theirs)} == {ours}
        assert known(ours.upper()) == ours
    assert len(OURS) == sum(len({ours, *theirs}) for ours, theirs in TABLE.items())
    assert known("my_metric") == "train/my_metric"
    assert known("mine/metric") == "mine/metric"
    assert {known(name) for name in ("val_mse", "test_mse", "eval_mse")} == {"eval/mse"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("success_rate", 0.25), ("success", 0.25), ("Rollout/Success_Rate/Lift", 0.25),
     ("eval/success_once", 0.25), ("success_pct", 25), ("pc_success", 25),
     ("eval/success_rate", 25), ("test/success_rate", 0.25)],
)  # fmt: skip
def test_a_success_rate_by_any_name_and_scale_is_one(name: str, value: float) -> None:
    assert recorded([{"step": 1, name: value}]) == [{"step": 1, "eval/pc_success": 25}]


def test_success_in_several_environments_is_kept_and_averaged() -> None:
    rows = [{"step": 1, "Rollout/Success_Rate/Lift": 0.5, "Rollout/Success_Rate/Can": 0.1}]
    (row,) = recorded(rows)
    assert row["eval/pc_success"] == pytest.approx(30)
    assert (row["eval/pc_success/Lift"], row["eval/pc_success/Can"]) == (50, 10)


@pytest.mark.parametrize("name", ["train/success_rate", "eval/lesion/x/pc_success", "bc/mse"])
def test_what_is_no_evaluations_success_stays(name: str) -> None:
    assert recorded([{"step": 1, name: 0.5}]) == [{"step": 1, name: 0.5}]


def test_a_name_that_a_spec_gives_stays() -> None:
    row = {"step": 1, "val_loss": 0.5, "success_rate": 0.5}
    assert recorded([row], keep=["train/val_loss", "train/success_rate"]) == [
        {"step": 1, "train/val_loss": 0.5, "train/success_rate": 0.5}
    ]
