"""What the documents name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").glob("*.md"))]
TESTS = re.findall(
    r"def (test_\w+)", "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_a_document_names_exist(document: Path) -> None:
    named = re.findall(r"`((?:sweeps|trainers|analysis|benchmarks|tests|docs)/[\w./-]+\.\w+)`",
                       document.read_text())  # fmt: skip
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_each_promise_is_kept_by_tests_that_exist() -> None:
    text = (ROOT / "docs/nothing-lost.md").read_text()
    named = [name for name in re.findall(r"`(\w+)`", text) if "_" in name and name.islower()]
    assert len(named) > 20
    assert [name for name in named if not any(name in test for test in TESTS)] == []


def test_every_target_of_make_that_a_document_names_exists() -> None:
    rules = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for document in DOCUMENTS:
        named = re.findall(r"(?:`|^    )make ([a-z][\w-]+)", document.read_text(), re.MULTILINE)
        assert set(named) <= set(rules), document.name
