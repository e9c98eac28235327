"""Logs of other trainers, as they print them."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ilsweep.analysis.importers.formats.lerobot_steps import big_number, rebuild
from tests.analysis.importers.test_importers import imported, points

PREFIX = "INFO 2026-11-21 07:59:58 ot_train.py:641 "
BAR = "Training:   1%|▏         | 5/500 [00:03<05:11,  1.59step/s]\r"


def report(step: int, meters: str = "loss:6.732 grdn:151.632 lr:1.0e-05", batch: int = 8) -> str:
    sizes = f"smpl:{big_number(step * batch)} ep:{big_number(step // 50)} epch:{step / 500:.2f}"
    return f"{BAR}{PREFIX}step:{big_number(step)} {sizes} {meters} updt_s:0.104 data_s:0.012\n"


def test_lerobot_prints_numbers_so() -> None:
    printed = {999: "999", 1000: "1K", 1499: "1K", 1500: "2K", 12200: "12K", 999999: "1000K"}
    assert {n: big_number(n) for n in printed} == printed


def test_a_line_as_measured(tmp_path: Path) -> None:
    line = (
        "INFO 2026-11-21 07:59:58 ot_train.py:641 step:5 smpl:40 ep:1 epch:0.33 loss:91.660 "
        "grdn:1191.216 lr:1.0e-05 updt_s:0.511 data_s:0.061 smp/s:14 l1_loss:0.936 kld_loss:9.072"
    )
    trial = imported(tmp_path, BAR + line + "\r" + BAR, "run7.log")
    assert {name: trial.last(name) for name in trial.curves} == {
        "train/loss": 91.66,
        "train/grad_norm": 1191.216,
        "train/lr": 1e-05,
        "train/update_s": 0.511,
        "train/dataloading_s": 0.061,
        "train/samples_per_s": 14,
        "train/l1_loss": 0.936,
        "train/kld_loss": 9.072,
    }
    assert (trial.id, trial.steps, trial.ended) == ("run7", 5, "2026-11-21T07:59:58")


@given(
    distance=st.sampled_from([1, 10, 50, 100, 200, 250, 500, 1000]),
    count=st.integers(2, 400),
    told=st.booleans(),
)
def test_steps_are_rebuilt(distance: int, count: int, told: bool) -> None:
    assume(told or distance < 1000 or count > 20)  # 1K, 2K alone could be of any distance
    steps = [distance * (i + 1) for i in range(count)]
    printed = [big_number(step) for step in steps]
    assert rebuild(printed, distance if told else None) == steps


@given(
    start=st.integers(1, 100),
    lost=st.sets(st.integers(1, 60), max_size=3),
    distance=st.sampled_from([100, 200, 500]),
)
def test_steps_of_a_resumed_run_with_lost_lines(start: int, lost: set[int], distance: int) -> None:
    """The rebuilt steps print as the log does, rise, and are multiples of the distance."""
    first = start * 1000 + distance
    steps = [first + distance * i for i in range(80) if i not in lost]
    printed = [big_number(step) for step in steps]
    rebuilt = rebuild(printed, distance)
    assert [big_number(step) for step in rebuilt] == printed
    assert all(a < b for a, b in pairwise(rebuilt))
    assert all(step % distance == 0 for step in rebuilt)
    if not lost:
        assert rebuilt == steps


def test_a_long_lerobot_log(tmp_path: Path) -> None:
    config = "{'batch_size': 8,\n 'log_freq': 200,\n 'policy': {'type': 'act'},\n 'seed': 1000,\n"
    text = PREFIX + config
    for step in range(200, 12001, 200):
        text += report(step, f"loss:{step / 1000:.3f} grdn:1.0 lr:1.0e-05")
        if step % 4000 == 0:
            text += f"{PREFIX}Checkpoint policy after step {step}\n"
            text += f"{PREFIX}Eval policy at step {step}\n"
            found = f"{{'avg_sum_reward': np.float64(1.5), 'pc_success': {step / 200}, 'n': 'x'}}"
            text += f"{PREFIX}Suite overall aggregated: {found}\n"
            text += f"{PREFIX}step {step}: eval_loss=0.2500\n"
    trial = imported(tmp_path, text + PREFIX + "End of training\n")
    assert points(trial, "train/loss") == {s: s / 1000 for s in range(200, 12001, 200)}
    assert points(trial, "eval/pc_success") == {4000: 20.0, 8000: 40.0, 12000: 60.0}
    assert points(trial, "eval/avg_sum_reward") == {4000: 1.5, 8000: 1.5, 12000: 1.5}
    assert points(trial, "eval/eval_loss") == {4000: 0.25, 8000: 0.25, 12000: 0.25}
    assert (trial.seed, trial.params["batch_size"]) == (1000, 8)
    assert trial.params["policy.type"] == "act"


def test_the_evaluation_of_lerobot_0_3(tmp_path: Path) -> None:
    line = f"{PREFIX}step:20K smpl:160K ep:400 epch:8.00 ∑rwrd:31.5 success:62.0 eval_s:9.1\n"
    text = report(19800) + report(20000) + f"{PREFIX}Eval policy at step 20000\n{line}"
    trial = imported(tmp_path, text + report(20200))
    assert points(trial, "eval/pc_success") == {20000: 62.0}
    assert list(points(trial, "train/loss")) == [19800, 20000, 20200]


def test_eval_info(tmp_path: Path) -> None:
    tasks = [
        {"task_group": "a", "task_id": i, "metrics": {"successes": [True, i == 1]}} for i in (0, 1)
    ]
    info = {"per_task": tasks, "overall": {"avg_sum_reward": 2.5, "pc_success": 75.0}}
    trial = imported(tmp_path, json.dumps(info), "eval_info.json")
    assert trial.id == "in"
    assert trial.last("eval/pc_success") == 75
    assert trial.last("eval/n_episodes") == 4
    assert [trial.last(f"eval/episode/{i}") for i in range(4)] == [1, 0, 1, 1]


ACT_LOG = """KL Weight 10

Epoch 0
Val loss:   0.98431
l1: 0.531 kl: 0.045 loss: 0.984
Train loss: 0.96310
l1: 0.515 kl: 0.044 loss: 0.963

Epoch 1
Val loss:   0.28431
l1: 0.231 kl: 0.005 loss: 0.284
Train loss: 0.26310
l1: 0.215 kl: 0.005 loss: 0.263
Saved plots to ckpt
Training finished:
Seed 0, val loss 0.215433 at epoch 1
Best ckpt, val loss 0.215433 @ epoch1
"""


def test_act_training(tmp_path: Path) -> None:
    trial = imported(tmp_path, ACT_LOG, "stdout.txt")
    assert points(trial, "train/loss") == {0: 0.9631, 1: 0.2631}
    assert points(trial, "train/l1_loss") == {0: 0.515, 1: 0.215}
    assert points(trial, "eval/eval_loss") == {0: 0.98431, 1: 0.28431}
    assert points(trial, "eval/kld_loss") == {0: 0.045, 1: 0.005}
    assert (trial.seed, trial.params["kl_weight"]) == (0, 10)


def test_act_evaluation(tmp_path: Path) -> None:
    text = ""
    for i, success in enumerate((True, False, True, True)):
        text += f"Rollout {i}\nepisode_return=120, episode_highest_reward={4 * success}, "
        text += f"env_max_reward=4, Success: {success}\n"
    text += "\nSuccess rate: 0.75\nAverage return: 120.0\n\nReward >= 0: 4/4 = 100.0%\n"
    trial = imported(tmp_path, text)
    assert (trial.last("eval/pc_success"), trial.last("eval/n_episodes")) == (75, 4)
    assert [trial.last(f"eval/episode/{i}") for i in range(4)] == [1, 0, 1, 1]


def test_rdt(tmp_path: Path) -> None:
    text = ""
    for step in (1, 2, 3, 500):
        text += f"Steps:  12%|█▏        | {step}/10000 [10:00<1:13:20,  2.00it/s, loss=0.0{step}, "
        text += "lr=0.0001]\r"
    sampled: dict[str, Any] = {"overall_avg_sample_mse": 0.0012, "libero_sample_l2err": 0.5}
    text += f"\n12/24/2025 07:47:01 - INFO - __main__ - {sampled}\n"
    trial = imported(tmp_path, text)
    assert points(trial, "train/loss") == {1: 0.01, 2: 0.02, 3: 0.03, 500: 0.05}
    assert points(trial, "train/lr")[500] == 1e-4
    assert points(trial, "eval/overall_avg_sample_mse") == {500: 0.0012}
    assert trial.params["policy.type"] == "rdt"


def test_rdt_without_a_bar(tmp_path: Path) -> None:
    line = "12/24/2025 07:47:01 - INFO - __main__ - {'overall_avg_sample_mse': 0.5}\n"
    assert points(imported(tmp_path, line * 2), "eval/overall_avg_sample_mse") == {1: 0.5, 2: 0.5}


def test_hil_serl(tmp_path: Path) -> None:
    text = "1\n1/1\n0\n1/2\n1\n2/3\nsuccess rate: 0.6666666666666666\naverage time: 4.25\n"
    trial = imported(tmp_path, text)
    assert trial.last("eval/pc_success") == pytest.approx(200 / 3)
    assert [trial.last(f"eval/episode/{i}") for i in range(3)] == [1, 0, 1]
    assert (trial.last("eval/n_episodes"), trial.last("eval/avg_episode_s")) == (3, 4.25)


def test_diffusion_policy(tmp_path: Path) -> None:
    rows = [
        {"train_loss": 0.5, "global_step": 0, "epoch": 0, "lr": 1e-4},
        {"train_loss": 0.25, "global_step": 1, "epoch": 0, "lr": 1e-4},
        {"train_loss": 0.3, "global_step": 1, "epoch": 0, "test/mean_score": 0.5, "val_loss": 0.1},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows) + '{"train_loss": 0.1, "glob'
    trial = imported(tmp_path, text, "logs.json.txt")
    assert points(trial, "train/loss") == {0: 0.5, 1: 0.3}
    assert points(trial, "test/mean_score") == {1: 0.5}
    assert "epoch" not in trial.curves


@given(cut=st.integers(0, len(ACT_LOG)))
def test_torn_logs_give_what_they_hold(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    torn = ACT_LOG[:cut]
    assume(re.search(r"\nVal loss: +\d", torn))
    trial = imported(tmp_path_factory.mktemp("torn"), torn)
    assert set(points(trial, "eval/eval_loss")) <= {0, 1}
    assert trial.curve("eval/eval_loss").steps[0] == 0


def test_reports_of_every_rank_are_one(tmp_path: Path) -> None:
    lines = [report(step, f"loss:{step / 1000:.3f} grdn:1.0") for step in range(200, 1401, 200)]
    ranks = "".join(f"{rank}: {line}" for line in lines for rank in range(4))
    assert points(imported(tmp_path, ranks), "train/loss") == {
        step: step / 1000 for step in range(200, 1401, 200)
    }
