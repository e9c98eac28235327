"""What the sections of a spec refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.validation.json_schema import describe_trainer
from ilsweep.sweeps.workflow.export import export
from tests.sweeps.specs import regression, regression_plan
from tests.sweeps.validation.test_validate import mistakes

CLAIM = {"claim": "c", "param": "lr", "metric": "eval/loss", "expect": "increase"}


@pytest.mark.parametrize(
    ("section", "where"),
    [
        ({"params": {"steps": True}}, "params.steps"),
        ({"params": {"lr": False}, "space": {"width": {"choice": [8, 16]}}}, "params.lr"),
        ({"resources": {"cpu": True}}, "resources.cpu"),
        ({"resources": {"gpu": False}}, "resources.gpu"),
        ({"search": {"num_trials": True}}, "search.num_trials"),
        ({"scheduler": {"grace_steps": True}}, "scheduler.grace_steps"),
        ({"limits": {"trial_s": True}}, "limits.trial_s"),
        ({"hypotheses": [{**CLAIM, "smallest_effect": True}]}, "hypotheses.0.smallest_effect"),
        ({"keep_checkpoints": True}, "keep_checkpoints"),
    ],
)
def test_true_is_no_number(section: dict[str, Any], where: str) -> None:
    """`steps: true` is no training of one step."""
    (found,) = mistakes(regression(**section))
    assert found.startswith(f"{where}: must be a number, got ")


@pytest.mark.parametrize("params", [{"steps": -5}, {"lr": -1.0}, {"batch_size": "x"}])
def test_a_mistake_in_a_parameter_is_one_line(params: dict[str, Any]) -> None:
    """Not one more for the default of `log_every`, which depends on the others."""
    (found,) = mistakes(regression(params=params, space={"width": {"choice": [8, 16]}}))
    assert found.startswith(f"params.{next(iter(params))}: ")


def test_a_true_that_is_varied_is_no_number() -> None:
    (found,) = mistakes(regression(space={"lr": {"choice": [0.1, True]}}))
    assert found.startswith("space.lr: must be a number")


@pytest.mark.parametrize("modes", [("min", "max"), ("min", "min")])
def test_each_objective_once(modes: tuple[str, str]) -> None:
    both = [{"metric": "eval/loss", "mode": mode} for mode in modes]
    (found,) = mistakes(regression(objective=both))
    assert "eval/loss stands twice" in found


def test_an_objective_that_is_not_there_is_missing() -> None:
    """The default is a metric of other trainers, which nobody wrote."""
    without = {key: value for key, value in regression().items() if key != "objective"}
    (found,) = mistakes(without)
    assert found.startswith("objective: is missing; valid: {metric: ")
    assert "avg_l1" not in found


def test_a_misspelt_objective_is_one_mistake() -> None:
    without = {key: value for key, value in regression().items() if key != "objective"}
    (found,) = mistakes({**without, "objektive": {"metric": "eval/loss", "mode": "min"}})
    assert found.startswith("objektive: unknown key")


def test_a_trainer_that_is_not_known_is_told_the_commands_too() -> None:
    with pytest.raises(SpecError, match=r"no trainer 'lerobt'.*or a command: .*lerobot"):
        describe_trainer("lerobt")


def test_nothing_is_exported_where_no_data_is_meant(tmp_path: Path) -> None:
    """The default data would be recorded, which the spec never names."""
    path = tmp_path / "spec.yaml"
    path.write_text(yamlio.dump(regression()))
    with pytest.raises(SpecError, match="data: is missing, and its trainer needs none"):
        export(path, [], tmp_path / "out", "source")
    assert not (tmp_path / "out").exists()


def test_what_would_be_valid_is_not_what_was_given() -> None:
    (found,) = mistakes(regression(space={"lr": {"uniform": [1, 1]}}))
    assert found.endswith("got [1, 1]; valid: {choice: [1]}")


def test_one_point_is_one() -> None:
    space = {"width": {"randint": [8, 9]}}
    plan = regression_plan(params={}, space=space, search={"num_trials": 3})
    assert plan.search_text.endswith("the 1 point once (3 requested, 1 exists)")
