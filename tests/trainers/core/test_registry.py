"""Trainers by name, and the list of what can be set in one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from ilsweep.trainers.act.config import ACTOTConfig, ACTSpec
from ilsweep.trainers.act.ot_trainer import ACTOT
from ilsweep.trainers.act.trainer import ACT
from ilsweep.trainers.core.contract import Params, Trainer, TrainerConfig, param
from ilsweep.trainers.core.metric_needs import AtLeast
from ilsweep.trainers.core.named import near
from ilsweep.trainers.core.registry import TRAINERS, UnknownTrainer, find, load, parameters
from ilsweep.trainers.envs.metaworld.config import TASKS


class NeedsWhatItHasNot(Trainer):
    """Whose metric needs a parameter that there is not."""

    metrics_need: ClassVar = {"eval/pc_success": "episodes", "train/loss": {"steps": AtLeast(3)}}


def test_ready_names_lead_to_their_classes() -> None:
    assert load("act") is ACT
    assert find("act") is ACTSpec
    assert load("ilsweep.trainers.act.ot_trainer:ACTOT") is ACTOT


def test_a_misspelt_name_is_answered_with_the_nearest_and_all() -> None:
    with pytest.raises(UnknownTrainer, match=r"'act_to'; did you mean act_ot\? valid: act, act_ot"):
        find("act_to")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere_at_all:Thing", "cannot import nowhere_at_all: ModuleNotFoundError"),
        (
            "ilsweep.trainers.act.trainer:Nothing",
            "Nothing is not there in ilsweep.trainers.act.trainer",
        ),
        (
            "ilsweep.trainers.act.trainer:ACTConfig",
            "ACTConfig is not a subclass of ilsweep.trainers.core.contract.Trainer",
        ),
        (":ACT", "cannot import a module without a name"),
        ("ilsweep.trainers.act.trainer:", "the class is not there"),
        (f"{__name__}:NeedsWhatItHasNot", "no parameter of it: episodes; valid: batch_fraction, "),
    ],
)
def test_own_trainers_that_are_not_are_refused(name: str, message: str) -> None:
    with pytest.raises(UnknownTrainer, match=message):
        find(name)


def test_an_own_trainer_is_found_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_own_trainer.py").write_text(
        "from ilsweep.trainers.core.contract import Trainer\n"
        "class Mine(Trainer):\n"
        "    def train_step(self): return {}\n"
        "    def state_dict(self): return {}\n"
        "    def load_state_dict(self, state): pass\n"
    )
    (tmp_path / "my_broken_trainer.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert find("my_own_trainer:Mine").__name__ == "Mine"
    with pytest.raises(UnknownTrainer, match="ZeroDivisionError"):
        find("my_broken_trainer:Mine")


class _Inner(Params):
    depth: float = param(0.5, ge=0, lt=1, unit="m", source="a book")
    """How deep it goes,
    in words over two lines."""


class _Outer(TrainerConfig):
    inner: _Inner = _Inner()
    """A group."""
    mode: Literal["a", "b"] = "a"
    """Which one."""
    size: tuple[int, int] | None = None
    """Height and width."""
    path: Path = Path("x/y")
    """A place."""


def test_parameters_are_listed_flat_with_all_that_is_known() -> None:
    listed = {parameter.name: parameter for parameter in parameters(_Outer)}
    assert "inner" not in listed
    depth = listed["inner.depth"]
    assert (depth.type, depth.default, depth.bounds) == ("number", 0.5, ">= 0, < 1")
    assert (depth.unit, depth.source) == ("m", "a book")
    assert depth.about == "How deep it goes, in words over two lines."
    assert listed["mode"].type == '"a" or "b"'
    assert listed["size"].type == "list of int or null"
    assert listed["path"].default == "x/y"
    assert listed["steps"].bounds == "> 0"


def test_the_contracts_names_can_be_swept() -> None:
    names = {parameter.name for parameter in parameters(ACTOTConfig)}
    assert names >= {
        "kl_weight", "lr", "lr_backbone", "batch_size", "batch_fraction",
        "ot.reg", "ot.tau", "ot.tau_src", "ot.tau_tgt", "ot.lambda_ot", "ot.window_size",
        "ot.heuristic", "ot.weight_embed", "ot.weight_label",
    }  # fmt: skip


def test_every_default_is_plain_data() -> None:
    for name in TRAINERS:
        for parameter in parameters(find(name).Config):
            json.dumps(parameter.default)


@pytest.mark.parametrize("name", TRAINERS)
def test_a_trainer_keeps_what_its_specification_says(name: str) -> None:
    known, trainer = find(name), load(name)
    assert issubclass(trainer, known)
    for fact in ("Config", "metrics", "metrics_need", "needs_data", "data_defaults"):
        assert getattr(trainer, fact) is getattr(known, fact), fact


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("dor-open-v3", "door-open-v3"),
        ("open_door", "door-open-v3"),
        ("LeverPull", "lever-pull-v3"),
        ("close the window", "window-close-v3"),
    ],
)
def test_a_name_is_found_by_its_spelling_or_its_words(name: str, found: str) -> None:
    assert near(name, TASKS)[0] == found
    assert near("nothing of it", ["door"]) == []
