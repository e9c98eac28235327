"""The documented trainer of one's own is checked as ours are, and its spec is valid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.sweeps.cli.main import main
from ilsweep.trainers.core.registry import load, parameters
from tests.trainers.test_contract_suite import run, same, through_a_file
from tests.trainers.tiny import tiny_demonstrations

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "own-trainer"


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    trainer = load("cloner:Cloner")
    data = tiny_demonstrations(6, observation="state")
    return lambda seed=0: trainer(trainer.Config(lr=0.01), data, seed=seed)


def test_it_learns_and_stops_and_goes_on_as_ours_do(build: Any) -> None:
    straight, stopped, resumed = build(5), build(5), build(5)
    before = straight.evaluate()
    expected = run(straight, 60)
    run(stopped, 20)
    resumed.load_state_dict(through_a_file(stopped.state_dict()))
    assert run(resumed, 40) == expected[20:]
    assert same(straight.state_dict(), resumed.state_dict())
    assert straight.evaluate()["eval/l1"] < before["eval/l1"]
    probed = straight.probe()
    assert probed
    assert np.isfinite(list(probed.values())).all()
    assert set(straight.solve([3])) == {3}


def test_its_parameters_are_listed_and_its_spec_is_valid(
    build: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = {parameter.name: parameter for parameter in parameters(type(build()).Config)}
    assert listed["ridge"].about == "Weight of the squared coefficients in the loss."
    monkeypatch.chdir(EXAMPLE)
    assert main(["validate", "spec.yaml"]) == 0
    assert "6 trials of cloner:Cloner" in capsys.readouterr().out
