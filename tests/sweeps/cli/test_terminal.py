"""Whatever records and specs hold, a terminal of any kind shows it as text."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.progress.console import Screen, say
from ilsweep.sweeps.progress.tracker import SweepProgress, TrialProgress
from tests.analysis.made_up import write_trial
from tests.sweeps.as_typed import ROOT

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def folder(root: Path, metric: str, value: Any) -> Path:
    """A sweep of one trial that is blind, so that there is a finding."""
    rows = [{"step": 50, metric: 0.5, "probe/shuffled_action_change": 0.0}]
    params = {"config_id": str(value), "seed": 0, "searched": {str(value): value},
              "params": {str(value): value}}  # fmt: skip
    write_trial(root, "c0000-s0", rows, params=params)
    spec = {"name": "n", "trainer": "act", "objective": [{"metric": metric, "mode": "min"},
            {"metric": f"{metric}2", "mode": "min"}]}  # fmt: skip
    write_atomic(SweepPaths(root).manifest, to_json({"spec": spec}))
    return root


@pytest.mark.parametrize("command", [["rank"], ["rank", "--json"], ["status"], ["diagnose"],
                                     ["diagnose", "--json"]])  # fmt: skip
def test_an_ascii_terminal(tmp_path: Path, command: list[str]) -> None:
    made = folder(tmp_path, "eval/损失", "值 é \N{GRINNING FACE}")
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
           "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "ilsweep.sweeps.cli.main", command[0], str(made), *command[1:]],
        capture_output=True, env=env, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode("ascii")
    if "--json" in command:
        assert json.loads(text)
    if command == ["rank", "--json"]:
        assert "值 é \N{GRINNING FACE}" in json.loads(text)["rows"][0]["searched"]
    if command == ["rank"]:
        assert "eval/\\u635f\\u5931" in text


@pytest.mark.parametrize("command", ["rank", "status", "diagnose"])
def test_no_control_character_reaches_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    harm = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\b\u202e"
    assert main([command, str(folder(tmp_path, f"eval/{harm}", harm))]) == 0
    out = capsys.readouterr().out
    assert not CONTROL.search(out)
    assert "\u202e" not in out


def test_what_is_said_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\x1b[2J\ntwo\x07")
    assert capsys.readouterr().err == "one [2J\ntwo \n"


@pytest.mark.parametrize("metric", ["train/[/red]", "loss [m]", "[bold]x[/bold]", "a\x1b[2J"])
def test_a_metric_is_no_markup(metric: str) -> None:
    board = SweepProgress(3, 10, metric)
    board.trials["[/red]"] = TrialProgress("[/red]", "running", step=1, steps=10, value=0.5)
    board.trials["done"] = TrialProgress("done", "completed")
    out = io.StringIO()
    Console(file=out, width=200).print(Screen(board, lambda: "[/blue]")._render())
    shown = out.getvalue()
    assert metric.replace("\x1b", " ") in shown.replace("  ", " ")
    assert "[/red]" in shown
    assert "so far: [/blue]" in shown
    assert "\x1b" not in shown
