"""A draft from a training script says what the script would do without it."""

from __future__ import annotations

from pathlib import Path

from ilsweep.analysis.importers.patterns import patterns_of
from ilsweep.analysis.importers.source import merge_rows
from ilsweep.sweeps.migrate.draft import Draft
from ilsweep.sweeps.migrate.script import from_script, printed_patterns

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


PRINTED = """
print(f"step {s:,} | train loss {a:.4f} | val loss: {b:.4f} | success {k}/10")
log.info(f"[{epoch}] loss={c} acc {d:.1%} rate={e}%")
"""


def test_what_it_prints_is_read_as_it_prints_it() -> None:
    patterns = printed_patterns(PRINTED)
    s, epoch, a, b, k, c, d, e = 12345, 3, 0.5, 0.25, 3, 0.75, 0.125, 7.5
    lines = [f"step {s:,} | train loss {a:.4f} | val loss: {b:.4f} | success {k}/10",
             f"[{epoch}] loss={c} acc {d:.1%} rate={e}%"]  # fmt: skip
    step = patterns.pop("step")
    (row,) = merge_rows(patterns_of(patterns, step, ()).rows(lines))
    assert row == {
        "step": 12345, "train/loss": 0.75, "eval/eval_loss": 0.25, "success": 0.3,
        "eval/n_episodes": 10, "train/acc": 12.5, "train/rate": 7.5,
    }  # fmt: skip
    assert set(patterns) == {"train_loss", "val_loss", "success", "loss", "acc", "rate"}


def test_a_loss_does_not_find_another_one() -> None:
    patterns = printed_patterns("""print(f"loss {a}")\nprint(f"val loss {b}")""")
    rows = patterns_of(patterns, "", ()).rows(["loss 1.0", "val loss 2.0"])
    assert [row for row in rows if "train/loss" in row] == [{"step": 1, "train/loss": 1.0}]
