"""A metric comes where nothing is lacking for it, and only there: `validate` goes by it."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import pytest

from ilsweep.trainers.bc.config import WINDOW
from ilsweep.trainers.core.metric_needs import OF_DATA, lacking, names_of
from ilsweep.trainers.core.registry import TRAINERS, find, load, parameters
from tests.trainers.act import test_ot_trainer
from tests.trainers.bc import test_trainer
from tests.trainers.rdt.tiny import tiny_data as rdt_data
from tests.trainers.test_contract_suite import Case, case
from tests.trainers.tiny import tiny_demonstrations

__all__ = ["case"]

OFF: dict[str, Any] = {
    "rollouts": 0, "lesions": 0, "replays": 0, "target_rollouts": 0, "teacher_rollouts": 0,
    "euler_rollouts": 0,
}  # fmt: skip
ON: dict[str, Any] = {
    "rollouts": 4, "lesions": 2, "replays": 1, "target_rollouts": 1, "teacher_rollouts": 1,
    "euler_rollouts": 1,
}  # fmt: skip
CORNERS: dict[str, dict[str, Any]] = {
    "off": OFF,
    "on": ON,
    "few episodes": {**ON, "rollouts": 1, "success": "end", "lesions": 0},
    "other steps": {**ON, "euler_steps": 5, "teacher_euler_steps": 10},
    "no student's steps": {**ON, "euler_rollouts": 0, "teacher_euler_steps": 1},
    "no teacher's episodes": {**ON, "teacher_rollouts": 0, "teacher_euler_steps": 10},
    "no embedding": {**OFF, "ot": {"weight_embed": 0.0, "weight_label": 0.1, "window_size": 2}},
    "no label": {**OFF, "ot": {"weight_label": 0.0, "weight_cloning": 1.0, "window_size": 2}},
}
NOT_ALWAYS = (
    "eval/lesion/*", "probe/path_diversity", "probe/error/*", "train/mse/*", "probe/group_std/*",
    "probe/gradient_share/*", "probe/error_spreads/*", "probe/out_of_range/*",
    "probe/range_excess/*",
)  # fmt: skip
"""Only of a policy that succeeds, in a world that says where the hand is, by the groups that the
actions have."""


def found_by(trainer: Any, steps: int) -> set[str]:
    """The metrics of a training of so many steps."""
    found = set(trainer.evaluate())
    for _ in range(steps):
        found |= trainer.train_step().keys()
    return {*found, *trainer.finish(), *trainer.probe()}


def check(case: Case, steps: int = 2, **params: Any) -> None:
    fields = case.trainer.Config.model_fields
    trainer: Any = case.build(**{n: v for n, v in params.items() if n in fields}, steps=steps)
    found = found_by(trainer, steps)

    def lacks(name: str) -> tuple[str, str] | None:
        return lacking(trainer.metrics_need, name, trainer.config, trainer.data.config)

    assert {name: lacks(name) for name in found} == dict.fromkeys(found)
    for name in trainer.metrics:
        sure = "*" not in name and not any(fnmatchcase(name, some) for some in NOT_ALWAYS)
        if sure and lacks(name) is None:
            assert name in found


@pytest.mark.parametrize("corner", CORNERS)
def test_what_lacks_nothing_comes_and_nothing_else(case: Case, corner: str) -> None:
    own = {name for name in CORNERS[corner] if name not in OFF}
    if own - {"success"} - case.trainer.Config.model_fields.keys():
        return  # of another trainer
    check(case, **CORNERS[corner])


def test_without_images_nothing_of_them_comes(case: Case) -> None:
    make = rdt_data if case.trainer.__name__ == "RDT" else tiny_demonstrations
    domains = case.data().config.domains
    check(replace(case, data=lambda: make(observation="state", domains=domains)), **ON)


@pytest.mark.parametrize("cameras", [("top",), ("top", "angle")])
def test_a_cameras_metric_comes_with_it(cameras: tuple[str, ...]) -> None:
    data = partial(tiny_demonstrations, domains=("source", "target"), cameras=cameras)
    own = Case(load("act_ot"), test_ot_trainer.TINY, data)
    trainer: Any = own.build(steps=2, rollouts=0)
    found = found_by(trainer, 2)
    for group in ("train/ot_cost", "train/ot_variation", "probe/ot_term_share"):
        for name in ("state", "top", "angle", "left"):
            lacks = lacking(trainer.metrics_need, f"{group}/{name}", trainer.config, data().config)
            assert (f"{group}/{name}" in found) == (lacks is None)


def test_a_jump_of_the_loss_is_looked_for_from_two_windows_on() -> None:
    bc = Case(load("bc"), test_trainer.TINY, lambda: tiny_demonstrations(observation="state"))
    for steps in (2 * WINDOW - 1, 2 * WINDOW):
        check(bc, steps, **OFF)


@pytest.mark.parametrize("name", sorted(TRAINERS))
def test_what_is_needed_are_parameters_and_metrics_that_there_are(name: str) -> None:
    known = find(name)
    names = {parameter.name for parameter in parameters(known.Config)}
    assert names_of(known.metrics_need) <= names | OF_DATA.keys()
    for pattern in known.metrics_need:
        assert any(fnmatchcase(metric, pattern) for metric in known.metrics) or any(
            fnmatchcase(pattern, metric) for metric in known.metrics
        )
