"""`ilsweep look` on a LeRobot checkpoint, with a script in the place of LeRobot's interpreter.

What a real LeRobot answers, `tests/lerobot/test_look.py` tests.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from ilsweep.analysis.records.episodes import read_episodes
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.exit_codes import BLIND, OK, WRONG_INPUT
from ilsweep.sweeps.workflow.look import ROUND

ANSWERS = """\
#!{python}
import json, sys
import numpy as np
print("gym id not found, attempting to import")
if "lerobot_probes" in sys.argv[1]:
    print(json.dumps({{"probe/shuffled_action_change": 0.01, "root": sys.argv[3:]}}))
    sys.exit()
if json.loads(sys.argv[3])["type"] == "missing":
    print(json.dumps({{"error": "ModuleNotFoundError: No module named 'missing'"}}), flush=True)
    sys.exit(1)
print(json.dumps({{"variants": ["none", "other_episode_images", "other_instruction"]}}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if {dies}:
        print("out of memory", file=sys.stderr)
        sys.exit(9)
    found = []
    for seed in asked["seeds"]:
        won = {skill} and asked["variant"] != "other_episode_images"
        episode = dict(seed=seed, success=won, steps=3, reward=float(won), path=[[0, 1], [1, 1]])
        if asked["filmed"]:
            episode["film"] = f"{{seed}}.npz"
            images = np.full((2, 64, 64, 3), 99, np.uint8)
            np.savez(sys.argv[4] + "/" + episode["film"], times=[0, 2], images=images)
        found.append(episode)
    print(json.dumps({{"episodes": found}}), flush=True)
"""


def interpreter(folder: Path, skill: bool = True, dies: bool = False) -> Path:
    program = folder / "python"
    program.write_text(ANSWERS.format(python=sys.executable, skill=skill, dies=dies))
    program.chmod(0o755)
    return program


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    weights = tmp_path / "checkpoints/last/pretrained_model"
    weights.mkdir(parents=True)
    (weights / "config.json").write_text(json.dumps({"type": "act"}))
    trained = {"dataset": {"repo_id": "me/cube"}, "env": {"type": "pusht", "task": "PushT-v0"}}
    (weights / "train_config.json").write_text(json.dumps(trained))
    return weights


def test_one_that_looks(
    tmp_path: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = interpreter(tmp_path)
    for place in (checkpoint, checkpoint.parent, tmp_path):
        assert main(["look", str(place), "--python", str(python), "--json"]) == OK
        [card] = json.loads(capsys.readouterr().out)["cards"]
        assert (card["verdict"], card["by"]) == ("sees", "episodes")
        assert card["lesions"].keys() == {"other_episode_images", "other_instruction"}
    kept = read_episodes(TrialPaths(checkpoint.parent / "look"))
    assert sum(e.film is not None for e in kept) == 3 * ROUND
    assert kept[0].path == ((0.0, 1.0), (1.0, 1.0))
    assert np.isfinite([e.reward for e in kept]).all()
    assert "another instruction" in (checkpoint.parent / "look/card.en.md").read_text()


def test_one_that_never_succeeds_is_blind_by_its_actions(
    tmp_path: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = interpreter(tmp_path, skill=False)
    args = ["look", str(checkpoint), "--python", str(python)]
    assert main(args) == BLIND
    assert "It succeeded in none of 20 episodes" in capsys.readouterr().out
    assert main([*args, "--env", "none", "--data", str(tmp_path), "--json"]) == BLIND
    [card] = json.loads(capsys.readouterr().out)["cards"]
    assert (card["by"], card["episodes"]) == ("actions", 0)
    assert card["actions"]["root"] == [f"--root={tmp_path}"]
    assert read_episodes(TrialPaths(checkpoint.parent / "look")) == [], "none of an earlier look"


def test_what_cannot_be_tried_is_said_in_a_line(
    tmp_path: Path, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = ["--python", str(interpreter(tmp_path, dies=True))]
    cases: list[tuple[list[str], str]] = [
        ([], "--python must name the interpreter of its LeRobot"),
        (["--python", str(tmp_path / "gone")], "cannot be started"),
        (python, "out of memory"),
        ([*python, "--env", "missing"], "No module named 'missing'"),
        ([*python, "--env", "pusht", "task"], "--env: no NAME=VALUE, got 'task'"),
    ]
    for words, said in cases:
        assert main(["look", str(checkpoint), *words]) == WRONG_INPUT
        error = capsys.readouterr().err
        assert said in error
        assert len(error.splitlines()) == 1
    (checkpoint / "train_config.json").unlink()
    assert main(["look", str(checkpoint), *python]) == WRONG_INPUT
    assert "valid: --env, --data" in capsys.readouterr().err
