"""One look for every picture, and a file that depends on nothing but what is drawn.

Words inside pictures are metric names, parameters and ids in letters that matplotlib's own font
has; everything else is in the caption, in the language of the report.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ilsweep.analysis.formatting import printable
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.records.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

logging.getLogger("matplotlib.font_manager").setLevel(
    logging.ERROR
)  # it says that it takes a while

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito 2008, distinguishable without full colour vision; yellow and black left out."""

OTHERS = "#BBBBBB"
INK = "#333333"
WIDTH_IN = 9.6
DPI = 100
MAX_POINTS = 2000
LABEL_PX = 40
GAP_PX = 12
"""Between two labels, from line to line."""
MOST = 1000
"""Characters of any text that is still to be shortened."""
LARGEST = 1e30
"""A larger value is not drawn: it would leave nothing else to see."""

STYLE: Any = {
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}


@contextmanager
def figure(path: Path, height_in: float) -> Iterator[Figure]:
    """A figure that is written to `path` at the end of the block."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        made = Figure(figsize=(WIDTH_IN, height_in), dpi=DPI, layout="constrained")
        canvas = FigureCanvasAgg(made)
        yield made
        settle(made)
        buffer = io.BytesIO()
        # savefig would draw twice
        canvas.print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
        write_atomic(path, buffer.getvalue())


def settle(fig: Figure) -> None:
    """Lay the figure out once; from here on, places on it are final."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    engine = fig.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.execute(fig)
        fig.set_layout_engine("none")


def plain(text: object, limit: int = 48) -> str:
    """A text in letters that the font has, on one line, of which nothing is read as a formula."""
    known = "".join(c if _in_font(c) else "?" for c in printable(text, limit))
    return known.replace("$", "\\$")


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters, broken after commas; longer where there is none."""
    lines: list[str] = []
    for part in text.split(", "):
        if lines and len(lines[-1]) + 2 + len(part) <= width:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return [f"{line}," for line in lines[:-1]] + lines[-1:]


def _in_font(char: str) -> bool:
    """Latin, Greek and the ellipsis: matplotlib's own font has them everywhere."""
    return ord(char) < 0x250 or 0x370 <= ord(char) < 0x400 or char == "…"


def drawable(values: Array) -> Array:
    """The values with NaN for what is too large to be drawn, and 0 for what is too small."""
    sizes = np.abs(values)
    return np.where(sizes <= LARGEST, np.where(sizes >= 1 / LARGEST, values, 0.0), np.nan)


def thin(curve: Curve, most: int = MAX_POINTS) -> Curve:
    """A curve of at most `most` points that looks the same: the extremes of each stretch."""
    n = len(curve)
    if n <= most:
        return curve
    edges = np.linspace(0, n, most // 2 + 1).astype(int)
    kept: set[int] = set()
    for low, high in pairwise(edges):
        part = curve.values[low:high]
        finite = np.flatnonzero(np.isfinite(part))
        if len(finite):
            kept.add(int(low + finite[np.argmin(part[finite])]))
            kept.add(int(low + finite[np.argmax(part[finite])]))
        else:
            kept.add(int(low))
    index = np.array(sorted(kept))
    return Curve(curve.steps[index], curve.values[index])


def wants_log(values: Sequence[float] | Array, ratio: float = 50) -> bool:
    """Whether positive values span so much that a linear axis would hide the small ones."""
    array = drawable(np.asarray(values, np.float64))
    array = array[np.isfinite(array)]
    if not len(array) or array.min() <= 0:
        return False
    return float(array.max()) > ratio * float(array.min())


End = tuple[float, float, str, str]
"""(x, y, label, colour): where a line ends, in data coordinates."""


def label_ends(axes: Axes, ends: Sequence[End]) -> None:
    """Write labels beside the ends of lines (all finite), moved apart where they would overlap."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.5, foreground="white")]
    at = [axes.transData.transform((x, y)) for x, y, _, _ in ends]
    columns: dict[int, list[int]] = {}
    for i in sorted(range(len(ends)), key=lambda i: float(at[i][1])):
        columns.setdefault(round(float(at[i][0]) / LABEL_PX), []).append(i)
    top = float(axes.transAxes.transform((0, 1))[1])
    for column in columns.values():
        places: list[float] = []
        for i in column:
            height = float(at[i][1])
            places.append(max(height, places[-1] + GAP_PX) if places else height)
        down = max(0.0, places[-1] - top)
        for i, place in zip(column, places, strict=True):
            x, y, text, colour = ends[i]
            axes.annotate(
                text, xy=(x, y), xytext=(5, (place - down - float(at[i][1])) * 72 / DPI),
                textcoords="offset points", color=colour, fontsize=9, fontweight="bold",
                va="center", annotation_clip=False, path_effects=halo,
            )  # fmt: skip


def log_scale(axes: Axes, which: str) -> None:
    """A logarithmic axis with plain numbers on it."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    low, high = axes.dataLim.intervalx if which == "x" else axes.dataLim.intervaly
    subs = (1.0, 2.0, 5.0) if high < 500 * low else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=7))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
