"""What `docs/adding.md` shows works as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.findings.rule import Rule
from ilsweep.analysis.importers import find
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.metrics.lookup import catalog_of
from ilsweep.analysis.report.data import gather
from ilsweep.sweeps.cli.main import main
from ilsweep.trainers.core.contract import Trainer
from ilsweep.trainers.core.registry import table
from tests.analysis.made_up import write_sweep
from tests.analysis.strategies import trial

DOCUMENT = (Path(__file__).parents[1] / "docs/adding.md").read_text()


def block(heading: str, language: str = "python") -> str:
    """The first block of that language below a heading."""
    section = DOCUMENT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found, heading
    return found[1]


def defined_in(heading: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "added"}
    exec(block(heading), names)
    return names


def test_a_log_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "my_logs", raising=False)
    (tmp_path / "my_logs.py").write_text(block("A log format"))
    (tmp_path / "run7.log").write_text(block("A log format", "text"))
    assert main(["import", "run7.log", "--into", "there", "--format", "my_logs:FORMAT"]) == 0
    (run,) = read_sweep(tmp_path / "there").trials
    assert run.curve("train/loss").values.tolist() == [0.5, 0.25]
    assert find("my_logs:FORMAT").live


def test_a_finding() -> None:
    rule = defined_in("A finding")["tiny_gradient"]
    assert isinstance(rule, Rule)
    limits = {"tiny_gradient.norm": 1e-6}
    small = trial({"train/grad_norm": np.full(9, 1e-9)}, params={"lr": 1e-4})
    found = rule(small, limits)
    assert found is not None
    assert found.id == "tiny_gradient"
    assert [s.param for s in found.suggestions] == ["lr"]
    assert rule(trial({"train/grad_norm": np.ones(9)}), limits) is None
    assert rule(trial({}), limits) is None


def test_a_section(tmp_path: Path) -> None:
    write_sweep(tmp_path, configs=2, seeds=1, steps=100)
    report = gather(analyse(read_sweep(tmp_path)))
    section = defined_in("A section of the report")["time_spent"]
    assert section(report, "en")[0] == "## Time"
    assert section(report, "zh")[0] == "## 用时"


def test_a_metric() -> None:
    class Walker(Trainer):
        metrics = defined_in("A metric")["metrics"]

    catalog = catalog_of({"trainer": table(Walker)})
    assert catalog.label("walk/distance").zh == "距离(m)"
    assert catalog.direction("walk/distance") == "max"


FILE = re.compile(r"`([\w.]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.ray
@pytest.mark.parametrize("heading", ["A world", "A trainer", "An adapter"])
def test_files_of_ones_own(heading: str, tmp_path: Path) -> None:
    """They are written as shown, and what is to be typed is typed."""
    section = DOCUMENT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    files = FILE.findall(section)
    assert len(files) > 1
    for name, text in files:
        (tmp_path / name).write_text(text)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for line in block(heading, "sh").splitlines():
        done = subprocess.run(
            line.split(), cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stdout, done.stderr)
