"""Imports go one way, and nothing slow is imported where it is not needed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "analysis": {"ray", "torch", "sweeps", "trainers"},
    "trainers": {"ray", "yaml", "sweeps", "analysis"},
}

ROOMS = {
    "analysis": [
        "text", "formatting", "records", "metrics", "importers", "stats", "verdicts", "ranking",
        "inference", "findings", "load", "summary_text", "headline", "analyse",
        "pipeline_summary", "planning", "plots", "report", "page", "card",
    ],
    "trainers": [
        "core", "data", "envs", "nets", "evaluation", "training", "act", "bc", "rdt", "reflow",
    ],
    "sweeps": [
        "security", "errors", "exit_codes", "processes", "spec", "metrics", "external",
        "validation", "store", "search", "progress", "ray_runtime", "worker", "execution",
        "workflow", "migrate", "cluster", "cli",
    ],
}  # fmt: skip
"""From the bottom to the top: a room (a folder, or a module beside the folders) imports only from
itself and from rooms before it."""

EVERYTHING = {"cli", "workflow", "progress"}
"""The rooms of `sweeps` that see the whole analysis."""

SHARED = {"analysis.text", "analysis.formatting", "analysis.records"}
"""What the other rooms of `sweeps` see of it."""

MORE = {
    "migrate": {"analysis.importers", "analysis.metrics.lookup"},
    "search": {
        "analysis.findings",
        "analysis.load.sweep",
        "analysis.metrics.objectives",
        "analysis.ranking",
    },
    "spec": {"analysis.importers.log_format", "analysis.importers.registry"},
    "external": {"analysis.importers"},
    "validation": {
        "analysis.findings.thresholds",
        "analysis.metrics",
        "analysis.importers.metric_names",
    },
    "store": {"analysis.findings.thresholds", "analysis.load.sweep"},
}
"""One rule for how good a configuration is and which are still raced, in search and report; the
readers of logs; tables of names, by which a misspelt threshold or metric is refused; finished
trials, trained by a test."""


def modules(package: str) -> dict[str, Path]:
    """Dotted name below `ilsweep` to file; a package by its own name."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    assert found
    return found


MODULES = {name: path for package in ROOMS for name, path in modules(package).items()}


def imported(path: Path) -> set[str]:
    """Every module that a file imports at any place, lazily and for types included.

    `from package import name` is an import of `package.name` where that is a module.
    """
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = (f"{node.module}.{alias.name}" for alias in node.names)
            names |= {
                name if name.removeprefix("ilsweep.") in MODULES else node.module for name in whole
            }
    return {name.removeprefix("ilsweep.") for name in names}


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    """Module to the modules of ours that it imports."""
    return {name: imported(path) & MODULES.keys() - {name} for name, path in MODULES.items()}


def reached_from(name: str, graph: dict[str, set[str]]) -> set[str]:
    """Every module that is imported by `name`, directly or through others."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        new = graph[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def room(name: str) -> str:
    """`analysis.findings` of `analysis.findings.jump`; the package's own face is no room."""
    return ".".join(name.split(".")[:2])


def test_no_module_lies_in_a_circle(graph: dict[str, set[str]]) -> None:
    assert {name for name in graph if name in reached_from(name, graph)} == set()


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    assert {name for name in graph if name in reached_from(name, graph)} == {"b", "c"}


def test_a_room_imports_only_what_lies_below_it(graph: dict[str, set[str]]) -> None:
    floors = {f"{package}.{name}": i for package in ROOMS for i, name in enumerate(ROOMS[package])}
    rooms = {room(name) for name in MODULES} - ROOMS.keys()
    assert rooms == floors.keys()
    upwards = {
        (name, room(other))
        for name, others in graph.items()
        for other in others
        if name not in ROOMS and name.split(".")[0] == other.split(".")[0]
        if floors[room(other)] > floors[room(name)]
    }
    assert not upwards


@pytest.mark.parametrize("package", ROOMS)
def test_the_rooms_are_drawn_in_their_order(package: str) -> None:
    drawn = (ROOT / "docs/architecture.md").read_text().partition(f"| `{package}/` | |")[2]
    table = drawn.partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \| .+ \|$", table, re.MULTILINE) == ROOMS[package][::-1]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_nothing_above_it(package: str) -> None:
    for name, path in modules(package).items():
        tops = {other.split(".")[0] for other in imported(path)}
        assert not tops & FORBIDDEN[package], name


def test_only_the_command_line_sees_the_analysis_beyond_its_records(
    graph: dict[str, set[str]],
) -> None:
    for name in modules("sweeps"):
        own = room(name).removeprefix("sweeps.")
        allowed = (*SHARED, *MORE.get(own, ()))
        for other in graph[name]:
            if other.startswith("analysis.") and own not in EVERYTHING:
                assert other.startswith(allowed), (name, other)


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
