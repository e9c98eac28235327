"""A sweep of a small script that logs as the ACT repository does, through Ray."""

from __future__ import annotations

import signal
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.processes import proctree
from ilsweep.sweeps.spec import yamlio
from tests.sweeps.as_typed import start

ACT = """
    import argparse, math, random, time
    parser = argparse.ArgumentParser()
    for name in ("task_name", "policy_class", "ckpt_dir"):
        parser.add_argument("--" + name, required=True)
    for name in ("num_epochs", "batch_size", "seed", "kl_weight", "chunk_size", "hidden_dim",
                 "dim_feedforward"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--lr", type=float, required=True)
    args = parser.parse_args()
    print("KL Weight", args.kl_weight)
    random.seed(args.seed)
    for epoch in range(args.num_epochs):
        l1 = 0.1 + abs(math.log10(args.kl_weight) - 1) + 1 / (epoch + 1) + random.random() / 100
        print(f"\\nEpoch {epoch}")
        for part in ("Val", "Train"):
            print(f"{part + ' loss:':<12}{l1:.5f}")
            print(f"l1: {l1:.3f} kl: 0.001 loss: {l1:.3f} ")
        time.sleep(PAUSE)
"""


def spec(folder: Path, pause: float, **changes: Any) -> Path:
    """A sweep of the script in `folder`; one epoch takes `pause` seconds."""
    code = textwrap.dedent(ACT).replace("PAUSE", str(pause))
    (folder / "imitate_episodes.py").write_text(code)
    (folder / "python").symlink_to(sys.executable)
    path = folder / "spec.yaml"
    data = {
        "name": "act",
        "trainer": "act_repository",
        "command": {"cwd": ".", "argv": ["./python", "imitate_episodes.py"]},
        "params": {"steps": 10},
        "space": {"kl_weight": {"grid_search": [1, 10, 100]}},
        "objective": {"metric": "eval/l1_loss", "mode": "min"},
        "search": {"algorithm": "grid"},
        "wandb": {"mode": "disabled"},
        **changes,
    }
    path.write_text(yamlio.dump(data))
    return path


def ilsweep(*args: object) -> str:
    """What a command says to standard error; it has to succeed."""
    with start(*args) as process:
        _, error = process.communicate(timeout=200)
    assert process.returncode == 0, error
    return error


def trials(root: Path) -> dict[int, TrialRecord]:
    """KL weight to trial."""
    return {trial.params["kl_weight"]: trial for trial in read_sweep(root).trials}


def commands_of(root: Path) -> Iterator[proctree.Process]:
    for folder in SweepPaths(root).trials.glob("*"):
        yield from proctree.marked(str(folder))


@pytest.mark.ray
def test_records_ranking_and_report(tmp_path: Path) -> None:
    ilsweep("run", spec(tmp_path, 0.01), "--storage", tmp_path)
    found = trials(tmp_path / "act")
    assert {trial.state for trial in found.values()} == {"completed"}
    for trial in found.values():
        curve = trial.curve("eval/l1_loss")
        assert curve.steps.tolist() == list(range(10))
        assert list(curve.values) == sorted(curve.values, reverse=True)
        assert trial.params["chunk_size"] == 100
    last = {weight: trial.last("eval/l1_loss") for weight, trial in found.items()}
    assert min(last, key=lambda weight: last[weight]) == 10
    report = (tmp_path / "act" / "report.en.md").read_text()
    assert "kl_weight=10" in report
    told = read_json(tmp_path / "act" / "trials" / found[10].id / "command.json")
    assert told["argv"][-2:] == ["--dim_feedforward", "3200"]
    assert told["cwd"] == str(tmp_path)
    assert not list(commands_of(tmp_path / "act"))


@pytest.mark.slow
def test_a_scheduler_stops_what_is_behind(tmp_path: Path) -> None:
    scheduler = {"type": "asha", "grace_steps": 5, "reduction_factor": 2}
    changes = {
        "scheduler": scheduler,
        "params": {"steps": 60},
        "space": {"kl_weight": {"grid_search": [10, 100, 1, 1000]}},
    }
    ilsweep("run", spec(tmp_path, 0.3, **changes), "--storage", tmp_path)
    found = trials(tmp_path / "act")
    assert found[10].state == "completed"
    stopped = [trial for trial in found.values() if trial.state == "stopped"]
    assert stopped
    assert all(trial.steps < 59 for trial in stopped)
    assert not list(commands_of(tmp_path / "act"))


@pytest.mark.slow
def test_grace_reports_counts_values_of_the_objective(tmp_path: Path) -> None:
    """A value every third epoch: nothing is stopped before the fourth value, in epoch 9."""
    changes = {
        "scheduler": {"type": "asha", "grace_reports": 4, "reduction_factor": 2},
        "params": {"steps": 60},
        "space": {"kl_weight": {"grid_search": [10, 100, 1, 1000]}},
    }
    path = spec(tmp_path, 0.3, **changes)
    script = tmp_path / "imitate_episodes.py"
    rarely = script.read_text().replace('("Val", "Train")', '("Val", "Train")[epoch % 3 > 0 :]')
    script.write_text(rarely)
    ilsweep("run", path, "--storage", tmp_path)
    found = trials(tmp_path / "act")
    assert found[10].curve("eval/l1_loss").steps.tolist() == list(range(0, 60, 3))
    stopped = [trial for trial in found.values() if trial.state == "stopped"]
    assert stopped
    assert all(9 <= trial.steps < 59 for trial in stopped)


@pytest.mark.slow
def test_a_killed_driver_leaves_no_process_and_can_be_resumed(tmp_path: Path) -> None:
    root = tmp_path / "act"
    driver = start("run", spec(tmp_path, 0.2), "--storage", tmp_path)
    until = time.monotonic() + 100
    while not any(trial.steps >= 3 for trial in trials_so_far(root)):
        assert time.monotonic() < until
        time.sleep(0.1)
    pids = list(commands_of(root))
    assert pids
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    until = time.monotonic() + 10
    while any(commands_of(root)):
        assert time.monotonic() < until, "the command outlived its driver"
        time.sleep(0.1)
    ilsweep("resume", root)
    found = trials(root)
    assert set(found) == {1, 10, 100}
    for trial in found.values():
        assert trial.state == "completed"
        assert trial.curve("eval/l1_loss").steps.tolist() == list(range(10))


def trials_so_far(root: Path) -> list[TrialRecord]:
    return read_sweep(root).trials if (root / "spec.yaml").exists() else []
