"""The table of metrics, and a trainer's own laid over it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.importers import metric_names
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.metrics.catalog import FOREIGN, METRICS
from ilsweep.analysis.metrics.lookup import KNOWN, catalog_of
from ilsweep.analysis.metrics.names import direction_by_name
from ilsweep.analysis.metrics.objectives import DEFAULTS
from ilsweep.analysis.report import write_reports
from ilsweep.trainers.core.contract import Metric, Trainer
from ilsweep.trainers.core.registry import TRAINERS, find, table


def test_each_metric_is_said_once_and_no_direction_contradicts_the_name() -> None:
    assert max(Counter(metric.name for metric in METRICS).values()) == 1
    for metric in METRICS:
        by_name = direction_by_name(metric.name.replace("*", "x"))
        assert metric.direction in (by_name, None) or by_name is None, metric.name


def test_behaviour_comes_before_held_out_error_before_training_error() -> None:
    roles = [metric.role for o in DEFAULTS if (metric := KNOWN.get(o.metric))]
    order = ("success", "held_out", "error", "loss")
    assert roles == sorted(roles, key=order.index)
    assert len(roles) == len(DEFAULTS)


def test_every_default_objective_is_declared_by_a_trainer_or_foreign() -> None:
    declared = {name for trainer in TRAINERS for name in find(trainer).metrics}
    ours = {o.metric for o in DEFAULTS if "/" in o.metric}
    foreign = {metric.name for metric in FOREIGN} | {"eval/eval_loss"}
    assert ours - declared <= foreign


def test_every_metric_that_a_foreign_name_becomes_is_known() -> None:
    assert [name for name in metric_names.TABLE if KNOWN.get(name) is None] == []


def test_a_member_of_a_family_has_its_label() -> None:
    assert KNOWN.label("train/ot_cost/observation.images.top").en == "ot_cost(top)"
    assert KNOWN.label("train/ot_cost/state").zh == "OT cost(state)"
    assert KNOWN.label("a/b").en == "a/b"


class Walker(Trainer):
    """A trainer of a user's own."""

    metrics: ClassVar[Mapping[str, str | Metric]] = {
        "walk/distance": Metric("How far.", "m", "max", "distance", "距离", smallest_effect=0.5),
        "walk/wobble": Metric("How much it shook.", direction="min"),
        "stumbles": Metric("How often it fell.", "falls", "min"),
        "train/loss": "What descends.",
    }


def manifest(trainer: type[Trainer] = Walker) -> dict[str, Any]:
    """As a driver writes it and a reader reads it."""
    said: dict[str, Any] = json.loads(json.dumps({"trainer": table(trainer)}))
    return said


def test_a_trainers_own_metrics_have_label_unit_and_direction() -> None:
    catalog = catalog_of(manifest())
    distance = catalog.get("walk/distance")
    assert distance is not None
    assert (distance.unit, distance.direction, distance.smallest_effect) == ("m", "max", 0.5)
    assert (catalog.label("walk/distance").en, catalog.label("walk/distance").zh) == (
        "distance (m)",
        "距离(m)",
    )
    assert catalog.direction("walk/wobble") == "min"
    assert catalog.label("walk/wobble").en == "walk/wobble"
    assert catalog.label("eval/stumbles").zh == "eval/stumbles(falls)"
    assert catalog.label("train/loss") == KNOWN.label("train/loss")


def test_what_a_manifest_says_wrongly_is_passed_over() -> None:
    for said in (None, 3, {"metrics": 3}, {"metrics": {"a/b": {"unit": 3, "direction": "up"}}}):
        assert catalog_of({"trainer": said}).direction("a/b") is None
        assert catalog_of({"trainer": said}).label("a/b").en == "a/b"


def test_the_report_shows_them(tmp_path: Path) -> None:
    root = tmp_path / "trials/t0"
    root.mkdir(parents=True)
    rows = [{"step": n, "walk/distance": d, "walk/wobble": 3 - n} for n, d in ((1, 2.0), (2, 1.5))]
    (root / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (root / "record.json").write_text('{"state": "completed"}')
    (tmp_path / "manifest.json").write_text(json.dumps(manifest()))
    write_reports(analyse(read_sweep(tmp_path)))
    english = (tmp_path / "report.en.md").read_text()
    assert "- distance (m): first=2, last=1.5, best=2@1" in english
    assert "- walk/wobble: first=2, last=1, best=1@2" in english
    assert "- 距离(m): 首=2, 末=1.5, 最优=2@1" in (tmp_path / "report.zh.md").read_text()


@pytest.mark.parametrize("name", ["bc/batch_coverage", "eval/lesion/black_images/pc_success"])
def test_what_the_table_leaves_open_has_no_good_end(name: str) -> None:
    assert direction_by_name(name) == "max"
    assert KNOWN.direction(name) is None
