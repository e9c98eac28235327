"""A race over seeds: its decisions by hand, and its rate of wrong choices by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ilsweep.analysis.stats.race import BOUND, Look, Noise, Outcome, Round, race

Array = NDArray[np.float64]


def on(table: Array, at_least: int, at_most: int, smallest: float = 0.0) -> Outcome:
    """A race on a table of values, (configurations, seeds)."""

    def look(left: tuple[int, ...], seeds: int) -> Look:
        return Look(left, table[list(left), :seeds])

    return race(look, range(len(table)), at_least, at_most, smallest)


def best(table: Array, left: tuple[int, ...]) -> int:
    """Of those left, by the mean."""
    return left[int(table[list(left)].mean(axis=1).argmax())]


def trainings(found: Outcome, k: int) -> int:
    """How many trainings it took."""
    seeds, left = [r.seeds for r in found.rounds], [len(r.left) for r in found.rounds]
    return k * seeds[0] + sum(left[:-1])


def test_noise_is_the_residual_of_configuration_and_seed() -> None:
    rng = np.random.default_rng(0)
    rows, columns = 10 * rng.normal(size=(400, 1)), 10 * rng.normal(size=(1, 6))
    noise = Noise.of(Look((), rows + columns + 2 * rng.normal(size=(400, 6))))
    assert noise.freedom == 199 * 5
    assert noise.variance == pytest.approx(4, rel=0.1)


def test_the_hopeless_do_not_make_the_noise() -> None:
    """Two that diverge differ by hundreds between seeds; the others are decided all the same."""
    rng = np.random.default_rng(5)
    table = rng.normal(size=(6, 12)) + np.array([[9.0], [0.0], [0.0], [0.0], [0.0], [0.0]])
    wild = np.concatenate([table, 300 * rng.normal(size=(2, 12)) - 2000])
    assert on(wild, 2, 12).rounds[-1].left == (0,)
    assert len(on(wild, 2, 12).rounds) == len(on(table, 2, 12).rounds)


def test_one_drops_out_where_its_sum_is_behind_by_more_than_the_bound() -> None:
    noise = np.array([[1.0, -1.0], [-1.0, 1.0]])  # variance 4 with one degree of freedom
    for behind, left in ((BOUND - 0.01, 2), (BOUND + 0.01, 1)):
        table = noise + np.array([[behind], [0.0]])  # the sums differ by twice as much
        assert len(on(table, 2, 2).rounds[-1].left) == left


def test_where_each_has_one_seed_the_best_get_a_second_before_anybody_is_out() -> None:
    """Of twelve, three lie within the noise of one another; the noise is that of four."""
    rng, looked = np.random.default_rng(6), list[tuple[tuple[int, ...], int]]()
    table = rng.normal(size=(12, 9))
    table[3:] -= 50 + 10 * np.arange(9)[:, None]

    def look(left: tuple[int, ...], seeds: int) -> Look | None:
        looked.append((left, seeds))
        return Look(left, table[list(left), :seeds])

    found = race(look, range(12), 1, 9)
    assert looked[0] == (tuple(range(12)), 1)
    assert (sorted(looked[1][0]), looked[1][1]) == ([0, 1, 2, 3], 2)
    assert found.rounds[0] == Round(1, (0, 1, 2))
    assert looked[2] == ((0, 1, 2), 2)

    def not_yet(left: tuple[int, ...], seeds: int) -> Look | None:
        return look(left, seeds) if seeds == 1 else None

    assert race(not_yet, range(12), 1, 9) == Outcome((), "")


def test_of_two_the_first_seed_decides_nothing() -> None:
    assert len(on(np.array([[1.0, 0.0], [0.0, 1.0]]), 1, 2).rounds) == 2


def test_what_matters_little_is_not_raced_for() -> None:
    """The bound falls by half of the smallest effect a seed (Kim & Nelson 2001)."""
    noise = np.tile([[1.0, -1.0], [-1.0, 1.0]], 4)  # variance 4 with two seeds, then less
    table = noise + np.array([[1.5], [0.0]])
    assert on(table, 2, 8, smallest=2.0).rounds[0].left == (0, 1)
    early = on(table, 2, 8, smallest=6.0)
    assert (early.ended, early.rounds) == ("small differences", (Round(2, (0, 1)),))


def test_it_ends_where_no_difference_that_matters_is_left() -> None:
    table = np.tile([[1.0, -1.0], [-1.0, 1.0]], 20)
    assert on(table, 2, 40).ended == "all seeds"
    coarse, fine = on(table, 2, 40, smallest=2.0), on(table, 2, 40, smallest=0.5)
    assert coarse.ended == fine.ended == "small differences"
    assert len(coarse.rounds) < len(fine.rounds) < 39


def test_equal_values_end_at_once() -> None:
    assert on(np.full((3, 9), 7.0), 2, 9).ended == "small differences"


def test_a_training_that_is_to_come_stops_it_and_nothing_else() -> None:
    table = np.random.default_rng(2).normal(size=(5, 9))
    whole = on(table, 2, 9)

    def look(left: tuple[int, ...], seeds: int) -> Look | None:
        return Look(left, table[list(left), :seeds]) if seeds < 4 else None

    part = race(look, range(5), 2, 9)
    assert part.ended == ""
    assert part.rounds == whole.rounds[:2]


def test_for_the_same_rate_of_wrong_choices_a_grid_takes_more_trainings() -> None:
    """12 configurations, one leads by 10 points, noise of 10 points: half and less."""
    rng, races, most = np.random.default_rng(3), 300, 20
    values = 10 * rng.normal(size=(races, 12, most))
    values[:, 0] += 10
    found = [on(table, 2, most) for table in values]
    chosen = [
        best(table[:, : last.seeds], last.left)
        for last, table in zip((end.rounds[-1] for end in found), values, strict=True)
    ]
    wrong = np.mean(np.array(chosen) != 0)
    spent = np.mean([trainings(end, 12) for end in found]) / 12
    twice = values[:, :, : round(1.7 * spent)].mean(axis=2).argmax(axis=1)
    assert spent < 0.4 * most
    assert wrong <= np.mean(twice != 0) + 0.02
