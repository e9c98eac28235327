"""What a few episodes of a few seeds allow to say, and what equal numbers do not."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.findings.sweep_level import seed_noise
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.headline import headline
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.ranking.model import Ranking
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.ranking.rows import estimated
from ilsweep.analysis.records.model import TrialRecord, read_trial
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.summary_text import lead_and_more
from tests.analysis.inference.claims import of
from tests.analysis.made_up import write_trial
from tests.analysis.strategies import sweep, trial

SPEC = {"objective": {"metric": SUCCESS, "mode": "max"}}


def evaluated(*configurations: list[int], episodes: int = 10) -> list[TrialRecord]:
    """Successes of each seed of each configuration."""
    return [
        trial(
            {SUCCESS: 100 * k / episodes, "eval/n_episodes": episodes},
            id=f"c{i}-s{seed}", config=f"c{i}", seed=seed, searched={"x": float(i)},
        )
        for i, counts in enumerate(configurations)
        for seed, k in enumerate(counts)
    ]  # fmt: skip


def ranked(*configurations: list[int], episodes: int = 10) -> Ranking:
    return rank(evaluated(*configurations, episodes=episodes), SPEC, {})


@pytest.mark.parametrize(("rate", "deviation"), [(0.5, 0), (0.8, 0.1), (0.95, 0), (0.99, 0)])
@pytest.mark.parametrize(("seeds", "episodes"), [(2, 10), (3, 10), (3, 2), (5, 20)])
def test_a_success_rate_s_interval_covers_the_rate(
    rate: float, deviation: float, seeds: int, episodes: int
) -> None:
    """Student's alone covers 0.99 in 24 % of cases with three seeds of ten episodes."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        rates = np.clip(rng.normal(rate, deviation, seeds), 0, 1)
        counts = [(int(k), episodes) for k in rng.binomial(episodes, rates)]
        found = estimated([100 * k / n for k, n in counts], SUCCESS, counts)
        assert found.interval is not None
        covered += 100 * rate in found.interval
    assert covered >= 0.93 * 400


@pytest.mark.parametrize("k", [0, 5, 10])
def test_seeds_that_succeed_equally_often_are_no_certainty(k: int) -> None:
    interval = ranked([k, k, k], [k, k, k]).rows[0].objective.interval
    assert interval is not None
    assert interval.high - interval.low > 10
    assert 0 <= interval.low <= 10 * k <= interval.high <= 100


def test_no_winner_among_equals() -> None:
    assert "shares the best mean with 1 other" in headline(ranked([4, 5, 6], [6, 5, 4], [1, 2, 1]))
    assert "shares" not in headline(ranked([5, 5, 6], [6, 5, 4], [1, 2, 1]))


def test_the_same_counts_of_every_seed_are_chance_and_no_construction() -> None:
    """Two policies of 4, 5 and 6 successes in ten episodes may differ by forty points."""
    found = of(evaluated([4, 5, 6], [4, 5, 6]), "increase", param="x", smallest_effect=10)
    assert found.judgement == "undecided"
    assert found.interval is not None
    assert found.interval.high > 20


@pytest.mark.parametrize("values", [(0.9, 0.8, 0.7), (0.123, 0.122, 0.121)])
def test_few_digits_that_agree_are_chance(values: tuple[float, ...]) -> None:
    records = [
        trial({"eval/loss": v}, id=f"c{i}-s{s}", config=f"c{i}", seed=s, searched={"x": float(i)})
        for i in range(2)
        for s, v in enumerate(values)
    ]
    assert of(records, "increase", param="x", metric="eval/loss").judgement == "undecided"


@pytest.mark.parametrize("size", [1e160, 1e300])
def test_a_variance_beyond_all_numbers_has_no_share(size: float) -> None:
    records = [
        trial({"eval/loss": size * (1 + s)}, id=f"c{i}-s{s}", config=f"c{i}", seed=s)
        for i in range(2)
        for s in range(3)
    ]
    spec = {"objective": {"metric": "eval/loss", "mode": "min"}}
    assert "seed_noise" not in [one.id for one in analyse(sweep(records, spec)).of_sweep]


def test_rounding_is_no_noise_between_seeds() -> None:
    records = [
        trial({"eval/loss": 0.7 + 1e-16 * s}, id=f"c{i}-s{s}", config=f"c{i}", seed=s)
        for i in range(2)
        for s in range(3)
    ]
    ranking = rank(records, {"objective": {"metric": "eval/loss", "mode": "min"}}, {})
    assert seed_noise(ranking, resolve({})) is None
    assert "would show 0 " not in headline(ranking)


def test_a_value_of_one_seed_of_three_is_shown_as_such() -> None:
    records = evaluated([7, 7, 7])
    del records[1].curves[SUCCESS]
    (row,) = rank(records, SPEC, {}).rows
    assert row.seeds == "2/3"


@pytest.mark.parametrize(
    ("values", "said"),
    [((0.7, 0.4), "is it a share?"), ((170.0, 40.0), "goes from 40 to 170"), ((70.0, 0.5), "")],
)
def test_a_rate_in_another_unit_is_said(values: tuple[float, ...], said: str) -> None:
    records = [
        trial({SUCCESS: v}, id=f"c{i}", config=f"c{i}", searched={"x": i})
        for i, v in enumerate(values)
    ]
    notes = [note.en for note in rank(records, SPEC, {}).notes if "in percent" in note.en]
    assert [said in note for note in notes] == [True] * bool(said)


def test_a_clock_that_was_set_back_tells_no_duration(tmp_path: Path) -> None:
    """Fifty seconds before it began is not the cheapest training."""
    write_trial(tmp_path, "c0-s0", [{"step": 1, "train/loss": 1.0}], seconds=-50.0)
    assert math.isnan(read_trial(SweepPaths(tmp_path).trial("c0-s0")).seconds)


def test_the_best_of_equals_was_not_the_luckiest() -> None:
    assert "luckiest" not in answer(evaluated(*[[4, 5, 6]] * 4))
    assert "luckiest" in answer(evaluated([9, 8, 9], [2, 4, 5], [5, 3, 6], [4, 4, 6]))


def answer(records: list[TrialRecord]) -> str:
    lead, more = lead_and_more(rank(records, SPEC, {}))
    return f"{lead.en} {more.en}"


def test_long_values_leave_room_for_the_number() -> None:
    records = [
        trial({SUCCESS: 60.0 + s}, id=f"c{i}-s{s}", config=f"c{i}", seed=s,
              searched={"x": "weights/" * 100 + end})
        for i, end in enumerate(("a", "b")) for s in range(3)
    ]  # fmt: skip
    assert f"{SUCCESS} 61" in headline(rank(records, SPEC, {}))
    names = [name for name, _, _ in of(records, "increase", param="x").levels]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 60


def test_seeds_that_no_two_values_share_are_said() -> None:
    records = [r for r in evaluated([3, 3, 3], [9, 9, 9]) if r.id not in ("c0-s0", "c1-s2")]
    found = of(records, "increase", param="x")
    assert (found.judgement, found.reason) == ("undecided", "no noise")
    assert "the same for all values" in found.needed.en


def test_seeds_of_one_value_have_no_interval_and_show_no_difference() -> None:
    """Three seeds at 10 % had [10, 10], and a difference of 0 was said to be visible."""
    records = [
        trial({SUCCESS: 10.0}, id=f"{x}-{seed}", config=f"c{x}", seed=seed, searched={"x": x})
        for x in (1, 2) for seed in range(3)
    ]  # fmt: skip
    ranking = rank(records, SPEC, {})
    assert [row.objective.interval for row in ranking.rows] == [None, None]
    (pair,) = ranking.comparisons
    assert (pair.interval, pair.significant) == (None, False)
    assert math.isnan(pair.visible)
    assert any("2 configurations with the same value for all seeds" in n.en for n in ranking.notes)


@pytest.mark.parametrize(("other", "said"), [(10.0, False), (5.0, True)])
def test_the_loss_s_choice_is_told_only_where_it_is_another_result(
    other: float, said: bool
) -> None:
    records = [
        trial(
            {SUCCESS: success + seed, "train/loss": loss + 0.001 * seed},
            id=f"{loss}-{seed}", config=f"c{loss}", seed=seed, searched={"x": loss},
        )
        for loss, success in ((0.2, 10.0), (0.1, other)) for seed in range(3)
    ]  # fmt: skip
    ranking = rank(records, SPEC, {})
    text = " ".join(part.en for part in lead_and_more(ranking))
    assert ("training loss alone" in text) == said
