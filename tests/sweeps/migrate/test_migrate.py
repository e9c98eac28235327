"""What others wrote down becomes a spec that `validate` takes; the rest is said."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import FolderError, SpecError
from ilsweep.sweeps.migrate.configs import from_configs
from ilsweep.sweeps.migrate.draft import span
from ilsweep.sweeps.migrate.wandb_parameters import NoCounterpartError, domain
from ilsweep.sweeps.migrate.wandb_sweep import from_wandb_sweep
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.domain_form import parse_domain
from ilsweep.sweeps.validation.validate import check


def configs(folder: Path, *changes: dict[str, Any]) -> Path:
    for i, change in enumerate(changes):
        (folder / f"{i}.json").write_text(json.dumps(change))
    return folder


def lerobot(**policy: Any) -> dict[str, Any]:
    return {
        "dataset": {"repo_id": "me/cube"},
        "policy": {"type": "act", "kl_weight": 10.0, "dim_model": 64, **policy},
        "steps": 300,
    }


class TestConfigs:
    def test_the_space_they_span_by_our_names(self, tmp_path: Path) -> None:
        runs = [
            {**lerobot(kl_weight=weight, dim_model=dim), "seed": seed, "output_dir": f"o{weight}"}
            for weight, dim, seed in ((1, 64, 0), (10, 128, 1), (100, 64, 0))
        ]
        draft = from_configs(configs(tmp_path, *runs))
        plan = check(draft.spec)
        assert set(plan.space) == {"kl_weight", "policy.dim_model"}
        assert plan.space["kl_weight"].values == (1, 10, 100)
        assert plan.spec.seeds == [0, 1]
        assert plan.config({"kl_weight": 1}).model_dump()["steps"] == 300
        assert plan.warm_start == [
            {"kl_weight": 1, "policy.dim_model": 64},
            {"kl_weight": 10, "policy.dim_model": 128},
            {"kl_weight": 100, "policy.dim_model": 64},
        ]
        assert any(note.startswith("Not carried over: output_dir") for note in draft.notes)

    def test_all_combinations_are_a_grid(self, tmp_path: Path) -> None:
        runs = [lerobot(kl_weight=k, dim_model=d) for k in (1, 10) for d in (64, 128)]
        plan = check(from_configs(configs(tmp_path, *runs)).spec)
        assert (plan.spec.search.algorithm, plan.trials) == ("grid", 4)

    def test_what_only_some_have_is_said(self, tmp_path: Path) -> None:
        draft = from_configs(configs(tmp_path, lerobot(), lerobot(dropout=0.2)))
        assert "space" not in draft.spec
        assert any("policy.dropout (0.2, ...): not in all" in note for note in draft.notes)

    def test_other_scripts_get_a_configuration_each(self, tmp_path: Path) -> None:
        folder = configs(tmp_path, *({"model": {"width": w}, "epochs": 7} for w in range(8, 80, 8)))
        with pytest.raises(FolderError, match="say how one is used"):
            from_configs(folder)
        draft = from_configs(folder, "python -c pass {config}", "act")
        plan = check(draft.spec, here=True)
        assert plan.space["model.width"].name == "randint"
        assert plan.config({"model.width": 8}).model_dump()["steps"] == 7
        assert plan.spec.command is not None
        assert plan.spec.command.argv == ["python", "-c", "pass", "{config}"]

    def test_a_value_that_is_another_one_everywhere_is_one_parameter(self, tmp_path: Path) -> None:
        runs = [
            lerobot(chunk_size=size, n_action_steps=size, optimizer_lr=lr)
            | {"optimizer": {"lr": lr}}
            for size in (50, 100)
            for lr in (1e-5, 1e-4)
        ]
        draft = from_configs(configs(tmp_path, *runs))
        plan = check(draft.spec)
        assert (set(plan.space), plan.trials) == ({"lr", "chunk_size"}, 4)
        assert plan.spec.command is not None
        assert set(plan.spec.command.args) == {
            "--policy.n_action_steps={chunk_size}", "--optimizer.lr={lr}",
        }  # fmt: skip
        assert any("policy.n_action_steps is policy.chunk_size" in note for note in draft.notes)

    def test_values_that_change_together_are_not_tried_apart(self, tmp_path: Path) -> None:
        pairs = ((1e-4, 8), (2e-4, 16), (4e-4, 32))
        runs = [{"lr": lr, "batch": batch, "epochs": 5} for lr, batch in pairs]
        draft = from_configs(configs(tmp_path, *runs), "python -c pass {config}", "act")
        assert draft.spec["search"] == {"algorithm": "random", "num_trials": 3}
        assert [point["batch"] for point in draft.spec["warm_start"]] == [8, 16, 32]
        assert any("change together in every file: lr, batch" in note for note in draft.notes)

    def test_configurations_are_found_where_tools_put_them(self, tmp_path: Path) -> None:
        for run, weight in (("r0", 1), ("r1", 10)):
            for step, more in (("000100", 0), ("000200", 1)):
                folder = tmp_path / "out" / run / "checkpoints" / step / "pretrained_model"
                folder.mkdir(parents=True)
                config = json.dumps(lerobot(kl_weight=weight + more))
                (folder / "train_config.json").write_text(config)
                (folder / "config.json").write_text("{}")
        plan = check(from_configs(tmp_path / "out").spec)
        assert plan.space["kl_weight"].values == (2, 11)
        for job, lr in enumerate((1e-4, 3e-4)):
            folder = tmp_path / "multirun" / "2026-05-01" / str(job) / ".hydra"
            folder.mkdir(parents=True)
            (folder / "config.yaml").write_text(f"optimizer: {{lr: {lr}}}\nhorizon: 16\n")
            (folder / "overrides.yaml").write_text("[]\n")
        draft = from_configs(tmp_path / "multirun", "python train.py")
        assert draft.spec["space"] == {"optimizer.lr": {"choice": [1e-4, 3e-4]}}
        assert draft.spec["command"]["argv"] == [
            "python", "train.py", "optimizer.lr={optimizer.lr}",
        ]  # fmt: skip
        with pytest.raises(FolderError, match="takes their values as name=value"):
            from_configs(tmp_path / "multirun", "python train.py {config}")

    def test_one_is_not_enough_and_each_has_to_be_json(self, tmp_path: Path) -> None:
        configs(tmp_path, {})
        with pytest.raises(FolderError, match="at least two"):
            from_configs(tmp_path)
        (tmp_path / "x.json").write_text("[1")
        with pytest.raises(SpecError, match=r"x\.json: is not JSON"):
            from_configs(tmp_path)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 1, 2], {"choice": [1, 2, 3]}),
        (["a", "b"], {"choice": ["a", "b"]}),
        ([True, False], {"choice": [True, False]}),
        ([1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1], {"loguniform": [1e-5, 1.0]}),
        ([5, 6, 7, 8, 9, 10], {"randint": [5, 11]}),
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], {"uniform": [0.0, 5.0]}),
    ],
)
def test_the_domain_that_values_span(values: list[Any], expected: dict[str, Any]) -> None:
    assert span(values) == expected
    parsed = parse_domain(expected)
    for value in values:
        parsed.raw(value)


SWEEP = """
program: train.py
method: bayes
metric: {name: val_loss, goal: minimize}
parameters:
  learning-rate: {distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-2}
  batch_size: {values: [8, 16]}
  epochs: {value: 20}
  optimizer: {parameters: {momentum: {min: 0.1, max: 0.9}}}
early_terminate: {type: hyperband, min_iter: 3}
run_cap: 12
controller: {type: local}
"""


def sweep(folder: Path, text: str) -> Path:
    (folder / "train.py").touch()
    path = folder / "my sweep.yaml"
    path.write_text(text)
    return path


class TestWandb:
    def test_a_whole_file(self, tmp_path: Path) -> None:
        draft = from_wandb_sweep(sweep(tmp_path, SWEEP))
        plan = check(draft.spec, here=True)
        assert {name: str(found) for name, found in plan.space.items()} == {
            "learning_rate": "loguniform(1e-05, 0.01)",
            "batch_size": "choice(8, 16)",
            "optimizer.momentum": "uniform(0.1, 0.9)",
        }
        assert plan.spec.command is not None
        assert plan.spec.command.argv == [
            "python",
            "train.py",
            "--epochs={epochs}",
            "--learning-rate={learning_rate}",
            "--batch_size={batch_size}",
            "--optimizer.momentum={optimizer.momentum}",
        ]
        assert (plan.configurations, plan.spec.scheduler.grace_steps) == (12, 3)
        assert plan.spec.objectives[0].metric == "eval/eval_loss"
        assert plan.config({}).model_dump()["steps"] == 20
        said = "\n".join(draft.notes)
        assert "Not carried over: controller." in said

    @pytest.mark.parametrize(
        ("macro", "words"),
        [("${args}", ["--lr={lr}", "--aug={aug!s}", "--seed={seed}"]),
         ("${args_no_hyphens}", ["lr={lr}", "aug={aug!s}", "seed={seed}"]),
         ("${args_override_hydra}", ["++lr={lr}", "++aug={aug!s}", "++seed={seed}"]),
         ("${args_append_hydra}", ["+lr={lr}", "+aug={aug!s}", "+seed={seed}"]),
         ("${args_no_equals}", ["--lr", "{lr}", "--aug", "{aug!s}", "--seed", "{seed}"]),
         ("${args_json}", ['{{"lr": {lr}, "aug": {aug}, "seed": {seed}}}'])],
    )  # fmt: skip
    def test_its_command(self, tmp_path: Path, macro: str, words: list[str]) -> None:
        text = f"""
            program: train.py
            method: grid
            command: ["${{env}}", python3, "-u", "${{program}}", "${{now:%H}}/x", "{macro}"]
            parameters: {{lr: {{values: [1, 2]}}, aug: {{values: [true, false, null]}},
                          seed: {{values: [0, 1]}}}}
        """
        draft = from_wandb_sweep(sweep(tmp_path, text))
        plan = check(draft.spec)
        assert plan.spec.command is not None
        first = ["python3", "-u", "train.py", "${{now:%H}}/x"]
        assert plan.spec.command.argv == [*first, *words]
        assert (plan.spec.search.algorithm, plan.trials) == ("grid", 12)

    @pytest.mark.parametrize(
        ("part", "said"),
        [("parameters: {a: {distribution: beta}}", "a: distribution beta has no counter"),
         ("parameters: {a: {values: [1, 2], probabilities: [0.1, 0.9]}}", "probabilities"),
         ("parameters: {a: {distribution: uniform}}", "needs min and max"),
         ("parameters: {seed: {min: 0, max: 9}}", "seeds are a list"),
         ("command: [python, '${args_json_file}']", "args_json_file"),
         ("command: [python, '${args_no_boolean_flags}']", "args_no_boolean_flags"),
         ("command: [python, '--x=${envvar:ILSWEEP_NOT_SET}']", "is not set")],
    )  # fmt: skip
    def test_what_has_no_counterpart_is_refused_by_name(
        self, tmp_path: Path, part: str, said: str
    ) -> None:
        text = part if "parameters" in part else f"{part}\nparameters: {{a: {{values: [true, 1]}}}}"
        with pytest.raises(SpecError, match=said):
            from_wandb_sweep(sweep(tmp_path, f"program: train.py\n{text}\n"))

    def test_an_environment_variable_has_its_value(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOT_OF_DATA", "/data")
        command = "command: [python, 'x=${envvar:ROOT_OF_DATA}/a', '${args}']"
        text = f"{command}\nparameters: {{a: {{values: [1, 2]}}}}"
        draft = from_wandb_sweep(sweep(tmp_path, text))
        assert draft.spec["command"]["argv"] == ["python", "x=/data/a", "--a={a}"]

    def test_names_that_a_spec_keeps_for_itself(self, tmp_path: Path) -> None:
        text = """
            program: train.py
            method: grid
            parameters:
              config: {value: "c/{x}.json"}
              data.root: {value: here}
              folder: {values: [a, b]}
              data.batch_size: {values: [1, 2]}
        """
        plan = check(from_wandb_sweep(sweep(tmp_path, text)).spec, here=True)
        assert plan.spec.command is not None
        assert plan.spec.command.argv == [
            "python", "train.py", "--config=c/{{x}}.json", "--data.root=here",
            "--folder={script_folder}", "--data.batch_size={script_data_batch_size}",
        ]  # fmt: skip
        assert set(plan.space) == {"script_folder", "script_data_batch_size"}

    def test_caps_directions_and_brackets(self, tmp_path: Path) -> None:
        text = """
            program: train.py
            method: grid
            metric: {name: success_rate, goal: minimize}
            run_cap: 2
            early_terminate: {type: hyperband, max_iter: 27, s: 2, eta: 3}
            parameters: {a: {values: [1, 2, 3]}}
        """
        draft = from_wandb_sweep(sweep(tmp_path, text))
        assert draft.spec["search"] == {"algorithm": "random", "num_trials": 2}
        assert draft.spec["scheduler"] == {"type": "asha", "reduction_factor": 3, "grace_steps": 3}
        assert draft.spec["objective"] == {"metric": "eval/pc_success", "mode": "min"}
        assert any(note.startswith("Look: success_rate is minimised") for note in draft.notes)

    def test_what_is_no_sweep(self, tmp_path: Path) -> None:
        with pytest.raises(SpecError) as caught:
            from_wandb_sweep(sweep(tmp_path, "name: x"))
        assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
            "parameters",
            "program",
        ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"values": [1, 1, "a"]}, {"choice": [1, "a"]}),
        ({"min": 1, "max": 4}, {"randint": [1, 5]}),
        ({"min": 1, "max": 4.5}, {"uniform": [1.0, 4.5]}),
        ({"distribution": "log_uniform", "min": -2, "max": 0}, {"loguniform": [math.exp(-2), 1.0]}),
        ({"distribution": "normal", "mu": 1, "sigma": 2}, {"randn": [1, 2]}),
        (
            {"distribution": "q_log_uniform_values", "min": 32, "max": 256, "q": 8},
            {"qlograndint": [32, 256, 8]},
        ),
        ({"distribution": "q_uniform", "min": 3, "max": 21, "q": 5}, {"qrandint": [5, 20, 5]}),
        ({"distribution": "q_uniform", "min": 0, "max": 9}, {"qrandint": [0, 9, 1]}),
        (
            {"distribution": "q_uniform", "min": 0.1, "max": 1, "q": 0.5},
            {"quniform": [0.5, 1, 0.5]},
        ),
    ],
)
def test_distributions(asked: dict[str, Any], expected: dict[str, Any]) -> None:
    assert domain(asked) == expected
    parse_domain(expected)


def test_a_distribution_without_counterpart() -> None:
    with pytest.raises(NoCounterpartError):
        domain({"distribution": "inv_log_uniform", "min": 1, "max": 2})


def test_init_writes_a_spec_and_says_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(sweep(tmp_path, SWEEP))
    target = tmp_path / "spec.yaml"
    assert main(["init", "--from-wandb-sweep", file, "-o", str(target)]) == 0
    assert "Not carried over: controller" in capsys.readouterr().err
    assert yamlio.read(target)["name"] == "my-sweep"
    assert main(["init", "--from-wandb-sweep", file, "-o", str(target)]) == 2
