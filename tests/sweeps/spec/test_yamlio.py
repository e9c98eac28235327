"""YAML as a spec needs it: version 1.2's values, what is unclear refused, dumps that read back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.analysis.planning.spec_yaml import spec_text
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.spec import yamlio
from tests.analysis.hostile import grows_linearly

CORE: dict[str, Any] = {
    "10": 10, "010": 10, "-010": -10, "+1": 1, "-0": 0, "0o10": 8, "0x1F": 31, "1_000": 1000,
    "100_000.5": 100000.5, ".5": 0.5, "1.": 1.0, "-.5": -0.5, "1e3": 1000.0, "1e-4": 1e-4,
    "1E+3": 1000.0, ".5e1": 5.0, "1.e3": 1000.0, "+.5": 0.5, "08": 8, "0.10": 0.1,
    ".inf": math.inf, "-.INF": -math.inf, "true": True, "False": False, "null": None, "~": None,
    # text in 1.2
    "1:30": "1:30", "190:20:30": "190:20:30", "2026-11-25": "2026-11-25", "0b101": "0b101",
    "2026-11-25T10:11:12Z": "2026-11-25T10:11:12Z", "2025_11_25": "2025_11_25", "1_0": "1_0",
    "y": "y", "n": "n", "tRUE": "tRUE", "nan": "nan", "inf": "inf", "1e": "1e", ".": ".",
    "=": "=", "1,5": "1,5", "0o8": "0o8", "-0x1F": "-0x1F", "_1": "_1", "e5": "e5", "+": "+",
    "1.2.3": "1.2.3", "\u0661": "\u0661", "!!str 010": "010", "'yes'": "yes", '"010"': "010",
}  # fmt: skip


@pytest.mark.parametrize("text", CORE)
def test_a_value_is_what_version_1_2_says(text: str) -> None:
    value = yamlio.parse(f"a: {text}", "x")["a"]
    assert (type(value), value) == (type(CORE[text]), CORE[text])
    assert yamlio.parse(f"[{text}]", "x") == [CORE[text]] or "," in text


def refused(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        yamlio.parse(text, "spec.yaml")
    (line,) = str(caught.value).splitlines()
    return line


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off"])
def test_what_is_a_boolean_to_some_is_refused(word: str) -> None:
    for text in (f"a: {word}", f"a: [1, {word}]", f"{word}: 1"):
        line = refused(text)
        assert line.startswith(f"spec.yaml:1: is not valid YAML ({word} is a boolean to some")
        assert "write true" in line or "write false" in line
    assert yamlio.parse(f"a: '{word}'", "x") == {"a": word}


@pytest.mark.parametrize(
    "tag",
    ["!!binary aGk=", "!!set {a}", "!!timestamp 2026-11-25", "!!omap []", "!!pairs []", "!mine x",
     "!!python/none x"],
)  # fmt: skip
def test_only_plain_data(tag: str) -> None:
    assert "tags are not taken" in refused(f"a: {tag}")


def test_a_tag_of_plain_data_is_fine() -> None:
    assert yamlio.parse('a: [!!int "010", !!float "1", !!str 1, !!seq [1]]', "x") == {
        "a": [10, 1.0, "1", [1]]
    }
    assert "cannot be read" in refused("a: !!int x")


@pytest.mark.parametrize("key", ["1", "1.5", "true", "null", "[a]", "{a: 1}", "~"])
def test_a_key_is_text(key: str) -> None:
    line = refused(f"? {key}\n: 1")
    assert "a key must be a name" in line
    assert "Node" not in line


def test_a_key_of_any_name_twice() -> None:
    assert "the key 'tag' stands twice" in refused("tag: 1\ntag: 2")


def test_what_is_merged_may_be_given_anew() -> None:
    base = "base: &base {lr: 1, width: 2}\n"
    assert yamlio.parse(base + "a: {<<: *base, lr: 3}", "x")["a"] == {"lr": 3, "width": 2}
    assert "stands twice" in refused(base + "a: {<<: *base, lr: 3, lr: 4}")


def test_a_number_beyond_all() -> None:
    assert "beyond all numbers" in refused("a: 1e400")
    line = refused("b: 1\na: " + "9" * 5000)
    assert line.startswith("spec.yaml:2: ")
    assert "5000 digits" in line


@pytest.mark.parametrize(
    ("text", "valid"),
    [("a:\n\tb: 1", "spaces"), ("a: b: c", "in quotes"), ("a: @b", "in quotes"),
     ("a: 1\n---\na: 2", "one document"), ("a: *b", "a name that stands before")],
)  # fmt: skip
def test_what_is_no_yaml_is_said_with_what_would_be(text: str, valid: str) -> None:
    assert valid in refused(text).partition("; valid: ")[2]


LIKE_NUMBERS = st.text("0123456789abcdefoxXEYN_+-.:~ \t\n'\"#!&*|>%@`[]{},?=<", max_size=12)
texts = (
    LIKE_NUMBERS
    | st.sampled_from([*CORE, "yes", "off", "<<", "", "null", "- a", "a: b", "# c"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(texts, values, max_size=5))
def test_what_is_dumped_reads_back(data: dict[str, Any]) -> None:
    text = yamlio.dump(data)
    assert yamlio.parse(text, "x") == data
    assert types(yamlio.parse(text, "x")) == types(data)


@given(texts)
def test_other_readers_read_text_as_text(text: str) -> None:
    assert yaml.safe_load(yamlio.dump({"a": text, "b": [text]})) == {"a": text, "b": [text]}


@given(values)
def test_a_next_stage_reads_back(value: Any) -> None:
    for key in ("params", "question"):
        data = {key: {"x": value} if key == "params" else value}
        read = yamlio.parse(spec_text(data, {}, ""), "x")
        assert (read, types(read)) == (data, types(data))


def types(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: types(item) for key, item in value.items()}
    return [types(item) for item in value] if isinstance(value, list) else type(value)


FORMS: dict[str, Callable[[int], str]] = {
    "flow": lambda n: "a: [" + "1," * n + "]",
    "block": lambda n: "a:\n" + "- 1\n" * n,
    "names": lambda n: "".join(f"k{i}: 1\n" for i in range(n)),
    "numbers as names": lambda n: "".join(f"{i * (2**61 - 1)}: 1\n" for i in range(n)),
    "anchors": lambda n: "a: [" + ",".join(f"&a{i} x" for i in range(n)) + "]",
    "aliases": lambda n: "a: &a x\nb: [" + "*a," * n + "]",
    "merges": lambda n: "a: &a {x: 1}\nb: {<<: [" + "*a," * n + "]}",
    "quotes": lambda n: 'a: "' + "\\n" * n + '"',
    "folded": lambda n: "a: >\n" + " x\n" * n,
    "words": lambda n: "a: " + "x " * n,
    "digits": lambda n: "a: " + "1_" * n,
    "zeros": lambda n: "a: " + "0" * n + "e",
}


@pytest.mark.parametrize("form", FORMS)
def test_reading_takes_time_by_size(form: str) -> None:
    def read(size: int) -> object:
        try:
            return yamlio.parse(FORMS[form](size), "x")
        except SpecError as error:
            return error

    assert grows_linearly(read, 1500)


@given(st.text(max_size=200))
def test_any_text_is_data_or_a_line(text: str) -> None:
    try:
        yamlio.parse(text, "x")
    except SpecError as error:
        assert len(str(error).splitlines()) == 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_dump_round_trips(data: Any) -> None:
    assert yamlio.parse(yamlio.dump(data), "x") == data


def test_a_rate_without_a_dot_is_a_number() -> None:
    assert yamlio.parse("lr: 1e-4", "x") == {"lr": 1e-4}


def test_a_key_twice_is_refused_with_its_line() -> None:
    assert "spec.yaml:2" in refused("a: 1\na: 2\n")


def test_tags_do_not_run() -> None:
    assert "tags are not taken" in refused("a: !!python/object/apply:os.system [ls]")


def test_anchors_cannot_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "anchors" in refused("\n".join(lines))


def test_an_anchor_cannot_hold_itself() -> None:
    assert "itself" in refused("a: &a [*a]")


def test_an_anchor_is_fine() -> None:
    assert yamlio.parse("a: &x [1]\nb: *x", "x") == {"a": [1], "b": [1]}
