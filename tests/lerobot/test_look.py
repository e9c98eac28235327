"""`ilsweep look` on checkpoints of a real LeRobot, of which it is known whether they look."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.episodes import read_episodes
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.sweeps.exit_codes import BLIND, OK
from tests.sweeps.as_typed import ilsweep

pytestmark = pytest.mark.lerobot
PLUGIN = Path(__file__).with_name("lerobot_env_reach.py")
TINY = [
    "--policy.type=act", "--policy.device=cpu", "--policy.push_to_hub=false",
    "--policy.chunk_size=8", "--policy.n_action_steps=4", "--policy.dim_model=64",
    "--policy.n_heads=4", "--policy.dim_feedforward=128", "--policy.use_vae=false",
    "--policy.pretrained_backbone_weights=null", "--policy.optimizer_lr=3e-4",
    "--policy.optimizer_lr_backbone=3e-4", "--batch_size=16", "--steps=160", "--save_freq=160",
    "--num_workers=0", "--env_eval_freq=0", "--wandb.enable=false", "--env.type=reach",
]  # fmt: skip
Train = Callable[..., Path]


@pytest.fixture(scope="module")
def python(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LeRobot's interpreter with the plugin of the small world."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copy(PLUGIN, folder)
    about = folder / "lerobot_env_reach-0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: lerobot_env_reach\nVersion: 0\n")
    program = folder / "python"
    real = environment.absolute() / "bin/python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {real} "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture(scope="module")
def train(python: Path, environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Train:
    """Gives the folder of a training on demonstrations of a kind."""
    root = tmp_path_factory.mktemp("trained")

    def call(how: str, *words: str) -> Path:
        env = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        data, output = root / f"data-{how}", root / how
        trainer = str(environment.absolute() / "bin/lerobot-train")
        where = ["--dataset.repo_id=ilsweep/reach", f"--dataset.root={data}"]
        for argv in (
            [str(python), str(PLUGIN), str(data), "40", how],
            [str(python), trainer, *where, f"--output_dir={output}", *TINY, *words],
        ):
            subprocess.run(argv, env=env, check=True, stderr=subprocess.DEVNULL)
        return output

    return call


def card(checkpoint: Path, python: Path, status: int, *words: str) -> dict[str, Any]:
    ended = ilsweep("look", checkpoint, "--python", python, "--json", "--episodes", "60", *words)
    assert ended.returncode == status, ended.stderr
    [found] = json.loads(ended.stdout)["cards"]
    return dict(found)


def test_one_that_looks(train: Train, python: Path) -> None:
    trained = train("seen")
    found = card(trained, python, OK)
    assert (found["verdict"], found["by"]) == ("sees", "episodes")
    assert found["successes"] > found["episodes"] / 2
    assert found["lesions"].keys() == {
        "other_episode_images", "black_images", "mean_images", "masked_state",
    }  # fmt: skip
    assert found["lesions"]["masked_state"]["lost"] <= found["episodes"] / 5
    folder = TrialPaths(trained / "checkpoints/000160/look")
    filmed = [e for e in read_episodes(folder) if e.film]
    assert {e.variant for e in filmed} == {"none", *found["lesions"]}
    assert json.loads((folder.root / "card.json").read_text()) == found
    assert "It looks" in (folder.root / "card.html").read_text()
    by_actions = card(trained / "checkpoints/last", python, OK, "--env", "none")
    assert (by_actions["by"], by_actions["verdict"]) == ("actions", "sees")


def test_a_blind_one(train: Train, python: Path) -> None:
    """It learnt with images of other goals, and is told the right one by its state."""
    trained = train("told", "--env.told=true")
    found = card(trained / "checkpoints/last/pretrained_model", python, BLIND)
    assert (found["verdict"], found["by"]) == ("blind", "episodes")
    assert found["successes"] > 0
    found = card(trained, python, BLIND, "--env", "none")
    assert (found["verdict"], found["by"]) == ("blind", "actions")
