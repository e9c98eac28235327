"""What a run is: nothing pooled that is not known to be equal, files of one run joined."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ilsweep.analysis.importers import How, import_runs
from ilsweep.analysis.importers.folders import step_in
from ilsweep.analysis.importers.patterns import from_arguments
from ilsweep.analysis.importers.source import MOST_NAMES, flatten
from tests.analysis.importers.logs import (
    PREFIX,
    eval_info,
    falling,
    imported,
    lerobot_config,
    lerobot_log,
    points,
    write,
)


def groups(folder: Path, *files: str) -> int:
    return len({trial.config_id for trial in imported(folder, *files).values()})


@pytest.mark.parametrize(
    "change",
    [{"policy__chunk_size": 50}, {"optimizer__lr": 1e-3}, {"policy__type": "smolvla"},
     {"dataset__repo_id": "me/other"}, {"dataset__image_transforms": {"tfs": {}}},
     {"optimizer__betas": [0.9, 0.99]}, {"policy__pretrained_path": "me/act-base"},
     {"seed": 1000}],
)  # fmt: skip
def test_other_configurations_and_equal_seeds_are_not_pooled(
    tmp_path: Path, change: dict[str, object]
) -> None:
    one, other = lerobot_config(), lerobot_config(**({"seed": 1} | change))
    write(tmp_path, {"a.log": lerobot_log(falling(), one)})
    write(tmp_path, {"b.log": lerobot_log(falling(scale=2), other)})
    assert groups(tmp_path, "a.log", "b.log") == 2


def test_seeds_of_one_known_configuration_are_pooled_and_named_after_the_runs(
    tmp_path: Path,
) -> None:
    for seed in (1, 2, 3):
        config = lerobot_config(seed=seed, output_dir=f"outputs/{seed}", job_name=f"j{seed}")
        write(tmp_path, {f"act_s{seed}.log": lerobot_log(falling(scale=seed), config)})
    notes: list[str] = []
    files = [f"act_s{seed}.log" for seed in (1, 2, 3)]
    assert {t.config_id for t in imported(tmp_path, *files, notes=notes).values()} == {"act"}
    assert "act: one configuration with the seeds 1, 2, 3" in notes


def test_runs_whose_configuration_is_not_known_stay_apart_and_it_is_said(tmp_path: Path) -> None:
    part = "{'batch_size': 8,\n 'log_freq': 200,\n 'seed': %d,\n"  # torn: a part only
    for seed in (1, 2):
        write(tmp_path, {f"r{seed}.log": PREFIX + part % seed + lerobot_log(falling(scale=seed))})
    notes: list[str] = []
    trials = imported(tmp_path, "r1.log", "r2.log", notes=notes)
    assert [(t.config_id, t.seed) for t in trials.values()] == [("r1", 1), ("r2", 2)]
    assert any("not known in full" in note for note in notes)


def test_a_printed_configuration_is_read_by_its_nesting(tmp_path: Path) -> None:
    write(tmp_path, {"r.log": lerobot_log(falling(), lerobot_config())})
    (trial,) = imported(tmp_path, "r.log").values()
    assert trial.params["policy.type"] == "act"
    assert trial.params["dataset.image_transforms.tfs.hue.type"] == "ColorJitter"
    assert (trial.params["lr"], trial.params["policy.chunk_size"]) == (1e-5, 100)
    assert trial.params["optimizer.betas"] == [0.9, 0.999]


def test_what_is_no_literal_in_a_configuration_is_kept_as_text(tmp_path: Path) -> None:
    text = ("{'policy': {'type': 'act', 'mode': <Mode.MEAN_STD: 'x'>},\n"
            " 'path': PosixPath('a/b'),\n"
            " 'dtype': torch.float32,\n 'seed': 3}\n")  # fmt: skip
    write(tmp_path, {"r.log": PREFIX + text + lerobot_log(falling())})
    (trial,) = imported(tmp_path, "r.log").values()
    assert (trial.params["dtype"], trial.params["path"]) == ("torch.float32", "a/b")
    assert (trial.seed, trial.params["policy.mode"]) == (3, "Mode.MEAN_STD")


def dp(first: int, last: int, loss: float) -> str:
    rows = [
        {"train_loss": loss / (s + 1), "global_step": s, "epoch": 0} for s in range(first, last)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_a_restart_is_another_attempt_and_said(tmp_path: Path) -> None:
    write(tmp_path, {"r/logs.json.txt": dp(0, 8, 1.0) + dp(0, 3, 2.0)})
    notes: list[str] = []
    (trial,) = imported(tmp_path, "r/logs.json.txt", notes=notes).values()
    assert points(trial, "train/loss") == {0: 2.0, 1: 1.0, 2: pytest.approx(2 / 3)}
    assert any("starts again at step 0 after step 7" in note for note in notes)


def test_a_resume_is_joined_and_its_overlap_dropped(tmp_path: Path) -> None:
    write(tmp_path, {"r/logs.json.txt": dp(0, 8, 1.0) + dp(5, 10, 2.0)})
    notes: list[str] = []
    (trial,) = imported(tmp_path, "r/logs.json.txt", notes=notes).values()
    found = points(trial, "train/loss")
    assert list(found) == list(range(10))
    assert (found[4], found[5]) == pytest.approx((1 / 5, 2 / 6))
    assert any("resumed at step 5 after step 7" in note for note in notes)


def test_a_lerobot_log_with_a_resume_and_one_with_two_trainings(tmp_path: Path) -> None:
    config = lerobot_config()
    resumed = lerobot_log(falling(1000), config) + lerobot_log(
        falling(2000, 1200, 3), config | {"resume": True, "steps": 2000}
    )
    other = lerobot_log(falling(1000, scale=3), config) + lerobot_log(
        falling(1000, scale=2), lerobot_config(policy__chunk_size=20)
    )
    write(tmp_path, {"resumed.log": resumed, "two.log": other})
    trials = imported(tmp_path, "resumed.log", "two.log")
    assert list(points(trials["resumed"], "train/loss")) == list(range(200, 2001, 200))
    sizes = [trials[name].params["policy.chunk_size"] for name in ("two", "two-2")]
    assert sizes == [100, 20]


def test_a_late_report_is_no_restart(tmp_path: Path) -> None:
    rows = [{"step": s, "train/loss": 1 / (s + 1)} for s in range(5)]
    late = [{"step": 2, "eval/pc_success": 50.0}, {"step": 5, "train/loss": 0.1}]
    write(tmp_path, {"r.jsonl": "".join(json.dumps(row) + "\n" for row in rows + late)})
    notes: list[str] = []
    (trial,) = imported(tmp_path, "r.jsonl", notes=notes).values()
    assert points(trial, "eval/pc_success") == {2: 50.0}
    assert (len(points(trial, "train/loss")), notes) == (6, [])


@pytest.mark.parametrize(
    ("name", "step"),
    [("act_002000", 2000), ("checkpoint-2000", 2000), ("step_5000", 5000), ("20k", 20000),
     ("000100", 100), ("epoch=300", 300), ("ckpt2000", 2000), ("eval_2000", 2000),
     ("seed_1000", None), ("run3", None), ("2026-05-01", None), ("12-00-00_pusht", None),
     ("20260501_080000", None), ("r1", None), ("chunk50", None), ("v2", None)],
)  # fmt: skip
def test_a_folder_tells_the_step_or_not(name: str, step: int | None) -> None:
    assert step_in(name)[1] == step


@pytest.mark.parametrize(
    "layout",
    ["act_{:06d}/eval_info.json", "act/checkpoint-{}/eval_info.json", "act/eval/step_{}/x.json",
     "act/eval_info_{:06d}.json"],
)  # fmt: skip
def test_evaluations_of_checkpoints_are_one_run(tmp_path: Path, layout: str) -> None:
    files = {layout.format(s): eval_info([True] * (s // 2000) + [False] * 2)
             for s in (2000, 4000, 6000)}  # fmt: skip
    write(tmp_path, files)
    trials = imported(tmp_path, *files)
    assert list(trials) == ["act"]
    found = points(trials["act"], "eval/pc_success")
    assert found == {2000: pytest.approx(100 / 3), 4000: 50, 6000: 60}


def test_evaluations_that_name_no_step_are_runs_of_their_own(tmp_path: Path) -> None:
    files = {f"eval/2026-05-0{i}/12-00-00_pusht/eval_info.json": eval_info([True] * i + [False])
             for i in (1, 2)}  # fmt: skip
    write(tmp_path, files)
    assert len(imported(tmp_path, *files)) == 2


def test_a_folders_log_evaluation_and_configuration_are_one_run(tmp_path: Path) -> None:
    config = json.dumps(lerobot_config(seed=7))
    write(tmp_path, {
        "r/train.log": lerobot_log(falling(1000)),
        "r/eval_info.json": eval_info([False] * 20),
        "r/checkpoints/001000/pretrained_model/train_config.json": config,
    })  # fmt: skip
    notes: list[str] = []
    (trial,) = imported(tmp_path, "r", notes=notes).values()
    assert (trial.id, trial.seed) == ("r", 7)
    assert points(trial, "eval/pc_success") == {1000: 0.0}
    assert any("taken as one run" in note for note in notes)
    assert any("taken as of the training's end, step 1000" in note for note in notes)


def test_the_configuration_beside_a_log_is_read(tmp_path: Path) -> None:
    rows = "".join(json.dumps({"_step": s, "loss": 1 / (s + 1)}) + "\n" for s in range(5))
    for i in (0, 1):
        write(tmp_path, {f"m/{i}/history.jsonl": rows.replace("1.0", f"{i + 1}.0"),
                         f"m/{i}/.hydra/config.yaml": f"optimizer: {{lr: 1e-4}}\nseed: {i}\n",
                         })  # fmt: skip
    trials = imported(tmp_path, "m/0/history.jsonl", "m/1/history.jsonl")
    assert {t.seed for t in trials.values()} == {0, 1}
    assert len({t.config_id for t in trials.values()}) == 1


def test_a_log_and_the_table_of_the_same_run_are_one(tmp_path: Path) -> None:
    losses = falling(2000)
    table = "step,loss,extra\n" + "".join(f"{s},{v:.5f},{s}\n" for s, v in losses.items())
    write(tmp_path, {"r/train.log": lerobot_log(losses), "r/metrics.csv": table})
    (trial,) = imported(tmp_path, "r/train.log", "r/metrics.csv").values()
    assert len(points(trial, "train/loss")) == len(points(trial, "train/extra")) == len(losses)


def test_different_runs_in_one_folder_stay_apart(tmp_path: Path) -> None:
    write(tmp_path, {"act.log": lerobot_log(falling()), "dp.log": lerobot_log(falling(scale=2)),
                     "act_eval.json": eval_info([True, False])})  # fmt: skip
    trials = imported(tmp_path, "act.log", "dp.log", "act_eval.json")
    assert set(trials) == {"act", "dp"}
    assert points(trials["act"], "eval/pc_success") == {1000: 50.0}


def test_two_panels_of_one_export_are_one_run(tmp_path: Path) -> None:
    losses = "Step,act-1 - train/loss,dp-1 - train/loss\n1,0.5,0.7\n2,0.4,0.6\n"
    write(tmp_path, {"loss.csv": losses,
                     "success.csv": "Step,act-1 - eval/pc_success\n2,40\n"})  # fmt: skip
    trials = imported(tmp_path, "loss.csv", "success.csv")
    assert set(trials) == {"act-1", "dp-1"}
    assert points(trials["act-1"], "eval/pc_success") == {2: 40.0}


def test_a_run_of_two_files_by_their_names(tmp_path: Path) -> None:
    write(
        tmp_path, {"a.log": lerobot_log(falling(1000)), "b.log": lerobot_log(falling(2000, 1200))}
    )
    (trial,) = imported(tmp_path, "mine=a.log,b.log").values()
    assert (trial.id, trial.steps) == ("mine", 2000)
    assert set(imported(tmp_path, "a.log", "b.log", into="apart")) == {"a", "b"}


def test_a_log_that_goes_on_in_a_second_file_is_joined(tmp_path: Path) -> None:
    write(tmp_path, {"r/train.log": lerobot_log(falling(1000), lerobot_config()),
                     "r/train_2.log": lerobot_log(falling(2000, 1200), lerobot_config()),
                     })  # fmt: skip
    (trial,) = imported(tmp_path, "r/train.log", "r/train_2.log").values()
    assert list(points(trial, "train/loss")) == list(range(200, 2001, 200))


def test_a_corrected_file_replaces_what_it_corrects(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": "step,loss\n1,5\n2,nan\n3,3\n"})
    imported(tmp_path, "a.csv")
    write(tmp_path, {"a.csv": "step,loss\n1,5\n2,4\n"})
    (trial,) = imported(tmp_path, "a.csv").values()
    assert points(trial, "train/loss") == {1: 5.0, 2: 4.0}


HOSTILE_YAML = {
    "a date": "seed: 3\nbegan: 2026-05-01\nat: 2026-05-01 08:00:00\n",
    "a date as a key": "seed: 3\n2026-05-01: 1\n",
    "a list that holds itself": "seed: 3\na: &a [*a]\n",
    "a mapping that holds itself twice": "seed: 3\na: &a {b: *a, c: *a}\n",
    "aliases that grow": "a0: &a0 [x, x]\n"
    + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)),
}


@pytest.mark.parametrize("text", HOSTILE_YAML.values(), ids=HOSTILE_YAML)
@pytest.mark.parametrize("name", ["config.yaml", "hparams.yaml"])
def test_any_yaml_beside_a_log_is_read_or_passed_over(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, {"a/train.log": lerobot_log(falling()), f"a/{name}": text})
    (trial,) = imported(tmp_path, "a").values()
    assert len(trial.curve("train/loss").steps) == 5
    assert (trial.seed == 3) == ("began" in text)


def test_the_names_of_a_nested_mapping_are_bounded() -> None:
    flat = flatten({"a": {str(i): i for i in range(MOST_NAMES)}, "b": 1})
    assert len(flat) <= MOST_NAMES
    assert flat["a.7"] == 7


def test_what_is_left_out_is_said_and_the_comparison_comes_first(tmp_path: Path) -> None:
    for i in range(30):
        text = f"Step 1, loss: {i}\nStep 2, loss: x\n"
        write(tmp_path, {f"r{i:02}.log": text})
    how = How(patterns=from_arguments([r"Step (?P<step>\d+), loss: (?P<train_loss>\S+)"]))
    said: list[str] = []
    import_runs(sorted(tmp_path.glob("r*.log")), tmp_path / "out", how, said.append)
    assert len(said) == 21
    assert "and 26 more: not known in full" in said[0]
    assert said[-1] == "11 more notes are left out"
