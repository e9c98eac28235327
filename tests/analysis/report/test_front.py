"""Several objectives: the Pareto front stands in both reports, as a table and as a picture."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.report import write_reports
from tests.analysis.made_up import SPEC, write_sweep

L1 = {"metric": "eval/offline_eval/avg_l1", "mode": "min"}


@pytest.mark.parametrize("objectives", [[L1], [L1, {"metric": "train/ot_loss", "mode": "min"}]])
def test_the_front_has_a_part_of_its_own(tmp_path: Path, objectives: list[dict[str, str]]) -> None:
    write_sweep(tmp_path)
    paths = SweepPaths(tmp_path)
    manifest = {"name": "two", "spec": {**SPEC, "objective": objectives}}
    write_atomic(paths.manifest, to_json(manifest))
    analysis = analyse(read_sweep(tmp_path))
    write_reports(analysis)
    front = {row.rank for row in analysis.ranking.rows if row.pareto}
    assert bool(front) == (len(objectives) == 2)
    assert (paths.plots / "front.png").exists() == bool(front)
    for lang, title in (("en", "**Pareto front**"), ("zh", "**帕累托前沿**")):
        text = paths.report(lang).read_text()
        part = text.partition(title)[2].partition("![")[0]
        assert {int(place) for place in re.findall(r"^\| (\d+) \|", part, re.M)} == front
