"""What a user reads is one line, and nothing in it steers the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import FolderError, Problem, SpecError

ESCAPES = ["\x1b[31mred", "\x1b]0;title\x07", "\x9b2J", "a\u202eb", "\x00", "\u2028", "\x7f"]


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_a_message_is_one_line_that_can_be_shown(where: str, rule: str, value: str) -> None:
    problem = Problem(where, rule, value, where)
    for text in (
        str(problem),
        str(SpecError([problem])),
        str(FolderError(where.replace("\n", ""))),
    ):
        assert text.isprintable()


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize(
    "text",
    ['"{0}": 1\nname: a\ntrainer: act\n', 'name: "{0}"\ntrainer: act\n',
     'name: a\ntrainer: act\nparams: {{"{0}": "{0}"}}\nspace: {{"{0}": {{choice: ["{0}"]}}}}\n'],
)  # fmt: skip
def test_escapes_of_a_spec_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, escape: str
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(text.format("".join(f"\\U{ord(c):08x}" for c in escape)))
    assert main(["validate", str(spec)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert all(line.isprintable() for line in lines)
