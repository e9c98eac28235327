"""Any file is read in time and memory by its size, or refused in one line; never more."""

from __future__ import annotations

import json
import os
import random
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.analysis.importers import FORMATS, How, NoReports, UnknownFormat, find, import_runs
from ilsweep.analysis.importers.formats.lerobot_steps import big_number, rebuild
from ilsweep.analysis.importers.source import Source
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.sweeps.cli.main import main
from tests.analysis.hostile import HEADS, PIECES, grown, grows_linearly, source, units

BY_NAME_OR_CONTENT = ("lerobot_eval", "trackio", "tensorboard", "config", "own_trial")
"""Formats that no text begins."""

NAMES = [entry.name for entry in FORMATS]


def read_all(content: bytes) -> None:
    """By every reader that does not refuse it."""
    for entry in FORMATS:
        asked = source(content)
        if entry.detect(asked):
            entry.read(asked)


@pytest.mark.parametrize("head", HEADS)
def test_each_piece_repeated_on_one_line(head: str) -> None:
    for piece in PIECES:
        for unit in (piece, f"{piece}1"):
            assert grows_linearly(lambda n, u=unit: read_all(grown(head, u, n)), 4_000), unit  # type: ignore[misc]


@settings(max_examples=150)
@given(st.sampled_from(HEADS), units, st.sampled_from(["", "\n", "}", "'", "]"]))
def test_pieces_together(head: str, unit: str, tail: str) -> None:
    assert grows_linearly(lambda n: read_all(grown(head, unit, n, tail)), 10_000)


def test_a_line_of_a_million_characters(tmp_path: Path) -> None:
    report = "step:1 smpl:1 ep:1 epch:1 loss:0.5 "
    for name, line in (("a", "x" * 1_000_000), ("b", report + "y" * 1_000_000)):
        path = tmp_path / f"{name}.log"
        path.write_text(line + "\n" + report + "\n")
        import_runs([path], tmp_path / "sweep")
    assert [t.last("train/loss") for t in read_sweep(tmp_path / "sweep").trials] == [0.5, 0.5]


@pytest.mark.parametrize("columns", ["wide", "quoted"])
def test_a_csv_takes_time_by_its_cells(columns: str) -> None:
    def text(n: int) -> bytes:
        if columns == "quoted":
            return ('Step,a\n1,2\n"' + "x,\n" * n).encode()
        return ("Step," + ",".join(f"c{i}" for i in range(n)) + "\n" + "1,2\n" * n).encode()

    assert grows_linearly(lambda n: read_all(text(n)), 3000)


def test_a_log_that_tells_no_step_takes_time_by_its_reports() -> None:
    report = "\nVal loss:   1\nl1: 1 kl: 1\nTrain loss: 1\nl1: 1 kl: 1"
    assert grows_linearly(lambda n: read_all((report * n).encode()), 1500)


def test_a_long_name_above_many_does_not_multiply(tmp_path: Path) -> None:
    inner = {f"k{i}": i for i in range(20_000)}
    rows = [{"_step": 1, "loss": 1.0, "n" * 200_000: inner}, {"_step": 2, "loss": 2.0}]
    tracemalloc.start()
    path = tmp_path / "h.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_runs([path], tmp_path / "sweep")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 << 20
    (trial,) = read_sweep(tmp_path / "sweep").trials
    assert list(trial.curves) == ["train/loss"]


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize("depth", [50, 500, 900, 940, 960, 970, 980, 990, 1000, 5000, 200_000])
@pytest.mark.parametrize(
    "line",
    ['{{"_step": 1, "loss": 2.0, "x": {0}}}', '{{"run": {{"id": "x", "config": {0}}}}}',
     '[{{"_step": 1, "loss": 2.0, "x": {0}}}]', '{{"global_step": 1, "loss": 2.0, "x": {0}}}',
     '{{"per_episode": [{{"success": true}}], "x": {0}}}'],
)  # fmt: skip
def test_nesting_of_any_depth(tmp_path: Path, line: str, depth: int) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(line.format(nested(depth)) + '\n{"step": 3, "train/loss": 1.0}\n')
    assert main(["import", str(path), "--into", str(tmp_path / "sweep")]) in (0, 2)


@pytest.mark.parametrize(
    "digits", ["9" * 30, "9" * 5000, "\u00b2", "\u0663", "1Q", "5B", "1e999", "-1", "1_000"]
)
@pytest.mark.parametrize(
    "line",
    ["step:{0} smpl:1 ep:1 epch:1 loss:0.5", "Checkpoint policy after step {0}",
    "step {0}: eval_loss=0.5",
     "'log_freq': {0},", "'seed': {0},", "Epoch {0}", "KL Weight {0}",
     "Seed {0}, val loss 0.5 at epoch {0}",
     "Rollout {0}", "Steps: 1%| | {0}/{0} [loss={0}]", "{0}/{0}", "success rate: {0}",
     "average time: {0}",
     "Success rate: {0}", "{{'a_sample_mse': {0}}}", '{{"step": {0}, "train/loss": {0}}}'],
)  # fmt: skip
def test_numbers_beyond_all(tmp_path: Path, line: str, digits: str) -> None:
    """In a log that is a format's otherwise: what can be read of it is, or nothing can."""
    heads = ["step:10 smpl:1 ep:1 epch:1 loss:0.5", "Epoch 0\nVal loss: 0.5\nl1: 1 kl: 1 loss: 1",
             "Steps: 1%| | 1/9 [loss=0.5]", "1/1\nsuccess rate: 1",
             "Success rate: 1\nAverage return: 1",
             '{"step": 1, "train/loss": 0.5}']  # fmt: skip
    for i, head in enumerate(heads):
        path = tmp_path / f"r{i}.log"
        path.write_text(f"{head}\n{line.format(digits)}\n")
        with suppress(NoReports):  # the line makes it another format's
            import_runs([path], tmp_path / "sweep")
    assert all(trial.curves for trial in read_sweep(tmp_path / "sweep").trials)


@pytest.mark.parametrize("distance", [1, 7, 200, None])
def test_steps_of_any_size_are_rebuilt_in_time(distance: int | None) -> None:
    made = random.Random(0)
    for start in (10**6, 5 * 10**9, 10**15):
        printed = [big_number(start + made.randrange(10**6)) for _ in range(2000)]
        assert grows_linearly(lambda n, p=printed: rebuild(p[:n], distance), 500)  # type: ignore[misc]
    rebuild(["1Q", "1", "999Q", "x", "\u00b2", "9" * 40], distance)


class TestWhatIsNoFile:
    """One line each, and nothing is written."""

    def refused(self, capsys: pytest.CaptureFixture[str], path: Path, tmp_path: Path) -> str:
        assert main(["import", str(path), "--into", str(tmp_path / "sweep")]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert not (tmp_path / "sweep").exists()
        (line,) = err.splitlines()
        assert line.startswith(f"{path}: ")
        return line

    def test_a_fifo_a_folder_a_device(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        os.mkfifo(tmp_path / "fifo")
        assert "is a FIFO" in self.refused(capsys, tmp_path / "fifo", tmp_path)
        (tmp_path / "link").symlink_to("fifo")
        assert "is a FIFO" in self.refused(capsys, tmp_path / "link", tmp_path)
        (tmp_path / "folder").mkdir()
        assert "is a folder; name its files" in self.refused(capsys, tmp_path / "folder", tmp_path)
        assert "is a device" in self.refused(capsys, Path("/dev/zero"), tmp_path)

    def test_missing_and_looping(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "No such file" in self.refused(capsys, tmp_path / "no", tmp_path)
        (tmp_path / "loop").symlink_to("loop")
        assert "symbolic links" in self.refused(capsys, tmp_path / "loop", tmp_path)
        assert "Not a directory" in self.refused(capsys, Path("/dev/null/x"), tmp_path)

    @pytest.mark.parametrize("content", [b"\x00" * 1000, bytes(range(256)) * 40, b"\xff\xfe1\x00"])
    def test_binary(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
    ) -> None:
        (tmp_path / "x").write_bytes(content)
        assert "known are" in self.refused(capsys, tmp_path / "x", tmp_path)

    def test_damaged(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "x.bz2").write_bytes(b"BZh9" + b"damage" * 100)
        assert "Invalid data" in self.refused(capsys, tmp_path / "x.bz2", tmp_path)

    def test_a_table_without_a_line(self, tmp_path: Path) -> None:
        (tmp_path / "x.csv").write_text("\n\n")
        with pytest.raises(NoReports):
            import_runs([tmp_path / "x.csv"], tmp_path / "sweep", How("csv"))

    def test_larger_than_all_logs(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with (tmp_path / "x").open("wb") as file:
            file.truncate(3 << 30)
        assert "is larger than" in self.refused(capsys, tmp_path / "x", tmp_path)


def test_lines_are_not_kept_all_at_once() -> None:
    content = b"short\n" * 500_000
    tracemalloc.start()
    assert sum(1 for _ in Source(Path("x"), content).lines) >= 500_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("name", NAMES)
def test_each_reader_is_tried(name: str) -> None:
    """The heads above are told as what they are."""
    if name not in BY_NAME_OR_CONTENT:
        assert any(find(name).detect(source(head.encode("latin-1"))) for head in HEADS)


def test_an_unknown_one_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "x").write_text('Step,"' + "x" * 200_000)
    with pytest.raises(UnknownFormat):
        import_runs([tmp_path / "x"], tmp_path / "sweep")
