"""A loop that stands still is spoken of."""

from __future__ import annotations

import time

import pytest

from ilsweep.sweeps.execution import pulse
from ilsweep.sweeps.execution.pulse import Pulse


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "LOOK_S", 0.02)


def test_a_loop_that_stands_still_is_spoken_of(capsys: pytest.CaptureFixture[str]) -> None:
    said, until = "", time.monotonic() + 30
    with Pulse(0.1, 0.2, shared=False):
        while "\n" not in said:
            assert time.monotonic() < until
            time.sleep(0.01)
            said += capsys.readouterr().err
    assert "has stood still for" in said
    assert "what it writes to does not answer" in said


def test_one_that_goes_round_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with Pulse(0.2, 0.4, shared=False) as alive:
        for _ in range(50):
            alive.beat()
            time.sleep(0.01)
    assert capsys.readouterr().err == ""
