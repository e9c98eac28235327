"""A trial depends on its parameters and seed alone: not on what ran before, or on a stop."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.regression import Regression
from ilsweep.sweeps.store import checkpoints
from ilsweep.sweeps.worker.training_loop import TrainingLoop
from tests.sweeps.alone import alone

PARAMS = {"steps": 60, "log_every": 10, "eval_every": 20, "save_every": 20, "width": 16}


def loop(folder: Path, seed: int = 3, **params: Any) -> TrainingLoop:
    return alone({**PARAMS, **params}, folder, seed)


def train(hosting: TrainingLoop, until: int = 60) -> list[dict[str, float]]:
    rows = []
    while hosting.step < until:
        rows.append({"step": hosting.step, **hosting.train_to_report()})
    return rows


def test_reports_come_where_they_are_due(tmp_path: Path) -> None:
    hosting = loop(tmp_path, log_every=25, eval_every=40, save_every=60)
    steps = []
    while not hosting.finished:
        metrics = hosting.train_to_report()
        steps.append((hosting.step, "eval/loss" in metrics))
    assert steps == [(25, False), (40, True), (50, False), (60, True)]


def test_of_a_trial_that_ended_the_last_checkpoint_is_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Regression, "resume_only", ("optimiser",), raising=False)
    hosting = loop(tmp_path)
    train(hosting, until=40)
    (*_, before) = sorted(tmp_path.iterdir())
    assert "optimiser" in checkpoints.load(before)["trainer"]
    train(hosting)
    (last,) = tmp_path.iterdir()
    assert last.name == "step_000000060.ckpt"
    assert checkpoints.load(last)["trainer"].keys() == hosting.trainer.state_dict().keys() - {
        "optimiser"
    }


def test_first_or_tenth_in_a_process_gives_the_same_bits(tmp_path: Path) -> None:
    alone = train(loop(tmp_path / "a"))
    for seed in range(3):
        train(loop(tmp_path / f"other{seed}", seed=seed))
        torch.rand(seed + 1)
        np.random.rand(seed + 1)
    assert train(loop(tmp_path / "b")) == alone
    assert train(loop(tmp_path / "c", seed=4)) != alone


@pytest.mark.parametrize("stop", [10, 30, 40, 50])
def test_a_stopped_and_resumed_trial_is_an_undisturbed_one(tmp_path: Path, stop: int) -> None:
    whole = train(loop(tmp_path / "a"))
    train(loop(tmp_path / "b"), until=stop)
    second = loop(tmp_path / "b")
    kept = second.resume()
    assert stop - PARAMS["save_every"] < kept <= stop
    assert train(second) == [row for row in whole if row["step"] >= kept]


def test_a_loss_that_is_not_finite_ends_the_trial(tmp_path: Path) -> None:
    hosting = loop(tmp_path, lr=1e30)
    with pytest.raises(FloatingPointError, match="train/loss is nan at step 10"):
        train(hosting)


class TestCheckpoints:
    def write(self, folder: Path, *steps: int) -> None:
        for step in steps:
            checkpoints.save({"step": step}, checkpoints.path(folder, step))

    def test_state_comes_back_with_its_arrays(self, tmp_path: Path) -> None:
        state: dict[str, Any] = {
            "a": torch.arange(3),
            "b": np.eye(2),
            "c": [1, {"d": np.float64(2.5)}],
            "e": "x",
        }
        checkpoints.save(state, tmp_path / "x")
        back = checkpoints.load(tmp_path / "x")
        assert torch.equal(back["a"], state["a"])
        np.testing.assert_array_equal(back["b"], np.eye(2))
        assert (back["c"], back["e"]) == ([1, {"d": 2.5}], "x")

    @pytest.mark.parametrize("damage", [b"", b"x", b"ILSWEEP1....tail"])
    def test_a_torn_one_is_passed_over(self, tmp_path: Path, damage: bytes) -> None:
        self.write(tmp_path, 20, 40)
        checkpoints.path(tmp_path, 60).write_bytes(damage)
        found = checkpoints.newest(tmp_path)
        assert found == checkpoints.path(tmp_path, 40)
        content = bytearray(found.read_bytes())
        content[-20] ^= 1
        found.write_bytes(content)
        assert checkpoints.newest(tmp_path) == checkpoints.path(tmp_path, 20)

    def test_one_that_is_removed_meanwhile_is_passed_over(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another process looks at a trial that runs."""
        self.write(tmp_path, 20, 40)
        found = checkpoints._all(tmp_path)
        found[-1].unlink()
        monkeypatch.setattr(checkpoints, "_all", lambda folder: found)
        assert checkpoints.newest(tmp_path) == checkpoints.path(tmp_path, 20)

    def test_code_in_a_checkpoint_does_not_run(self, tmp_path: Path) -> None:

        class Evil:
            def __reduce__(self) -> Any:
                return Path.touch, (tmp_path / "owned",)

        buffer = io.BytesIO()
        torch.save({"x": Evil()}, buffer)
        body = buffer.getvalue()
        path = tmp_path / "evil"
        path.write_bytes(b"ILSWEEP1" + zlib.crc32(body).to_bytes(4, "big") + body)
        with pytest.raises(Exception, match="Weights only load failed"):
            checkpoints.load(path)
        assert not (tmp_path / "owned").exists()

    def test_the_newest_two_are_kept(self, tmp_path: Path) -> None:
        self.write(tmp_path, 20, 40, 60)
        checkpoints.prune(tmp_path)
        assert [path.name[8:14] for path in sorted(tmp_path.iterdir())] == ["000040", "000060"]
