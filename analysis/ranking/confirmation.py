"""What fresh episodes say of the best configurations (`ilsweep confirm`).

The best of many was also the luckiest: the value that chose it is too good (Smith and Winkler 2006,
"The optimizer's curse"). Fresh episodes know nothing of that choice. For each of them the policy is
drawn among the configuration's trained policies, and two configurations meet on the same draws.

All this is about these policies. Episodes are independent draws of what they do, not of what the
configuration does with other training seeds: two configurations of equal expectation have policies
that differ, and enough episodes show it (at a standard deviation of 10 points between seeds, three
policies each, in 22 % of cases at 300 episodes).

One error rate holds over everything said here, however often it was looked at: the duels share it
in equal parts (Bonferroni), and each is a test that may be looked at after every episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ilsweep.analysis.formatting import pct
from ilsweep.analysis.ranking.model import Estimate, Ranking, Row, Successes
from ilsweep.analysis.records.confirm_log import ConfirmEpisodes, Episodes
from ilsweep.analysis.stats.anytime_valid import Duel, duel, rate_interval
from ilsweep.analysis.stats.intervals_and_tests import Interval
from ilsweep.analysis.stats.levels import ALPHA
from ilsweep.analysis.text import Text
from ilsweep.analysis.verdicts.configurations import unbeaten


@dataclass(frozen=True)
class Confirmed:
    """One configuration on fresh episodes, beside what chose it."""

    config_id: str
    rank: int
    """Its place in the ranking, by which it was chosen."""
    value: Estimate
    """Of the objective, by which it was chosen."""
    chosen: Successes | None
    """The sweep's own episodes; None where it had none."""
    k: int
    n: int
    interval: Interval
    """Of the success rate; holds however often it was looked at."""
    beaten_by: tuple[str, ...]
    """Configurations that won a duel against it."""

    @property
    def rate(self) -> float:
        return self.k / self.n

    @property
    def change(self) -> float | None:
        """Its rate on fresh episodes less the rate that chose it; below 0 is the winner's curse."""
        return None if self.chosen is None else self.rate - self.chosen.rate

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "rate": self.rate, "change": self.change}


@dataclass(frozen=True)
class Match:
    """Two configurations on the same fresh episodes."""

    first: str
    second: str
    duel: Duel


@dataclass(frozen=True)
class Confirmation:
    """What the fresh episodes say."""

    rows: tuple[Confirmed, ...]
    """In the order of the ranking."""
    matches: tuple[Match, ...]
    alpha: float
    """The chance that any duel is decided for one that is not better, all looks together."""
    time: str
    """When the last episode was tried, ISO 8601."""

    @property
    def beaten(self) -> frozenset[str]:
        """Configurations that another has beaten."""
        return frozenset(row.config_id for row in self.rows if row.beaten_by)

    @property
    def standing(self) -> tuple[str, ...]:
        """Configurations that no other has beaten."""
        return tuple(row.config_id for row in self.rows if not row.beaten_by)

    @property
    def answer(self) -> Text:
        return _answer(self)


def confirmation(fresh: ConfirmEpisodes, ranking: Ranking) -> Confirmation | None:
    """The verdict on all configurations that have fresh episodes; None where none has."""
    tried = [row for row in ranking.rows if fresh.of(row.config_id)]
    if not tried:
        return None
    pairs = list(combinations(tried, 2))
    share = ALPHA / max(1, len(pairs))
    matches = [
        Match(a.config_id, b.config_id, _met(fresh.of(a.config_id), fresh.of(b.config_id), share))
        for a, b in pairs
    ]
    rows = [_confirmed(row, fresh.of(row.config_id), matches) for row in tried]
    return Confirmation(tuple(rows), tuple(matches), ALPHA, fresh.time)


def _met(first: Episodes, second: Episodes, alpha: float) -> Duel:
    shared = [seed for seed in first if seed in second]
    return duel([first[seed] for seed in shared], [second[seed] for seed in shared], alpha)


def _confirmed(row: Row, tried: Episodes, matches: Sequence[Match]) -> Confirmed:
    k, n = sum(tried.values()), len(tried)
    return Confirmed(
        config_id=row.config_id,
        rank=row.rank,
        value=row.objective,
        chosen=row.successes,
        k=k,
        n=n,
        interval=rate_interval(k, n),
        beaten_by=tuple(_winners(row.config_id, matches)),
    )


def _winners(config_id: str, matches: Sequence[Match]) -> list[str]:
    lost = [m.first for m in matches if m.second == config_id and m.duel.decision == "first"]
    return lost + [
        m.second for m in matches if m.first == config_id and m.duel.decision == "second"
    ]


def _answer(found: Confirmation) -> Text:
    first, standing = found.rows[0], found.standing
    bounds = f"[{pct(first.interval.low)}, {pct(first.interval.high)}]"
    text = Text(
        f"On {first.n} fresh episodes the first of the ranking ({first.config_id}) succeeds in "
        f"{first.k}, {pct(first.rate)} {bounds}",
        f"在 {first.n} 个全新回合中，排名第一的 {first.config_id} 成功 {first.k} 个，"
        f"{pct(first.rate)} {bounds}",
    )
    if first.chosen is not None:
        c = first.chosen
        text = Text(
            f"{text.en}; in the sweep it was {c.k} of {c.n}, {pct(c.rate)}.",
            f"{text.zh}；选中它时是 {c.n} 个中成功 {c.k} 个，{pct(c.rate)}。",
        )
    else:
        text = Text(f"{text.en}.", f"{text.zh}。")
    if len(found.rows) == 1:
        return text
    return text + unbeaten(standing, len(found.rows) - 1, pct(found.alpha))
