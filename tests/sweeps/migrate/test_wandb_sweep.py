"""A Weights & Biases sweep becomes a spec that `validate` takes; the rest is said."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.joint import expanded
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.migrate.wandb_sweep import from_wandb_sweep
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.validation.validate import check

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
        assert (plan.configurations, plan.spec.scheduler.grace_reports) == (12, 3)
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

    def test_fixed_booleans_are_flags(self, tmp_path: Path) -> None:
        text = """
command: [python, train.py, "${args_no_boolean_flags}"]
parameters: {lr: {values: [1, 2]}, amp: {value: true}, ema: {value: false}}
"""
        draft = from_wandb_sweep(sweep(tmp_path, text))
        assert draft.spec["command"]["argv"] == ["python", "train.py", "--amp", "--lr={lr}"]
        check(draft.spec, here=True)

    @pytest.mark.parametrize(
        ("part", "said"),
        [("parameters: {a: {distribution: beta}}", "a: distribution beta has no counter"),
         ("parameters: {a: {values: [1, 2], probabilities: [0.1, 0.9]}}", "probabilities"),
         ("parameters: {a: {distribution: uniform}}", "needs min and max"),
         ("method: random\nparameters: {seed: {min: 0, max: 9}}", "seeds are a list"),
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
        assert draft.spec["search"] == {"algorithm": "grid"}
        assert draft.spec["space"] == {"a": {"choice": [1, 2]}}
        assert draft.spec["scheduler"] == {
            "type": "asha",
            "reduction_factor": 3,
            "grace_reports": 3,
        }
        assert draft.spec["objective"] == {"metric": "eval/pc_success", "mode": "min"}
        assert any(note.startswith("Look: success_rate is minimised") for note in draft.notes)

    def test_what_is_no_sweep(self, tmp_path: Path) -> None:
        with pytest.raises(SpecError) as caught:
            from_wandb_sweep(sweep(tmp_path, "name: x"))
        assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
            "parameters",
            "program",
        ]


def test_init_writes_a_spec_and_says_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(sweep(tmp_path, SWEEP))
    target = tmp_path / "spec.yaml"
    assert main(["init", "--from-wandb-sweep", file, "-o", str(target)]) == 0
    assert "Not carried over: controller" in capsys.readouterr().err
    assert yamlio.read(target)["name"] == "my-sweep"
    assert main(["init", "--from-wandb-sweep", file, "-o", str(target)]) == 2


@pytest.mark.parametrize("command", ["python train.py", "3", "{a: b}", "[[python]]", "[python, ~]"])
def test_a_command_that_is_no_list_of_words_is_one_line(tmp_path: Path, command: str) -> None:
    text = f"program: train.py\ncommand: {command}\nparameters: {{lr: {{values: [1, 2]}}}}\n"
    with pytest.raises(SpecError, match="command: must be a list of words") as caught:
        from_wandb_sweep(sweep(tmp_path, text))
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "early", [f"eta: 1{'0' * 400}", "eta: .inf", "s: 1000000000", "s: -1", "eta: 1.0e+300, s: 9"]
)
def test_a_hyperband_beyond_all_numbers_is_left_out_and_said(tmp_path: Path, early: str) -> None:
    text = (
        "program: train.py\nparameters: {lr: {values: [1, 2]}}\n"
        f"early_terminate: {{type: hyperband, max_iter: 27, {early}}}\n"
    )
    draft = from_wandb_sweep(sweep(tmp_path, text))
    assert "scheduler" not in draft.spec
    assert "Not carried over: early_terminate: its numbers are out of range." in draft.notes


GRID = """
program: train.py
method: grid
run_cap: {cap}
parameters:
  b: {{values: [1, 2, 3]}}
  a: {{values: [x, y]}}
"""


def runs_of(folder: Path, sweep: str) -> list[tuple[Any, ...]]:
    """What the spec of a sweep trains: values by name in order, and the seed."""
    (folder / "train.py").touch()
    (folder / "sweep.yaml").write_text(sweep)
    plan = check(from_wandb_sweep(folder / "sweep.yaml").spec)
    assert plan.spec.search.algorithm == "grid" or not plan.space
    rows = itertools.product(*(domain.values for domain in plan.dimensions.values()))
    points = [expanded(dict(zip(plan.dimensions, row, strict=True))) for row in rows]
    return sorted(
        ({**plan.fixed, **point}["a"], {**plan.fixed, **point}["b"], seed)
        for point in points
        for seed in plan.spec.seeds
    )


@pytest.mark.parametrize("cap", [1, 2, 3, 4, 5, 6, 7])
def test_a_capped_grid_is_its_first_runs(tmp_path: Path, cap: int) -> None:
    """In the order of the package `sweeps` 0.3.0: `a`, then `b`, the last one fastest."""
    whole = [(a, b, 0) for a in "xy" for b in (1, 2, 3)]
    assert runs_of(tmp_path, GRID.format(cap=cap)) == whole[:cap]


@pytest.mark.parametrize(("cap", "trained"), [(4, 4), (5, 4), (1, 1), (11, 10), (12, 12)])
def test_a_cap_counts_seeds(tmp_path: Path, cap: int, trained: int) -> None:
    sweep = GRID.format(cap=cap) + "  seed: {values: [7, 8]}\n"
    whole = [(a, b, seed) for a in "xy" for b in (1, 2, 3) for seed in (7, 8)]
    assert runs_of(tmp_path, sweep) == whole[:trained]
    draft = from_wandb_sweep(tmp_path / "sweep.yaml")
    assert any("are left out" in note for note in draft.notes) == (cap != trained)
