"""A real `lerobot-train` under a real sweep: swept, killed half way, resumed, probed, reported."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import numpy as np
import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.processes import proctree
from tests.lerobot.spec import written
from tests.sweeps.as_typed import start

pytestmark = pytest.mark.lerobot
SMALL = {
    "policy.dim_model": 64,
    "policy.n_heads": 4,
    "policy.dim_feedforward": 128,
    "policy.pretrained_backbone_weights": None,
}
PROBES = ("shuffled_action_change", "black_error_ratio", "diversity_ratio", "active_units",
          "l1_posterior", "l1_zero_latent", "out_of_range_share", "transitions")  # fmt: skip


def spec(folder: Path, environment: Path, dataset: Path) -> Path:
    return written(
        folder, environment, dataset, "--wandb.enable=true", "--wandb.mode=offline",
        name="lerobot-act",
        question="Which KL weight and which rate of the backbone fit best?",
        params={"steps": 60, "batch_size": 4, "log_every": 10, "save_every": 20, "workers": 0,
                "chunk_size": 10, "n_action_steps": 10, **SMALL},
        space={"kl_weight": {"choice": [1.0, 100.0]}, "lr_backbone": {"choice": [0.0, 1e-5]}},
        objective={"metric": "train/l1_loss", "mode": "min"},
        search={"num_trials": 4},
        scheduler={"type": "asha", "grace_steps": 20, "reduction_factor": 2},
        wandb={"mode": "offline"},
    )  # fmt: skip


def trials(root: Path) -> list[TrialRecord]:
    return read_sweep(root).trials if (root / "spec.yaml").exists() else []


def test_swept_killed_resumed_probed_reported(
    environment: Path, dataset: Path, tmp_path: Path
) -> None:
    root = tmp_path / "lerobot-act"
    driver = start("run", spec(tmp_path, environment, dataset), "--storage", tmp_path)
    until = time.monotonic() + 600
    while not any(trial.steps >= 30 for trial in trials(root)):
        assert time.monotonic() < until
        assert driver.poll() is None, driver.stderr and driver.stderr.read()
        time.sleep(0.5)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    folders = list(SweepPaths(root).trials.glob("*"))
    until = time.monotonic() + 10
    while any(proctree.marked(str(folder)) for folder in folders):
        assert time.monotonic() < until, "lerobot-train outlived its driver"
        time.sleep(0.1)

    with start("resume", root) as resumed:
        _, error = resumed.communicate(timeout=1200)
    assert resumed.returncode == 0, error
    ended = trials(root)
    assert len(ended) == 4
    completed = [trial for trial in ended if trial.state == "completed"]
    assert completed
    assert {trial.state for trial in ended} <= {"completed", "stopped"}
    for trial in completed:
        assert trial.curve("train/l1_loss").steps.tolist() == [10, 20, 30, 40, 50, 60]
        for name in PROBES:
            assert np.isfinite(trial.last(f"probe/{name}")), name
        folder = root / "trials" / trial.id
        assert list(folder.glob("run/output/wandb/**/*.wandb"))
        assert read_json(folder / "command.json")["after"]["status"] == 0
    assert any(trial.attempt > 1 for trial in ended)
    assert "kl_weight" in (root / "report.en.md").read_text()
