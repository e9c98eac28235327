"""A half-finished W&B sweep of a server: its file and its runs by wandb's own client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.migrate import wandb_api
from ilsweep.sweeps.migrate.wandb_api import path_of
from ilsweep.sweeps.spec import yamlio
from tests.sweeps.migrate.wandb_server import SWEEP, Server, serving

CONFIG = """
program: train.py
method: bayes
name: lift
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-2}
  batch_size: {values: [8, 16]}
"""
PATH = f"me/robots/{SWEEP}"


def run(lr: float, loss: float | None, state: str = "finished") -> dict[str, Any]:
    summary = {"_step": 9, "_runtime": 3} | ({} if loss is None else {"val_loss": loss})
    return {"config": {"lr": lr, "batch_size": 8}, "summary": summary, "state": state}


RUNS = (run(1e-3, 0.3), run(1e-4, 0.1), run(2e-3, None, "crashed"), run(5e-3, 0.2),
        run(4e-3, 0.05, "running"))  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    (tmp_path / "train.py").touch()
    (tmp_path / "sweep.yaml").write_text(CONFIG)
    return tmp_path


def drafted(monkeypatch: pytest.MonkeyPatch, server: Server, *argv: str) -> int:
    monkeypatch.setenv("WANDB_BASE_URL", server.address)
    return main(["init", "-o", "spec.yaml", *argv])


@pytest.mark.parametrize("sweep", [PATH, f"https://wandb.ai/me/robots/sweeps/{SWEEP}"])
def test_a_sweep_of_a_server_comes_with_its_finished_runs(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sweep: str
) -> None:
    with serving(CONFIG, RUNS) as server:
        assert drafted(monkeypatch, server, "--from-wandb-sweep", sweep) == 0
        assert server.asked.count("Runs") == 3
    spec = yamlio.read(here / "spec.yaml")
    assert spec["name"] == "lift"
    assert [(point["lr"], point["batch_size"]) for point in spec["warm_start"]] == [
        (1e-4, 8), (5e-3, 8), (1e-3, 8),
    ]  # fmt: skip
    assert spec["command"]["cwd"] == str(here)
    said = capsys.readouterr().err
    assert f"asking W&B for the sweep {PATH}" in said
    assert "2 runs did not finish" in said


def test_the_runs_of_a_server_for_a_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(CONFIG, RUNS) as server:
        argv = ("--from-wandb-sweep", "sweep.yaml", "--runs", PATH)
        assert drafted(monkeypatch, server, *argv) == 0
    assert len(yamlio.read(here / "spec.yaml")["warm_start"]) == 3


def test_a_sweep_without_a_finished_run_is_one_too(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(CONFIG, [run(1e-3, 0.3, "running")]) as server:
        assert drafted(monkeypatch, server, "--from-wandb-sweep", PATH) == 0
    assert "warm_start" not in yamlio.read(here / "spec.yaml")
    assert "None of its runs is tried first (1 did not finish)" in capsys.readouterr().err


@pytest.mark.parametrize("case", ["nobody", "no sweep", "closed"])
def test_what_a_server_does_not_give_is_one_line(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    monkeypatch.setattr(wandb_api, "TIMEOUT_S", 3)
    with serving(CONFIG, RUNS, knows_me=case != "nobody") as server:
        if case != "closed":
            path = "me/robots/other" if case == "no sweep" else PATH
            assert drafted(monkeypatch, server, "--from-wandb-sweep", path) == 2
    if case == "closed":
        assert drafted(monkeypatch, server, "--from-wandb-sweep", PATH) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if "does not give" in line]
    assert len(said) == 1
    assert "--runs FILE" in said[0]
    assert not (here / "spec.yaml").exists()


@pytest.mark.parametrize(
    ("text", "path"),
    [(PATH, PATH), (f"https://wandb.ai/me/robots/sweeps/{SWEEP}", PATH), ("sweep.yaml", ""),
     ("configs/lift/sweep.yaml", ""), ("/a/b/c", ""), ("a/b", ""), ("runs/*/x", "")],
)  # fmt: skip
def test_what_is_a_sweep_of_a_server(text: str, path: str) -> None:
    assert path_of(text) == path
