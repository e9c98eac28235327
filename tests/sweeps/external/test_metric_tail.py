"""Metrics read while a log grows are those that reading it whole gives."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.analysis.importers.registry import find
from ilsweep.analysis.importers.source import Source, merge_rows
from ilsweep.analysis.records.files import append_line
from ilsweep.sweeps.external import metric_tail
from ilsweep.sweeps.external.job_paths import newest
from ilsweep.sweeps.external.metric_tail import PATIENCE, MetricTail, Row, SourceTail, keep, thin
from ilsweep.sweeps.external.output import LONGEST_LINE, Lines, Reports
from ilsweep.sweeps.spec.command import MetricSource
from tests.analysis.hostile import PIECES, grown, grows_linearly

NOISE = ["Loading data", "Training:  3%|#   | 3/100 [00:01<00:30]", "", "warning: {x}", "1/2 done"]


def lerobot() -> str:
    head = "INFO 2026-11-21 07:59:58 train.py:1 {'batch_size': 8,\n 'log_freq': 200,\n"
    lines = [
        f"INFO x:1 step:{n if n < 1000 else f'{n / 1000:.0f}K'} smpl:1 ep:1 epch:0.1 "
        f"loss:{1000 / n:.3f} grdn:1.0 lr:1.0e-05 updt_s:0.1 data_s:0.0"
        for n in range(200, 3001, 200)
    ]
    return head + "\n".join(lines) + "\nINFO x:2 step 3000: eval_loss=0.25\n"


def act() -> str:
    part = "{0} loss: {1:.5f}\nl1: {1:.3f} kl: 0.010 loss: {1:.3f} \n"
    return "KL Weight 10\n" + "".join(
        f"\nEpoch {n}\n" + part.format("Val", 2 / n) + part.format("Train", 1 / n)
        for n in range(1, 5)
    )


def rdt() -> str:
    bar = "Steps:  {0}%|#| {0}/100 [00:01<00:30, 2.0it/s, loss={1:.4f}, lr=0.0001]\r"
    sampled = "INFO - __main__ - {'overall_avg_sample_mse': 0.5}\n"
    return "".join(bar.format(n, 1 / n) for n in range(1, 9)) + sampled


def hil_serl() -> str:
    return "1/1\n1/2\nsuccess rate: 0.5\naverage time: 3.0\n"


def json_lines() -> str:
    rows = [{"step": n, "train/loss": 1 / n} for n in range(1, 6)]
    return "\n".join(map(json.dumps, rows)) + "\n"


def diffusion_policy() -> str:
    rows = [{"global_step": n, "epoch": 0, "train_loss": 1 / n} for n in range(1, 6)]
    return "\n".join(map(json.dumps, rows)) + "\n"


LOGS = {f.__name__: f() for f in (lerobot, act, rdt, hil_serl, json_lines, diffusion_policy)}


def noisy(text: str) -> str:
    return "".join(line + "\n" + NOISE[i % 5] + "\n" for i, line in enumerate(text.split("\n")))


@pytest.mark.parametrize("name", LOGS)
def test_only_lines_that_are_kept_matter(name: str) -> None:
    lines = re.split("[\r\n]", noisy(LOGS[name]))
    (pattern,) = keep(MetricSource(format=name))
    kept = [line for line in lines if re.search(pattern, line)]
    whole, part = (
        find(name).read(Source(Path("x.log"), "\n".join(text).encode()))[0].rows
        for text in (lines, kept)
    )
    assert whole
    assert part == whole
    assert not {NOISE[0], NOISE[1], NOISE[3]} & set(kept)


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("size", [7, 64, 10_000])
def test_a_growing_log_gives_what_the_whole_one_does(tmp_path: Path, name: str, size: int) -> None:
    source = MetricSource(format=name)
    reports = tmp_path / "reports.log"
    lines, writer = Lines(), Reports(reports, keep(source))
    follow = MetricTail([source], tmp_path, reports)
    content = noisy(LOGS[name]).encode()
    rows: list[dict[str, Any]] = []
    for i in range(0, len(content), size):
        writer.lines(lines.cut(content[i : i + size]))
        rows += follow.new()
    writer.lines(lines.rest())
    writer.close()
    rows += follow.new(last=True)
    assert follow.new(last=True) == []
    whole = MetricTail([source], tmp_path, reports).new(last=True)
    assert whole
    assert merge_rows(rows) == whole
    assert all("/" in metric for row in whole for metric in row if metric != "step")


PATTERNS = {"loss": r"loss=(\S+)", "eval/l1": r"l1 (\S+)"}


def by_patterns(
    tmp_path: Path, text: str, step: str = ""
) -> tuple[list[dict[str, Any]], MetricTail]:
    reports = tmp_path / "reports.log"
    reports.write_text(text)
    follow = MetricTail([MetricSource(format="patterns", patterns=PATTERNS, step=step)], tmp_path,
                    reports)  # fmt: skip
    return follow.new(last=True), follow


def test_patterns_with_a_step(tmp_path: Path) -> None:
    text = "loss=9\nit 10 loss=1 acc=2\nit 20 loss=0.5\nl1 3e-2\nit x loss=oops\n"
    rows, follow = by_patterns(tmp_path, text, r"it (\S+)")
    assert rows == [
        {"step": 0, "train/loss": 9},
        {"step": 10, "train/loss": 1},
        {"step": 20, "train/loss": 0.5, "eval/l1": 0.03},
    ]
    assert follow.texts == {"train/loss": "oops"}


def test_patterns_without_a_step_are_counted(tmp_path: Path) -> None:
    rows, _ = by_patterns(tmp_path, "loss=3\nl1 1\nloss=2\nloss=1\n")
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert rows[0] == {"step": 1, "train/loss": 3, "eval/l1": 1}


def append_line_at(file: Path, seconds: float, row: Row) -> None:
    file.parent.mkdir()
    append_line(file, row)
    os.utime(file, (seconds, seconds))


def test_the_newest_file_of_a_name(tmp_path: Path) -> None:
    for i, name in enumerate(("b", "a")):
        file = tmp_path / name / "log.jsonl"
        append_line_at(file, i, {"step": i, "train/loss": i})
    source = MetricSource(format="json_lines", file="*/log.jsonl")
    follow = MetricTail([source], tmp_path, tmp_path / "reports.log")
    assert follow.new(last=True) == [{"step": 1, "train/loss": 1}]


def test_of_files_of_one_tick_of_the_clock_the_newest_is_the_last_by_number(
    tmp_path: Path,
) -> None:
    files = [tmp_path / name / "log.jsonl" for name in ("a", "run-2", "run-10")]
    for file in files:
        append_line_at(file, 7, {"step": 1})
    assert {newest(order) for order in permutations(files)} == {files[-1]}


def test_a_file_that_is_taken_away_while_it_is_looked_at_says_nothing_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "log.jsonl"
    append_line(file, {"step": 1, "train/loss": 0})
    follow = MetricTail([MetricSource(format="json_lines", file="*.jsonl")], tmp_path, tmp_path)
    assert follow.new() == [{"step": 1, "train/loss": 0}]

    def taken_away(found: Iterable[Path]) -> Path:
        (only,) = found
        only.unlink()
        return only

    with monkeypatch.context() as patch:
        patch.setattr(metric_tail, "newest", taken_away)
        assert follow.new() == []
    append_line(tmp_path / "later.jsonl", {"step": 2, "train/loss": 0})
    assert follow.new() == [{"step": 2, "train/loss": 0}]


def test_two_sources_make_one_report(tmp_path: Path) -> None:
    (tmp_path / "reports.log").write_text(json.dumps({"step": 1, "train/loss": 1}) + "\n")
    (tmp_path / "eval.jsonl").write_text(json.dumps({"step": 1, "eval/l1": 2}) + "\n")
    sources = [MetricSource(format="json_lines", file=file) for file in ("", "eval.jsonl")]
    follow = MetricTail(sources, tmp_path, tmp_path / "reports.log")
    assert follow.new(last=True) == [{"step": 1, "train/loss": 1, "eval/l1": 2}]


def test_a_source_is_read_again_after_many_times_as_long_as_it_took_but_for_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, now = tmp_path / "reports.log", 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    tail = SourceTail(MetricSource(format="json_lines"), tmp_path, path)
    read = tail._read

    def slow() -> list[Row]:
        nonlocal now
        now += 1.0
        return read()

    monkeypatch.setattr(tail, "_read", slow)
    looks = []
    for step in range(1, 5):
        append_line(path, {"step": step, "train/loss": 0})
        looks.append(len(tail.rows(last=False) or []))
        now += PATIENCE / 2
    assert looks == [1, 2, 0, 4]


@given(st.integers(0, 300), st.integers(1, 50))
def test_thinning_keeps_every_metric_and_the_end(count: int, most: int) -> None:
    rows = [{"step": n, "a": n} | ({"rare": n} if n % 7 == 0 else {}) for n in range(count)]
    thinned = thin(rows, most)
    assert len(thinned) == min(count, most)
    assert thinned[-1:] == [] if not rows else thinned[-1]["step"] == count - 1
    steps = [row["step"] for row in thinned]
    assert steps == sorted(set(steps))
    assert any("rare" in row for row in thinned) == bool(rows)


def test_a_flood_of_reports_is_let_through_in_part(tmp_path: Path) -> None:
    writer = Reports(tmp_path / "r", ["x"], burst=10, rate=0.001)
    writer.lines([b"x%d" % i for i in range(100)])
    writer.close()
    assert (tmp_path / "r").read_text().split() == [f"x{i}" for i in range(10)]
    assert writer.left_out == 90


@pytest.mark.parametrize("name", LOGS)
def test_a_line_is_looked_at_in_time_by_its_length(name: str) -> None:
    (pattern,) = keep(MetricSource(format=name))
    known = re.compile(pattern.encode())

    def look(unit: str, size: int) -> object:
        return known.search(grown("", unit, size).replace(b"\n", b""))

    for piece in PIECES:
        for unit in (piece, f"{piece}1"):
            assert grows_linearly(partial(look, unit), LONGEST_LINE // 2), unit


def test_a_spec_extends_the_table_of_names(tmp_path: Path) -> None:
    reports = tmp_path / "reports.log"
    reports.write_text(json.dumps({"step": 1, "heldout_ce": 2.0, "val_loss": 3.0}) + "\n")
    source = MetricSource(format="json_lines", names={"heldout_ce": "eval/ce"})
    (row,) = MetricTail([source], tmp_path, reports).new(last=True)
    assert row == {"step": 1, "eval/ce": 2.0, "eval/eval_loss": 3.0}


@pytest.mark.parametrize(
    ("told", "step"),
    [
        (lambda i: {"epoch": i}, 1),
        (lambda i: {"global_step": 10 * i}, 10),
        (lambda i: {"step": f"{1000 * i:,}"}, 1000),
        (lambda i: {"step": i / 2}, 1),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_json_lines_with_another_step_are_read_as_an_import_reads_them(
    tmp_path: Path, told: Callable[[int], Row], step: int, nested: bool
) -> None:
    """And while they grow: not for nothing after the whole training."""
    reports = tmp_path / "reports.log"
    follow = MetricTail([MetricSource(format="json_lines")], tmp_path, reports)
    found = []
    for i in range(1, 7):
        metrics = {"train": {"loss": 1.0 / i}} if nested else {"loss": 1.0 / i}
        append_line(reports, {**told(i), **metrics})
        found += follow.new(last=i == 6)
    assert found == [{"step": step * i, "train/loss": 1 / i} for i in range(1, 7)]
