"""A race over seeds as a sweep runs it: what is trained, what is not, and a kill at any moment."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis.ranking.race import race_of
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.store import sweep_dir
from tests.sweeps.simulated import Loss, Simulated
from tests.sweeps.specs import regression_plan

WIDTHS = [4, 8, 16, 32, 64]


def noisy(searched: Mapping[str, Any], seed: int) -> float:
    """Widths 32 and 64 are close, the others plainly worse; a standard deviation of 1."""
    truth = {4: 20.0, 8: 12.0, 16: 6.0, 32: 0.5, 64: 0.0}[searched["width"]]
    return truth + float(np.random.default_rng([searched["width"], seed]).normal())


def sweep(root: Path, loss: Loss = noisy, **changes: Any) -> Simulated:
    given = {
        "params": {"steps": 40, "log_every": 10, "eval_every": 20, "save_every": 20},
        "space": {"width": {"choice": WIDTHS}},
        "search": {"algorithm": "grid"},
        "seeds": {"at_least": 2, "at_most": 8},
        **changes,
    }
    plan = regression_plan(**given)
    root.mkdir(parents=True)
    sweep_dir.describe(plan, SweepPaths(root), ["ilsweep"], "2026-01-01")
    return Simulated(root, plan, loss, slots=2)


def seeds_of(found: Simulated) -> dict[Any, int]:
    """Value of the parameter to the number of its trials."""
    return dict(Counter(point["width"] for point, _, _ in found.points().values()))


def test_seeds_go_where_they_decide(tmp_path: Path) -> None:
    found = sweep(tmp_path / "race")
    assert found.run()
    seeds = seeds_of(found)
    assert seeds[4] == seeds[8] == 2
    assert seeds[32] == seeds[64] > 2
    assert found.plan.trials == 10 < sum(seeds.values()) < found.plan.most_trials == 40


def test_of_one_first_seed_the_worst_gets_no_second(tmp_path: Path) -> None:
    """Four of the five show the noise with a second one; the report goes by what was decided."""
    found = sweep(tmp_path / "race", seeds={"at_least": 1, "at_most": 8})
    assert found.run()
    seeds = seeds_of(found)
    assert (seeds[4], seeds[8]) == (1, 2)
    assert seeds[32] == seeds[64] > 2
    ranking = rank(*told(found))
    assert ranking.race is not None
    assert ranking.race.ended
    assert [row.searched["width"] for row in ranking.rows][2:] == [16, 8, 4]
    assert {row.searched["width"]: row.raced for row in ranking.rows}[8] == 1


def test_interrupted_at_any_moment_it_decides_the_same(tmp_path: Path) -> None:
    whole = sweep(tmp_path / "whole")
    assert whole.run()
    expected = whole.points()
    for cut in range(3, whole.tick, 61):
        again = sweep(tmp_path / f"cut-{cut}")
        assert not again.run(cut)
        assert again.run()
        assert again.points() == expected, cut


def test_a_race_that_is_over_stays_over(tmp_path: Path) -> None:
    found = sweep(tmp_path / "race")
    assert found.run()
    expected = found.points()
    assert found.run()
    assert found.points() == expected


def test_optuna_races_its_finalists_at_the_end(tmp_path: Path) -> None:
    space = {"lr": {"loguniform": [1e-3, 0.3]}}

    def loss(searched: Mapping[str, Any], seed: int) -> float:
        noise = np.random.default_rng([int(1e9 * searched["lr"]), seed]).normal()
        return abs(math.log10(searched["lr"])) + float(noise)

    seeds = {"at_least": 1, "at_most": 4, "finalists": 3}
    found = sweep(tmp_path / "race", loss, space=space, search={"num_trials": 9}, seeds=seeds)
    assert found.run()
    trained = Counter(name.split("-")[0] for name in found.points())
    assert len(trained) == 9
    assert sorted(trained.values())[:6] == [1] * 6
    assert all(n >= 2 for n in sorted(trained.values())[6:])
    race = race_of(*told(found))
    assert race is not None
    assert race.ended
    assert not race.due


def test_seeds_that_fail_do_not_make_a_winner(tmp_path: Path) -> None:
    def failing(searched: Mapping[str, Any], seed: int) -> float:
        return math.nan if searched["width"] == 64 and seed == 1 else noisy(searched, seed)

    found = sweep(tmp_path / "race", failing)
    assert found.run()
    ranking = rank(*told(found))
    assert ranking.race is not None
    assert ranking.race.ended
    assert ranking.rows[0].searched == {"width": 32}


def test_the_report_says_what_was_saved_and_what_is_not_known(tmp_path: Path) -> None:
    found = sweep(tmp_path / "race")
    assert found.run()
    ranking = rank(*told(found))
    race = ranking.race
    assert race is not None
    assert race.ended
    assert race.trained == len(found.points())
    assert race.trained + race.not_run == 40
    assert [row.raced for row in ranking.rows] == sorted(race.judged.values(), reverse=True)
    text = " ".join(note.en for note in ranking.notes)
    assert f"{race.not_run} of the 40 trainings" in text
    assert "no test" in text


def told(found: Simulated) -> tuple[Any, ...]:
    """What the ranking asks for."""
    return sweep_dir.own_trials(found.paths), found.plan.spec.model_dump(mode="json"), {}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"seeds": {"at_least": 3, "at_most": 3}}, "must be more than at_least"),
        ({"objective": [{"metric": "eval/loss", "mode": "min"},
                        {"metric": "train/loss", "mode": "min"}],
          "search": {"sampler": "nsgaii"}}, "a race has one objective"),
        ({"scheduler": {"type": "pbt"}, "search": {"algorithm": "random"}}, "cannot be raced"),
    ],
)  # fmt: skip
def test_what_cannot_be_raced_is_refused(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(SpecError, match=rule):
        regression_plan(**{"seeds": {"at_least": 3, "at_most": 9}, **changes})
