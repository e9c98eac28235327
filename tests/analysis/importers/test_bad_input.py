"""What is wrong with a file that can be read is said in one line; what cannot is refused in one."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from ilsweep.analysis.importers import ImportRefused, UnknownFormat
from ilsweep.analysis.importers.source import HEAD_BYTES, MOST_NAMES
from tests.analysis.importers.logs import falling, imported, lerobot_log, points, write

HF = "{'loss': 0.51, 'grad_norm': 1.03, 'learning_rate': 1e-05, 'epoch': 0.25}\n"


def said(folder: Path, name: str, text: str | bytes) -> tuple[list[str], dict[int, float]]:
    """What an import says of a file, and the losses that it reads."""
    write(folder, {name: text})
    notes: list[str] = []
    (trial,) = imported(folder, name, notes=notes).values()
    return notes, points(trial, "train/loss")


def test_a_second_format_in_a_file_is_said_with_the_way_to_read_it(tmp_path: Path) -> None:
    notes, _ = said(tmp_path, "two.log", HF + lerobot_log(falling()))
    assert any("looks like lerobot-train log" in n and "5 reports" in n for n in notes)
    assert any("--format lerobot" in note for note in notes)


def test_json_lines_behind_another_format_are_said(tmp_path: Path) -> None:
    more = "".join(json.dumps({"step": s, "loss": 9.0 + s}) + "\n" for s in (1, 2, 3))
    notes, losses = said(tmp_path, "two.log", lerobot_log(falling()) + more)
    assert list(losses) == [200, 400, 600, 800, 1000]
    assert any("3 reports" in note and "--format json_rows" in note for note in notes)


def test_a_header_that_stands_again_is_a_restart_s(tmp_path: Path) -> None:
    text = "step,loss\n10,0.5\n20,0.4\n step,loss\n10,0.6\n20,0.3\n30,0.2\n"
    notes, losses = said(tmp_path, "t.csv", text)
    assert losses == {10: 0.6, 20: 0.3, 30: 0.2}
    assert not any("not understood" in note for note in notes)


STATE = json.dumps(
    {"global_step": 20, "epoch": 1.0, "max_steps": 20,
     "log_history": [{"step": 10, "loss": 0.5}, {"step": 20, "loss": 0.4}]}
)  # fmt: skip


@pytest.mark.parametrize("text", [HF * 3, lerobot_log(falling()), STATE])
def test_one_format_is_one(tmp_path: Path, text: str) -> None:
    notes, _ = said(tmp_path, "one.log", text)
    assert not any("looks like" in note for note in notes)


def test_a_text_in_a_column_of_numbers_is_said_once(tmp_path: Path) -> None:
    text = "step,loss,phase,lr\n1,0.5,warm,-\n2,oops,warm,1e-4\n3,bad,cold,None\n4,0.2,cold,1e-5\n"
    notes, losses = said(tmp_path, "t.csv", text)
    assert losses == {1: 0.5, 4: 0.2}
    assert [note for note in notes if "not understood" in note] == [
        "t.csv: loss: 'oops' is not understood as a number (2 in all)"
    ]


def test_a_torn_archive_gives_what_it_holds_and_says_so(tmp_path: Path) -> None:
    whole = "step,loss\n" + "".join(f"{i},0.{i * 7919 % 10007:05d}\n" for i in range(1, 20_000))
    notes, losses = said(tmp_path, "t.csv.gz", gzip.compress(whole.encode())[:-2000])
    assert 1000 < len(losses) < 19_999
    assert any("is cut short" in note for note in notes)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("t.csv", "step," + ",".join(map(str, range(MOST_NAMES))) + "\n1\n", "has 100001 columns"),
        ("t.log", "x" * (HEAD_BYTES + 9), "its first line is longer than 1 MiB"),
        ("t.log.gz", gzip.compress(b"step,loss\n1,2\n", mtime=0)[:12], "is cut short before"),
    ],
)
def test_what_no_log_is_like_is_refused(
    tmp_path: Path, name: str, content: str | bytes, why: str
) -> None:
    write(tmp_path, {name: content})
    with pytest.raises(ImportRefused, match=why) as refused:
        imported(tmp_path, name)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_in_a_folder_it_is_passed_over(tmp_path: Path) -> None:
    wide = "step," + ",".join(map(str, range(MOST_NAMES))) + "\n1\n"
    write(tmp_path, {"r/wide.csv": wide, "r/empty.log": "", "r/train.csv": "step,loss\n1,2\n"})
    notes: list[str] = []
    assert set(imported(tmp_path, "r", notes=notes)) == {"r"}
    assert any("passed over" in note and "wide.csv" in note for note in notes)
    with pytest.raises(UnknownFormat):
        imported(tmp_path, "r/empty.log")
