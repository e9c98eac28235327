"""From episodes on the same seeds, as a policy is and under lesions, to what it owes to its eyes.

The verdict rests on one test, with the images of another episode: these are images that a camera
could have taken, while a policy may fail on black or mean images only because it never saw such.
The test and the interval may be looked at after every round (`analysis/stats/anytime_valid.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ilsweep.analysis.records.episodes import INTACT
from ilsweep.analysis.stats.anytime_valid import Duel, duel, lost_share, rate_interval
from ilsweep.analysis.stats.intervals_and_tests import Interval

JUDGE = "other_episode_images"
"""The lesion that decides."""
SMALL = 0.25
"""A policy is blind where the interval of what vision explains of its success ends below."""

Verdict = Literal["sees", "blind", "undecided", "never succeeds"]
Outcomes = Mapping[str, Mapping[int, bool]]
"""Whether an episode succeeded, by variant and seed; a lesion's seeds are among those of the
policy as it is."""


@dataclass(frozen=True)
class Lesioned:
    """Success under one lesion, beside that of the policy as it is."""

    name: str
    k: int
    n: int
    interval: Interval
    duel: Duel
    """The policy as it is against the lesioned one, episode by episode."""
    explained: float
    """Share of its success that the policy loses, gains taken off; nan where it has none."""
    explained_interval: Interval

    @property
    def differs(self) -> bool:
        """Whether success is significantly another."""
        return self.duel.decision != "open"

    @property
    def decided(self) -> bool:
        """Whether more episodes could hardly say another thing."""
        return self.differs or self.explained_interval.high < SMALL


@dataclass(frozen=True)
class Card:
    """What a checkpoint's policy owes to its eyes."""

    checkpoint: str
    k: int
    n: int
    """Successes and episodes of the policy as it is."""
    interval: Interval
    lesions: tuple[Lesioned, ...]
    """The one that decides first."""
    verdict: Verdict
    actions: Mapping[str, float] | None = None
    """How actions on the data change, where there is no environment or no success in it."""
    limit: float = math.nan
    """The change of the actions under which a policy is called blind, in standard deviations."""

    def to_json(self) -> dict[str, Any]:
        """As `ilsweep look --json` prints it."""
        return {
            "checkpoint": self.checkpoint,
            "verdict": self.verdict,
            "by": "episodes" if self.actions is None else "actions",
            "successes": self.k,
            "episodes": self.n,
            "interval": [self.interval.low, self.interval.high],
            "lesions": {lesion.name: _json(lesion) for lesion in self.lesions},
            "actions": self.actions,
        }


def card_of(checkpoint: str, outcomes: Outcomes) -> Card:
    """The card of the episodes so far; may be asked for after each round of them.

    Lesions of which there is no episode are left out; the one that decides is tried where there is
    a success.
    """
    intact = outcomes[INTACT]
    k, n = sum(intact.values()), len(intact)
    tried = (name for name, under in outcomes.items() if name != INTACT and under)
    names = sorted(tried, key=lambda name: name != JUDGE)
    lesions = tuple(_lesioned(name, intact, outcomes[name]) for name in names)
    return Card(checkpoint, k, n, rate_interval(k, n), lesions, _verdict(k, lesions))


def by_actions(checkpoint: str, changes: Mapping[str, float], limit: float, n: int = 0) -> Card:
    """The card where success shows nothing: how actions on frames of the data change.

    Args:
        changes: `probe/NAME_action_change`, in standard deviations of the actions.
        limit: The change with another episode's images under which a policy is called blind.
        n: Episodes that were tried, none with success; 0 where there is no environment.
    """
    change = changes["probe/shuffled_action_change"]
    blind, known = change < limit, math.isfinite(change)
    verdict: Verdict = "blind" if blind else "sees"
    verdict = verdict if known else "undecided"
    return Card(checkpoint, 0, n, rate_interval(0, n), (), verdict, changes, limit)


def _verdict(k: int, lesions: tuple[Lesioned, ...]) -> Verdict:
    if not k:
        return "never succeeds"
    judge = lesions[0]
    if judge.duel.decision == "first":
        return "sees"
    return "blind" if judge.explained_interval.high < SMALL else "undecided"


def _lesioned(name: str, intact: Mapping[int, bool], under: Mapping[int, bool]) -> Lesioned:
    seeds = sorted(under)
    found = duel([intact[seed] for seed in seeds], [under[seed] for seed in seeds])
    share, interval = lost_share(found)
    k = sum(under.values())
    return Lesioned(name, k, len(seeds), rate_interval(k, len(seeds)), found, share, interval)


def _json(lesion: Lesioned) -> dict[str, Any]:
    return {
        "successes": lesion.k,
        "episodes": lesion.n,
        "interval": [lesion.interval.low, lesion.interval.high],
        "lost": lesion.duel.wins,
        "gained": lesion.duel.losses,
        "evidence": lesion.duel.evidence,
        "significant": lesion.differs,
        "explained": lesion.explained,
        "explained_interval": [lesion.explained_interval.low, lesion.explained_interval.high],
    }
