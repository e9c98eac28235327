"""An edited `spec.yaml` in a sweep's folder: `resume` goes by it, or refuses it by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import FolderError, SpecError
from ilsweep.sweeps.execution import runner
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store import sweep_dir
from ilsweep.sweeps.validation.validate import load_spec
from tests.sweeps.simulated import Simulated
from tests.sweeps.specs import regression, regression_plan

SPACE = {"lr": {"choice": [0.1, 0.2]}, "batch_size": {"randint": [1, 4]}}
COMMAND = {
    "trainer": "command",
    "command": {"argv": ["python", "-c", "1", "{batch_size}", "{seed}"], "metrics": "json_lines"},
    "params": {"steps": 1},
    "space": {"batch_size": {"choice": [1, 2]}},
    "objective": {"metric": "eval/x", "mode": "min"},
}


def sweep(root: Path, **changes: Any) -> Simulated:
    """A sweep of which three trials ended and one was begun."""
    spec = {"space": SPACE, "search": {"num_trials": 4}, **changes}
    plan = regression_plan(**spec)
    root.mkdir()
    sweep_dir.describe(plan, SweepPaths(root), ["ilsweep"], "2026-01-01")
    made = Simulated(root, plan)
    made.run(25)
    return made


def edit(paths: SweepPaths, **changes: Any) -> None:
    spec = yamlio.read(paths.spec)
    write_atomic(paths.spec, yamlio.dump({**spec, **changes}))


@pytest.fixture
def resumed(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that `resume` would have trained with."""
    plans: list[Plan] = []
    monkeypatch.setattr(runner, "_train", lambda plan, *rest, **how: plans.append(plan))
    return plans


@pytest.mark.parametrize(
    "changes",
    [
        {"space": {**SPACE, "lr": {"choice": [0.1, 0.2, 0.3]}}},
        {"space": {**SPACE, "lr": {"uniform": [0.05, 0.5]}}},
        {"search": {"num_trials": 5}},
        {"search": {"algorithm": "random", "num_trials": 5}},
        {"seeds": [0, 1]},
        {"seeds": {"at_least": 1, "at_most": 4}},
        {"question": "Another one?"},
        {"hypotheses": [{"claim": "c", "param": "lr", "metric": "eval/loss",
                         "expect": "increase"}]},
        {"resources": {"cpu": 2}},
        {"wandb": {"mode": "offline"}},
        {"scheduler": {"type": "asha", "grace_steps": 20}},
        {"params": {**regression()["params"], "rollouts": 3, "save_every": 10}},
    ],
)  # fmt: skip
def test_what_can_be_honoured_is(
    tmp_path: Path, resumed: list[Plan], capsys: pytest.CaptureFixture[str], changes: dict[str, Any]
) -> None:
    paths = sweep(tmp_path / "small").paths
    before = paths.spec.read_text()
    edit(paths, **changes)
    runner.resume(paths.root, ["ilsweep", "resume"])
    (plan,) = resumed
    assert plan.spec == load_spec(paths.spec).spec == sweep_dir.plan_of(paths).spec
    assert read_sweep(paths.root).spec == plan.spec.model_dump(mode="json")
    said = capsys.readouterr().err
    assert "was edited; going on with its" in said
    assert next(iter(changes)) in said
    assert before != paths.spec.read_text()


def test_an_untouched_one_is_not_mentioned(
    tmp_path: Path, resumed: list[Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    paths = sweep(tmp_path / "small").paths
    spec, plan = paths.spec.read_text(), read_json(paths.manifest)["spec"]
    write_atomic(paths.spec, "# a comment\n" + spec)
    runner.resume(paths.root, ["ilsweep", "resume"])
    assert (read_json(paths.manifest)["spec"], len(resumed)) == (plan, 1)
    assert "edited" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"trainer": "tests.sweeps.points:Ignores"}, "spec.yaml: trainer: was changed"),
        ({"params": {**regression()["params"], "width": 17}}, "params.width"),
        ({"params": {**regression()["params"], "steps": 41}}, "params.steps"),
        ({"objective": {"metric": "train/loss", "mode": "min"}}, "objective"),
        ({"objective": {"metric": "eval/loss", "mode": "max"}}, "objective"),
        ({"seeds": [1]}, "seeds"),
        ({"seeds": {"at_least": 1, "at_most": 2}, "scheduler": {"type": "pbt"}}, "seeds"),
        ({"space": {**SPACE, "lr": {"choice": [0.5, 0.6]}}}, "space.lr"),
        ({"space": {"lr": SPACE["lr"]}}, "space.batch_size"),
        ({"space": {**SPACE, "log_every": {"choice": [10, 20]}},
          "params": {"steps": 40, "width": 16, "eval_every": 20, "save_every": 20}},
         "space.log_every"),
        ({"scheduler": {"type": "pbt", "grace_steps": 20}}, "scheduler.type"),
        ({"warm_start": [{"lr": 0.1}]}, "warm_start"),
        ({"space": {**SPACE, "lr": {"chioce": [0.1]}}}, "space.lr: unknown domain"),
    ],
)  # fmt: skip
def test_what_cannot_is_refused_by_name(
    tmp_path: Path, resumed: list[Plan], changes: dict[str, Any], named: str
) -> None:
    paths = sweep(tmp_path / "small").paths
    edit(paths, **changes)
    before = {path: path.read_bytes() for path in paths.root.rglob("*") if path.is_file()}
    with pytest.raises(SpecError) as refused:
        runner.resume(paths.root, ["ilsweep", "resume"])
    assert [line for line in str(refused.value).splitlines() if named in line]
    assert not resumed
    before.pop(paths.lock, None)
    assert all(path.read_bytes() == content for path, content in before.items())


def test_before_the_first_trial_everything_may_change(tmp_path: Path, resumed: list[Plan]) -> None:
    paths = SweepPaths(tmp_path / "small")
    paths.root.mkdir()
    sweep_dir.describe(regression_plan(space=SPACE), paths, ["ilsweep"], "2026-01-01")
    Simulated(paths.root, regression_plan(space=SPACE)).run(1)
    space = {"lr": {"uniform": [0.5, 0.6]}}
    edit(paths, space=space, params={"steps": 41})
    runner.resume(paths.root, ["ilsweep", "resume"])
    assert resumed[0].spec.space == space
    assert not paths.search.exists()


@pytest.mark.parametrize(
    ("key", "value"), [("argv", ["python", "-c", "2", "{batch_size}", "{seed}"]), ("cwd", "/tmp")]
)
def test_another_command_line_is_refused(
    tmp_path: Path, resumed: list[Plan], key: str, value: Any
) -> None:
    made = sweep(tmp_path / "small", **COMMAND, seeds=[0, 1])
    edit(made.paths, command={**COMMAND["command"], key: value})  # type: ignore[dict-item]
    with pytest.raises(SpecError, match=rf"command\.{key}"):
        runner.resume(made.paths.root, ["ilsweep", "resume"])
    edit(made.paths, command={**COMMAND["command"], "end": {"silent_s": 5}})  # type: ignore[dict-item]
    runner.resume(made.paths.root, ["ilsweep", "resume"])
    assert len(resumed) == 1


def test_added_trials_are_kept_in_mind(tmp_path: Path, resumed: list[Plan]) -> None:
    """An interrupted `--add-trials` is gone on with by a plain `resume`."""
    root = sweep(tmp_path / "small").paths.root
    for add, expected in ((1, 5), (0, 5), (1, 6)):
        runner.resume(root, ["ilsweep", "resume"], add_trials=add)
        assert resumed[-1].configurations == expected
    with pytest.raises(FolderError, match="6 points, and all are trained or planned"):
        runner.resume(root, ["ilsweep", "resume"], add_trials=1)


def test_no_more_is_added_than_exists(
    tmp_path: Path, resumed: list[Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    root = sweep(tmp_path / "small").paths.root
    runner.resume(root, ["ilsweep", "resume"], add_trials=10)
    assert resumed[0].configurations == 6
    assert "10 asked for, 2 exist: 2 are added" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["resume", "confirm"])
def test_a_manifest_of_another_version_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    paths = sweep(tmp_path / "small").paths
    manifest = read_json(paths.manifest)
    manifest["versions"]["ilsweep"] = "9.9"
    manifest["spec"]["search"]["gone_key"] = 1
    write_atomic(paths.manifest, to_json(manifest))
    assert main([command, str(paths.root)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "search.gone_key: unknown key" in line
    assert "written by 9.9" in line
