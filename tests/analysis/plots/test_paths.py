"""The picture of paths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.plots.paths import LOST, WON, path_panels
from ilsweep.analysis.report import write_reports
from tests.analysis.page.filmed import write_filmed


def test_successes_and_failures_are_drawn_in_their_colours(tmp_path: Path) -> None:
    write_filmed(tmp_path, configs=2, seeds=1)
    analysis = analyse(read_sweep(tmp_path))
    [picture] = path_panels(analysis, tmp_path)
    picture.make()
    with Image.open(tmp_path / picture.plot.file) as drawn:
        pixels = np.asarray(drawn.convert("RGB")).reshape(-1, 3).astype(float)
    for colour in (WON, LOST):
        seen = 0.8 * 255 * np.array(to_rgb(colour)) + 0.2 * 255
        assert (np.abs(pixels - seen).max(axis=1) < 12).any(), colour
    write_reports(analysis)
    assert "](plots/paths.png)" in (tmp_path / "report.zh.md").read_text()


def test_without_paths_there_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "trials").mkdir()
    assert path_panels(analyse(read_sweep(tmp_path)), tmp_path) == []
