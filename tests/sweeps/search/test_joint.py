"""Parameters that vary together, `a, b: {choice: [[1, 2], [3, 4]]}`: a trial has a whole row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.plots.select import choose
from ilsweep.analysis.records.files import write_atomic
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.execution.edited_spec import followed
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store import sweep_dir
from ilsweep.sweeps.validation.validate import check, load_spec
from ilsweep.sweeps.workflow.power import power
from tests.sweeps.simulated import Simulated
from tests.sweeps.specs import regression, regression_plan

ROWS = [[0.1, 8], [0.2, 16], [0.1, 32]]
TIED = [[0.1, 8], [0.2, 16], [0.4, 32]]
PARAMS = {"steps": 40, "log_every": 10, "eval_every": 20, "save_every": 20}


def spec(rows: list[list[Any]] = ROWS, **changes: Any) -> dict[str, Any]:
    space = {"lr, width": {"choice": rows}, **changes.pop("more", {})}
    return regression(**{"params": PARAMS, "space": space, **changes})


def made(root: Path, plan: Plan) -> Simulated:
    root.mkdir()
    sweep = Simulated(root, plan)
    sweep_dir.describe(plan, sweep.paths, ["ilsweep"], "2026-01-01")
    return sweep


def tried(sweep: Simulated) -> list[tuple[float, int]]:
    files = sorted(sweep.paths.trials.glob("*/params.json"))
    params = [json.loads(path.read_text())["params"] for path in files]
    return [(one["lr"], one["width"]) for one in params]


def mistakes(data: dict[str, Any]) -> str:
    with pytest.raises(SpecError) as caught:
        check(data)
    return str(caught.value)


def test_a_grid_has_a_point_a_row(tmp_path: Path) -> None:
    plan = check(spec(more={"batch_size": {"choice": [2, 4]}}, search={}))
    assert (plan.configurations, plan.spec.search.algorithm) == (6, "grid")
    sweep = made(tmp_path / "s", plan)
    assert sweep.run()
    assert sorted(tried(sweep)) == sorted(2 * [(lr, width) for lr, width in ROWS])


@pytest.mark.parametrize(
    "search",
    [
        {"algorithm": "random"},
        *({"algorithm": "optuna", "sampler": s} for s in ("tpe", "gp", "cmaes", "qmc", "nsgaii")),
    ],
)
def test_a_search_draws_whole_rows_and_goes_on_after_a_kill(
    tmp_path: Path, search: dict[str, Any]
) -> None:
    plan = regression_plan(**spec(
        more={"batch_size": {"randint": [1, 9]}}, search={**search, "num_trials": 6}
    ))  # fmt: skip
    whole, torn = made(tmp_path / "whole", plan), made(tmp_path / "torn", plan)
    assert whole.run()
    assert set(tried(whole)) <= {(lr, width) for lr, width in ROWS}
    assert len(set(tried(whole))) > 1
    assert not torn.run(20)
    assert torn.run()
    assert tried(torn) == tried(whole)


def test_a_warm_start_names_a_row(tmp_path: Path) -> None:
    plan = check(spec(warm_start=[{"width": 32, "lr": 0.1}], search={"algorithm": "random"}))
    sweep = made(tmp_path / "s", plan)
    sweep.run()
    assert tried(sweep)[0] == (0.1, 32)
    for point, named in (
        ({"lr": 0.1}, "warm_start.0: lr, width vary together: all of them, or none"),
        ({"lr": 0.2, "width": 8}, "warm_start.0.lr, width: lies outside the space"),
    ):
        assert named in mistakes(spec(warm_start=[point], search={"algorithm": "random"}))


@pytest.mark.parametrize(
    ("space", "named"),
    [
        ({"lr, width": {"choice": ROWS}, "lr": {"choice": [1, 2]}}, "space.lr: varies twice"),
        ({"lr, lr": {"choice": [[1, 2]]}}, "space.lr, lr: each parameter once"),
        ({"lr,": {"choice": [[1, 2]]}}, "space.lr,: each parameter once"),
        ({"lr, width": {"choice": [[1]]}}, "space.lr, width: each row has 2 values, got [1]"),
        ({"lr, width": {"choice": [1, 2]}}, "each row has 2 values, got 1"),
        ({"lr, width": {"choice": [[1, 8], [1, 8]]}}, "lists a value twice"),
        ({"lr, width": {"uniform": [0, 1]}}, "parameters that vary together take rows"),
        ({"lr, widht": {"choice": [[1, 8]]}}, "space.widht: not a parameter of"),
        ({"lr, width": {"choice": [[0.1, 8], [-1, 8]]}}, "space.lr, width: must be great"),
        ({"lr, width": {"choice": [[0.1, 8], [0.1, "9"]]}}, "is text that looks like a number"),
        ({"lr, steps": {"choice": [[0.1, 40], [0.2, 10**20]]}}, "space.steps"),
    ],
)
def test_what_is_wrong_with_one_is_said(space: dict[str, Any], named: str) -> None:
    params = {name: value for name, value in PARAMS.items() if name not in str(space)}
    assert named in mistakes(regression(params=params, space=space))


def test_a_command_s_parameter_that_varies_twice_is_one_mistake() -> None:
    command = {"argv": ["python", "-c", "1", "{lr}", "{n}"], "metrics": "json_lines"}
    space = {"lr, n": {"choice": [[1, 2], [3, 4]]}, "lr": {"choice": [1, 2]}}
    spec = {"name": "n", "trainer": "command", "command": command, "params": {"steps": 1},
            "space": space, "objective": {"metric": "train/x", "mode": "min"}}  # fmt: skip
    assert mistakes(spec).splitlines() == [
        "space.lr: varies twice, got ['lr, n', 'lr']; valid: in one of them"
    ]


def test_a_parameter_of_a_row_is_not_fixed_too() -> None:
    assert "params.width: is fixed here and varied" in mistakes(spec(params={"width": 8}))
    pbt = spec(scheduler={"type": "pbt"}, search={"algorithm": "random"})
    assert "pbt changes each parameter alone" in mistakes(pbt)


def test_the_work_counts_each_row() -> None:
    rows = [[40, 0.1], [40, 0.2], [80, 0.1]]
    plan = regression_plan(params={"width": 8}, space={"steps, lr": {"choice": rows}})
    assert plan.work == (160, 160)
    assert plan.longest == 80


def test_rows_may_vary_the_data_with_the_trainer() -> None:
    rows = [[10, 100], [20, 200], [20, 400]]
    plan = check({
        "name": "n", "trainer": "bc", "data": {"source": "metaworld", "task": "reach-v3"},
        "space": {"data.episodes, steps": {"choice": rows}},
        "objective": {"metric": "train/loss", "mode": "min"},
    })  # fmt: skip
    assert plan.configurations == 3
    config = plan.trial({"data.episodes": 20, "steps": 200}, 0)
    assert (config.data["episodes"], config.steps) == (20, 200)


def test_an_edited_spec_may_add_rows_and_not_take_those_away_that_were_tried(
    tmp_path: Path,
) -> None:
    sweep = made(tmp_path / "s", check(spec(search={"algorithm": "random", "num_trials": 3})))
    sweep.run()
    trials = sweep_dir.own_trials(sweep.paths)
    for rows, refused in (([*ROWS, [0.4, 64]], ""), (ROWS[:2], "no longer holds what")):
        edited = {**yamlio.read(sweep.paths.spec), "space": {"lr, width": {"choice": rows}}}
        write_atomic(sweep.paths.spec, yamlio.dump(edited))
        if refused:
            with pytest.raises(SpecError, match=refused):
                followed(sweep.plan, sweep.paths, trials)
        else:
            assert followed(sweep.plan, sweep.paths, trials).points == 4


def claims(rows: list[list[Any]]) -> dict[str, Any]:
    claim = {"claim": "c", "param": "width", "metric": "eval/loss", "expect": "increase"}
    return spec(rows, hypotheses=[claim], search={"algorithm": "grid"}, seeds=[0, 1])


def test_a_claim_about_one_of_a_row_is_confounded_by_design(tmp_path: Path) -> None:
    sweep = made(tmp_path / "s", check(claims(TIED)))
    assert sweep.run()
    (verdict,) = analyse(read_sweep(sweep.paths.root)).hypotheses
    assert verdict.judgement == "not testable"
    assert "confounded by design" in verdict.detail.en
    assert "confounded by design" in power(sweep.plan)[0]


def test_a_claim_is_open_where_rows_differ_in_its_parameter_alone() -> None:
    rows = [[lr, width] for lr in (0.1, 0.2) for width in (8, 16, 32)]
    assert "shows a change" in power(check(claims(rows)))[0]


def test_the_next_stage_keeps_rows_whole(tmp_path: Path) -> None:
    rows = [[0.1 * i, 4 * i] for i in range(1, 13)]
    sweep = made(tmp_path / "s", check(spec(rows, search={"algorithm": "grid"})))
    assert sweep.run()
    found = analyse(read_sweep(sweep.paths.root))
    assert found.importance is not None
    assert [item.param for item in found.importance.params] == ["lr, width"]
    assert "vary together by design" in found.importance.note.en
    assert not found.edges
    assert main(["next", str(sweep.paths.root)]) == 0
    stage = load_spec(sweep.paths.root / "next.yaml")
    assert set(stage.dimensions) == {"lr, width"}
    assert list(map(list, rows)) == stage.spec.space["lr, width"]["choice"]


def test_a_picture_of_two_parameters_is_of_two_dimensions(tmp_path: Path) -> None:
    batches = {"batch_size": {"choice": [2, 4, 8]}}
    sweep = made(tmp_path / "s", check(spec(more=batches, search={"algorithm": "grid"})))
    assert sweep.run()
    pictures = choose(analyse(read_sweep(sweep.paths.root)), tmp_path / "plots")
    (caption,) = [p.plot.caption.en for p in pictures if p.plot.file == "interaction.png"]
    assert "batch_size" in caption
