"""A film strip of the best and of the last configuration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.plots.film_strip import GAP, PICTURES, SIDE, film_strips
from ilsweep.analysis.report import write_reports
from tests.analysis.made_up import write_sweep
from tests.analysis.page.filmed import write_filmed


def test_a_success_of_the_best_stands_above_a_failure_of_the_last(tmp_path: Path) -> None:
    write_filmed(tmp_path)
    analysis = analyse(read_sweep(tmp_path))
    [picture] = film_strips(analysis, tmp_path)
    picture.make()
    with Image.open(tmp_path / picture.plot.file) as strip:
        assert strip.size == (SIDE * PICTURES, 2 * SIDE + GAP)
        shades = np.asarray(strip.convert("L"))[50, 50::SIDE].astype(int)
    assert len(shades) == PICTURES
    assert (np.diff(shades) >= 0).all(), "the films get brighter"
    best, worst = picture.plot.caption.en.split("; ")
    assert best.startswith(analysis.ranking.rows[0].trial_ids[0])
    assert "succeeded" in best
    assert worst.startswith(analysis.ranking.rows[-1].trial_ids[0])
    assert "failed" in worst
    write_reports(analysis)
    assert "](plots/episodes.png)" in (tmp_path / "report.en.md").read_text()


def test_of_damaged_films_there_is_no_strip(tmp_path: Path) -> None:
    write_filmed(tmp_path)
    for film in tmp_path.glob("trials/*/episodes/*.mp4"):
        film.write_bytes(film.read_bytes()[:100])
    write_reports(analyse(read_sweep(tmp_path)))
    assert "episodes.png" not in (tmp_path / "report.en.md").read_text()


def test_without_films_there_is_no_strip_and_an_old_one_goes(tmp_path: Path) -> None:
    write_sweep(tmp_path)
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "episodes.png").write_bytes(b"old")
    write_reports(analyse(read_sweep(tmp_path)))
    assert not (tmp_path / "plots" / "episodes.png").exists()
    assert "episodes.png" not in (tmp_path / "report.en.md").read_text()
