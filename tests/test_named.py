"""What documents and docstrings call by name is there: findings, parameters, modules, classes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").rglob("*.md"))]
PACKAGES = ("analysis", "sweeps", "trainers", "benchmarks", "tests")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
CODE = "\n".join(
    path.read_text() for path in (*SOURCES, *ROOT.glob("*.yaml")) if path != Path(__file__)
)
WORDS = set(re.findall(r"\w+", CODE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_name_in_a_document_is_in_the_code(document: Path) -> None:
    """A finding that no rule makes, a parameter that nobody reads: `lr_too_high`."""
    named = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", document.read_text())
    assert [name for name in named if name not in WORDS and f"_{name}" not in CODE] == []


def _is_there(dotted: str) -> bool:
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        for module in (path.with_suffix(".py"), path / "__init__.py"):
            if module.is_file():
                rest = parts[length : length + 1]
                return all(re.search(rf"\b{name}\b", module.read_text()) for name in rest)
    return False


def test_every_module_and_class_that_is_named_exists() -> None:
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (*SOURCES, *DOCUMENTS)
        for name in re.findall(r"`((?:analysis|sweeps|trainers)\.[\w.]*\w)`", path.read_text())
        if not _is_there(name)
    ]
    assert missing == []
