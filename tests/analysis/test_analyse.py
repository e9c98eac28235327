"""The whole analysis: what it says of a made-up sweep, and that nothing breaks it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from ilsweep.analysis.analyse import Analysis, analyse
from ilsweep.analysis.findings.finding import SEVERITIES
from ilsweep.analysis.findings.ot_movement import ot_movement
from ilsweep.analysis.load.sweep import Sweep, read_sweep
from ilsweep.analysis.ranking.configurations import training_of
from ilsweep.analysis.records.files import to_json
from ilsweep.analysis.records.model import State
from ilsweep.analysis.records.paths import SweepPaths
from tests.analysis import strategies
from tests.analysis.strategies import falling, sweep, trial

SPEC = {
    "objective": {"metric": "eval/offline_eval/avg_l1", "mode": "min"},
    "space": {"lr": {"choice": [1e-5, 1e-4, 1e-3]}},
    "hypotheses": [
        {
            "claim": "A higher rate lowers the error.",
            "param": "lr",
            "metric": "eval/offline_eval/avg_l1",
            "expect": "decrease",
        }
    ],
}


def made(gap: float, noise: float, blind: bool = False) -> Analysis:
    """Three learning rates, five seeds; the largest is best by `gap` a decade."""
    rng = np.random.default_rng(0)
    trials = [
        trial(
            {
                "train/loss": falling(5, 1 - 0.1 * i),
                "eval/offline_eval/avg_l1": 0.5 - gap * i + noise * rng.normal(),
                "probe/shuffled_action_change": 0.01 if blind and lr == 1e-3 else 0.5,
            },
            id=f"{lr}-{seed}",
            config=f"{lr}",
            seed=seed,
            searched={"lr": lr},
        )
        for i, lr in enumerate((1e-5, 1e-4, 1e-3))
        for seed in range(5)
    ]
    return analyse(sweep(trials, SPEC))


def test_a_clear_winner_on_the_border_is_told() -> None:
    analysis = made(gap=0.1, noise=0.005)
    assert analysis.ranking.rows[0].searched == {"lr": 1e-3}
    assert "0.001 (lr = 0.001) is best" in analysis.answer.en
    assert "significantly better than every other" in analysis.answer.en
    assert "lr = 0.001" in analysis.answer.zh
    assert "Supported" in analysis.answer.en
    assert [edge.side for edge in analysis.edges] == ["high"]
    assert {finding.id for finding in analysis.of_sweep} == {"edge_of_space"}


def test_a_winner_is_compared_with_the_healthy_alone() -> None:
    """A blind policy with a better value was not compared, so that the best is not above it."""
    blind = {"probe/shuffled_action_change": 0.0}
    looks = {"probe/shuffled_action_change": 0.5}
    trials = [
        trial({"eval/offline_eval/avg_l1": value + 0.001 * seed, **probe}, id=f"{lr}-{seed}",
              config=f"{lr}",
              seed=seed, searched={"lr": lr})
        for lr, value, probe in ((1e-5, 0.9, looks), (1e-4, 0.5, looks), (1e-3, 0.4, blind))
        for seed in range(5)
    ]  # fmt: skip
    answer = analyse(sweep(trials, SPEC)).answer
    assert "(lr = 0.0001) is best" in answer.en
    assert "better than every other that is healthy and trained to the end" in answer.en


def test_noise_is_told_as_noise() -> None:
    analysis = made(gap=0.0, noise=0.1)
    assert "seed_noise" in {finding.id for finding in analysis.of_sweep}
    assert "2 others cannot be separated from it" in analysis.answer.en
    (verdict,) = analysis.hypotheses
    assert verdict.judgement == "undecided"


def test_a_blind_winner_by_loss_is_named() -> None:
    analysis = made(gap=0.1, noise=0.005, blind=True)
    assert analysis.ranking.rows[0].searched == {"lr": 1e-4}
    assert analysis.ranking.rows[-1].loss_rank == 1
    assert "The training loss alone would have chosen" in analysis.answer.en
    assert "blind_policy" in analysis.answer.en
    severities = [SEVERITIES.index(finding.severity) for finding in analysis.findings]
    assert severities == sorted(severities)


def test_the_movement_of_the_ot_loss_is_taken_apart() -> None:
    rng = np.random.default_rng(0)
    n = 400
    mass = np.exp(rng.normal(0, 0.5, n))  # drawn anew for every report
    cost = np.exp(-0.002 * np.arange(n) + 0.01 * rng.normal(size=n))
    movement = ot_movement(trial({"train/ot_pi_sum": mass, "train/ot_loss": mass * cost}))
    assert movement is not None
    assert movement.mass_share > 0.95
    assert movement.noise_share > 0.9
    np.testing.assert_allclose(movement.cost_factor, cost[-1] / cost[0])
    np.testing.assert_allclose(movement.factor, movement.mass_factor * movement.cost_factor)
    walk = np.exp(np.cumsum(0.1 * rng.normal(size=n)))  # keeps what it gained
    movement = ot_movement(trial({"train/ot_pi_sum": [0.5] * n, "train/ot_loss": walk}))
    assert movement is not None
    assert movement.noise_share < 0.3
    assert movement.mass_share == 0
    assert ot_movement(trial({"train/ot_loss": walk})) is None


def test_empty_failed_and_single() -> None:
    assert "no trials" in analyse(sweep([])).answer.en
    failed = [trial({}, id=f"{i}", seed=i, state="failed", error="boom") for i in range(3)]
    assert "All 3 trials failed" in analyse(sweep(failed)).answer.en
    single = analyse(sweep([trial({"train/loss": 1.0})]))
    assert single.ranking.best is not None
    assert "None" not in single.answer.en


def test_what_never_ended_leads_but_does_not_win() -> None:
    going = trial({"train/loss": [3.0, 2.0]}, id="on", state="running", searched={"lr": 0.1})
    analysis = analyse(sweep([going]))
    assert analysis.ranking.best is None
    assert "c0 (lr = 0.1) leads so far" in analysis.answer.en
    blind = trial({"train/loss": 1.0, "probe/shuffled_action_change": 0.0}, id="b", config="b")
    analysis = analyse(sweep([going, blind]))
    assert [row.config_id for row in analysis.ranking.rows] == ["c0", "b"]
    assert "No configuration can be recommended" in analysis.answer.en
    assert "blind_policy" in analysis.answer.zh


def test_the_answer_says_why_some_are_not_compared_and_what_the_seeds_could_show() -> None:
    """Three that succeed, by chance as often; two that never did, and two seeds of 2 episodes."""
    rates = {"a": (50.0, 100.0), "b": (50.0, 50.0), "c": (0.0, 50.0), "d": (0.0, 0.0)}
    trials = [
        trial({"eval/pc_success": rate, "eval/n_episodes": 2.0}, id=f"{name}{seed}", config=name,
              seed=seed, searched={"lr": name})
        for name, values in rates.items()
        for seed, rate in enumerate(values)
    ]  # fmt: skip
    spec = {"objective": {"metric": "eval/pc_success", "mode": "max"}}
    analysis = analyse(replace(sweep(trials), spec=spec))
    assert "2 others cannot be separated from it (these seeds are too few" in analysis.answer.en
    assert "1 healthy configuration had no success in the last evaluation" in analysis.answer.en
    assert any("1 configuration had no success" in note.en for note in analysis.ranking.notes)
    assert all(not pair.visible <= 100 for pair in analysis.ranking.comparisons)


def test_a_healthy_one_that_never_succeeded_is_called_so() -> None:
    """Where one that still trains did: it trained to the end itself, and holds no finding."""
    known: list[tuple[str, float, State]] = [("a", 0.0, "completed"), ("b", 50.0, "running")]
    trials = [
        trial(
            {"eval/loss": 1.0, "eval/pc_success": rate, "eval/n_episodes": 20.0},
            id=name, config=name, state=state,
        )
        for name, rate, state in known
    ]  # fmt: skip
    spec = {"objective": {"metric": "eval/loss", "mode": "min"}}
    analysis = analyse(replace(sweep(trials), spec=spec))
    assert analysis.ranking.best is None
    assert not analysis.ranking.nothing_works
    for text in (analysis.answer.en, analysis.headline):
        assert text.startswith(("No configuration can be recommended", "a is first"))
        assert "to the end yet" not in text
        assert "critical finding" not in text
        assert "succeeded" in text


def test_damaged_records_and_unknown_thresholds_are_noted() -> None:
    records = [trial({}, id="silent"), trial({"train/loss": 1.0}, id="on", state="running")]
    notes = " ".join(n.en for n in analyse(sweep(records, {"thresholds": {"x": 1}})).notes)
    assert "silent" in notes
    assert "1 trial has not ended" in notes
    assert "Unknown thresholds: x" in notes


@given(strategies.sweeps())
@settings(max_examples=200, deadline=None)
def test_any_sweep_is_analysed(given_sweep: Sweep) -> None:
    analysis = analyse(given_sweep)
    assert analysis.answer.en
    assert analysis.answer.zh
    assert len(analysis.ranking.rows) == len(set(map(training_of, given_sweep.trials)))
    to_json([finding.to_json() for finding in analysis.findings])


@pytest.mark.parametrize("size", [1e70, 1e90, 1e150, 1e170, 1e300])
@pytest.mark.parametrize("metric", ["train/l1_loss", "eval/offline_eval/avg_l1", "eval/pc_success"])
def test_large_numbers_break_nothing(metric: str, size: float) -> None:
    """Whose square is beyond what a float holds: Python's power raises, numpy's is infinite."""
    rng = np.random.default_rng(0)
    trials = [
        trial({metric: [1.0, size * (1 + config + 10.0**config * rng.random())],
               "eval/episode/0": 0.0}, id=f"{config}-{seed}", config=f"c{config}", seed=seed,
              searched={"lr": 10.0**-config})
        for config in range(4)
        for seed in range(3 + config % 2)
    ]  # fmt: skip
    objective = {"metric": metric, "mode": "min"}
    claim = {"param": "lr", "metric": metric, "expect": "increase"}
    spec = {"objective": objective, "hypotheses": [claim]}
    assert analyse(sweep(trials, spec)).answer.en


@given(strategies.metric_files(), strategies.json_values, strategies.json_values)
@settings(max_examples=100, deadline=None)
def test_any_folder_is_analysed(metrics: bytes, params: object, record: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = SweepPaths(Path(folder))
        odd = paths.trial("odd")
        odd.root.mkdir(parents=True)
        odd.metrics.write_bytes(metrics)
        odd.params.write_text(to_json({"params": params, "searched": params, "seed": record}))
        odd.record.write_text(to_json(record))
        paths.manifest.write_text(to_json({"spec": params}))
        analysis = analyse(read_sweep(Path(folder)))
    assert len(analysis.ranking.rows) == 1
