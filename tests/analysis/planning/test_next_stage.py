"""The next stage: it can be run, and each change follows from what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import Sweep
from ilsweep.analysis.planning.next_stage import (
    NextStage,
    NoNextStageError,
    next_name,
    next_stage,
    stage_yaml,
)
from ilsweep.analysis.planning.spec_yaml import flat
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.validation.validate import check
from tests.analysis import strategies
from tests.analysis.strategies import Points, sweep, trial

METRIC = "eval/offline_eval/avg_l1"

SPEC: dict[str, Any] = {
    "name": "act-ot-stage1",
    "question": "Which OT strength?",
    "trainer": "act_ot",
    "data": {"source": "aloha", "episodes": 16, "domains": ["source", "target"]},
    "params": {"steps": 600, "kl_weight": 10.0, "ot": {"heuristic": True, "reg": 2.0}},
    "space": {"lr": {"loguniform": [1e-5, 1e-3]}, "ot.tau": {"choice": [1.0, 5.0, 10.0]}},
    "seeds": [0, 1],
    "objective": {"metric": "eval/offline_eval/avg_l1", "mode": "min"},
    "search": {"algorithm": "random", "num_trials": 24, "sampler": "tpe"},
    "hypotheses": [
        {
            "claim": "A larger tau lowers the error",
            "param": "ot.tau",
            "metric": "eval/offline_eval/avg_l1",
            "expect": "decrease",
        }
    ],
    "warm_start": [],
    "parent": None,
}


FIXED = {"steps": 600, "kl_weight": 10.0, "ot.heuristic": True, "ot.reg": 2.0, "ot.tau_src": None}


def runs(spec: dict[str, Any]) -> bool:
    try:
        check(spec)
    except SpecError:
        return False
    return True


def records(
    metrics: Mapping[str, Points] | None = None,
    *,
    gap: float = 0.1,
    noise: float = 0.005,
    seeds: int = 2,
) -> list[TrialRecord]:
    """Larger tau and a rate near 1e-4 are better."""
    rng = np.random.default_rng(0)
    made = []
    for c in range(24):
        lr, tau = 10 ** rng.uniform(-5, -3), (1.0, 5.0, 10.0)[c % 3]
        error = 1 - gap * (c % 3) + 5 * gap * (np.log10(lr) + 4) ** 2
        for seed in range(seeds):
            values = {"eval/offline_eval/avg_l1": error + noise * rng.normal(), **(metrics or {})}
            searched = {"lr": lr, "ot.tau": tau}
            made.append(
                trial(values, id=f"{c}-{seed}", config=f"{c}", seed=seed, params=FIXED,
                      searched=searched)
            )  # fmt: skip
    return made


def staged(trials: list[TrialRecord], **changes: Any) -> NextStage:
    return next_stage(analyse(sweep(trials, {**SPEC, **changes})), runs)


def by_path(stage: NextStage) -> dict[str, Any]:
    return {change.path: change.after for change in stage.changes}


def test_the_next_stage_can_be_run_and_continues_the_chain() -> None:
    stage = staged(records())
    assert runs(stage.spec)
    assert stage.spec["name"] == "act-ot-stage2"
    assert stage.spec["parent"] == "nowhere"
    assert stage.brings_something


def test_the_space_is_widened_at_a_border_and_narrowed_around_the_best() -> None:
    changes = by_path(staged(records()))
    assert changes["space.ot.tau"] == {"choice": [5.0, 10.0, 20.0]}
    low, high = changes["space.lr"]["loguniform"]
    assert 1e-5 < low < 1e-4 < high < 1e-3


def test_ties_get_more_seeds_for_the_same_work() -> None:
    changes = by_path(staged(records(noise=0.5)))
    assert changes["seeds"] == [0, 1, 2]
    assert changes["search.num_trials"] == 16
    assert "seeds" not in by_path(staged(records(seeds=3, noise=1e-9), seeds=[0, 1, 2]))


def test_a_remedy_is_compared_with_the_present_value() -> None:
    collapsed = records({"train/ot_pi_sum": [0.02] * 20})
    stage = staged(collapsed)
    assert by_path(stage)["space.ot.reg"] == {"choice": [2.0, 3.0]}
    assert "ot.reg" not in flat(stage.spec["params"])
    (change,) = [change for change in stage.changes if change.path == "space.ot.reg"]
    assert "ot_mass_collapse" in change.reason.en
    assert "docs/findings/act-ot.md" in change.source
    assert runs(stage.spec)


def test_where_nothing_works_a_remedy_is_made_at_once() -> None:
    """One more value that never succeeded would tell nothing, of the second remedy neither."""
    failing = {
        "eval/pc_success": [0.0], "eval/n_episodes": [40.0], "train/ot_pi_sum": [0.02] * 20,
        "train/kld_loss": [0.01] * 20,
    }  # fmt: skip
    made = by_path(staged(records(failing)))
    assert made["params.ot.reg"] == 3.0
    assert made["params.kl_weight"] == 1.0
    assert {"space.ot.reg", "space.kl_weight"}.isdisjoint(made)


def test_a_remedy_of_what_varies_together_is_one_more_row() -> None:
    rows = [[1.0, 2.0], [5.0, 1.0], [10.0, 0.5]]
    made = [
        trial({METRIC: tau + 0.001 * seed, "train/ot_pi_sum": [0.02] * 20}, id=f"{tau}-{seed}",
              config=f"{tau}", seed=seed, params=FIXED, searched={"ot.tau": tau, "ot.reg": reg})
        for tau, reg in rows for seed in range(3)
    ]  # fmt: skip
    changes = by_path(staged(made, space={"ot.tau, ot.reg": {"choice": rows}}, params={}))
    (dimension,) = [path for path in changes if path.startswith("space.")]
    assert dimension == "space.ot.tau, ot.reg"
    kept, (tau, reg) = changes[dimension]["choice"][:3], changes[dimension]["choice"][3]
    assert kept == rows
    assert (tau, reg) in ((2.0, 2.0), (1.0, 3.0))  # of the best row, one value changed


def test_a_diagonal_prior_is_tested_against_none() -> None:
    diagonal = records({"train/ot_pi_sum": [0.9] * 20, "train/ot_pi_diag": [0.9] * 20})
    assert by_path(staged(diagonal))["space.ot.heuristic"] == {"choice": [True, False]}


def test_a_curve_that_still_falls_is_trained_on() -> None:
    going = records({"train/l1_loss": np.linspace(1, 0.2, 100)})
    stage = staged(going)
    assert by_path(stage)["params.steps"] == 1200
    assert stage.spec["params"]["steps"] == 1200


def test_a_best_that_often_fails_for_no_known_reason_is_trained_for_longer() -> None:
    def steps(rate: float) -> Any:
        seen = {"eval/pc_success": [rate], "eval/n_episodes": [40.0]}
        return by_path(staged(records(seen))).get("params.steps")

    assert steps(2.5) == 4 * 600
    assert steps(50.0) == 2 * 600
    assert steps(97.5) is None


def test_at_the_upper_border_of_the_rate_training_is_not_prolonged_as_well() -> None:
    going = {"train/l1_loss": list(np.linspace(1, 0.2, 100))}
    narrow = {"space": {"lr": {"loguniform": [1e-6, 1e-4]}}}
    made = [
        trial({METRIC: -np.log10(lr) + 0.001 * seed, **going}, id=f"{lr}-{seed}", config=f"{lr}",
              seed=seed, params=FIXED, searched={"lr": lr})
        for lr in (1e-6, 3e-6, 1e-5, 3e-5, 1e-4) for seed in range(3)
    ]  # fmt: skip
    changes = by_path(staged(made, **narrow))
    assert changes["space.lr"] == {"loguniform": [1e-6, 3e-4]}
    assert "params.steps" not in changes


def test_a_parameter_that_does_nothing_is_not_narrowed() -> None:
    """The best few of values that do not matter lie within some range too."""
    narrowed_for = 0
    for draw in range(40):
        rng = np.random.default_rng(draw)
        made = [
            trial({METRIC: rng.normal()}, id=f"{c}", config=f"{c}", params=FIXED,
                  searched={"lr": 10 ** rng.uniform(-5, -3)})
            for c in range(16)
        ]  # fmt: skip
        stage = staged(made, space={"lr": {"loguniform": [1e-5, 1e-3]}})
        reasons = [c.reason.en for c in stage.changes if c.path == "space.lr"]
        narrowed_for += any("narrowed" in reason for reason in reasons)
    assert narrowed_for <= 6  # 5 % of 40 are 2


def test_what_all_of_the_best_have_is_settled() -> None:
    made = [
        trial({METRIC: 10.0 * (norm == "unit") + luck}, id=f"{norm}-{luck}",
              config=f"{norm}-{luck}", params=FIXED,
              searched={"image_norm": norm, "lr": 10 ** -(4 + luck)})
        for norm in ("unit", "imagenet") for luck in np.random.default_rng(0).uniform(size=6)
    ]  # fmt: skip
    space = {"image_norm": {"choice": ["unit", "imagenet"]}, "lr": {"loguniform": [1e-5, 1e-4]}}
    stage = staged(made, space=space, hypotheses=[])
    assert stage.spec["params"]["image_norm"] == "imagenet"
    assert set(stage.spec["space"]) == {"lr"}
    (change,) = [change for change in stage.changes if change.path == "params.image_norm"]
    assert "best 6 of 12" in change.reason.en
    alone = staged(made, space={"image_norm": space["image_norm"]}, hypotheses=[])
    assert "image_norm" in alone.spec["space"]  # something must be left to search


def test_a_short_search_is_not_filled_by_what_is_known() -> None:
    few = {"search": {"algorithm": "random", "num_trials": 9}}
    assert len(staged(records(seeds=3, noise=1e-9), seeds=[0, 1, 2], **few).spec["warm_start"]) == 3


def test_earlier_winners_are_tried_first() -> None:
    stage = staged(records())
    points = stage.spec["warm_start"]
    assert 1 <= len(points) <= 5
    assert all(point["ot.tau"] in (5.0, 10.0) for point in points)
    grid = {"search": {"algorithm": "grid"}, "space": {"ot.tau": SPEC["space"]["ot.tau"]}}
    assert "warm_start" not in staged(records(), **grid).spec


def test_a_search_draws_anew_and_a_grid_has_no_seed() -> None:
    assert staged(records()).spec["search"]["seed"] == 1
    full = {"algorithm": "grid", "sampler": "tpe", "num_trials": None, "seed": 0}
    grid = {"search": full, "space": {"ot.tau": SPEC["space"]["ot.tau"]}}
    assert staged(records(), **grid).spec["search"] == {"algorithm": "grid"}
    assert "scheduler" not in staged(records(), scheduler={"type": "none", "grace_steps": 5}).spec


def test_decided_hypotheses_are_not_asked_again() -> None:
    assert "hypotheses" not in staged(records()).spec
    undecided = staged(records(gap=0.0, noise=1.0))
    assert undecided.spec["hypotheses"] == [{**h, "looks": 1} for h in SPEC["hypotheses"]]


def test_a_change_that_could_not_run_is_left_out() -> None:
    analysis = analyse(sweep(records(), SPEC))
    stage = next_stage(analysis, lambda spec: "ot.tau" not in str(spec.get("warm_start")))
    assert "warm_start" not in stage.spec
    assert "warm_start" not in {change.path for change in stage.changes}


def test_the_yaml_says_why_and_means_the_same() -> None:
    analysis = analyse(sweep(records(), SPEC))
    stage = next_stage(analysis, runs)
    text = stage_yaml(stage, analysis)
    assert yaml.safe_load(text) == stage.spec
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  ot.tau:"))
    assert lines[at - 1].lstrip().startswith("#")
    assert "border" in text
    assert analysis.answer.en.split(",")[0] in text.replace("\n# ", " ")


def test_without_a_spec_there_is_no_next_stage() -> None:
    with pytest.raises(NoNextStageError, match="no spec"):
        next_stage(analyse(sweep([trial({"train/loss": 1.0})])))


def test_nothing_new_is_said_to_be_nothing() -> None:
    one = [trial({"eval/offline_eval/avg_l1": 1.0}, params=FIXED, searched={"lr": 1e-4})]
    assert not staged(one, space={"lr": {"loguniform": [1e-5, 1e-3]}}).brings_something


@pytest.mark.parametrize(
    ("name", "following"),
    [("a-stage1", "a-stage2"), ("a-stage9", "a-stage10"), ("a", "a-stage2"), ("bc2", "bc2-stage2")],
)
def test_names_of_stages(name: str, following: str) -> None:
    assert next_name(name) == following


@given(strategies.sweeps())
@settings(max_examples=60, deadline=None)
def test_any_sweep_has_a_next_stage(made: Sweep) -> None:
    spec = {**SPEC, **{k: v for k, v in made.spec.items() if v is not None}}
    analysis = analyse(sweep(made.trials, spec))
    text = stage_yaml(next_stage(analysis), analysis)
    assert isinstance(yaml.safe_load(text), dict)
