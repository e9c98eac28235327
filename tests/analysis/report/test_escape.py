"""Text from outside stays text, whatever it is, where markdown is parsed."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ilsweep.analysis.formatting import printable, show
from ilsweep.analysis.report.escape import code, inline, link_text, path, url
from ilsweep.analysis.report.tables import table

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NASTY = st.text(
    alphabet=st.sampled_from("ab_*`[]()<>|\\&#!~$:;/=\"'^-+.1 \n\r\t\x00\u202e中")
    | st.characters(),
    max_size=60,
)


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup)).strip()


@given(NASTY)
@example("](http://evil)")
@example("![x](http://evil/p.png)")
@example("<script>alert(1)</script>")
@example("a\n\n# heading")
@example("&lt;b&gt; __x__ ~~y~~")
@example("[x]: http://evil")
@example("1. a")
@example("# a")
@example("+ a")
@example("===")
def test_inline_text_is_only_text(text: str) -> None:
    for prefix, tags in (("- ", "ul|li|p"), ("## x ", "h2"), ("", "p")):
        markup = PARSER.render(f"{prefix}{inline(text)} y")
        assert set(re.findall(r"<(\w+)", markup)) <= set(tags.split("|")), markup
        assert " ".join(text_of(markup).split()) == " ".join(
            f"{prefix.strip('-# ')} {printable(text)} y".split()
        )


@given(NASTY, NASTY)
def test_a_link_keeps_its_target(text: str, other: str) -> None:
    markup = PARSER.render(f"x [{link_text(text)}](trials/a) {inline(other)} y")
    assert re.findall(r'href="([^"]*)"', markup) == ["trials/a"]
    assert "<img" not in markup


@given(NASTY)
def test_code_is_shown_as_it_is(text: str) -> None:
    shown = printable(text)
    if shown:
        markup = PARSER.render(f"x {code(text)} y")
        assert text_of(markup) == f"x {shown} y"
        assert set(re.findall(r"<(\w+)", markup)) == {"p", "code"}


@given(st.lists(st.tuples(NASTY, NASTY, NASTY), min_size=1, max_size=4))
def test_a_table_keeps_its_shape(cells: list[tuple[str, str, str]]) -> None:
    rows = [[f"a{inline(a)}", f"b{inline(b)}", code(f"c{c}")] for a, b, c in cells]
    markup = PARSER.render("\n".join(table(["one", "two", "three"], rows)))
    assert markup.count("<tr>") == 1 + len(rows)
    assert markup.count("<td>") == 3 * len(rows)


@given(NASTY)
@example("javascript:alert(1)")
@example("https://x/y) <img src=x>")
@example("http://[")
def test_only_web_addresses_become_links(text: str) -> None:
    for address in (url(text), url("https://host/" + text)):
        if address:
            assert re.fullmatch(r"https?://[!-~]+", address)
            assert not set("()<>\"'`\\|[]") & set(address)


@pytest.mark.parametrize(
    "address",
    ["https://wandb.ai/kjust-pinduoduo/lerobot/runs/m55wsgj6", "http://h:8080/a?b=c&d=%20e#f"],
)
def test_a_sound_address_is_left_alone(address: str) -> None:
    assert url(address) == address


@given(NASTY)
def test_a_path_has_nothing_that_ends_a_link(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9/._%~-]*", path(text))


@given(st.text(max_size=1000))
def test_printable_text_is_one_line_that_can_be_encoded(text: str) -> None:
    line = printable(text, 50)
    assert len(line) <= 50
    assert len(line.splitlines()) <= 1
    line.encode()


@pytest.mark.parametrize(
    "name", ["R1_latest", "act-1", "embedOnly (reg=1.0,tau=5,λ=0.1)", "[0, 1]"]
)
def test_ordinary_names_are_left_alone(name: str) -> None:
    assert inline(name) == name


def test_values_of_parameters() -> None:
    values = (2.0, 0.0005, True, 20, (10.0, 10.0), "cosine", None, 1 / 3)
    shown = ["2", "0.0005", "True", "20", "(10,10)", "cosine", "None", "0.3333"]
    assert [show(value) for value in values] == shown
