"""Whatever the records hold: a report that says what is missing, never a traceback."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import Sweep, read_sweep
from ilsweep.analysis.plots import choose, draw
from ilsweep.analysis.plots.canvas import thin
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.report import findings_text, ranking_text, write_reports
from ilsweep.analysis.report.data import gather
from ilsweep.analysis.report.json_form import content_of, json_text
from ilsweep.analysis.report.render import render
from tests.analysis import strategies
from tests.analysis.made_up import write_trial

CODE = re.compile(r"(`+)[^\n]*?\1")
TAGS = {"details", "/details", "summary", "/summary"}


def check(sweep: Sweep) -> None:
    """Both reports, and everything that is printed, of any sweep."""
    analysis = analyse(sweep)
    report = gather(analysis)
    json.loads(json_text(content_of(report)))
    ranking_text(analysis)
    findings_text(analysis)
    for text in (render(report, "zh"), render(report, "en")):
        text.encode()
        assert set(re.findall(r"<(/?\w+)", CODE.sub("", text))) <= TAGS
        width = 0
        for line in text.splitlines():
            cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
            assert not (width and cells) or cells == width, line
            width = cells


@given(strategies.sweeps())
@settings(deadline=None)
def test_generated_records(sweep: Sweep) -> None:
    check(sweep)


@given(
    st.lists(strategies.metric_files(), max_size=3), st.lists(strategies.json_values, max_size=6)
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_files(
    tmp_path_factory: pytest.TempPathFactory, files: list[bytes], values: list[object]
) -> None:
    root = tmp_path_factory.mktemp("damaged")
    (root / "trials").mkdir()
    keys = ["params", "searched", "config_id", "seed", "name", "url"]
    for i, content in enumerate(files):
        folder = root / "trials" / f"t{i}"
        folder.mkdir()
        (folder / "metrics.jsonl").write_bytes(content)
        params = dict(zip(keys, values, strict=False))
        (folder / "params.json").write_text(json.dumps(params))
        record = dict(zip(["state", "error", "seconds", "ended"], values, strict=False))
        (folder / "record.json").write_text(json.dumps(record))
    check(read_sweep(root))


@given(strategies.sweeps())
@settings(max_examples=5, phases=[Phase.generate], deadline=None)
def test_pictures_of_generated_records(
    tmp_path_factory: pytest.TempPathFactory, sweep: Sweep
) -> None:
    folder = tmp_path_factory.mktemp("plots")
    pictures = choose(analyse(sweep), folder)
    draw(pictures)
    assert {picture.plot.file for picture in pictures} == {path.name for path in folder.iterdir()}


@pytest.mark.slow
@given(strategies.sweeps())
@settings(max_examples=150, phases=[Phase.generate], deadline=None)
def test_pictures_of_many_generated_records(
    tmp_path_factory: pytest.TempPathFactory, sweep: Sweep
) -> None:
    draw(choose(analyse(sweep), tmp_path_factory.mktemp("plots")))


def test_names_that_mean_something_to_markdown_or_to_matplotlib(tmp_path: Path) -> None:
    names = ["a|b\n# c", "$x^{", "[l](http://e)", "<img src=x>", "中文\ud800", "_" * 500]
    for i, name in enumerate(names):
        rows = [{"step": s, f"train/{name}": s / (i + 1), "train/loss": 1 / s} for s in (1, 2, 3)]
        searched = {f"p{name}": name}
        params = {"name": name, "searched": searched, "params": searched}
        write_trial(tmp_path, f"t{i}", rows, params=params, error=name)
    sweep = read_sweep(tmp_path)
    check(sweep)
    write_reports(analyse(sweep))


def test_a_hundred_thousand_points(tmp_path: Path) -> None:
    rows = [{"step": i, "train/loss": 1 / (i + 1)} for i in range(100_000)]
    write_trial(tmp_path, "long", rows)
    write_reports(analyse(read_sweep(tmp_path)), langs=("en",))
    text = (tmp_path / "report.en.md").read_text()
    assert "- train/loss: first=1, last=1e-05, best=1e-05@99999" in text


@given(st.lists(st.floats(allow_infinity=False), min_size=1, max_size=300), st.integers(2, 40))
def test_a_thinned_curve_keeps_its_extremes_and_its_place(values: list[float], most: int) -> None:
    curve = Curve(np.arange(len(values), dtype=np.int64), np.array(values))
    less = thin(curve, most)
    assert len(less) <= max(most, 2)
    np.testing.assert_array_equal(curve.values[less.steps], less.values)
    finite = curve.values[np.isfinite(curve.values)]
    if len(finite):
        kept = less.values[np.isfinite(less.values)]
        assert (kept.min(), kept.max()) == (finite.min(), finite.max())
