"""`ilsweep look` on policies of which it is known what they owe to their eyes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ilsweep.analysis.records.episodes import read_episodes
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.exit_codes import BLIND, OK, WRONG_INPUT
from ilsweep.sweeps.workflow import look, own_policy
from ilsweep.sweeps.workflow.trained import trained as trainer_of
from tests.sweeps.eyes import trained


@contextmanager
def at_home(count: int, threads: int) -> Iterator[Executor]:
    """One thread of this process in the place of the policy's."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_policy, "process_pool", at_home)


def test_a_policy_that_looks_is_told_early(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = trained(tmp_path, "Looking")
    assert main(["look", str(trial), "--json"]) == OK
    [card] = json.loads(capsys.readouterr().out)["cards"]
    assert card["verdict"] == "sees"
    assert card["successes"] == card["episodes"] < 50
    assert card["lesions"]["black_images"]["successes"] == 0
    assert card["lesions"]["masked_state"]["lost"] == 0
    kept = read_episodes(TrialPaths(trial / "look"))
    films = Counter(e.variant for e in kept if e.film)
    assert films == dict.fromkeys(["none", *card["lesions"]], look.ROUND)
    assert json.loads((trial / "look" / "card.json").read_text()) == card
    assert "它看图像" in (trial / "look" / "card.zh.md").read_text()


def test_a_blind_policy_has_exit_status_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = trained(tmp_path, "Blindfolded")
    checkpoint = next((trial / "checkpoints").glob("*.ckpt"))
    assert main(["look", str(checkpoint), "--episodes", "150"]) == BLIND
    said = capsys.readouterr().out
    assert "It is blind" in said
    assert str(trial / "look" / "card.html") in said


def test_too_few_episodes_leave_it_undecided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["look", str(trained(tmp_path, "Blindfolded")), "--episodes", "20"]) == OK
    assert "Undecided after 20 episodes" in capsys.readouterr().out


def test_a_policy_that_never_succeeds_is_tried_no_longer_than_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = trained(tmp_path, "Lost", steps=60, lr_backbone=1e-3, replays=0)
    assert main(["look", str(trial), "--json"]) == BLIND
    [card] = json.loads(capsys.readouterr().out)["cards"]
    assert (card["by"], card["successes"], card["episodes"]) == ("actions", 0, look.HOPELESS)
    tried = Counter(e.variant for e in read_episodes(TrialPaths(trial / "look")))
    assert tried["none"] == look.HOPELESS
    assert not tried.keys() - {"none", "demonstration"}
    assert "none of 20 episodes" in (trial / "look" / "card.en.md").read_text()


def test_what_is_no_checkpoint_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = trained(tmp_path, "Looking")
    for file in (trial / "checkpoints").iterdir():
        file.unlink()
    for path, words in ((tmp_path, "not a trial of a sweep"), (trial, "has no whole checkpoint")):
        assert main(["look", str(path)]) == WRONG_INPUT
        error = capsys.readouterr().err
        assert words in error
        assert len(error.splitlines()) == 1


def test_a_checkpoint_gives_its_trainer_and_no_other_file_does(tmp_path: Path) -> None:
    trial = trained(tmp_path, "Looking")
    checkpoint = next((trial / "checkpoints").glob("*.ckpt"))
    assert trainer_of(checkpoint).solve([1_000_000]) == trainer_of(trial).solve([1_000_000])
    for path in ("/x.ckpt", tmp_path / "a" / "b.ckpt", tmp_path):
        with pytest.raises(FolderError, match="not a trial of a sweep"):
            trainer_of(path)


def test_without_an_environment_the_actions_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = trained(tmp_path, "Cloned", world=False, steps=60, lr_backbone=1e-3, replays=0)
    assert main(["look", str(trial), "--json"]) == BLIND
    [card] = json.loads(capsys.readouterr().out)["cards"]
    assert (card["by"], card["verdict"], card["episodes"]) == ("actions", "blind", 0)
    assert 0 < card["actions"]["probe/shuffled_action_change"] < 0.05
    assert "weaker evidence" in (trial / "look" / "card.en.md").read_text()
    assert read_episodes(TrialPaths(trial / "look")) == []
