"""A draft from a training script says what the script would do without it."""

from __future__ import annotations

from pathlib import Path

from ilsweep.sweeps.migrate.draft import Draft
from ilsweep.sweeps.migrate.script import from_script

HEAD = """import argparse
from pathlib import Path
parser = argparse.ArgumentParser()
"""


def drafted(folder: Path, *options: str) -> Draft:
    script = folder / "train.py"
    lines = [f"parser.add_argument({option})" for option in options]
    script.write_text("\n".join([HEAD, *lines, "parser.parse_args()"]))
    return from_script(script)


def test_defaults_that_are_paths_are_texts(tmp_path: Path) -> None:
    draft = drafted(
        tmp_path,
        "'--data', type=Path, default=Path('demos')",
        "'--extra', nargs='+', default=[Path('a')]",
    )
    assert draft.spec["params"]["data"] == "demos"
    assert any("--extra: takes several values" in note for note in draft.notes)


def test_a_truth_value_that_argparse_cannot_read_is_left_to_the_script(tmp_path: Path) -> None:
    """`type=bool` makes true of the text False."""
    draft = drafted(tmp_path, "'--augment', type=bool, default=False")
    assert "augment" not in draft.spec["params"]
    assert any("--augment" in note and "true" in note for note in draft.notes)


def test_a_rate_of_zero_is_not_searched(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "'--lr', type=float, default=0.0")
    assert draft.spec["params"]["lr"] == 0
    assert "space" not in draft.spec
