"""Evaluations with a row for each task: none of them stands for all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.analysis.importers.logs import imported, points, write

WON = {1000: {"lift": 7, "can": 3}, 2000: {"lift": 20, "can": 10}}


@pytest.mark.parametrize(
    "head", ["checkpoint,task,successes,trials", "step,env,n_success,rollouts"]
)
def test_a_row_for_each_task(tmp_path: Path, head: str) -> None:
    """The last task's numbers were those of the run."""
    rows = [
        f"step_{step},{task},{k},20" for step, tasks in WON.items() for task, k in tasks.items()
    ]
    write(tmp_path, {"results.csv": "\n".join([head, *rows, ""])})
    notes: list[str] = []
    (trial,) = imported(tmp_path, "results.csv", notes=notes).values()
    assert points(trial, "eval/pc_success") == {1000: 25, 2000: 75}
    assert points(trial, "eval/pc_success/lift") == {1000: 35, 2000: 100}
    assert points(trial, "eval/n_episodes") == {1000: 40, 2000: 40}
    assert any("their mean is what counts" in note for note in notes)


def test_rates_of_tasks_have_their_mean(tmp_path: Path) -> None:
    rows = [{"step": s, "task": task, "success_rate": k / 20, "loss": 1.0}
            for s, tasks in WON.items() for task, k in tasks.items()]  # fmt: skip
    write(tmp_path, {"x.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)})
    (trial,) = imported(tmp_path, "x.jsonl").values()
    assert points(trial, "eval/pc_success") == {1000: 25, 2000: 75}


def test_one_task_is_named_by_no_metric(tmp_path: Path) -> None:
    rows = [{"step": s, "task": "lift", "success": 0.5} for s in (1, 2, 3)]
    write(tmp_path, {"x.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)})
    (trial,) = imported(tmp_path, "x.jsonl").values()
    assert set(trial.curves) == {"eval/pc_success"}
