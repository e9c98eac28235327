"""`ilsweep next` writes a spec that `validate` takes, or says that there is nothing new to ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.execution import runner
from ilsweep.sweeps.external.registry import COMMANDS, PLAIN, find_adapter
from ilsweep.sweeps.validation.validate import check, load_spec
from ilsweep.trainers.core.registry import TRAINERS
from tests.analysis.made_up import write_trial


def spec_of(trainer: str) -> dict[str, Any]:
    """A small valid spec of a ready trainer or command."""
    known = {"name": "n", "trainer": trainer, "space": {"steps": {"choice": [10, 20]}}}
    if trainer not in COMMANDS:
        return {**known, "objective": {"metric": "train/loss", "mode": "min"}}
    metric = "train/loss"
    adapter = find_adapter(trainer)
    command: dict[str, Any] = {"argv": ["python", "-c", "pass", "{steps}"], "metrics": "act"}
    if adapter:
        command = {"cwd": "/"} if adapter.in_repository else {"args": ["--dataset.repo_id=a/b"]}
        metric = next(iter(adapter.metrics)).replace("*", "loss")
    return {**known, "command": command, "objective": {"metric": metric, "mode": "min"}}


def trained(root: Path, spec: dict[str, Any], values: tuple[float, ...] = (0.1, 0.2)) -> Path:
    """A finished sweep of the spec, its manifest as `run` writes it."""
    plan = check(spec)
    metric = plan.spec.objectives[0].metric
    for i, value in enumerate(values):
        point = {name: domain.extremes()[i - 1] for name, domain in plan.space.items()}
        params = {"params": plan.parameters(point), "searched": point, "config_id": f"c{i}",
                  "seed": 0}  # fmt: skip
        write_trial(root, f"c{i}-s0", [{"step": 9, metric: value}], params=params)
    told = {"name": plan.spec.name, "spec": plan.spec.model_dump(mode="json")}
    write_atomic(SweepPaths(root).manifest, to_json(told))
    return root


@pytest.mark.parametrize("trainer", [*TRAINERS, *COMMANDS])
def test_what_is_written_is_valid(trainer: str, tmp_path: Path) -> None:
    assert main(["next", str(trained(tmp_path, spec_of(trainer)))]) == 0
    written = tmp_path / "next.yaml"
    assert load_spec(written, elsewhere=True).spec.parent == tmp_path.name
    assert ": null" not in written.read_text()
    assert "''" not in written.read_text()


def test_what_is_empty_on_purpose_stays(tmp_path: Path) -> None:
    spec = spec_of("lerobot")
    spec["command"] |= {"after": [], "env": {"HF_HUB_OFFLINE": ""}}
    assert main(["next", str(trained(tmp_path, spec))]) == 0
    command = load_spec(tmp_path / "next.yaml", elsewhere=True).spec.command
    assert command is not None
    assert (command.after, command.env) == ([], {"HF_HUB_OFFLINE": ""})


def test_nothing_new_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = spec_of(PLAIN)
    spec["space"] = {"steps": {"choice": [10]}}
    assert main(["next", str(trained(tmp_path, spec, (0.1,)))]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "would bring nothing new: " in line


def test_a_finished_sweep_is_not_begun_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "load_ray", lambda: pytest.fail("Ray was started"))
    root = trained(tmp_path, spec_of(PLAIN))
    assert main(["resume", str(root)]) == 0
    assert "complete: of 2 trials none is left" in capsys.readouterr().err
