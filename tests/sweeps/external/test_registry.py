"""A command's spec is taken whole or refused with every mistake, before anything starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.validation.json_schema import describe_trainer, list_trainers, schema
from ilsweep.sweeps.validation.validate import check, load_spec


def spec(**changes: Any) -> dict[str, Any]:
    command = {"argv": ["python", "-c", "pass", "--lr={lr}", "--kl={kl_weight}"], "metrics": "act"}
    return {
        "name": "mine",
        "trainer": "command",
        "command": {**command, **changes.pop("command", {})},
        "params": {"steps": 100, "lr": 1e-4},
        "space": {"kl_weight": {"choice": [1, 10]}},
        "objective": {"metric": "eval/l1_loss", "mode": "min"},
        **changes,
    }


def mistakes(**changes: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        check(spec(**changes), here=True)
    return str(caught.value).splitlines()


def plan(**changes: Any) -> Plan:
    return check(spec(**changes), here=True)


def test_its_parameters_are_its_places() -> None:
    config = plan().config({"kl_weight": 10})
    assert config.model_dump() == {"steps": 100, "lr": 1e-4, "kl_weight": 10}


def test_dotted_parameters() -> None:
    command = {"argv": ["python", "--reg={ot.reg}", "--tau={ot.tau}"]}
    params = {"steps": 3, "ot": {"reg": 1.0}}
    changes = {"command": command, "params": params, "space": {"ot.tau": {"choice": [1, 2]}}}
    assert plan(**changes).config({"ot.tau": 2}).model_dump() == {
        "steps": 3,
        "ot": {"reg": 1.0, "tau": 2},
    }


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"command": {"argv": ["python", "--lr={lr}", "--kl={kl_wieght}"]}},
            "command.argv.2: a place without a parameter, got '{kl_wieght}'; valid: kl_weight",
        ),
        (
            {"command": {"argv": ["python", "--lr={lr}"]}},
            "space.kl_weight: a parameter without a place, got 'kl_weight'; "
            "valid: {kl_weight} in command.argv; known are: lr",
        ),
        (
            {"command": {"argv": ["python", "{lr}", "{kl_weight}", "{"]}},
            "command.argv.3: braces do not pair (Single '{' encountered in format string); "
            "a brace itself is {{ or }}, got '{'; valid: --lr={lr}",
        ),
        (
            {"params": {"lr": 1.0}},
            "params.steps: is missing; it is the last step that the command reports; valid: 2000",
        ),
        (
            {"seeds": [0, 1]},
            "seeds: are several, and the command is told none, got [0, 1]; "
            "valid: --seed={seed} in command.argv",
        ),
        (
            {"params": {"steps": 1, "lr": 1.0, "seed": 3}},
            "params.seed: is filled by the sweep itself, got 'seed'",
        ),
        (
            {"scheduler": {"type": "pbt"}},
            "scheduler.type: pbt changes parameters while training; a command keeps its own, "
            "got 'pbt'; valid: asha, median or none",
        ),
        (
            {"data": {"source": "aloha"}},
            "data: a command brings its own data; valid: its arguments",
        ),
        (
            {"command": {"argv": ["no-such-program", "{lr}{kl_weight}"]}},
            "command.argv.0: no such program, got 'no-such-program'; "
            "valid: a program on the PATH, or command.environment with it",
        ),
        (
            {"command": {"cwd": "/nowhere"}},
            "command.cwd: no such folder, got '/nowhere'; "
            f"valid: a folder beside the spec, or in {os.getcwd()}",
        ),
        (
            {"command": {"argv": ["python", "nowhere.py", "{lr}{kl_weight}"]}},
            "command.argv.1: no such file beside the spec or in the working folder, got "
            f"'nowhere.py'; valid: a path from {os.getcwd()}, or command.cwd",
        ),
        (
            {"command": {"after": ["no-such-program"]}},
            "command.after.0: no such program, got 'no-such-program'; "
            "valid: a program on the PATH, or command.environment with it",
        ),
        (
            {"command": {"resume": {"checkpoint": "x", "argv": ["python", "nowhere.py"]}}},
            "command.resume.argv.1: no such file beside the spec or in the working folder, got "
            f"'nowhere.py'; valid: a path from {os.getcwd()}, or command.cwd",
        ),
        (
            {"command": {"args": ["x"]}},
            "command.args: is for ready commands; valid: "
            "lerobot, act_repository, rdt_repository, hil_serl_repository",
        ),
        (
            {"command": {"end": {"silent": 3}}},
            "command.end.silent: unknown key, got 'silent'; valid: silent_s",
        ),
        (
            {"command": {"metrics": {"patterns": {"loss": "loss=.*"}}}},
            "command.metrics.0.patterns: needs exactly one group, around the number, "
            "as in 'loss=(\\S+)', got {'loss': 'loss=.*'}",
        ),
        (
            {"command": {"metrics": {"patterns": {"loss": "loss=("}}}},
            "command.metrics.0.patterns: is not a regular expression (missing ), unterminated "
            "subpattern at position 5), got {'loss': 'loss=('}",
        ),
        (
            {"command": {"resume": {"checkpoint": "x"}}},
            "command.resume: takes either args: (added) or argv: (instead), "
            "got {'checkpoint': 'x'}",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(changes: dict[str, Any], line: str) -> None:
    assert line in mistakes(**changes)


def test_all_mistakes_at_once() -> None:
    command = {"argv": ["no-such-program", "{lr}", "{kl}"], "cwd": "/nowhere"}
    found = mistakes(command=command, seeds=[1, 2], scheduler={"type": "asha", "grace": 3})
    places = [line.split(":")[0] for line in found]
    assert places == [
        "scheduler.grace", "command.argv.2", "space.kl_weight", "seeds", "command.cwd",
        "command.argv.0",
    ]  # fmt: skip


def test_not_executable(tmp_path: Path) -> None:
    (tmp_path / "train.sh").write_text("")
    line = mistakes(command={"argv": ["./train.sh", "{lr}{kl_weight}"], "cwd": str(tmp_path)})[0]
    assert line.startswith("command.argv.0: cannot be executed, got './train.sh'; valid: chmod +x")


def test_elsewhere_nothing_has_to_be_there() -> None:
    command = {"argv": ["no-such-program", "{lr}{kl_weight}"], "cwd": "/nowhere"}
    assert check(spec(command=command)).trials == 2


def test_a_section_without_a_command_and_a_command_without_a_section() -> None:
    first = mistakes(trainer="act")[0]
    assert first.startswith("command: is not for act; valid: trainer: command")
    without = {key: value for key, value in spec().items() if key != "command"}
    with pytest.raises(SpecError, match="command: is missing"):
        check(without)


def test_metrics_are_known_where_the_spec_names_them() -> None:
    metrics = {"patterns": {"loss": r"loss=(\S+)"}}
    assert mistakes(command={"metrics": metrics}) == [
        "objective.metric: not a metric of command, got 'eval/l1_loss'; valid: train/loss (What "
        "the optimiser descends; mean over the steps since the last report. [smaller is better])"
    ]


def test_a_configuration_is_a_place_for_all_its_values(tmp_path: Path) -> None:
    config = tmp_path / "base.json"
    config.write_text('{"model": {"kl_weight": 3}, "seed": 0}')
    command = {"argv": ["python", "-c", "pass", "{config}", "{lr}"], "config": str(config)}
    space = {"model.kl_weight": {"choice": [1, 2]}}
    assert plan(command=command, space=space, seeds=[0, 1]).trials == 4
    assert mistakes(command=command)[0] == (
        "space.kl_weight: a parameter without a place, got 'kl_weight'; "
        "valid: {kl_weight} in command.argv; known are: model.kl_weight"
    )


def test_a_configuration_without_its_place_is_told_the_place(tmp_path: Path) -> None:
    config = tmp_path / "base.json"
    config.write_text('{"seed": 0}')
    argv = ["python", "-c", "pass", "{lr}", "{kl_weight}"]
    (found,) = mistakes(command={"argv": argv, "config": str(config)})
    assert found.endswith("valid: {config} in command.argv")


def test_paths_are_meant_from_the_spec(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "spec.yaml").write_text(yamlio.dump(spec(command={"cwd": "code"})))
    command = load_spec(tmp_path / "spec.yaml").spec.command
    assert command is not None
    assert command.cwd == str(tmp_path / "code")


def test_commands_are_listed_and_in_the_schema() -> None:
    names = [row["name"] for row in list_trainers()]
    assert names[-5:] == ["command", "lerobot", "act_repository", "rdt_repository",
                          "hil_serl_repository"]  # fmt: skip
    rows = {row["name"]: row for row in describe_trainer("lerobot")}
    assert rows["kl_weight"]["source"] == "--policy.kl_weight={kl_weight}"
    known = schema()
    assert "lerobot" in known["properties"]["trainer"]["anyOf"][0]["enum"]
    assert known["$defs"]["Command"]["properties"]["cwd"]["description"]


@pytest.mark.parametrize("path", ["~nobody-of-this-name/x", '"a\\0b"', "'" + "n" * 5000 + "'"])
@pytest.mark.parametrize("key", ["cwd", "environment", "config"])
def test_a_path_that_cannot_be_is_one_line(tmp_path: Path, key: str, path: str) -> None:
    text = yamlio.dump(spec()).replace("  metrics:", f"  {key}: {path}\n  metrics:")
    (tmp_path / "spec.yaml").write_text(text)
    with pytest.raises(SpecError, match=rf"command\.{key}: "):
        load_spec(tmp_path / "spec.yaml")
