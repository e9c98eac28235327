"""What holds of every section of a report."""

from __future__ import annotations

import importlib
import pkgutil
import re
import string
from collections.abc import Iterator
from typing import Any

import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.report import sections, words
from ilsweep.analysis.report.data import Report, gather
from ilsweep.analysis.report.sections.registry import SECTIONS, Section
from ilsweep.analysis.text import Text
from tests.analysis.made_up import write_sweep

FILES = [module.name for module in pkgutil.iter_modules(sections.__path__)]
CHINESE = re.compile("[\u4e00-\u9fff：、，。]")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Report:
    root = tmp_path_factory.mktemp("full")
    write_sweep(root, configs=4, seeds=2, steps=500)
    return gather(analyse(read_sweep(root)))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Report:
    root = tmp_path_factory.mktemp("empty")
    SweepPaths(root).trials.mkdir()
    return gather(analyse(read_sweep(root)))


def test_each_section_is_a_file_by_its_name() -> None:
    named = [section.__name__ for section in SECTIONS]
    assert len(set(named)) == len(named)
    assert set(named) | {"registry", "neighbours"} == set(FILES)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_a_section_says_the_same_in_both_languages(section: Section, full: Report) -> None:
    english, chinese = section(full, "en"), section(full, "zh")
    assert bool(english) == bool(chinese)
    own = re.sub(r"; source: .*", "", "\n".join(english))  # a title keeps its own language
    assert not CHINESE.search(own)
    assert not english or section.__name__ == "curves" or CHINESE.search("\n".join(chinese))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_a_section_with_nothing_to_say_is_empty(section: Section, empty: Report) -> None:
    if section.__name__ != "answer":
        assert section(empty, "en") == section(empty, "zh") == []


def texts(value: Any) -> Iterator[Text]:
    """The texts among a module's constants."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, dict | tuple | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


@pytest.mark.parametrize("name", [*FILES, "words"])
def test_the_words_of_both_languages_have_the_same_fields(name: str) -> None:
    module = words if name == "words" else importlib.import_module(f"{sections.__name__}.{name}")
    for text in texts(list(vars(module).values())):
        fields = [
            {field for _, field, *_ in string.Formatter().parse(said) if field is not None}
            for said in (text.en, text.zh)
        ]
        assert fields[0] == fields[1], text
        assert bool(text.en) == bool(text.zh)
        assert not CHINESE.search(text.en)
