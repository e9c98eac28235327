"""What a report calls best is good; a metric of which nobody knows that has no best."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.importers import import_runs
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.metrics.lookup import KNOWN
from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.report import write_reports
from ilsweep.analysis.report.labels import ACT_OT_METRICS
from ilsweep.analysis.report.run_block import block_en, stage_block_zh
from ilsweep.analysis.report.runs import run_of
from tests.analysis.made_up import write_trial
from tests.analysis.strategies import Points, trial


def reported(root: Path) -> tuple[str, dict[str, Any]]:
    write_reports(analyse(read_sweep(root)))
    content = json.loads((root / "report.json").read_text())
    return (root / "report.en.md").read_text(), content


@pytest.mark.parametrize(("mode", "best"), [("max", "0.843@20"), ("min", "0.391@10")])
@pytest.mark.parametrize("metric", ["train/acc", "train/loss", "train/grad_norm"])
def test_the_objective_has_its_own_direction(
    tmp_path: Path, metric: str, mode: str, best: str
) -> None:
    """Whatever its name says."""
    rows = [{"step": 10, metric: 0.391}, {"step": 20, metric: 0.843}]
    write_trial(tmp_path, "t", rows)
    spec = {"objective": {"metric": metric, "mode": mode}}
    write_atomic(SweepPaths(tmp_path).manifest, to_json({"spec": spec}))
    text, content = reported(tmp_path)
    assert f"{metric}: first=0.391, last=0.843, best={best}" in text
    step = content["runs"][0]["metrics"][metric]["best_step"]
    assert step == content["blocks"][0]["metrics"][metric]["best_step"] == int(best[-2:])


def test_an_import_goes_by_the_names(tmp_path: Path) -> None:
    rows = [{"step": s, "train/acc": a, "train/grad_norm": a, "train/loss": a}
            for s, a in ((10, 0.391), (20, 0.843))]  # fmt: skip
    log = tmp_path / "run.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_runs([log], tmp_path / "imported")
    text, content = reported(tmp_path / "imported")
    assert "train/acc: first=0.391, last=0.843, best=0.843@20" in text
    assert "train/grad_norm: first=0.391, last=0.843, best=nan@None" in text
    assert "train/loss: first=0.391, last=0.843, best=0.391@10" in text
    assert content["runs"][0]["metrics"]["train/grad_norm"]["best"] is None


class TestFeatures:
    """LeRobot calls the state `observation.state`."""

    def test_its_cost_is_the_known_line(self) -> None:
        metrics: dict[str, Points] = {
            "train/ot_loss": 1.0,
            "train/ot_cost/observation.state": [3.0, 2.0],
        }
        lines = stage_block_zh(run_of(trial(metrics), "act_ot"))
        (line,) = [line for line in lines if "OT cost(state)" in line]
        assert line == "- OT cost(state): 首=3, 末=2, 最优=2@100, Δ=-1 (-33.33%)"
        assert len(lines) == 1 + len(ACT_OT_METRICS)

    def test_our_name_stays_where_it_was_logged(self) -> None:
        metrics = {"train/ot_cost/observation.state": 3.0, "train/ot_cost/state": 2.0}
        lines = block_en(run_of(trial(metrics), "act_ot"))
        assert [line for line in lines if "ot_cost" in line] == [
            "  - ot_cost(state): first=2, last=2, best=2@50"
        ]

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("observation.images.top", "top"),
            ("observation.environment_state", "environment_state"),
            ("action", "action"),
            ("label", "label"),
        ],
    )
    def test_further_costs_have_a_line_each(self, name: str, shown: str) -> None:
        metric = f"train/ot_cost/{name}"
        assert KNOWN.label(metric).zh == f"OT cost({shown})"
        lines = block_en(run_of(trial({metric: 1.0, "train/ot_cost/state": 2.0}), "act_ot"))
        assert lines[-2:] == [
            "  - ot_cost(state): first=2, last=2, best=2@50",
            f"  - ot_cost({shown}): first=1, last=1, best=1@50",
        ]
