"""Logs as they come about in a team: several processes, restarts, jobs that a cluster ended."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from ilsweep.analysis.importers import How
from ilsweep.analysis.importers.patterns import from_arguments
from tests.analysis.importers.logs import eval_info, falling, imported, lerobot_log, points, write

LOSSES = {step: 1 / (1 + step) for step in range(0, 100, 10)}


def lines(*rows: object) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def reports(losses: dict[int, float] = LOSSES, scale: float = 1.0) -> list[dict[str, float]]:
    return [{"step": step, "loss": scale * loss} for step, loss in losses.items()]


def labelled(log: str, label: str, processes: Iterable[int] = range(4)) -> str:
    return "".join(
        f"{label.format(process)}{line}\n" for line in log.splitlines() for process in processes
    )


@pytest.mark.parametrize("label", ["[rank{}]: ", "[default{}]:", "{}: ", "[1,{}]<stdout>:"])
def test_of_several_processes_the_first_counts(tmp_path: Path, label: str) -> None:
    """Rounded steps are rebuilt by counting reports: four of each made a run four times as long."""
    notes: list[str] = []
    alone = falling(last=6000)
    write(tmp_path, {"x.log": labelled(lerobot_log(alone), label)})
    (trial,) = imported(tmp_path, "x.log", notes=notes).values()
    assert list(points(trial, "train/loss")) == list(alone)
    assert "x.log: 4 processes wrote it: the reports of process 0 count" in notes


def test_numbers_before_lines_are_steps_where_they_rise(tmp_path: Path) -> None:
    text = "".join(f"{epoch}: {line}\n" for epoch in (0, 1, 2) for line in ("loss=1", "mse=2"))
    write(tmp_path, {"x.log": text})
    how = How(patterns=from_arguments([r"loss=(?P<loss>\S+)"], r"^(\d+)"))
    (trial,) = imported(tmp_path, "x.log", how=how).values()
    assert points(trial, "train/loss") == {0: 1, 1: 1, 2: 1}


@pytest.mark.parametrize("metric", ["loss", "train/loss"])
def test_a_column_of_processes(tmp_path: Path, metric: str) -> None:
    rows = [{"step": s, "rank": rank, metric: v + rank} for s, v in LOSSES.items()
            for rank in range(3)]  # fmt: skip
    write(tmp_path, {"x.jsonl": lines(*rows)})
    notes: list[str] = []
    (trial,) = imported(tmp_path, "x.jsonl", notes=notes).values()
    assert points(trial, "train/loss") == LOSSES
    assert set(trial.curves) == {"train/loss"}
    assert any("rank: 3 processes wrote it: the reports of 0 count" in note for note in notes)


def test_several_values_at_each_step_are_said(tmp_path: Path) -> None:
    rows = [row for pair in zip(reports(), reports(scale=2), strict=True) for row in pair]
    write(tmp_path, {"x.jsonl": lines(*rows), "y.jsonl": lines(*reports())})
    notes: list[str] = []
    imported(tmp_path, "x.jsonl", "y.jsonl", notes=notes)
    said = [note for note in notes if "several values at most steps" in note]
    assert len(said) == 1
    assert said[0].startswith("x.jsonl: train/loss")


def test_runs_that_differ_by_less_than_their_digits_are_two(tmp_path: Path) -> None:
    """A hundredth apart, in all their digits: no copy, whatever the rounding of other logs."""
    close = {f"act_lr1e-{n}.jsonl": lines(*reports(scale=1 + n / 1000)) for n in (3, 4)}
    write(tmp_path, close)
    assert len(imported(tmp_path, *close)) == 2


def test_a_log_and_its_rounded_twin_are_one(tmp_path: Path) -> None:
    rounded = [{**row, "loss": round(row["loss"], 3)} for row in reports()]
    write(tmp_path, {"x/train.jsonl": lines(*reports()), "x/stdout.jsonl": lines(*rounded)})
    assert len(imported(tmp_path, "x/train.jsonl", "x/stdout.jsonl")) == 1


def test_runs_that_never_succeed_are_no_copies(tmp_path: Path) -> None:
    never = lines(*({"step": step, "success": 0.0} for step in LOSSES))
    write(tmp_path, {"a.jsonl": never, "b.jsonl": never + lines({"step": 100, "success": 0.5})})
    assert len(imported(tmp_path, "a.jsonl", "b.jsonl")) == 2


def test_another_configuration_begins_another_run(tmp_path: Path) -> None:
    parts = [[{"config": {"lr": rate}}, *reports(scale=rate)] for rate in (1, 2, 1)]
    write(tmp_path, {"x.jsonl": lines(*parts[0], *parts[1], *parts[2])})
    found = imported(tmp_path, "x.jsonl")
    assert {name: t.params for name, t in found.items()} == {"x-1": {"lr": 1}, "x-2": {"lr": 2}}
    assert points(found["x-2"], "train/loss") == {step: 2 * loss for step, loss in LOSSES.items()}
    attempts = {json.loads(line)["attempt"] for line in _written(tmp_path, "x-1")}
    assert attempts == {1, 2}


def _written(folder: Path, trial: str) -> list[str]:
    return (folder / "out/trials" / trial / "metrics.jsonl").read_text().splitlines()


RAISED = "Traceback (most recent call last):\n  File 'train.py', line 1\n"


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (RAISED + "torch.OutOfMemoryError: CUDA out of memory.\n", "torch.OutOfMemoryError: CUDA"),
        (RAISED + "KeyboardInterrupt\n", "KeyboardInterrupt"),
        ("slurmstepd: error: *** JOB 9 ON g1 CANCELLED AT 2026-05-01 DUE TO TIME LIMIT ***\n",
         "CANCELLED DUE TO TIME LIMIT"),
        ("slurmstepd: error: *** STEP 9.0 ON g1 CANCELLED AT 2026-05-01T10:00 ***\n", "CANCELLED"),
        (RAISED + "lib.Odd: none of the usual words\n", "lib.Odd: none of the usual words"),
        ("Exception ignored in: <function Env.__del__>\n" + RAISED + "TypeError: 'NoneType'\n", ""),
        ("training done\n", ""),
    ],
)  # fmt: skip
def test_a_log_says_how_it_ended(tmp_path: Path, end: str, error: str) -> None:
    write(tmp_path, {"x.log": lines(*reports()) + end})
    (trial,) = imported(tmp_path, "x.log").values()
    stopped = error.startswith(("CANCELLED", "KeyboardInterrupt"))
    assert trial.state == ("stopped" if stopped else "failed" if error else "completed")
    assert trial.error.startswith(error)


def test_what_was_raised_before_a_restart_did_not_end_it(tmp_path: Path) -> None:
    write(tmp_path, {"x.log": lines(*reports()) + RAISED + "ValueError: x\n" + lines(*reports())})
    (trial,) = imported(tmp_path, "x.log").values()
    assert trial.state == "completed"


LOOP = [(epoch, batch) for epoch in range(3) for batch in range(0, 50, 10)]


@pytest.mark.parametrize("begin", [0, 10])
@pytest.mark.parametrize(("step", "metric"), [("step", "loss"), ("step", "train/loss"),
                                              ("batch_idx", "loss"), ("iter", "loss")])  # fmt: skip
def test_steps_within_epochs_are_counted_on(
    tmp_path: Path, step: str, metric: str, begin: int
) -> None:
    """They were taken for restarts, of which the last epoch alone counted."""
    rows = [{"epoch": e, step: b + begin, metric: 1 / (1 + 50 * e + b)} for e, b in LOOP]
    notes: list[str] = []
    write(tmp_path, {"x.jsonl": lines(*rows)})
    (trial,) = imported(tmp_path, "x.jsonl", notes=notes).values()
    assert points(trial, "train/loss") == {
        50 * e + b + begin: 1 / (1 + 50 * e + b) for e, b in LOOP
    }
    assert any("counted within each epoch" in note for note in notes)


def test_a_restart_within_epochs_is_another_attempt(tmp_path: Path) -> None:
    once = [{"epoch": e, "step": b, "loss": 1 / (1 + 50 * e + b)} for e, b in LOOP]
    write(tmp_path, {"x.jsonl": lines(*once, *once)})
    (trial,) = imported(tmp_path, "x.jsonl").values()
    assert max(points(trial, "train/loss")) == 140
    assert {json.loads(line)["attempt"] for line in _written(tmp_path, "x")} == {1, 2}


def test_steps_that_fall_within_an_epoch_are_a_restart(tmp_path: Path) -> None:
    rows = [{"epoch": s // 50, "step": s, "loss": 1 / (1 + s)} for s in (0, 25, 50, 25, 50, 75)]
    write(tmp_path, {"x.jsonl": lines(*rows)})
    (trial,) = imported(tmp_path, "x.jsonl").values()
    assert list(points(trial, "train/loss")) == [0, 25, 50, 75]


def test_scalars_of_two_runs_of_tensorboard_s_are_no_panels_of_one(tmp_path: Path) -> None:
    names = []
    for seed, tag in ((0, "success"), (0, "loss"), (1, "loss")):
        rows = "".join(f"1.7e9,{s},{v / (1 + seed)}\n" for s, v in LOSSES.items())
        names.append(f"run-act_seed{seed}-tag-{tag}.csv")
        write(tmp_path, {names[-1]: f"Wall time,Step,Value\n{rows}"})
    found = imported(tmp_path, *names)
    assert {name: set(trial.curves) for name, trial in found.items()} == {
        "act_seed0": {"eval/pc_success", "train/loss"}, "act_seed1": {"train/loss"},
    }  # fmt: skip


def test_a_number_with_a_dot_is_part_of_a_run_s_name(tmp_path: Path) -> None:
    """`lr0.001_s0` and `lr0.01_s0` were both called lr0."""
    files = {f"lr{rate}_s0.jsonl": lines(*reports(scale=rate)) for rate in (0.001, 0.01)}
    write(tmp_path, {**files, "train.log.2": lines(*reports(scale=3))})
    found = imported(tmp_path, *files, "train.log.2")
    assert set(found) == {"lr0.001_s0", "lr0.01_s0", tmp_path.name}


def test_an_evaluation_is_of_the_training_with_its_whole_name(tmp_path: Path) -> None:
    files = {f"lr{rate}.jsonl": lines(*reports(scale=rate)) for rate in (0.001, 0.01)}
    files["lr0.01_eval.json"] = eval_info([True, False])
    write(tmp_path, files)
    found = imported(tmp_path, *files)
    assert [name for name, t in found.items() if "eval/pc_success" in t.curves] == ["lr0.01"]
