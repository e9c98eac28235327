"""What fresh trainings say, from records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.ranking.comparisons import binomial_variance
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.ranking.retraining import Retraining, retraining
from ilsweep.analysis.records.confirm_log import ConfirmEpisodes
from ilsweep.analysis.records.model import TrialRecord
from tests.analysis.strategies import trial

EPISODES = 10


def trained(rates: Mapping[str, Sequence[float]], first: int = 0) -> list[TrialRecord]:
    """Configurations with seeds from `first` on, and the success rate of each."""
    return [
        trial(
            {SUCCESS: rate, "eval/n_episodes": float(EPISODES)},
            id=f"{name}-s{seed}", config=name, seed=seed, searched={"a": name},
        )
        for name, seeds in rates.items()
        for seed, rate in enumerate(seeds, first)
    ]  # fmt: skip


def again(rates: Mapping[str, Sequence[float]]) -> Retraining:
    known = trained({"A": (80, 90), "B": (60, 70)})
    ranking = rank(known, {"objective": {"metric": SUCCESS, "mode": "max"}}, {})
    found = retraining(trained(rates, 10_000), ConfirmEpisodes(), ranking, known)
    assert found is not None
    return found


def test_equal_rates_by_chance_are_no_proof_of_no_noise() -> None:
    """Of rates that training measured, too: ten episodes each, and 20 points apart."""
    (pair,) = again({"A": (80, 80), "B": (60, 60)}).comparisons
    assert pair.p > 0.2
    noise = binomial_variance([(14, 20)]) * 20 / EPISODES  # of one trial, at the rate of both
    assert pair.visible > 2 * noise**0.5
