"""A folder may hold anything where a manifest, parameters or a record should be: no traceback."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.planning.next_stage import NoNextStageError, next_stage, stage_yaml
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.records.shape import manifest_of, sound
from ilsweep.analysis.report.data import gather
from ilsweep.analysis.report.json_form import content_of, json_text
from ilsweep.analysis.report.output import findings_text, ranking_text
from ilsweep.analysis.report.render import render
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.progress.status import status, status_text
from ilsweep.sweeps.workflow.recorded_trainer import by_record
from tests.analysis.made_up import SPEC
from tests.analysis.strategies import wild_numbers

SPECIAL = [10**400, -(10**400), 2**63, True, "", "a", [], {}, [[]], {"a": {"b": []}}, [1, "x"],
           {"metric": ["a"], "mode": "min"}, {"metric": "a", "mode": ["min"]}, [None],
           -1, 0]  # fmt: skip

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | wild_numbers | st.text(max_size=6)
    | st.sampled_from(SPECIAL),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner,
                                                                max_size=3),
    max_leaves=5,
)  # fmt: skip

MANIFEST: dict[str, Any] = {
    "name": "s",
    "spec": {
        **SPEC,
        "params": {"kl_weight": 10.0, "steps": 50},
        "search": {"algorithm": "optuna", "sampler": "tpe", "num_trials": 6, "seed": 0},
        "scheduler": {"type": "asha", "grace_steps": 5},
        "resources": {"cpu": 1},
        "thresholds": {"plateau.gain": 0.2},
        "warm_start": [{"ot.reg": 1.0}],
        "wandb": {"mode": "offline"},
        "command": None,
        "parent": None,
    },
    "trials": 3,
    "trainer": {"parameters": [{"name": "lr", "type": "number"}], "metrics": {}},
    "versions": {"ray": "2"},
    "commit": "0",
    "host": "h",
    "platform": "p",
    "cpus": 2,
    "sessions": [{"command": ["ilsweep", "run"], "started": "2025", "ended": "2026", "trials": 3}],
}
PARAMS: dict[str, Any] = {
    "id": "t", "config_id": "c", "configuration": "k", "seed": 0, "name": "n", "url": "u",
    "searched": {"ot.reg": 1.0, "ot.tau": 1}, "params": {"ot.reg": 1.0, "lr": 0.1, "rollouts": 5},
    "data": {"episodes": 3},
}  # fmt: skip
RECORD: dict[str, Any] = {
    "state": "completed", "seconds": 1.0, "attempt": 1, "ended": "2025", "error": "", "step": 100,
    "url": "u", "history": [{"step": 0, "searched": {"ot.reg": 1.0}},
                            {"step": 50, "searched": {"ot.reg": 2.0}}],
}  # fmt: skip
CONFIRM: dict[str, Any] = {"time": "2025", "config_id": "c0", "episodes": {"1": {"success": True}}}
LOOK: dict[str, Any] = {"time": "2025", "reached": {"t0": 50}}


def paths_in(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a value, itself included."""
    found = [prefix]
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            found += paths_in(item, (*prefix, key))
    return found


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with another one at a place, where that is still there."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        return {**value, key: put(value.get(key), tuple(rest), new)}
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return [*value[:key], put(value[key], tuple(rest), new), *value[key + 1 :]]
    return value


@st.composite
def spoilt(draw: st.DrawFn, whole: dict[str, Any]) -> Any:
    """The value with anything at one to three of its places."""
    value: Any = whole
    for path in draw(st.lists(st.sampled_from(paths_in(whole)), min_size=1, max_size=3)):
        value = put(value, path, draw(anything))
    return value


@st.composite
def folders(draw: st.DrawFn) -> dict[str, str]:
    """Three trials and their manifest, one of the files spoilt."""
    whole = {"manifest.json": MANIFEST, "confirm.jsonl": CONFIRM, "looks.jsonl": LOOK}
    for i in range(3):
        searched = {"ot.reg": float(i), "ot.tau": i}
        whole[f"trials/t{i}/params.json"] = {
            **PARAMS, "config_id": f"c{i}", "configuration": f"k{i}", "searched": searched,
            "params": {**PARAMS["params"], **searched},
        }  # fmt: skip
        whole[f"trials/t{i}/record.json"] = RECORD if i == 2 else {**RECORD, "history": []}
    name = draw(st.sampled_from(sorted(whole)))
    whole[name] = draw(spoilt(whole[name]))
    return {name: json.dumps(value) for name, value in whole.items()}


def written(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    for trial in (root / "trials").iterdir():
        rows = [{"step": s, "train/loss": 1 / s, "eval/offline_eval/avg_l1": 1 / s,
                 "train/ot_pi_sum": 0.5, "eval/pc_success": 50.0} for s in (50, 100)]  # fmt: skip
        (trial / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


@given(folders())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_anything_anywhere_is_read(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = written(Path(folder), files)
        status_text(status(root))
        analysis = analyse(read_sweep(root, diagnose=True))
        report = gather(analysis)
        texts = [ranking_text(analysis), findings_text(analysis), json_text(content_of(report))]
        texts += [render(report, "en"), render(report, "zh")]
        with suppress(NoNextStageError):
            stage_yaml(next_stage(analysis, by_record(analysis.sweep).valid), analysis)
    json.loads(texts[2])


@given(folders())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_command_that_looks_ends_well(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = written(Path(folder), files)
        for command in ("status", "rank", "diagnose", "report", "next"):
            assert main([command, str(root)]) in (0, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"sessions": [1]},
        {"sessions": {}},
        {"sessions": "x"},
        {"spec": {**SPEC, "objective": "x"}},
        {"spec": {**SPEC, "objective": {"metric": ["a"], "mode": "min"}}},
        {"spec": {**SPEC, "seeds": [10**400]}},
        {"spec": {**SPEC, "hypotheses": [{"param": ["a"], "metric": "train/loss",
                                          "expect": "increase"}]}},
        {"spec": {**SPEC, "space": {"ot.reg": {"choice": [10**400, 1, 2]}}}},
        {"trials": "many"},
    ],
)  # fmt: skip
def test_what_was_met(tmp_path: Path, changes: dict[str, Any]) -> None:
    whole = {"manifest.json": json.dumps({**MANIFEST, **changes})}
    params = {**PARAMS, "params": {"lr": 10**400}, "searched": {"ot.reg": 10**400}}
    whole["trials/t0/params.json"] = json.dumps(params)
    written(tmp_path, whole)
    for command in ("status", "rank", "diagnose", "report", "next"):
        assert main([command, str(tmp_path)]) in (0, 2)


def test_deep_values_are_cut(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(900):
        deep = {"a": deep}
    files = {"manifest.json": json.dumps({**MANIFEST, "spec": {**SPEC, "params": deep}}),
             "trials/t0/params.json": json.dumps({**PARAMS, "params": deep})}  # fmt: skip
    root = written(tmp_path, files)
    assert main(["rank", str(root)]) == 0
    assert main(["next", str(root)]) == 0
    assert SweepPaths(root).next_spec.exists()


@given(anything)
def test_what_is_sound_stays_as_it_is(value: Any) -> None:
    once = sound(value)
    assert json.dumps(sound(once)) == json.dumps(once)


def test_a_session_whose_trials_are_no_number_has_none() -> None:
    manifest = manifest_of({"sessions": [{"trials": [None], "started": "2025"}, 3]})
    assert manifest["sessions"] == [{"started": "2025"}]
