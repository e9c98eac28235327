"""The check of the promises is one that can fail."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import calibrate
from benchmarks.calibration.sweeps import Promise


def test_a_broken_promise_is_said_and_ends_with_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Promise("a coin", 0.4, 0.6, 200, lambda rng: bool(rng.random() < 0.5))
    broken = Promise("a rare error", 0, 0.05, 200, lambda rng: bool(rng.random() < 0.2))
    monkeypatch.setattr(calibrate, "promises", lambda: iter([kept]))
    assert calibrate.main(1.0) == 0
    monkeypatch.setattr(calibrate, "promises", lambda: iter([kept, broken]))
    assert calibrate.main(1.0) == 1
    assert "| a rare error | at most 5 |" in capsys.readouterr().out


def test_means_have_an_interval_too() -> None:
    promise = Promise("a bias", -1, 1, 400, lambda rng: float(rng.normal(3, 1)), points=True)
    text, kept = calibrate.line(promise, 0, 1.0)
    assert not kept
    assert "| -1 to 1 | 3" in text or "| -1 to 1 | 2.9" in text


def test_every_promise_makes_a_sweep() -> None:
    for promise in calibrate.promises():
        found = promise.case(np.random.default_rng(0))
        assert found is None or np.isfinite(found)
