"""Each dependency names the files that need it, and they do; nothing else is imported."""

from __future__ import annotations

import ast
import itertools
import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
OURS = ("sweeps", "trainers", "analysis")
PYPROJECT = (ROOT / "pyproject.toml").read_text()
PROJECT = tomllib.loads(PYPROJECT)["project"]
ELSEWHERE = {
    "analysis/importers/formats/tensorboard_file.py": {"tensorboard"},  # an extra
    # Run by the interpreter of LeRobot's.
    "sweeps/external/lerobot_episodes.py": {"lerobot", "draccus"},
    "sweeps/external/lerobot_probes.py": {"lerobot"},
    "sweeps/ray_runtime/session.py": {"grpc"},  # Ray's own, of its `default`
    "sweeps/spec/command.py": {"pydantic_core"},  # as below
    "trainers/core/registry.py": {"pydantic_core"},  # pydantic's own
}
"""What is imported and comes with something else."""
EXTRAS = PROJECT["optional-dependencies"]
DEPENDENCIES = [*PROJECT["dependencies"], *itertools.chain(*EXTRAS.values())]


def comment(dependency: str) -> str:
    """What stands beside a dependency."""
    (found,) = re.findall(rf'^    "{re.escape(dependency)}",\s*#\s*(.*)$', PYPROJECT, re.MULTILINE)
    return str(found)


def modules(dependency: str) -> set[str]:
    """What `import` calls a dependency."""
    name = canonicalize_name(Requirement(dependency).name)
    return {module for module, owners in installed().items()
            if name in map(canonicalize_name, owners)}  # fmt: skip


@cache
def installed() -> Mapping[str, list[str]]:
    """The distributions that each module comes with: reading this takes a tenth of a second."""
    return packages_distributions()


def imported(path: Path) -> set[str]:
    """Top names of all that a file imports, inside its functions too."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names += [str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant)]
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_the_files_that_it_names_need_it(dependency: str) -> None:
    """They import it, or hold the word in `back ticks` by which they need it."""
    said = comment(dependency)
    paths = re.findall(r"[\w./]+\.(?:py|toml)|Makefile", said)
    words = re.findall(r"`([^`]+)`", said)
    assert paths, said
    for path in paths:
        assert (ROOT / path).is_file(), f"{dependency}: {path} is gone"
        if words:
            assert any(word in (ROOT / path).read_text() for word in words), f"{dependency}: {path}"
        else:
            found = imported(ROOT / path)
            assert found & modules(dependency), f"{dependency}: {path} does not import it"


def test_what_is_imported_is_declared() -> None:
    used = [
        *PROJECT["dependencies"],
        *(d for extra in EXTRAS if extra != "dev" for d in EXTRAS[extra]),
    ]
    declared = set[str]().union(*map(modules, used))
    known = declared | set(sys.stdlib_module_names) | {"ilsweep"}
    for package in OURS:
        files = sorted((ROOT / package).rglob("*.py"))
        assert files
        for path in files:
            there = ELSEWHERE.get(str(path.relative_to(ROOT)), set())
            assert imported(path) <= known | there | {""}, path
