"""Metrics have meanings: listed with them, and told with them where an objective is not known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.spec.description import description_of
from ilsweep.sweeps.validation.json_schema import describe_trainer
from ilsweep.sweeps.validation.metrics import metrics_of
from ilsweep.sweeps.validation.validate import check
from ilsweep.trainers.core.registry import TRAINERS

SPEC: dict[str, Any] = {"name": "x", "trainer": "bc", "space": {"lr": {"choice": [0.1, 0.2]}}}


@pytest.mark.parametrize(
    ("metric", "nearest"),
    [
        ("probe/shuffled_action_chnge", "probe/shuffled_action_change"),
        ("probe/blind", "probe/"),
        ("eval/lesion/black/pc_success", "eval/lesion/black_images/pc_success"),
    ],
)
def test_a_probe_that_there_is_not_is_refused(metric: str, nearest: str) -> None:
    spec = {"name": "x", "trainer": "act", "data": {"source": "aloha"},
            "space": {"lr": {"choice": [1e-4, 1e-3]}},
            "objective": {"metric": metric, "mode": "max"}}  # fmt: skip
    with pytest.raises(SpecError, match=f"not a metric of act, got '{metric}'; valid: .*{nearest}"):
        check(spec)


@pytest.mark.parametrize("name", sorted(TRAINERS))
def test_every_metric_of_a_ready_trainer_has_a_sentence(name: str) -> None:
    found = {metric.name: metric for metric in metrics_of(description_of(name))}
    assert found.keys() == description_of(name).metrics.keys()
    assert all(metric.about for metric in found.values())
    assert found["train/loss"].direction == "min"


def test_trainers_lists_what_it_logs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trainers", "bc"]) == 0
    lines = capsys.readouterr().out.splitlines()
    said = lines[lines.index("logs eval/pc_success") + 1]
    assert said.endswith("[%, larger is better]")
    rows = {row["name"]: row for row in describe_trainer("bc")}
    assert (rows["bc/actor_loss"]["kind"], rows["bc/actor_loss"]["unit"]) == ("metric", "nats")
    assert rows["lr"]["kind"] == "parameter"


@pytest.mark.parametrize(("mode", "contradicts"), [("min", True), ("max", False)])
def test_validate_says_that_a_mode_contradicts_what_is_known(
    mode: str, contradicts: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = {**SPEC, "objective": {"metric": "eval/pc_success", "mode": mode}}
    spec["data"] = {"source": "metaworld", "task": "dial-turn-v3"}
    path = tmp_path / "spec.yaml"
    path.write_text(json.dumps(spec))
    assert main(["validate", str(path), "--set", "params.rollouts=2"]) == 0
    told = capsys.readouterr().out
    assert ("objective: Look: eval/pc_success is minimised here" in told) is contradicts


@pytest.mark.parametrize(
    ("wrong", "first"),
    [
        ("eval/succes_rate", "eval/pc_success"),
        ("eval/pc_sucess", "eval/pc_success"),
        ("val_loss", "eval/offline_eval/avg_l1"),
        ("loss", "train/loss"),
        ("mse", "bc/mse"),
        ("bc/likelihood", "bc/actor_loss"),
        ("foo/bar", "train/loss"),
    ],
)
def test_a_wrong_objective_is_answered_with_meanings(wrong: str, first: str) -> None:
    with pytest.raises(SpecError) as caught:
        check({**SPEC, "objective": {"metric": wrong, "mode": "min"}})
    (line,) = str(caught.value).splitlines()
    valid = line.partition("valid: ")[2]
    assert valid.startswith(f"{first} (")
    assert valid.endswith("all: ilsweep trainers bc")
    assert "better]" in valid
    assert valid.count("; ") <= 5
