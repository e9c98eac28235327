"""Imports go one way, and nothing slow is imported where it is not needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "analysis": {"ray", "torch", "sweeps", "trainers"},
    "trainers": {"ray", "yaml", "sweeps", "analysis"},
}

SHARED = {
    "analysis.records.model",
    "analysis.records.identity",
    "analysis.ranking.aggregate",
    "analysis.records.schedule",
    "analysis.formatting",
}
"""What a configuration is and how good it is: one rule for search, screen and report. And how a
text from outside is made fit for a terminal."""

MORE = {name: {"analysis.findings.thresholds"} for name in ("validate.py", "sweep_dir.py")}
"""A table of names and numbers, by which a misspelt threshold is refused."""


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.removeprefix("ilsweep.") for name in names}


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_nothing_above_it(package: str) -> None:
    for path in modules(package):
        tops = {name.split(".")[0] for name in imported(path)}
        assert not tops & FORBIDDEN[package], path


def test_only_the_command_line_sees_the_analysis_beyond_its_records() -> None:
    for path in modules("sweeps"):
        if path.name in (
            "main.py",
            "postprocess.py",
            "pipeline.py",
            "status.py",
            "recorded_trainer.py",
        ):
            continue
        if path.name == "metric_tail.py":
            continue  # the readers of logs
        used = {name for name in imported(path) if name.split(".")[0] == "analysis"}
        assert used <= SHARED | MORE.get(path.name, set()), path


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {name.split(".")[0] for name in result.stdout.split()}


@pytest.mark.parametrize(
    "code",
    [
        "import ilsweep.sweeps.cli.main",
        "import ilsweep.analysis.analyse, ilsweep.analysis.report, ilsweep.analysis.importers",
        "from ilsweep.trainers.core.registry import TRAINERS, find\n"
        "for name in TRAINERS: find(name).Config()",
    ],
)
def test_neither_ray_nor_torch_is_loaded(code: str) -> None:
    assert not loaded_by(code) & {"ray", "torch", "wandb", "mujoco", "matplotlib"}


def test_the_table_of_thresholds_costs_nothing() -> None:
    loaded = loaded_by("import ilsweep.analysis.findings.thresholds")
    assert not loaded & {"numpy", "scipy", "pydantic", "yaml"}


def test_validate_loads_neither_ray_nor_torch(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("name: x\ntrainer: act\nspace: {lr: {choice: [1.0, 2.0]}}\n")
    code = (
        f"from ilsweep.sweeps.cli.main import main\nassert main(['validate', {str(spec)!r}]) == 0"
    )
    assert not loaded_by(code) & {"ray", "torch", "wandb", "mujoco", "optuna", "scipy"}
