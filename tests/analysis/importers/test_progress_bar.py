"""Progress bars with numbers behind them: the step is the bar's count, over bars that restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilsweep.analysis.records.model import TrialRecord
from tests.analysis.importers.logs import imported, points, write


def bar(title: str, count: object, total: object, **values: float | str) -> str:
    more = "".join(f", {name}={value}" for name, value in values.items())
    return f"{title} 45%|####      | {count}/{total} [00:10<00:12, 4.40it/s{more}]"


def read(folder: Path, *lines: str, end: str = "\n", notes: list[str] | None = None) -> TrialRecord:
    write(folder, {"x.log": end.join(lines) + "\n"})
    (trial,) = imported(folder, "x.log", notes=notes).values()
    return trial


@pytest.mark.parametrize("end", ["\n", "\r"])
@pytest.mark.parametrize("first", [0, 1])
def test_epochs_follow_each_other(tmp_path: Path, end: str, first: int) -> None:
    lines = [
        bar(f"Epoch {epoch + first}:", n, 100, v_num=7, train_loss=1 / (100 * epoch + n))
        for epoch in range(3) for n in (50, 100)
    ]  # fmt: skip
    notes: list[str] = []
    trial = read(tmp_path, *lines, end=end, notes=notes)
    assert points(trial, "train/loss") == {s: 1 / s for s in range(50, 301, 50)}
    assert set(trial.curves) == {"train/loss"}
    assert any("counts on from bar to bar" in note for note in notes)


def test_a_bar_without_an_epoch_goes_on_after_its_end(tmp_path: Path) -> None:
    lines = [bar("train", n, 100, loss=n) for _ in range(2) for n in (50, 100)]
    assert list(points(read(tmp_path, *lines), "train/loss")) == [50, 100, 150, 200]


def test_a_bar_that_begins_again_half_way_is_another_attempt(tmp_path: Path) -> None:
    lines = [bar("", f"{n}k", "100k", loss=n) for n in (20, 40, 60, 0, 20)]
    trial = read(tmp_path, *lines)
    assert points(trial, "train/loss") == {0: 0, 20_000: 20}


def test_an_evaluation_belongs_to_the_step_that_was_reached(tmp_path: Path) -> None:
    lines = []
    for epoch in range(2):
        lines += [bar(f"Training epoch {epoch}", n, 100, loss=1.5) for n in (50, 100)]
        lines += [bar(f"Validation {epoch}", n, 20, loss=n / 10 + epoch) for n in (10, 20)]
    trial = read(tmp_path, *lines)
    assert points(trial, "eval/eval_loss") == {100: 2.0, 200: 3.0}
    assert list(points(trial, "train/loss")) == [50, 100, 150, 200]


def test_bars_without_numbers_are_none_of_it(tmp_path: Path) -> None:
    lines = [bar("Map:", 50, 100), bar("train", 5, 100, loss=0.5), bar("Loading", 1, 3)]
    assert points(read(tmp_path, *lines), "train/loss") == {5: 0.5}
