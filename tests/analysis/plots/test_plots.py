"""Pictures: drawn from values only, labels apart, matplotlib loaded only when one is drawn."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.analysis.plots.canvas import drawable, figure, label_ends, plain, settle, wants_log
from ilsweep.analysis.plots.groups import Group
from ilsweep.analysis.plots.ranking import _limits
from ilsweep.analysis.plots.select import _different
from ilsweep.analysis.ranking.rank import rank
from tests.analysis.strategies import trial


def chunks(png: bytes) -> list[bytes]:
    """The types of a PNG's chunks."""
    kinds, at = [], 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kinds.append(png[at + 4 : at + 8])
        at += length + 12
    return kinds


def test_importing_the_analysis_loads_nothing_heavy() -> None:
    code = (
        "import sys, ilsweep.analysis.report, ilsweep.analysis.importers, ilsweep.analysis.plots\n"
        "print([m for m in ('matplotlib', 'wandb', 'google.protobuf', 'ray', 'torch', 'pandas')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_slow_machines_first_picture_is_as_quiet_as_any(tmp_path: Path) -> None:
    """matplotlib looks for the machine's fonts, and says so after five seconds; here at once."""
    code = (
        "import pathlib, sys, threading\n"
        "from ilsweep.analysis.plots.canvas import figure\n"
        "timer = threading.Timer\n"
        "threading.Timer = lambda seconds, call: timer(0, call)\n"
        "with figure(pathlib.Path(sys.argv[1]), 2) as fig: fig.subplots().plot([1, 2], [3, 4])\n"
    )
    made = tmp_path / "a.png"
    done = subprocess.run(
        [sys.executable, "-c", code, made], env={**os.environ, "MPLCONFIGDIR": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert made.exists()
    assert list(tmp_path.glob("fontlist-*"))
    assert done.stderr == ""


def test_a_picture_holds_neither_date_nor_version(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        with figure(tmp_path / name, 2) as fig:
            fig.subplots().plot([1, 2], [3, 4])
    first = (tmp_path / "a.png").read_bytes()
    assert first == (tmp_path / "b.png").read_bytes()
    assert set(chunks(first)) == {b"IHDR", b"pHYs", b"IDAT", b"IEND"}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=15, deadline=None)
def test_labels_of_one_column_do_not_overlap(
    tmp_path_factory: pytest.TempPathFactory, heights: list[float]
) -> None:
    with figure(tmp_path_factory.mktemp("labels") / "x.png", 3) as fig:
        axes = fig.subplots()
        axes.set_ylim(0, 1)
        settle(fig)
        label_ends(axes, [(1.0, y, f"#{i}", "black") for i, y in enumerate(heights)])
        renderer = fig.canvas.get_renderer()  # type: ignore[attr-defined]
        boxes = [text.get_window_extent(renderer) for text in axes.texts]
    middles = sorted((box.y0 + box.y1) / 2 for box in boxes)
    assert all(gap > 11 for gap in np.diff(middles))


def test_formulas_and_unknown_letters_are_not_drawn_as_such() -> None:
    assert plain("$x^{$ 中文 λ=0.1") == r"\$x^{\$ ?? λ=0.1"


@pytest.mark.parametrize(
    ("values", "log"),
    [([1, 100], True), ([1, 10], False), ([0, 100], False), ([-1, 100], False), ([], False),
     ([np.nan, 1, 1000], True), ([1e-320, 1e308], False)],
)  # fmt: skip
def test_when_an_axis_is_logarithmic(values: list[float], log: bool) -> None:
    assert wants_log(values) is log


def test_what_cannot_be_drawn() -> None:
    values = drawable(np.array([1.0, -2.0, np.inf, -1e300, np.nan, 1e-300]))
    np.testing.assert_array_equal(values, [1, -2, np.nan, np.nan, np.nan, 0])


def test_a_curve_is_drawn_under_one_of_its_names() -> None:
    curve = [3.0, 2.0, 1.0]
    metrics = {"train/loss": curve, "bc/total_loss": curve, "bc/mse": [1.0, 1.0, 0.5]}
    group = Group("#1", "", (trial(metrics),))
    assert _different(list(metrics), [group]) == ["train/loss", "bc/mse"]


def test_the_axis_of_a_success_rate_ends_at_0_and_100(tmp_path: Path) -> None:
    objective = {"metric": "eval/pc_success", "mode": "max"}
    records = [
        trial({"eval/pc_success": value}, id=f"{name}{seed}", config=name, seed=seed)
        for name, values in {"works": (100.0, 95.0), "fails": (0.0, 20.0)}.items()
        for seed, value in enumerate(values)
    ]
    with figure(tmp_path / "x.png", 2) as fig:
        axes = fig.subplots()
        _limits(axes, rank(records, {"objective": objective}, {}).rows, percent=True)
        low, high = axes.get_xlim()
    assert -5 < low < 0
    assert 100 < high < 105
