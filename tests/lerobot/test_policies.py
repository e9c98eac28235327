"""Each policy of `lerobot-train` besides ACT, tiny: a sweep of two values, trained and probed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.exit_codes import BLIND, OK
from ilsweep.sweeps.external.adapters.lerobot import PROBES as PROGRAM
from tests.lerobot.conftest import Script
from tests.lerobot.spec import written
from tests.sweeps.as_typed import ilsweep

pytestmark = pytest.mark.lerobot
SHORT = {"steps": 6, "batch_size": 2, "log_every": 2, "save_every": 6, "workers": 0,
         "eval_split": 0.3, "eval_loss_every": 3}  # fmt: skip
DIFFUSION = {
    "n_action_steps": 4,
    "policy.drop_n_last_frames": 3,
    "policy.pretrained_backbone_weights": None,
    "policy.use_group_norm": True,
    "policy.spatial_softmax_num_keypoints": 8,
    "policy.down_dims": [16, 32],
    "policy.diffusion_step_embed_dim": 16,
    "policy.num_train_timesteps": 10,
}
SMOLVLA = {
    "chunk_size": 8,
    "n_action_steps": 8,
    "policy.load_vlm_weights": False,
    "policy.resize_imgs_with_padding": [64, 64],
    "policy.num_vlm_layers": 2,
    "policy.num_steps": 2,
}
PROBES = ("black_action_change", "black_error_ratio", "mean_action_change", "mean_error_ratio",
          "shuffled_action_change", "shuffled_error_ratio", "diversity_ratio",
          "out_of_range_share", "range_excess", "transitions")  # fmt: skip


@pytest.fixture(scope="session")
def vlm(run: Script, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny SmolVLM without weights, as a folder."""
    folder = tmp_path_factory.mktemp("vlm")
    run("make_vlm.py", folder)
    return folder


def swept(spec: Path) -> list[TrialRecord]:
    """The sweep's trials, trained and probed."""
    ended = ilsweep("run", spec, "--storage", spec.parent)
    assert ended.returncode == 0, ended.stderr
    trials = read_sweep(spec.parent / "tiny").trials
    for trial in trials:
        assert trial.state == "completed", trial.error
        assert trial.curve("train/loss").steps.tolist() == [2, 4, 6]
        assert trial.curve("eval/eval_loss").steps.tolist() == [3, 6]
        assert np.isfinite([trial.last(f"probe/{name}") for name in PROBES]).all()
        assert trial.last("probe/diversity_ratio") > 0
    return trials


def checkpoint(spec: Path, trial: TrialRecord) -> Path:
    folder = spec.parent / "tiny/trials" / trial.id / "run/output/checkpoints/last"
    return folder / "pretrained_model"


def passed(spec: Path, trials: list[TrialRecord], name: str) -> set[Any]:
    """What LeRobot itself has saved of its policy's parameter."""
    saved = [read_json(checkpoint(spec, trial) / "train_config.json") for trial in trials]
    return {config["policy"][name] for config in saved}


def sections(policy: str, question: str, params: dict[str, Any], space: Any) -> dict[str, Any]:
    return {
        "name": "tiny",
        "question": question,
        "params": {"policy_type": policy, **SHORT, **params},
        "space": space,
        "objective": {"metric": "eval/eval_loss", "mode": "min"},
        "search": {"algorithm": "grid"},
        "wandb": {"mode": "disabled"},
    }


def only_the_observation_counts(run: Script, folder: Path) -> None:
    """In the probes' predictions all rows begin with the same noise."""
    *_, said = run("see_twice.py", PROGRAM, folder).splitlines()
    apart = json.loads(said)
    assert apart["same"] < 1e-5 < 1e-4 < apart["other"]


def test_diffusion(environment: Path, dataset: Path, run: Script, tmp_path: Path) -> None:
    space = {"horizon": {"grid_search": [8, 16]}}
    asked = sections("diffusion", "How many actions at once?", DIFFUSION, space)
    spec = written(tmp_path, environment, dataset, **asked)
    trials = swept(spec)
    assert passed(spec, trials, "horizon") == {8, 16}
    only_the_observation_counts(run, checkpoint(spec, trials[0]))


def test_smolvla(environment: Path, dataset: Path, vlm: Path, run: Script, tmp_path: Path) -> None:
    space = {"expert_only": {"grid_search": [True, False]}}
    params = {**SMOLVLA, "policy.vlm_model_name": str(vlm)}
    asked = sections("smolvla", "Does the language model learn, too?", params, space)
    spec = written(tmp_path, environment, dataset, **asked)
    trials = swept(spec)
    assert passed(spec, trials, "train_expert_only") == {True, False}
    only_the_observation_counts(run, checkpoint(spec, trials[0]))
    looked = ilsweep("look", spec.parent / "tiny/trials" / trials[0].id, "--json")
    assert looked.returncode in (OK, BLIND), looked.stderr
    [card] = json.loads(looked.stdout)["cards"]
    assert card["by"] == "actions"
    assert card["actions"]["probe/instruction_action_change"] > 0
