"""How fast trials train, by their resources: choices, what is measured, what is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.spec.model import Resources
from ilsweep.sweeps.workflow import speed
from ilsweep.sweeps.workflow.speed import (
    Measured,
    Pace,
    Speed,
    at_once,
    choices,
    measure,
    speed_lines,
)
from tests.sweeps.as_typed import write_spec
from tests.sweeps.specs import regression_plan


def test_the_specs_own_comes_first_and_nothing_twice() -> None:
    assert choices(Resources(cpu=2), 4, 0) == [Resources(cpu=2), Resources(cpu=1), Resources(cpu=4)]
    found = choices(Resources(), 16, 1)
    assert found[0] == Resources()
    assert [one.gpu for one in found if one.gpu] == [1, 0.5, 0.25, 0.125, 0.0625]
    assert len(found) == len(set(found))
    assert choices(Resources(), 1, 4)[-1] == Resources(gpu=1)


@pytest.mark.parametrize("cpus", [1, 2, 6, 16])
@pytest.mark.parametrize("gpus", [0, 1, 2])
def test_no_more_run_at_once_than_there_is_room_for(cpus: int, gpus: int) -> None:
    for one in choices(Resources(), cpus, gpus):
        count = at_once(one, 5, cpus, gpus)
        assert count >= 1
        assert count <= 5
        assert count * one.cpu <= cpus
        assert count * one.gpu <= max(gpus, one.gpu)


def test_a_sweep_is_measured(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its trials are shorter than what is measured, and begin anew."""
    monkeypatch.setattr(speed, "cpus", lambda: 1)
    spec = write_spec(tmp_path, resources={"cpu": 1})
    assert main(["validate", str(spec), "--speed", "0.2", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    (row,) = found["speed"]["choices"]
    assert row["resources"] == {"cpu": 1, "gpu": 0}
    assert (row["at_once"], row["lacks"]) == (1, "")
    assert row["steps_s"] > 0
    assert 0 < found["speed"]["trial_s"] < found["speed"]["sweep_s"]


def test_the_length_of_a_sweep_follows_from_steps_evaluations_and_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three trials of 40 steps, an evaluation before the last one; two at once, the third alone.

    The other choice does not fit.
    """
    one, other = Resources(), Resources(cpu=0.5)
    monkeypatch.setattr(speed, "choices", lambda *_: [one, other])

    def paces(plan: object, trial: object, resources: Resources, *_: object, **__: object) -> Any:
        if resources == other:
            raise RuntimeError("out of memory")
        return [Pace(8.0, 1.0, 3.0), Pace(10.0, 0.5, 3.0)]

    monkeypatch.setattr(speed, "_paces", paces)
    plan = regression_plan()
    found = measure(plan, 0.1)
    assert found.trial_s == pytest.approx(40 / 8 + 1 + 3)
    assert found.sweep_s == pytest.approx(2 * found.trial_s)
    assert [bool(row.lacks) for row in found.speeds] == [False, True]
    assert "out of memory" in "\n".join(speed_lines(plan, found))


def test_a_trainer_that_does_not_train_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "cpus", lambda: 1)
    plan = regression_plan()
    plan = replace(plan, spec=plan.spec.model_copy(update={"trainer": "tests.sweeps.faulty:None"}))
    with pytest.raises(SpecError, match="does not train"):
        measure(plan, 0.1)


def test_another_choice_is_named_where_it_is_faster_by_much() -> None:
    slow, fast = Speed(Resources(), 2, 10.0), Speed(Resources(gpu=0.25), 4, 35.0)
    lines = speed_lines(regression_plan(), Measured((slow, fast), 5.0, 10.0))
    assert any("{cpu: 1, gpu: 0.25} trains 3.5 times as fast" in line for line in lines)
    near = Measured((slow, replace(fast, steps_s=10.5)), 5.0, 10.0)
    assert near.faster is None


@pytest.mark.parametrize(
    ("options", "rule"),
    [(["--speed", "0"], "above 0"), (["--speed", "--controls"], "without --controls"),
     (["--speed", "--try"], "without --try")],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], options: list[str], rule: str
) -> None:
    assert main(["validate", str(write_spec(tmp_path)), *options]) == 2
    assert rule in capfd.readouterr().err
