"""No report, no run and no number is lost on the way in, and none is made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from pprint import pformat
from typing import Any

import pytest

from ilsweep.analysis.importers import How, ImportRefused
from ilsweep.analysis.importers.patterns import from_arguments
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.ranking.rank import rank
from tests.analysis.importers.logs import PREFIX, falling, imported, lerobot_log, points, write

OVERALL = {"avg_sum_reward": 1.5, "avg_max_reward": 0.4, "pc_success": 40.0, "n_episodes": 10}


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    "printed",
    [
        str(OVERALL),
        str({**OVERALL, "eval_s": float("nan")}),
        pformat(OVERALL, width=30),
        str({"overall": OVERALL, "per_group": {"a": {"pc_success": 10.0, "n_episodes": 2}}}),
        "{'overall': {'pc_success': np.float64(40.0), 'n_episodes': 10}, 'b': {'pc_success': 1.0}}",
    ],
)
def test_an_evaluation_that_is_a_plain_dictionary(tmp_path: Path, printed: str) -> None:
    """LeRobot prints floats of Python; a printed dictionary is not always a configuration."""
    more = f"{PREFIX}Eval policy at step 1000\n{PREFIX}Suite overall aggregated: {printed}"
    write(tmp_path, {"act.log": lerobot_log(falling(), more=more)})
    trial = imported(tmp_path, "act.log")["act"]
    assert points(trial, "eval/pc_success") == {1000: 40}
    assert points(trial, "eval/n_episodes") == {1000: 10}


@pytest.mark.parametrize("at_once", [True, False])
def test_runs_of_one_name_that_begin_alike_are_two(tmp_path: Path, at_once: bool) -> None:
    """Two files `act.csv` whose first report is the same: a warm-up, or a loss of ln 2."""
    write(tmp_path, {"x/act.csv": "step,loss\n0,1\n1,0.5\n2,0.2\n",
                     "y/act.csv": "step,loss\n0,1\n1,0.9\n2,0.8\n"})  # fmt: skip
    if not at_once:
        imported(tmp_path, "x/act.csv")
    trials = imported(tmp_path, *(["x/act.csv"] if at_once else []), "y/act.csv")
    assert {trial.last("train/loss") for trial in trials.values()} == {0.2, 0.8}


def test_a_longer_look_from_elsewhere_goes_on(tmp_path: Path) -> None:
    write(tmp_path, {"x/act.csv": "step,loss\n0,1\n1,0.5\n",
                     "y/act.csv": "step,loss\n0,1\n1,0.5\n2,0.2\n"})  # fmt: skip
    imported(tmp_path, "x/act.csv")
    assert points(imported(tmp_path, "y/act.csv")["act"], "train/loss") == {0: 1, 1: 0.5, 2: 0.2}


def test_one_id_with_two_configurations_is_two_runs(tmp_path: Path) -> None:
    rows = [
        {"run": {"id": "a", "config": {"lr": lr, "seed": 0}}} if step == 0 else
        {"step": step, "train/loss": lr / step}
        for lr in (1, 2) for step in range(4)
    ]  # fmt: skip
    write(tmp_path, {"runs.jsonl": lines(rows)})
    notes: list[str] = []
    trials = imported(tmp_path, "runs.jsonl", notes=notes)
    assert {(t.params["lr"], t.last("train/loss")) for t in trials.values()} == {
        (1, 1 / 3),
        (2, 2 / 3),
    }
    assert any("a-2 is its own run" in note for note in notes)


def test_one_id_that_trains_for_longer_is_one_run(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
            {"run": {"id": "a", "config": {"lr": 1, "seed": 0, "steps": 2}}},
            {"step": 1, "train/loss": 1.0},
            {"run": {"id": "a", "config": {"lr": 1, "seed": 0, "steps": 4}}},
            {"step": 2, "train/loss": 0.5}]  # fmt: skip
    write(tmp_path, {"runs.jsonl": lines(rows)})
    assert points(imported(tmp_path, "runs.jsonl")["a"], "train/loss") == {1: 1, 2: 0.5}


@pytest.mark.parametrize("name", ["step", "epoch"])
def test_a_step_with_fractions_is_none(tmp_path: Path, name: str) -> None:
    """Half of the reports would fall onto the step before."""
    rows = [{name: i / 2, "loss": 1 / (i + 1)} for i in range(6)]
    write(tmp_path, {"a.jsonl": lines(rows)})
    notes: list[str] = []
    trial = imported(tmp_path, "a.jsonl", notes=notes)["a"]
    assert list(points(trial, "train/loss")) == [1, 2, 3, 4, 5, 6]
    assert any("counted" in note for note in notes)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_index_of_a_data_frame(tmp_path: Path, delimiter: str) -> None:
    """`DataFrame.to_csv` writes it first, without a name."""
    text = ",step,loss\n0,10,0.5\n1,20,0.25\n".replace(",", delimiter)
    write(tmp_path, {"a.csv": text})
    assert points(imported(tmp_path, "a.csv")["a"], "train/loss") == {10: 0.5, 20: 0.25}


def test_half_a_number_is_none(tmp_path: Path) -> None:
    """A log that is cut short in the middle of `lr:1.0e-05` has no rate of 1."""
    whole = lerobot_log(falling())
    write(tmp_path, {"act.log": whole[: whole.rindex("e-05")],
                     "act.csv": "step,loss,lr\n1,0.5,0.1\n2,0.25"})  # fmt: skip
    log = imported(tmp_path, "act.log", into="a")["act"]
    assert set(log.curve("train/lr").values) == {1e-5}
    assert log.last("train/loss") == 0.2
    assert points(imported(tmp_path, "act.csv", into="b")["act"], "train/loss") == {1: 0.5}


def test_a_success_that_is_no_number_is_said(tmp_path: Path) -> None:
    write(
        tmp_path, {"a.jsonl": lines([{"step": i, "loss": 1 / i, "success": i > 2} for i in (1, 2)])}
    )
    notes: list[str] = []
    imported(tmp_path, "a.jsonl", notes=notes)
    assert any(note.startswith("a.jsonl: success: ") for note in notes)


def test_where_the_objective_is_missing_the_logged_metrics_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"a.jsonl": lines([{"step": i, "损失": 1 / i} for i in (1, 2, 3)])})
    imported(tmp_path, "a.jsonl")
    sweep = read_sweep(tmp_path / "out")
    said = " ".join(note.en for note in rank(sweep.trials, sweep.spec, {}).notes)
    assert "train/损失" in said
    assert "--metric" in said
    assert "is all that was logged" not in said


@pytest.mark.parametrize("name", ["seed", "random_seed", "seed_everything"])
@pytest.mark.parametrize("kind", [int, str, float])
def test_a_seed_is_no_parameter_however_it_is_written(
    tmp_path: Path, name: str, kind: Callable[[int], Any]
) -> None:
    """`random_seed = 1` is not what makes a configuration the best."""
    for seed in (0, 1):
        config = {"lr": 0.1, name: kind(seed)}
        write(tmp_path, {f"s{seed}/config.json": json.dumps(config),
                         f"s{seed}/metrics.csv": f"step,loss\n1,1\n2,0.{5 - seed}\n"})  # fmt: skip
    trials = imported(tmp_path, "s0", "s1")
    assert {trial.seed for trial in trials.values()} == {0, 1}
    assert len({trial.configuration for trial in trials.values()}) == 1
    assert all(trial.searched == {} for trial in trials.values())


def test_a_name_that_an_id_cannot_hold_is_kept_and_said(tmp_path: Path) -> None:
    write(tmp_path, {"夹爪.csv": "step,loss\n1,1\n", "开门 1.csv": "step,loss\n1,2\n"})
    notes: list[str] = []
    trials = imported(tmp_path, "夹爪.csv", "开门 1.csv", notes=notes)
    assert {trial.name for trial in trials.values()} == {"夹爪", "开门 1"}
    for trial in trials.values():
        assert any(note.startswith(f"{trial.name}: called {trial.id}") for note in notes)


@pytest.mark.parametrize("again", ["x/act.csv", "y/act.csv"])
def test_a_file_named_twice_or_copied_is_one_run(tmp_path: Path, again: str) -> None:
    text = "step,loss\n0,1\n1,0.5\n"
    write(tmp_path, {"x/act.csv": text, "y/act.csv": text})
    assert list(imported(tmp_path, "x/act.csv", again)) == ["act"]


def test_an_expression_that_finds_no_step_leaves_every_report(tmp_path: Path) -> None:
    """All at step 0, only the last would stay."""
    write(tmp_path, {"a.log": "it 1 loss=3 acc=1\nit 2 loss=2\nit 3 loss=1\n"})
    notes: list[str] = []
    how = How(patterns=from_arguments([r"loss=(?P<loss>\S+)", r"acc=(?P<acc>\S+)"], r"step (\d+)"))
    trial = imported(tmp_path, "a.log", notes=notes, how=how)["a"]
    assert points(trial, "train/loss") == {1: 3, 2: 2, 3: 1}
    assert points(trial, "train/acc") == {1: 1}
    assert any("--step finds none" in note for note in notes)


def test_a_file_in_place_of_the_folder_is_said(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": "step,loss\n0,1\n", "out": ""})
    with pytest.raises(OSError, match=r"--into: .*out is a file; valid: a folder"):
        imported(tmp_path, "a.csv")


def test_a_glob_stands_for_what_can_be_read_in_it(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": "step,loss\n1,1\n", "README.md": "# Runs\n", "x.png": b"\x89PNG\0"})
    notes: list[str] = []
    assert list(imported(tmp_path, "*", notes=notes)) == ["a"]
    assert any(note.startswith("passed over: ") and "README.md" in note for note in notes)


def test_rates_of_environments_one_below_the_other_have_a_mean(tmp_path: Path) -> None:
    """robomimic prints a block for each environment."""
    epoch = 'Train Epoch 1\n{\n    "Loss": 1.0\n}\n'
    for env, rate in (("Lift", 0.3), ("Can", 0.5)):
        epoch += f"\nEpoch 1 Rollouts took 1s (avg) with results:\nEnv: {env}\n"
        epoch += f'{{\n    "Success_Rate": {rate}\n}}\n'
    write(tmp_path, {"a/log.txt": epoch})
    (trial,) = imported(tmp_path, "a/log.txt").values()
    assert points(trial, "eval/pc_success/Lift") == {1: 30}
    assert points(trial, "eval/pc_success") == {1: 40}


def test_reports_without_a_metric_are_none(tmp_path: Path) -> None:
    """Exit status 0 and nothing written is no answer."""
    write(tmp_path, {"a.log": "Overall Aggregated Metrics:\n{'pc_success': 'high'}\n"})
    with pytest.raises(ImportRefused, match="holds no report with a metric"):
        imported(tmp_path, "a.log")


def test_the_same_numbers_of_other_parameters_are_no_copy(tmp_path: Path) -> None:
    for folder, rate in (("x", 0.1), ("y", 0.2)):
        head = {"run": {"id": "act", "url": folder, "config": {"lr": rate, "seed": 0}}}
        rows: list[dict[str, Any]] = [head, {"step": 1, "train/loss": 0.5}]
        write(tmp_path, {f"{folder}/act.jsonl": lines(rows)})
    trials = imported(tmp_path, "x/act.jsonl", "y/act.jsonl")
    assert {trial.params["lr"] for trial in trials.values()} == {0.1, 0.2}
