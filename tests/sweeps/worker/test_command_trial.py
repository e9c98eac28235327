"""A trial that is a command gives a sweep the same results as a trainer's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ilsweep.sweeps.spec.command import Command
from tests.sweeps.alone import trial
from tests.sweeps.external.scripts import write
from tests.sweeps.odd import hosted, results


class TestACommand:
    def worker(self, root: Path, code: str, objective: str) -> Any:
        worker = hosted(root, "command", objective)
        command = Command.model_validate({"argv": write(root, code), "metrics": "json_lines"})
        worker._config["shared"] = replace(worker._config["shared"], command=command)
        worker._config["trial"] = trial({"steps": 3})
        return worker

    def test_is_told_in_the_same_numbers(self, tmp_path: Path) -> None:
        code = """
            for step in (1, 2):
                print('{"step": %d, "done": %d, "state": 1, "x\\\\u0007": 1}' % (step, step))
        """
        found = results(self.worker(tmp_path, code, "train/done"))
        told = [(one["step"], one["objective"]) for one in found if one["metrics"]]
        assert told == [(1, 1.0), (2, 2.0)]
        assert (found[-1]["state"], found[-1]["spoiled"]) == ("completed", [])
        ((name, text),) = [told for one in found for told in one["warnings"]]
        assert name == "c0000-s0"
        assert text.startswith("a metric called 'train/x")

    def test_that_never_reports_the_objective_fails_in_the_same_words(self, tmp_path: Path) -> None:
        code = """print('{"step": 1, "loss": 1}')"""
        last = results(self.worker(tmp_path, code, "eval/loss"))[-1]
        assert last["state"] == "failed"
        assert "the command never reported eval/loss; it reported train/loss" in last["error"]

    def test_that_ends_in_a_cuda_error_fails_once(self, tmp_path: Path) -> None:
        """The process with the error is gone; the worker's death would be a false reason."""
        last = results(self.worker(tmp_path, "raise RuntimeError('CUDA error: x')", "train/loss"))
        assert last[-1]["state"] == "failed"
        assert "RuntimeError: CUDA error: x" in last[-1]["error"]
