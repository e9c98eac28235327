"""Noise between retrainings: recovered from made-up trials, without the episodes' own part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ilsweep.analysis.inference.noise import between_retrainings
from ilsweep.analysis.inference.noise_atlas import ATLAS, from_atlas, world_of
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.model import TrialRecord
from tests.analysis.strategies import trial

LOSS = "eval/eval_loss"


def test_configurations_add_nothing_to_it() -> None:
    rng = np.random.default_rng(0)
    trials = [
        trial({LOSS: 100.0 * c + 3 * rng.normal()}, id=f"c{c}-s{s}", config=f"c{c}", seed=s,
              searched={"a": c})
        for c in range(40) for s in range(6)
    ]  # fmt: skip
    copies = [replace(t, id=f"{t.id}-again") for t in trials[:50]]  # say nothing new
    found = between_retrainings([*trials, *copies], LOSS, "here")
    assert found is not None
    assert found.freedom == 200
    assert found.sd == pytest.approx(3, rel=0.15)
    assert between_retrainings(trials[::6], LOSS, "one seed each") is None


def test_of_success_the_episodes_part_is_taken_out_and_put_in_by_their_number() -> None:
    rng, trials = np.random.default_rng(1), []
    for c in range(200):
        for s in range(3):
            rate = np.clip(0.5 + 0.1 * rng.normal(), 0, 1)
            percent = 100 * rng.binomial(20, rate) / 20
            metrics = {SUCCESS: percent, "eval/n_episodes": 20.0}
            trials.append(trial(metrics, id=f"c{c}-s{s}", config=f"c{c}", seed=s,
                                searched={"a": c}))  # fmt: skip
    found = between_retrainings(trials, SUCCESS, "here")
    assert found is not None
    assert found.sd == pytest.approx(10, abs=2)
    assert found.of_mean(1, 20) == pytest.approx((found.sd**2 + 2500 / 20) ** 0.5)
    assert found.of_mean(4) == pytest.approx(found.sd / 2)
    shared = (found.sd**2 + 2500 / 80) ** 0.5
    assert found.of_mean(4, 20, shared=True) == pytest.approx(shared)


def test_the_episodes_part_weighs_as_the_seeds_do() -> None:
    """Most seeds are of configurations at 50 %, where episodes vary most."""
    rng, trials = np.random.default_rng(2), []
    for c in range(200):
        rate, sd, seeds = (0.9, 0.0, 2) if c % 2 else (0.5, 0.05, 8)
        for s in range(seeds):
            percent = 100 * rng.binomial(20, rate + sd * rng.normal()) / 20
            metrics = {SUCCESS: percent, "eval/n_episodes": 20.0}
            trials.append(trial(metrics, id=f"c{c}-s{s}", config=f"c{c}", seed=s,
                                searched={"a": c}))  # fmt: skip
    found = between_retrainings(trials, SUCCESS, "here")
    assert found is not None
    assert found.sd == pytest.approx((7 / 8) ** 0.5 * 5, abs=1.5)


def test_at_a_floor_and_of_equal_values_the_noise_is_not_known() -> None:
    def trials(metrics: dict[str, list[float]]) -> list[TrialRecord]:
        return [
            trial({name: values[s] for name, values in metrics.items()}, id=f"c-s{s}", config="c",
                  seed=s)
            for s in range(3)
        ]  # fmt: skip

    floor = trials({SUCCESS: [0.0, 5.0, 0.0], "eval/n_episodes": [20.0] * 3})
    assert between_retrainings(floor, SUCCESS, "") is None
    assert between_retrainings(trials({LOSS: [0.5] * 3}), LOSS, "") is None


def test_worlds_by_name() -> None:
    assert world_of({"source": "metaworld", "task": "push-v3"}) == "metaworld/push-v3"
    assert world_of({"source": "gym", "env": {"id": "FetchPush-v4"}}) == "gym/FetchPush-v4"
    assert world_of({}) == "aloha/"


def test_the_atlas_is_read_by_trainer_world_and_metric() -> None:
    rows = read_json(ATLAS)["rows"]
    assert len(rows) >= 3
    for row in rows:
        for metric, measured in row["metrics"].items():
            found = from_atlas(row["trainer"], row["world"], metric)
            if measured["sd"] is None:
                assert found is None
                continue
            assert found is not None
            assert found.freedom == row["seeds"] - 1 >= 1
            if metric != SUCCESS and np.ptp(measured["values"]) > 0:
                sd = np.std(measured["values"], ddof=1)
                assert measured["sd"] == pytest.approx(sd, rel=0.02)
    assert from_atlas("bc", "metaworld/nowhere", SUCCESS) is None
