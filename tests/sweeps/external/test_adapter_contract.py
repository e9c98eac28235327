"""What holds for every adapter, the ready ones and one of a user's own."""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.importers.registry import find as find_format
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.external.adapters.base import Adapter
from ilsweep.sweeps.external.job import job_of
from ilsweep.sweeps.external.registry import ADAPTERS, find_adapter
from ilsweep.sweeps.external.worker import ExternalRun
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.spec.templates import as_text, places
from ilsweep.sweeps.validation.validate import check
from ilsweep.trainers.core.field_docs import sentences
from tests.sweeps.external import own
from tests.sweeps.external.scripts import run

EVERY = pytest.mark.parametrize("name", [*ADAPTERS, own.NAME])


def adapter_of(name: str) -> Adapter:
    found = find_adapter(name)
    assert found
    return found


def objective(adapter: Adapter) -> str:
    """A metric that it reports, by a whole name."""
    return next(iter(adapter.metrics)).replace("*", "loss")


def plan(name: str, params: dict[str, Any] | None = None, **changes: Any) -> Plan:
    adapter = adapter_of(name)
    command = {"cwd": "/somewhere"} if adapter.in_repository else {}
    metric = {"metric": objective(adapter), "mode": "min"}
    return check({"name": "x", "trainer": name, "command": command, "params": params or {},
                  "objective": metric, **changes})  # fmt: skip


def argv(made: Plan) -> list[str]:
    return job_of(made.shared(Path("/r")), made.trial({}, 7)).argv(None)


def example(parameter: Any) -> Any:
    """A value that a parameter takes, other than its default."""
    if "bool" in parameter.type:
        return True
    if parameter.type.startswith('"'):
        return parameter.type.split(" or ")[-1].strip('"')
    if "text" in parameter.type:
        return "some"
    return 1 if "int" in parameter.type else 0.25


@EVERY
def test_every_parameter_says_what_it_is_and_has_its_own_place(name: str) -> None:
    adapter = adapter_of(name)
    told = sentences(adapter.Config)
    for parameter in adapter.parameters():
        assert told[parameter.name]
        assert parameter.source.startswith("--")
        assert places(parameter.source) in ([parameter.name], [])
    assert "steps" in adapter.Config.model_fields


@EVERY
def test_every_trial_has_its_folder_and_its_seed(name: str) -> None:
    made = plan(name)
    words = argv(made)
    assert any(word == "7" or word.endswith("=7") for word in words)
    assert any("/r/trials/c0000-s7/run" in word for word in words)
    assert not any("{" in word for word in words)


@EVERY
def test_a_parameter_is_passed_on_where_it_is_given(name: str) -> None:
    base = argv(plan(name))
    for parameter in adapter_of(name).parameters():
        value = example(parameter)
        try:
            words = argv(plan(name, {parameter.name: value}))
        except SpecError as error:  # goes with another parameter, which is then named
            assert f"params.{parameter.name}" in str(error)
            continue
        more = [word for word in words if word not in base]
        assert value == parameter.default or more, parameter.name
        if "{" in parameter.source and more:
            assert any(as_text(value) in word for word in more)


@EVERY
def test_what_it_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match=f"params.stepz: not a parameter of {name}.*valid: steps"):
        plan(name, {"stepz": 3})


@EVERY
def test_its_metrics_are_known_before_it_runs(name: str) -> None:
    adapter = adapter_of(name)
    known, command = adapter.metrics, {"cwd": "/somewhere"} if adapter.in_repository else {}
    on = [f"--{setting}=1" for setting, _ in adapter.metrics_need.values()]
    for pattern in known:
        metric = pattern.replace("*", "loss")
        goal = {"metric": metric, "mode": "min"}
        assert plan(name, objective=goal, command={**command, "args": on})
    other = "other/loss"
    assert not any(fnmatchcase(other, pattern) for pattern in known)
    with pytest.raises(SpecError, match=r"objective\.metric: not a metric of"):
        plan(name, objective={"metric": other, "mode": "min"})


@EVERY
def test_its_metrics_are_read_while_it_runs(name: str) -> None:
    assert find_format(adapter_of(name).source.format).live


@EVERY
def test_its_steps_are_what_the_plan_counts(name: str) -> None:
    assert plan(name, {"steps": 12}).trial({}, 0).steps == 12
    default = plan(name).trial({}, 0)
    assert default.steps == default.params["steps"]


@EVERY
def test_what_goes_on_and_what_comes_after_has_known_places(name: str) -> None:
    adapter = adapter_of(name)
    resumed = [*adapter.resume.args, *adapter.resume.argv] if adapter.resume else []
    assert {place for word in resumed for place in places(word)} <= {"checkpoint"}
    rest = [*adapter.after, *adapter.env.values()]
    assert {place for word in rest for place in places(word)} <= {"folder"}


def test_one_of_ones_own_trains(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(own.SCRIPT)
    spec = {
        "name": "x", "trainer": own.NAME, "space": {"lr": {"choice": [0.5, 1.0]}},
        "command": {"argv": [sys.executable, str(tmp_path / "train.py")]},
        "objective": {"metric": "train/loss", "mode": "min"}, "search": {"algorithm": "grid"},
    }  # fmt: skip
    made = check(spec, here=True)
    assert made.trials == 2
    found = ExternalRun(made.shared(tmp_path), made.trial({"lr": 1.0}, 4))
    assert run(found) == [(i, {"train/loss": 1 / i, "train/seed": 4.0}) for i in (1, 2, 3)]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("tests.nowhere:MINE", "cannot import tests.nowhere: ModuleNotFoundError"),
        ("tests.sweeps.external.own:YOURS", "YOURS is not there in tests.sweeps.external.own"),
        ("tests.sweeps.external.own:NO_ADAPTER", "is not an ilsweep.sweeps.external.adapters.base"),
    ],
)
def test_one_that_is_none_is_one_line(name: str, line: str) -> None:
    spec = {"name": "x", "trainer": name, "command": {}}
    with pytest.raises(SpecError) as caught:
        check(spec)
    (problem,) = caught.value.problems
    assert problem.where == "trainer"
    assert line in str(problem)
    assert "valid: lerobot, " in str(problem)


def test_a_place_for_a_parameter_that_has_no_value_is_refused() -> None:
    with pytest.raises(SpecError, match=r"command.args.0: a place without a parameter.*momentum"):
        plan(own.NAME, command={"args": ["--beta={momentum}"]})
