"""Configurations that others trained with become a spec that `validate` takes; the rest is said."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.errors import FolderError, SpecError
from ilsweep.sweeps.migrate.configs import from_configs
from ilsweep.sweeps.migrate.draft import span
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

    def test_a_truth_value_is_no_length_of_a_training(self, tmp_path: Path) -> None:
        runs = [{"steps": True, "epochs": 7, "lr": lr} for lr in (0.1, 0.2)]
        draft = from_configs(configs(tmp_path, *runs), "python t.py --config {config}")
        assert draft.spec["params"] == {"steps": 7}

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
        assert draft.spec["space"] == {"lr, batch": {"choice": list(map(list, pairs))}}
        assert draft.spec["search"] == {"algorithm": "grid"}
        assert check(draft.spec).trials == 3
        assert any("stay together: lr, batch" in note for note in draft.notes)

    def test_what_changes_together_is_one_dimension_beside_others(self, tmp_path: Path) -> None:
        rows = [(lr, n, seed) for lr, n in ((1e-4, 8), (3e-4, 64)) for seed in ("a", "b", "c")]
        runs = [{"lr": lr, "n": n, "kind": kind, "steps": 5} for lr, n, kind in rows]
        draft = from_configs(configs(tmp_path, *runs), "python -c pass {config}", "act")
        assert draft.spec["search"] == {"algorithm": "grid"}
        plan = check(draft.spec)
        assert (list(plan.dimensions), plan.trials) == (["lr, n", "kind"], 6)
        (tmp_path / "5.json").unlink()
        partial = from_configs(tmp_path, "python -c pass {config}", "act")
        assert len(partial.spec["warm_start"]) == 5
        assert check(partial.spec).points == 6

    def test_hydra_gets_each_of_them(self, tmp_path: Path) -> None:
        for job, (lr, n) in enumerate(((1e-4, 8), (3e-4, 64))):
            folder = tmp_path / str(job) / ".hydra"
            folder.mkdir(parents=True)
            (folder / "config.yaml").write_text(f"lr: {lr}\nn: {n}\n")
        draft = from_configs(tmp_path, "python train.py")
        assert draft.spec["command"]["argv"][2:] == ["lr={lr}", "n={n}"]
        assert list(draft.spec["space"]) == ["lr, n"]

    def test_yaml_that_looks_like_lerobots_needs_a_command(self, tmp_path: Path) -> None:
        for job, lr in enumerate((1e-4, 3e-4)):
            text = f"policy: {{type: act}}\ndataset: {{repo_id: a/b}}\nsteps: 9\nlr: {lr}\n"
            (tmp_path / f"{job}.yaml").write_text(text)
        with pytest.raises(FolderError, match="say how one is used: --command"):
            from_configs(tmp_path)
        draft = from_configs(tmp_path, "python train.py")
        assert draft.spec["command"]["argv"] == ["python", "train.py", "lr={lr}"]

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

    @pytest.mark.parametrize("seeds", [(0, None, 1), (0, "a", 1), (0, 1.5, -1), (True, 2, 3)])
    def test_seeds_that_are_no_whole_numbers_are_said(
        self, tmp_path: Path, seeds: tuple[Any, ...]
    ) -> None:
        runs = [{"lr": 10.0**-i, "seed": seed, "epochs": 5} for i, seed in enumerate(seeds)]
        draft = from_configs(configs(tmp_path, *runs), "python -c pass {config}", "act")
        assert "seeds" not in draft.spec
        assert any("Not carried over: seed " in note for note in draft.notes)

    def test_lists_that_differ_are_a_choice(self, tmp_path: Path) -> None:
        runs = [{"widths": [n, n], "lr": 1 / n, "epochs": 5} for n in (8, 8, 16, 32)]
        draft = from_configs(configs(tmp_path, *runs), "python -c pass {config}", "act")
        assert draft.spec["space"] == {
            "widths, lr": {"choice": [[[n, n], 1 / n] for n in (8, 16, 32)]}
        }
        assert check(draft.spec).trials == 3

    def test_a_command_with_an_open_quote_is_one_line(self, tmp_path: Path) -> None:
        folder = configs(tmp_path, {"lr": 1}, {"lr": 2})
        with pytest.raises(FolderError, match=r"--command: .*No closing quotation"):
            from_configs(folder, "python 'train.py {config}", "act")

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


@pytest.mark.parametrize("beyond", [10**400, math.inf, -math.inf])
def test_numbers_beyond_all_span_no_range(beyond: float) -> None:
    values = [1, 2.5, 3, 4, 5, beyond]
    assert span(values) == {"choice": values}
