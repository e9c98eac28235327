"""One plan: what is broken first is mended first, and no step contradicts another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from ilsweep.analysis.analyse import Analysis, analyse
from ilsweep.analysis.findings.registry import LAYERS, RULES
from ilsweep.analysis.load.sweep import Sweep
from ilsweep.analysis.planning.next_stage import next_stage
from ilsweep.analysis.planning.plan import next_steps
from ilsweep.analysis.records.controls import Control, Controls, Name
from tests.analysis import strategies
from tests.analysis.findings.cases import nll
from tests.analysis.planning.test_next_stage import FIXED, SPEC, by_path, records, staged
from tests.analysis.strategies import Points, sweep, trial

METRIC = "eval/offline_eval/avg_l1"
BLIND: Mapping[str, Points] = {"probe/shuffled_action_change": 0.01}
NO_MASS: Mapping[str, Points] = {"train/ot_pi_sum": [0.02] * 20}
READS = {
    **FIXED, "lr": 1e-3, "lr_backbone": 1e-5, "position_scale": 1.0, "inverse_scale": False,
    "ot.lambda_ot": 30.0,
}  # fmt: skip


def found(
    *kinds: Mapping[str, Points], spec: Mapping[str, Any] | None = SPEC, seeds: int = 3
) -> Analysis:
    """One configuration for each of `kinds`, all alike in the objective."""
    made = [
        trial({METRIC: 0.1 + 0.01 * seed, **kind}, id=f"{c}-{seed}", config=f"{c}", seed=seed,
              params=READS, searched={"ot.tau": float(c + 1)})
        for c, kind in enumerate(kinds) for seed in range(seeds)
    ]  # fmt: skip
    return analyse(sweep(made, spec))


def params(analysis: Analysis) -> list[str]:
    return [step.param for step in next_steps(analysis)]


def test_nothing_is_advised_about_the_transport_while_the_policies_are_blind() -> None:
    assert "ot.reg" in params(found(NO_MASS, NO_MASS))
    both = found({**BLIND, **NO_MASS}, {**BLIND, **NO_MASS})
    assert params(both)
    assert not any(name.startswith("ot.") for name in params(both))
    changed = {change.target for change in next_stage(both).changes}
    assert "lr_backbone" in changed
    assert "ot.reg" not in changed


def test_a_transport_that_made_the_policies_blind_is_made_lighter_first() -> None:
    """The measured case: at a weight of 30 all embeddings were alike, and training longer did not
    help."""
    alike: Mapping[str, Points] = {**BLIND, "train/ot_variation/state": [1e-6] * 20}
    steps = next_steps(found(alike, alike, spec=None))
    assert (steps[0].param, steps[0].op, steps[0].value) == ("ot.lambda_ot", "multiply", 0.1)
    differ: Mapping[str, Points] = {**BLIND, "train/ot_variation/state": [0.1] * 20}
    assert "ot.lambda_ot" not in params(found(differ, differ, spec=None))


@pytest.mark.parametrize("part", ["space", "data", "params"])
def test_a_spec_that_says_none_of_a_part_has_a_plan(part: str) -> None:
    assert params(found(BLIND, BLIND, spec={**SPEC, part: None}))


def test_what_is_executed_comes_before_how_it_was_learnt() -> None:
    unscaled: Mapping[str, Points] = {
        "probe/roundtrip_error": 99.0, "probe/executed_scale_ratio": 100.0,
    }  # fmt: skip
    analysis = found({**BLIND, **unscaled}, {**BLIND, **unscaled}, spec=None)
    ids = [name for step in next_steps(analysis) for name in step.findings]
    assert ids == ["scale_mismatch"]
    assert "blind_policy" in {finding.id for finding in analysis.findings}


def test_a_warning_of_the_pipeline_comes_before_what_is_critical_and_learnt() -> None:
    """The measured case: positions in metres made a mean trajectory, which hid them."""
    units: Mapping[str, Points] = {
        "probe/group_std/position": 0.003, "probe/group_std/rotation": 0.4,
        "probe/diversity_ratio": 0.01,
    }  # fmt: skip
    ids = [name for step in next_steps(found(units, units, spec=None)) for name in step.findings]
    assert ids[0] == "unit_imbalance"
    assert "mean_trajectory" in ids


def test_what_still_improves_is_trained_on_before_warnings_of_its_layer() -> None:
    large: Mapping[str, Points] = {
        "train/l1_loss": list(np.linspace(1, 0.2, 100)), "probe/backbone_change": 0.0,
    }  # fmt: skip
    ids = [name for step in next_steps(found(large, large, spec=None)) for name in step.findings]
    assert ids == ["still_improving", "backbone_frozen"]


def test_memory_comes_before_a_jump_that_the_error_does_not_share() -> None:
    """The measured case: four demonstrations, whose policy was given a floor under its deviation,
    then a lower rate, and never more demonstrations."""
    jumps: Mapping[str, Points] = {"bc/actor_loss": nll(8.0), "bc/mse": [0.1] * 200}
    gap: Mapping[str, Points] = {"probe/train_error": 0.1, "probe/test_error": 0.5}
    analysis = found({**jumps, **gap}, jumps, spec=None)
    ids = [name for step in next_steps(analysis) for name in step.findings]
    assert ids == ["train_test_gap", "loss_jump"]


def test_a_probe_that_success_contradicts_holds_nothing_up() -> None:
    opens: Mapping[str, Points] = {
        "eval/pc_success": 80.0, "eval/n_episodes": 20.0,
        **{f"eval/episode/{seed}": float(seed % 5 > 0) for seed in range(20)},
        "probe/diversity_ratio": 0.01,
    }  # fmt: skip
    disputed = found({**opens, **NO_MASS}, {**opens, **NO_MASS})
    assert disputed.ranking.rows[0].disputed
    assert "ot.reg" in params(disputed)


def test_where_next_to_all_succeeds_nothing_is_opened_widened_or_repeated() -> None:
    won: dict[str, Points] = {
        "eval/pc_success": [100.0], "eval/n_episodes": [40.0], "train/ot_pi_sum": [0.02] * 20,
    }  # fmt: skip
    still: dict[str, Points] = {**won, "train/l1_loss": np.linspace(1, 0.2, 100)}
    for record in (won, still):
        made = by_path(staged(records(record)))
        assert {"space.ot.reg", "space.ot.tau", "params.steps", "seeds"}.isdisjoint(made)
    assert "params.steps" in by_path(staged(records({**still, "eval/pc_success": [50.0]})))
    failing = {**won, "eval/pc_success": [50.0]}
    assert {"space.ot.reg", "space.ot.tau"} <= set(by_path(staged(records(failing))))


def test_more_demonstrations_are_not_compared_with_fewer_nor_asked_beside_a_parameter() -> None:
    gap: dict[str, Points] = {"probe/train_error": 0.1, "probe/test_error": 0.5}
    made = by_path(staged(records(gap)))
    assert (made["data.episodes"], made.get("space.data.episodes")) == (64, None)
    first = by_path(staged(records({**gap, "train/kld_loss": [0.01] * 20})))
    assert "space.kl_weight" in first
    assert "data.episodes" not in first


@pytest.mark.parametrize("name", ["expert", "replay"])
def test_while_a_control_fails_the_pipeline_alone_is_mended(name: Name) -> None:
    """The measured case: what training scaled was executed as it was, demonstrations too."""
    blind: Mapping[str, Points] = {**BLIND, "eval/pc_success": 0.0, "eval/n_episodes": 20.0}
    failed = Controls((Control(name, 0, 3),))
    for kind, mended in (
        ({**blind, "probe/roundtrip_error": 99.0}, ["inverse_scale"]),
        (blind, []),
    ):
        analysis = analyse(replace(found(kind, kind, spec=None).sweep, controls=failed))
        assert params(analysis) == mended
        (nothing,) = [finding for finding in analysis.of_sweep if finding.id == "nothing_works"]
        assert [change.param for change in nothing.suggestions] == mended


def test_a_length_is_not_searched_and_set_at_once() -> None:
    going: Mapping[str, Points] = {"train/l1_loss": list(np.linspace(1, 0.2, 100))}
    both = found({**going, "probe/diversity_ratio": 0.1}, going)
    targets = Counter(change.target for change in next_stage(both).changes)
    assert targets["steps"] == 1


@settings(deadline=None, max_examples=60)
@given(strategies.sweeps())
def test_no_parameter_is_named_twice(made: Sweep) -> None:
    analysis = analyse(made)
    assert max(Counter(params(analysis)).values(), default=1) == 1
    if isinstance(made.spec.get("trainer"), str) and isinstance(made.spec.get("name"), str):
        targets = Counter(change.target for change in next_stage(analysis).changes)
        assert max(targets.values(), default=1) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_finding_has_one_layer(rule: Any) -> None:
    assert sum(rule in rules for rules in LAYERS.values()) == 1
