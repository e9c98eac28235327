"""Somebody gives you a sweep's folder: looking at it runs nothing of it, whatever it names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.planning.next_stage import next_stage, stage_yaml
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.store.sweep_dir import describe
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.workflow.postprocess import analysed
from ilsweep.sweeps.workflow.recorded_trainer import NO_TABLE, by_record
from tests.analysis.made_up import SPEC, write_sweep
from tests.sweeps.as_typed import ROOT
from tests.sweeps.specs import regression, regression_plan

OWNS = 'open("{path}", "a").write(__name__)\nclass T: pass\n'
SHADOWS = ("evil_mod", "sitecustomize", "pandas", "plotly", "sklearn", "ujson", "simplejson",
           "IPython", "brotli", "cupy", "tensorflow", "lerobot")  # fmt: skip
"""Names that a folder can give its modules: what its manifest says, and what libraries look for."""

LOOK = """
import os
import sys
from pathlib import Path
from ilsweep.sweeps.cli.main import main

before = list(sys.path)
for here in map(Path, sys.argv[1:]):
    os.chdir(here)
    for command in (["status"], ["rank"], ["diagnose"], ["report"], ["next"], ["status", "--json"],
                    ["rank", "--json"]):
        status = main([command[0], ".", *command[1:]])
        assert status in (0, 2), (here.name, command, status)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        assert not (file and here in Path(file).resolve().parents), (here.name, name)
    assert "evil_mod" not in sys.modules, here.name
    assert sys.path == before, here.name
"""


def looked_at(folders: list[Path], paths: str) -> subprocess.CompletedProcess[str]:
    """Every command that only looks, in each folder, as the installed program runs them."""
    return subprocess.run(
        [sys.executable, "-P", "-c", LOOK, *map(str, folders)], cwd=folders[0],
        capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": paths},
        check=False,
    )  # fmt: skip


FOREIGN: dict[str, dict[str, Any]] = {
    "a trainer": {"trainer": "evil_mod:T"},
    "a trainer of a package": {"trainer": "evil_mod.inner:T"},
    "an adapter": {"trainer": "evil_mod:T", "command": {"argv": ["python", "x.py"]}},
    "the format of a log": {
        "trainer": "command",
        "params": {"steps": 3},
        "command": {"argv": ["python", "--lr={lr}"], "metrics": "evil_mod:T"},
    },
    "a source of data": {"trainer": "act", "data": {"source": "evil_mod:T"}},
    "a trainer's name with a path": {"trainer": "../evil_mod:T"},
    "a command": {
        "trainer": "command",
        "data": {},
        "command": {"argv": ["./evil.sh", "{ot.reg}", "{seed}"], "metrics": "json_lines"},
    },
    "a command with a file to read": {
        "trainer": "lerobot",
        "data": {},
        "command": {"config": "/dev/zero", "environment": "."},
    },
}


def foreign(folder: Path, owned: Path, changes: dict[str, Any], shadows: Sequence[str]) -> None:
    """A folder that does all it can to have its code run, which would write `owned`."""
    write_sweep(folder)
    manifest = read_json(SweepPaths(folder).manifest)
    manifest["spec"].update(changes)
    if "command" in changes:
        manifest["trainer"] = "evil_mod:T"
    write_atomic(SweepPaths(folder).manifest, to_json(manifest))
    (folder / "spec.yaml").write_text(f"x: !!python/object/apply:os.mkdir [{owned}]\n")
    (folder / "evil.sh").write_text(f"#!/bin/sh\ntouch {owned}\n")
    (folder / "evil.sh").chmod(0o755)
    for name in shadows:
        (folder / f"{name}.py").write_text(OWNS.format(path=owned))
    (folder / "matplotlibrc").write_text("backend: module://evil_mod\ntext.usetex: True\n")


@pytest.mark.parametrize("on_path", [False, True])
def test_nothing_of_it_runs(tmp_path: Path, on_path: bool) -> None:
    cases = {"a trainer": FOREIGN["a trainer"]} if on_path else FOREIGN
    folders = [tmp_path / f"evil {name}" for name in cases]
    for number, (folder, changes) in enumerate(zip(folders, cases.values(), strict=True)):
        foreign(folder, tmp_path / f"OWNED-{number}", changes, SHADOWS[:1] if on_path else SHADOWS)
    done = looked_at(folders, f"{ROOT}:{folders[0]}" if on_path else str(ROOT))
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.glob("OWNED*"))


def own_trainer(tmp_path: Path) -> SweepPaths:
    """A folder of a trainer of one's own, with its table, and without a value of any trial."""
    paths = SweepPaths(tmp_path)
    describe(regression_plan(), paths, ["ilsweep"], "2026-01-01T00:00:00+00:00")
    paths.trials.mkdir()
    return paths


def test_the_manifest_says_what_the_trainer_takes(tmp_path: Path) -> None:
    table = read_json(own_trainer(tmp_path).manifest)["trainer"]
    rows = {row["name"]: row for row in table["parameters"]}
    assert rows["lr"] == {**rows["lr"], "type": "number", "bounds": "> 0", "required": False}
    assert rows["steps"]["unit"] == "optimiser steps"
    assert "eval/loss" in table["metrics"]


@pytest.mark.parametrize(
    ("changes", "sound"),
    [
        ({}, True),
        ({"space": {"lr": {"loguniform": [1e-4, 1.0]}}}, True),
        ({"space": {"lr": {"uniform": [-1.0, 1.0]}}}, False),
        ({"params": {"steps": 80}}, True),
        ({"params": {"steps": 0}}, False),
        ({"params": {"steps": "many"}}, False),
        ({"params": {"width": 32}}, True),
        ({"params": {"widht": 32}}, False),
        ({"objective": {"metric": "eval/lass", "mode": "min"}}, False),
    ],
)
def test_a_proposal_is_checked_by_the_table(
    tmp_path: Path, changes: dict[str, Any], sound: bool
) -> None:
    """As by the trainer itself, which is not asked."""
    sweep = read_sweep(own_trainer(tmp_path).root)
    spec = regression(**changes)
    assert by_record(sweep).valid(spec) is sound
    try:
        check(spec)
    except SpecError:
        assert not sound
    else:
        assert sound


def test_without_a_table_nothing_beyond_what_was_searched_is_proposed(tmp_path: Path) -> None:
    """Folders of earlier versions."""
    paths = own_trainer(tmp_path)
    manifest = read_json(paths.manifest)
    del manifest["trainer"]
    write_atomic(paths.manifest, to_json(manifest))
    known = by_record(read_sweep(paths.root))
    assert known.note == NO_TABLE
    assert known.valid(regression())
    assert known.valid(regression(space={"lr": {"loguniform": [1e-3, 1e-2]}}))
    assert not known.valid(regression(space={"lr": {"loguniform": [1e-3, 1.0]}}))
    assert not known.valid(regression(params={"depth": 3}))
    analysis = analysed(paths.root)
    text = stage_yaml(next_stage(analysis, known.valid), analysis, known.note)
    assert NO_TABLE.en in " ".join(text.replace("# ", "").split())


@pytest.mark.parametrize(
    "table",
    [
        3,
        [],
        {"parameters": 3, "metrics": [], "needs_data": "no"},
        {"parameters": [3, {}, {"name": 3}, {"name": "lr", "type": ["x"], "bounds": 7}]},
        {"parameters": [{"name": n, "type": "__import__('evil_mod')", "default": "{}"} for n in
                        ("__base__", "__validators__", "model_fields", "a.__class__", "lr", "lr.b",
                         "copy", "x y", "", ".", "json")]},
        {"parameters": [{"name": "lr", "type": "number", "bounds": "> evil_mod.T, <= 1e999"}]},
        {"parameters": [{"name": "lr", "type": '"a" or evil_mod.T', "required": "yes"}]},
        {"metrics": {"a": 3, "*": "x"}},
    ],
)  # fmt: skip
def test_a_table_that_says_nonsense_says_nothing(tmp_path: Path, table: object) -> None:
    paths = own_trainer(tmp_path)
    write_atomic(paths.manifest, to_json({**read_json(paths.manifest), "trainer": table}))
    assert by_record(read_sweep(paths.root)).valid(regression()) in (True, False)
    assert "evil_mod" not in sys.modules


def test_the_ready_trainers_need_no_table(tmp_path: Path) -> None:
    known = by_record(write_sweep(tmp_path))
    data = {"source": "aloha", "episodes": 16, "domains": ["source", "target"]}
    spec = json.loads(to_json({**SPEC, "data": data}))
    assert known.note is None
    assert known.valid(spec)
    assert not known.valid({**spec, "params": {"kl_wieght": 1}})
