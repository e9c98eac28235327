"""What is said of the resources that a trial takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilsweep.sweeps.spec.model import Resources
from ilsweep.sweeps.validation import resources


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with a GPU and NVIDIA's service, which does not run; where its pipes would be."""
    program = tmp_path / resources.MPS
    program.touch(mode=0o755)
    pipes = tmp_path / "pipes"
    pipes.mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(pipes))
    monkeypatch.setattr(resources, "gpus", lambda: 1)
    return pipes


def test_trials_that_share_a_gpu_are_told_how_to_work_at_once(service: Path) -> None:
    (line,) = resources.advice(Resources(gpu=0.25))
    assert f"{resources.MPS} -d" in line
    (service / "control").touch()
    assert not [*resources.advice(Resources(gpu=0.25))]


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("gpu", [1, 2])
def test_trials_that_share_none_are_told_nothing(gpu: float) -> None:
    assert not [*resources.advice(Resources(gpu=gpu))]


@pytest.mark.usefixtures("service")
def test_a_gpu_that_no_trial_uses_is_spoken_of(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = resources.advice(Resources())
    assert "resources.gpu is 0" in line
    monkeypatch.setattr(resources, "gpus", lambda: 0)
    assert not [*resources.advice(Resources())]


@pytest.mark.usefixtures("service")
def test_nothing_is_advised_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert not [*resources.advice(Resources(gpu=0.25))]
