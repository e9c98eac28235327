"""One room words verdicts and which of two is better."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ilsweep.analysis as analysis
import ilsweep.sweeps as sweeps
from ilsweep.analysis.text import Text
from ilsweep.analysis.verdicts.claims import WORDS
from ilsweep.analysis.verdicts.configurations import among, compared, leads, unbeaten

WORDED = re.compile(
    r"\b(supported|refuted|significantly better|cannot be separated|told apart|beats)\b"
    r"|\bis (best|better) (than|:)|显著优于|无法区分|支持：|否定："
)
ROOTS = [Path(package.__path__[0]) for package in (analysis, sweeps)]
ROOM = "verdicts"


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module that a reader of reports may see: no docstring, no bare word."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str) and " " in node.value.strip():
            yield node.lineno, node.value


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)
def test_no_other_module_words_a_verdict(root: Path) -> None:
    found = [
        f"{path.relative_to(root)}:{line}: {text}"
        for path in sorted(root.rglob("*.py"))
        if path.parent.name != ROOM
        for line, text in sentences(path)
        if WORDED.search(text)
    ]
    assert found == []


def test_the_words_are_found_where_they_are() -> None:
    """The test above would see them."""
    modules = [path for root in ROOTS for path in root.glob(f"{ROOM}/*.py")]
    assert any(WORDED.search(text) for path in modules for _, text in sentences(path))


def test_the_five_verdicts_have_a_word_in_both_languages() -> None:
    assert set(WORDS) == {"supported", "refuted", "absent", "undecided", "not testable"}
    assert len({word.en for word in WORDS.values()}) == len({w.zh for w in WORDS.values()}) == 5


def test_best_is_said_of_one_alone() -> None:
    assert "is best" in leads("a", "1", 0, hardly_ever=False).en
    assert "is best" not in leads("a", "1", 3, hardly_ever=False).en
    assert "best" not in leads("a", "1", 0, hardly_ever=True).en
    assert "cheapest" in among(3, 0.1, "c2").en
    assert "cheapest" not in among(3, 0.1, "").en


def test_better_takes_significance() -> None:
    names = [Text("a", "a"), Text("b", "b")]
    assert "more than the noise" in compared(names, "m", "1", 1.0, 0.01, significant=True).en
    assert "within the noise" in compared(names, "m", "1", 1.0, 0.2, significant=False).en
    assert "no better and no worse" in compared(names, "m", "0", 0.0, 1.0, significant=False).en


def test_fresh_episodes_speak_of_trained_policies() -> None:
    assert "these policies" in unbeaten(["a"], 2, "5 %").en
    assert "trained policies of a, b" in unbeaten(["a", "b"], 1, "5 %").en
