"""A script of one's own in one round: its mistakes at once, its paths found, what is read shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.external import try_log
from ilsweep.sweeps.external.adapters import lerobot_needs
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.validation.validate import check, load_spec

SCRIPT = """
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1, help="learning rate")
parser.add_argument("--steps", type=int, default=8)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--out_dir", default="runs")
parser.add_argument("--name", required=True)
parser.add_argument("--config", default="base")
parser.add_argument("--fast", action="store_true")
args = parser.parse_args()
for step in range(1, args.steps + 1):
    print(f"step {step} loss={(1 - args.lr) ** step:.5f} grad: {args.lr}", flush=True)
    time.sleep(WAIT)
"""


def script(folder: Path, wait: float = 0.0) -> Path:
    path = folder / "train.py"
    path.write_text(SCRIPT.replace("WAIT", str(wait)))
    return path


def spec(**command: Any) -> dict[str, Any]:
    patterns = {"patterns": {"loss": r"loss=(\S+)"}, "step": r"step (\d+)"}
    argv = ["python", "train.py", "--name=x", "--lr={lr}", "--steps={steps}", "--seed={seed}"]
    return {
        "name": "own",
        "trainer": "command",
        "command": {"argv": argv, "metrics": patterns, **command},
        "params": {"steps": 8},
        "space": {"lr": {"choice": [0.1, 0.2]}},
        "objective": {"metric": "train/loss", "mode": "min"},
    }


def written(path: Path, data: dict[str, Any]) -> Path:
    path.write_text(yamlio.dump(data))
    return path


def test_every_mistake_of_a_command_at_once() -> None:
    wrong = spec(  # lr has a place, though a broken one
        argv=["{no-program", "{sed}", "{lr"],
        metrics={"patterns": {"loss": "loss=("}},
        evn={"A": "b"},
        cwd="/nowhere",
        environment="/nor/here",
    )
    with pytest.raises(SpecError) as caught:
        check({**wrong, "seeds": [0, 1]}, here=True)
    told = [line.partition(": ")[0] for line in str(caught.value).splitlines()]
    assert set(told) == {
        "command.metrics.0.patterns", "command.evn", "command.cwd", "command.environment",
        "command.argv.0", "command.argv.1", "command.argv.2", "seeds",
    }  # fmt: skip


def told_of(data: dict[str, Any]) -> list[str]:
    with pytest.raises(SpecError) as caught:
        check(data, here=True)
    return str(caught.value).splitlines()


def test_one_mistake_hides_no_other() -> None:
    """Places do not depend on a file that is not there, nor a program on a folder."""
    wrong = spec(argv=["pyhton", "{sed}"], cwd="/nowhere", config="/nor/here.json")
    told = [line.partition(": ")[0] for line in told_of(wrong)]
    assert {"command.cwd", "command.config", "command.argv.0", "command.argv.1"} <= set(told)


def test_nothing_is_said_that_only_follows() -> None:
    """A line that is no list may hold the places; an objective has one form at a time."""
    data = spec(argv="python train.py --lr={lr}")
    assert told_of({**data, "objective": {"metric": "train/loss", "mode": "low"}}) == [
        "command.argv: must be a list, got 'python train.py --lr={lr}'; valid: [A, B]",
        "objective.mode: must be min or max, got 'low'",
    ]
    for wrong, lines in ({"metric": 3, "mode": "min"}, 1), ({"metric": "eval/x", "mode": "low"}, 2):
        told = told_of({**spec(argv=["python", "{lr}", "{steps}"]), "objective": wrong})
        assert len(told) == lines
        assert not any("offline_eval" in line.partition("valid:")[0] for line in told)


def test_a_section_of_another_form_is_shown_its_own() -> None:
    data = {**spec(), "command": ["python", "train.py"], "objective": "train/loss"}
    command, objective = told_of(data)[:2]
    assert command.startswith("command: must be a section, got ['python', 'train.py']; valid: argv")
    assert objective == (
        "objective: must be a section, got 'train/loss'; valid: {metric: ..., mode: ...}"
    )


@pytest.mark.parametrize(
    ("printed", "metric", "mode"),
    [
        ("loss={a} val_loss={b}", "eval/eval_loss", "min"),
        ("train_loss={a} success_rate={b}", "eval/pc_success", "max"),
        ("other={a} my_loss={b}", "train/my_loss", "min"),
    ],
)
def test_the_objective_is_what_says_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, metric: str, mode: str
) -> None:
    monkeypatch.chdir(tmp_path)
    script(tmp_path).write_text(
        "import argparse\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--lr', type=float, default=0.1)\nparser.parse_args()\n"
        f"a = b = 1.0\nprint(f'step 1 {printed}')\n"
    )
    assert main(["init", "--from-script", "train.py", "-o", "own.yaml"]) == 0
    assert yamlio.read(tmp_path / "own.yaml")["objective"] == {"metric": metric, "mode": mode}
    assert main(["validate", "own.yaml", "--try"]) == 0


@pytest.mark.parametrize("there", ["beside", "working"])
def test_paths_are_looked_for_beside_the_spec_then_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    beside, working = tmp_path / "beside", tmp_path / "working"
    beside.mkdir()
    working.mkdir()
    monkeypatch.chdir(working)
    found = script(tmp_path / there)
    resume = {"checkpoint": "last", "argv": ["python", "train.py", "--resume={checkpoint}"]}
    plan = load_spec(written(beside / "own.yaml", spec(resume=resume)))
    assert plan.spec.command is not None
    assert plan.spec.command.argv[1] == str(found)
    assert plan.spec.command.resume is not None
    assert plan.spec.command.resume.argv[1] == str(found)


def test_where_was_looked_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path / "own.yaml", spec(environment="venv"))
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    venv, missing = str(caught.value).splitlines()
    looked = f"a folder beside the spec, or in {tmp_path}"
    assert venv == f"command.environment: no such folder, got '{tmp_path}/venv'; valid: {looked}"
    assert "no such file beside the spec or in the working folder, got 'train.py'" in missing


def test_a_script_becomes_a_spec_that_runs_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    made = script(tmp_path)
    assert main(["init", "--from-script", "train.py", "-o", "own.yaml"]) == 0
    notes = capsys.readouterr().err
    assert "Not carried over: --fast: a switch" in notes
    assert "Needs a value under params: name." in notes
    draft = yamlio.read(tmp_path / "own.yaml")
    assert draft["command"]["argv"] == [
        "python", str(made), "--lr={lr}", "--steps={steps}", "--seed={seed}", "--out_dir={folder}",
        "--name={name}", "--config=base",
    ]  # fmt: skip
    assert draft["name"] == "own"
    assert (draft["seeds"], draft["params"]["steps"]) == ([0, 1, 2], 8)
    assert draft["space"] == {"lr": {"choice": [0.033, 0.1, 0.3]}}
    assert main(["validate", "own.yaml", "--set", "params.name=x", "--try"]) == 0
    out = capsys.readouterr().out
    assert "ran to its end: python" in out
    assert "what it printed as patterns: 8 reports, steps 1 to 8" in out
    assert "train/loss: 8 values" in out
    assert "train/grad: 8 values" in out


def test_a_script_without_argparse_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plain.py").write_text("print(1)")
    assert main(["init", "--from-script", str(tmp_path / "plain.py")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "it parses no arguments with argparse" in line


def test_a_long_command_is_ended_and_one_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(try_log, "SECONDS", 1.5)
    script(tmp_path, wait=0.5)
    path = written(tmp_path / "own.yaml", spec())
    assert main(["validate", str(path), "--try", "--set", "params.steps=900"]) == 0
    assert "ran for 1.5 s and was ended" in capsys.readouterr().out
    broken = spec(argv=["python", "-c", "print('about to'); import no_such_module # {lr}"])
    assert main(["validate", str(written(path, broken)), "--try"]) == 2
    said = capsys.readouterr()
    assert "No module named 'no_such_module'" in said.out
    assert "command: ended with status 1" in said.err


class TestLeRobotNeeds:
    def needs(self, params: Mapping[str, Any] = MappingProxyType({}), **changes: Any) -> str:
        args = ["--dataset.repo_id=me/cube"]
        data = {
            "name": "le", "trainer": "lerobot", "command": {"args": args, **changes},
            "params": {"steps": 10, **params}, "space": {"lr": {"choice": [1e-5, 1e-4]}},
            "objective": {"metric": "train/loss", "mode": "min"},
        }  # fmt: skip
        with pytest.raises(SpecError) as caught:  # there is no lerobot-train here
            check(data, here=True)
        return str(caught.value)

    @pytest.fixture(autouse=True)
    def _no_network(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lerobot_needs, "reachable", lambda host: False)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))

    def test_without_a_network_the_cure_is_in_the_message(self) -> None:
        told = self.needs()
        assert "valid: policy.pretrained_backbone_weights: null" in told
        assert "'me/cube'; valid: --dataset.root=FOLDER in command.args" in told

    def test_what_is_there_is_not_missed(self, tmp_path: Path) -> None:
        weights = tmp_path / "torch/hub/checkpoints/resnet18-f37072fd.pth"
        data = tmp_path / "cube/meta/info.json"
        for path in (weights, data):
            path.parent.mkdir(parents=True)
            path.touch()
        args = [f"--dataset.root={tmp_path / 'cube'}"]
        assert "dataset" not in self.needs(args=args)
        assert "weights" not in self.needs(args=args)
        null = ["--policy.pretrained_backbone_weights=null"]
        os.remove(weights)
        assert "weights" not in self.needs(args=[*args, *null])
        assert "no meta/info.json" in self.needs(args=["--dataset.root=/nowhere", *null])

    def test_diffusion_takes_weights_since_0_6(self) -> None:
        diffusion = {"policy_type": "diffusion"}
        assert "valid: policy.pretrained_backbone_weights: null" in self.needs(diffusion)
        assert "weights" not in self.needs(diffusion, version="0.5")

    @pytest.mark.parametrize(
        ("params", "name"),
        [
            ({"policy_path": "lerobot/smolvla_base"}, "lerobot/smolvla_base"),
            ({"policy_type": "smolvla"}, "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"),
            ({"policy_type": "smolvla", "policy.vlm_model_name": "me/vlm"}, "me/vlm"),
        ],
    )
    def test_models_of_the_hub(self, tmp_path: Path, params: dict[str, str], name: str) -> None:
        line = f"huggingface.co cannot be reached, got '{name}'; valid: a folder with the model"
        assert line in self.needs(params)
        (tmp_path / f"hf/hub/models--{name.replace('/', '--')}").mkdir(parents=True)
        assert "a folder with the model" not in self.needs(params)

    def test_a_model_in_a_folder_is_there(self, tmp_path: Path) -> None:
        own = {"policy_type": "smolvla", "policy.vlm_model_name": str(tmp_path)}
        assert "a folder with the model" not in self.needs(own)
