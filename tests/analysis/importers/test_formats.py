"""Formats of other trainers, as they write them; tables; what can be named."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from pprint import pformat

import pytest

from ilsweep.analysis.importers import Choice, How, ImportRefused, UnknownFormat, import_runs
from tests.analysis.importers.logs import (
    PREFIX,
    eval_info,
    falling,
    imported,
    lerobot_log,
    points,
    write,
)


def one(folder: Path, name: str, text: str | bytes, metric: str = "train/loss") -> dict[int, float]:
    write(folder, {name: text})
    (trial,) = imported(folder, name).values()
    return points(trial, metric)


def test_openpi_of_jax_and_of_pytorch(tmp_path: Path) -> None:
    jax = "12:00:01.123 [I] Running on: node (12:train.py:195)\n" + "".join(
        f"Step {s}: grad_norm=1.2000, loss={0.5 - s / 1000:.4f}, param_norm=18.0000\n"
        for s in (0, 100, 200)
    )
    line = (
        "12:00:01.123 [I] step={} loss=0.4000 lr=2.50e-05 grad_norm=1.20 time=12.3s    (1:t.py:5)\n"
    )
    bar = "Training:  1%|  | 150/30000 [00:10<10:00, 2.0it/s, loss=0.9, lr=2.5e-05, step=150]\r"
    assert one(tmp_path, "jax.log", jax) == {0: 0.5, 100: 0.4, 200: 0.3}
    torch = line.format(100) + bar + line.format(200)
    assert one(tmp_path / "t", "torch.log", torch) == {100: 0.4, 200: 0.4}
    assert one(tmp_path / "u", "torch.log", torch, "train/update_s") == {100: 12.3, 200: 12.3}


@pytest.mark.parametrize("quote", ["", "'"])
def test_the_hugging_face_trainers_output(tmp_path: Path, quote: str) -> None:
    def report(**values: float) -> str:
        return "{" + ", ".join(f"'{n}': {quote}{v}{quote}" for n, v in values.items()) + "}\n"

    text = ""
    for i in (1, 2, 3):
        text += f" {i}0%|#  | {i}0/30 [00:0{i}<00:10, 1.0it/s]\r"
        text += report(loss=1 / i, grad_norm=0.9, learning_rate=1e-5, epoch=i / 10)
    text += report(eval_loss=0.5, eval_runtime=3.0, epoch=0.3)
    text += report(train_runtime=9.0, train_loss=0.6, epoch=0.3)
    assert one(tmp_path, "hf.log", text) == {10: 1.0, 20: 0.5, 30: pytest.approx(1 / 3)}
    assert one(tmp_path / "e", "hf.log", text, "eval/eval_loss") == {30: 0.5}
    lines = text.replace("\r", "\n").splitlines(keepends=True)
    without = "".join(line for line in lines if "%|" not in line)
    assert list(one(tmp_path / "n", "hf.log", without)) == [1, 2, 3]


def test_trainer_states_of_checkpoints_are_looks_at_one_run(tmp_path: Path) -> None:
    history = [
        {"loss": 1 / s, "learning_rate": 1e-5, "epoch": s / 90, "step": s} for s in (10, 20, 30)
    ]
    files = {}
    for n in (2, 3):
        state = {"global_step": n * 10, "max_steps": 30, "log_history": history[:n]}
        files[f"r/checkpoint-{n}0/trainer_state.json"] = json.dumps(state)
    write(tmp_path, files)
    (trial,) = imported(tmp_path, "r/checkpoint-30/trainer_state.json").values()
    assert (trial.id, points(trial, "train/loss")) == ("r", {10: 0.1, 20: 0.05, 30: 1 / 30})


def test_robomimic(tmp_path: Path) -> None:
    config = {
        "algo_name": "bc",
        "train": {"seed": 5, "batch_size": 100},
        "experiment": {"name": "x"},
    }
    text = "============= New Training Run with Config =============\n" + json.dumps(
        config, indent=4
    )
    for epoch in (1, 2):
        block = json.dumps({"Loss": 1 / epoch, "Time_Epoch": 0.4}, indent=4)
        text += f"\nTrain Epoch {epoch}\n{block}\nValidation Epoch {epoch}\n{block}\n"
        rollout = json.dumps({"Success_Rate": epoch / 4, "Return": 1.0}, indent=4)
        text += f"\nEpoch {epoch} Rollouts took 12.0s (avg) with results:\nEnv: Lift\n{rollout}\n"
    write(tmp_path, {"lift.txt": text})
    (trial,) = imported(tmp_path, "lift.txt").values()
    assert points(trial, "train/loss") == points(trial, "eval/eval_loss") == {1: 1.0, 2: 0.5}
    assert points(trial, "eval/pc_success") == {1: 25.0, 2: 50.0}
    assert (trial.seed, trial.params["policy.type"], trial.params["batch_size"]) == (5, "bc", 100)


def test_openvla_training_and_its_evaluation_in_libero(tmp_path: Path) -> None:
    status = "".join(
        f"=>> [Epoch 000] Global Step {s:06d} =>> LR :: 0.000020 - Loss :: {1 / s:.4f}: 10%|#\r"
        for s in (10, 20)
    )
    assert one(tmp_path, "vla.log", status) == {10: 0.1, 20: 0.05}
    outcomes = [True, False, True, True]
    text = "Task suite: libero_10\n"
    for i, success in enumerate(outcomes, 1):
        text += f"Success: {success}\n# episodes completed so far: {i}\n# successes: 1 (50.0%)\n"
    text += "Current task success rate: 0.5\nCurrent total success rate: 0.75\n"
    write(tmp_path, {"e/EVAL-libero.txt": text})
    (trial,) = imported(tmp_path, "e/EVAL-libero.txt", into="e2").values()
    assert (trial.last("eval/pc_success"), trial.last("eval/n_episodes")) == (75, 4)
    assert [trial.last(f"eval/episode/{i}") for i in range(4)] == [1, 0, 1, 1]


def test_the_output_of_lerobot_eval(tmp_path: Path) -> None:
    text = ("INFO 2026-05-01 08:00:00 eval.py:1 End of rollout\nOverall Aggregated Metrics:\n"
            "{'avg_sum_reward': 1.5, 'pc_success': np.float64(60.0), 'n_episodes': 5}\n\n"
            "Aggregated Metrics for cube:\n{'avg_sum_reward': 0.5, 'pc_success': 20.0}\n"
            )  # fmt: skip
    assert one(tmp_path, "eval.log", text, "eval/pc_success") == {0: 60.0}


MEANS = {"avg_sum_reward": 1.5, "avg_max_reward": 0.5, "pc_success": 60.0, "n_episodes": 5,
         "video_paths": [f"outputs/eval/videos/cube_0/eval_episode_{i}.mp4" for i in range(5)],
         "eval_ep_s": 1.5}  # fmt: skip
INFO = {"per_task": [{"task_group": "cube", "metrics": {"successes": [True, False, True]}}],
        "overall": MEANS}  # fmt: skip


@pytest.mark.parametrize(
    ("printed", "success"),
    [
        ("Overall Aggregated Metrics:\n" + pformat(MEANS), 60),
        (pformat(MEANS), 60),
        ("Overall Aggregated Metrics:\n" + PREFIX + pformat(MEANS).replace("60.0", "np.float64(60)")
         + f"\nAggregated Metrics for cube:\n{ {**MEANS, 'pc_success': 20.0} }", 60),
        (json.dumps(INFO, indent=2), 200 / 3),
        (json.dumps(INFO), 200 / 3),
        (pformat(INFO).replace("True", "np.True_").replace("False", "np.False_"), 200 / 3),
        (f"Overall Aggregated Metrics:\n{MEANS}\n{json.dumps(INFO, indent=4)}", 200 / 3),
    ],
)  # fmt: skip
def test_an_evaluation_that_is_printed_on_several_lines(
    tmp_path: Path, printed: str, success: float
) -> None:
    text = f"{PREFIX}Making policy {{x}}\n{PREFIX}{{\n{PREFIX}{printed}\n{PREFIX}End of eval\n"
    trial = one(tmp_path, "eval.log", text, "eval/pc_success")
    assert trial == {0: pytest.approx(success)}


def test_an_evaluation_behind_its_training_is_of_its_end(tmp_path: Path) -> None:
    text = lerobot_log(falling(), more=f"{PREFIX}End of training\n{PREFIX}{pformat({'seed': 1})}")
    overall = f"{PREFIX}Overall Aggregated Metrics:\n{PREFIX}{pformat(MEANS)}\n"
    group = f"{PREFIX}Aggregated Metrics for cube:\n{PREFIX}{ {**MEANS, 'pc_success': 20.0} }\n"
    assert one(tmp_path, "job.log", text + overall + group, "eval/pc_success") == {1000: 60}


def test_a_trackio_database(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "robots.db")) as database:
        database.execute(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT, "
            "project_name TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
        )
        for run in ("a", "b"):
            for step in range(3):
                values = json.dumps({"loss": 1 / (step + 1), "train/global_step": 10 * step})
                row = ("t", "p", run, step, values)
                database.execute("INSERT INTO metrics VALUES (NULL, ?, ?, ?, ?, ?)", row)
        database.commit()
    trials = imported(tmp_path, "robots.db")
    assert set(trials) == {"a", "b"}
    assert points(trials["a"], "train/loss") == {0: 1.0, 10: 0.5, 20: pytest.approx(1 / 3)}


@pytest.mark.parametrize(
    ("text", "found"),
    [("epoch,step,train/loss,val/loss\n0,9,0.9,\n0,9,,1.0\n1,19,0.7,\n1,19,,0.8\n",
      {9: 0.9, 19: 0.7}),
     ("step;loss\n10;0,5\n20;0,4\n", {10: 0.5, 20: 0.4}),
     ("step\tloss\n10\t0.5\n", {10: 0.5}),
     ("loss,acc\n0.5,1\n0.4,2\n", {1: 0.5, 2: 0.4}),
     ("\ufeffStep,act - train/loss,act - train/loss__MIN\n50,0.5,0.1\n", {50: 0.5}),
     ("train/global_step,act - train/loss,act - _step\n50,0.5,1\n", {50: 0.5}),
     ("Relative Time (Process),act - train/loss\n0.5,0.9\n1.5,0.8\n", {1: 0.9, 2: 0.8}),
     ("step,loss,loss\n1,0.5,0.7\n", {1: 0.5})],
)  # fmt: skip
def test_a_table(tmp_path: Path, text: str, found: dict[int, float]) -> None:
    assert one(tmp_path, "metrics.csv", text) == found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r.csv", "checkpoint,success_rate,num_episodes\n1000,0.2,50\n2000,0.5,50\n"),
        ("r.csv", "ckpt,success\nact_step_1000.ckpt,10/50\nact_step_2000.ckpt,25/50\n"),
        ("r.json", '{"1000": {"success": 0.2}, "2000": {"success": 0.5}}'),
        ("r.json", '{"2000": {"success": 0.5}, "1000": {"success": 0.2}}'),
        (
            "r.json",
            '{"checkpoint-1000": {"pc_success": 20}, "checkpoint-2000": {"pc_success": 50}}',
        ),
        ("r.json", '{"step": [1000, 2000],\n "success_rate": [0.2, 0.5]}'),
    ],
)
def test_evaluations_of_checkpoints_in_one_file(tmp_path: Path, name: str, text: str) -> None:
    assert one(tmp_path, name, text, "eval/pc_success") == {1000: 20.0, 2000: 50.0}


def test_an_object_of_columns_without_a_step_is_counted(tmp_path: Path) -> None:
    text = '{"train_loss": [1.0, 0.5, null], "val_loss": [1.1, 0.7, 0.6]}'
    assert one(tmp_path, "h.json", text) == {1: 1.0, 2: 0.5}


def test_lists_that_are_no_columns_are_no_log(tmp_path: Path) -> None:
    write(tmp_path, {"d.json": '{"action": [1, 2, 3], "state": [1, 2]}'})
    with pytest.raises(UnknownFormat):
        imported(tmp_path, "d.json")


def test_a_tensorboard_export_is_named_by_its_file(tmp_path: Path) -> None:
    text = "Wall time,Step,Value\n1.7e9,10,0.5\n1.7e9,20,0.25\n"
    assert one(tmp_path, "run-act-tag-train_loss.csv", text) == {10: 0.5, 20: 0.25}


@pytest.mark.parametrize(
    ("text", "names"),
    [("episodes,step,loss\n1,10,1\n1,20,2\n5,10,3\n5,20,4\n", {"t-episodes-1", "t-episodes-5"}),
     ("run,step,loss\na,10,1\nb,10,3\na,20,2\nb,20,4\n", {"a", "b"}),
     ("lr,wd,step,loss\n1,1,10,1\n1,1,20,2\n1,2,10,3\n1,2,20,4\n", {"t-wd-1", "t-wd-2"})],
)  # fmt: skip
def test_several_runs_below_each_other(tmp_path: Path, text: str, names: set[str]) -> None:
    write(tmp_path, {"t.csv": text})
    trials = imported(tmp_path, "t.csv")
    assert set(trials) == names
    assert [list(points(t, "train/loss")) for t in trials.values()] == [[10, 20], [10, 20]]


def test_columns_that_the_user_names(tmp_path: Path) -> None:
    write(tmp_path, {"t.csv": "who,when,loss\nx,1,5\ny,1,6\nx,2,3\ny,2,4\n"})
    how = How(columns=Choice(step="when", run="who"))
    trials = imported(tmp_path, "t.csv", how=how)
    assert {t.name: points(t, "train/loss") for t in trials.values()} == {
        "who=x": {1: 5.0, 2: 3.0}, "who=y": {1: 6.0, 2: 4.0},
    }  # fmt: skip


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_files_and_utf_16(tmp_path: Path, compress: object) -> None:
    log = lerobot_log(falling(600))
    expected = {200: 1.0, 400: 0.5, 600: 0.333}
    assert one(tmp_path, "a.log.gz", compress(log.encode())) == expected  # type: ignore[operator]
    assert one(tmp_path / "b", "b.log", log.encode("utf-16")) == expected


def test_a_torn_compressed_file_gives_what_it_holds(tmp_path: Path) -> None:
    long = lerobot_log({s: hash(s * 7919) % 997 / 997 for s in range(200, 400_000, 200)})
    torn = gzip.compress(long.encode())[:-200]
    assert 500 < len(one(tmp_path / "c", "c.log.gz", torn)) < 2000


def test_folders_and_globs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {
        "x/a/train.log": lerobot_log(falling()), "x/b/train.log": lerobot_log(falling(scale=2)),
        "x/a/eval_info.json": eval_info([True]), "x/README.txt": "hello",
        "x/model.safetensors": "x",
    })  # fmt: skip
    notes: list[str] = []
    assert set(imported(tmp_path, "x", notes=notes)) == {"a", "b"}
    assert any(note.startswith("passed over: ") and "README.txt" in note for note in notes)
    assert set(imported(tmp_path, "x/*/train.log", into="o2")) == {"a", "b"}
    for wrong in ("x/*.nothing", "run="):
        with pytest.raises(ImportRefused):
            import_runs([str(tmp_path / wrong) if "*" in wrong else wrong], tmp_path / "o3")
    assert not (tmp_path / "o3").exists()


def test_event_files_need_a_package_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its last part, too: another test may have imported it.
    for name in ("tensorboard", "tensorboard.backend.event_processing.event_file_loader"):
        monkeypatch.setitem(sys.modules, name, None)
    content = (
        (24).to_bytes(8, "little")
        + b"abcd"
        + b"\x09\0\0\0\0\0\0\0\0\x1a\x0dbrain.Event:2"
        + b"x" * 40
    )
    write(tmp_path, {"events.out.tfevents.1.h": content})
    with pytest.raises(ImportRefused, match=r"pip install 'ilsweep\[tensorboard\]'"):
        imported(tmp_path, "events.out.tfevents.1.h")


def test_an_event_file_is_read(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(tmp_path / "r"))
    for step in (10, 20):
        event = Event(step=step)
        event.summary.value.add(tag="train/loss", simple_value=5 / step)
        writer.add_event(event)
    writer.close()
    (file,) = (tmp_path / "r").iterdir()
    (trial,) = imported(tmp_path, f"r/{file.name}").values()
    assert (trial.id, points(trial, "train/loss")) == ("r", {10: 0.5, 20: 0.25})
