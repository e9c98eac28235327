"""What is concluded of a policy of which it is known what it owes to its eyes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from ilsweep.analysis.card.evidence import SMALL, Card, by_actions, card_of
from ilsweep.analysis.card.text import card_text, label, verdict_text
from ilsweep.analysis.records.files import to_json
from ilsweep.analysis.stats.anytime_valid import duel, lost_share

NAMES = ("other_episode_images", "black_images", "masked_state")


def outcomes(n: int, skill: float, lost: float, seed: int = 0) -> dict[str, dict[int, bool]]:
    """A policy that solves `skill` of the episodes, and loses `lost` of them under each lesion."""
    rng = np.random.default_rng(seed)
    intact = {i: bool(rng.random() < skill) for i in range(n)}
    under = {i: won and bool(rng.random() >= lost) for i, won in intact.items()}
    return {"none": intact, **dict.fromkeys(NAMES, under)}


def test_a_policy_that_loses_everything_looks() -> None:
    card = card_of("x", outcomes(20, 0.8, 1.0))
    assert card.verdict == "sees"
    assert [lesion.name for lesion in card.lesions] == list(NAMES)
    assert card.lesions[0].explained == 1
    assert card.lesions[0].differs


def test_a_policy_that_loses_nothing_is_blind_once_there_are_episodes_enough() -> None:
    assert card_of("x", outcomes(5, 0.8, 0.0)).verdict == "undecided"
    card = card_of("x", outcomes(50, 0.8, 0.0))
    assert card.verdict == "blind"
    assert card.lesions[0].explained_interval.high < SMALL


def test_a_policy_that_never_succeeds_has_nothing_to_lose() -> None:
    card = card_of("x", outcomes(50, 0.0, 0.0))
    assert card.verdict == "never succeeds"
    assert math.isnan(card.lesions[0].explained)
    assert "None" not in card_text(card, "en")


def test_other_lesions_do_not_decide() -> None:
    found = outcomes(50, 0.8, 0.0)
    found["black_images"] = dict.fromkeys(range(50), False)
    card = card_of("x", found)
    assert card.verdict == "blind", "black images are none that a camera could have taken"
    assert card.lesions[1].differs


@pytest.mark.parametrize("n", [10, 50])
def test_a_card_says_the_same_in_both_languages_and_in_json(n: int) -> None:
    card = card_of("runs/x/trials/a|b", outcomes(n, 0.8, 1.0))
    known = json.loads(to_json(card.to_json()))
    assert (known["verdict"], known["by"], known["episodes"]) == (card.verdict, "episodes", n)
    assert known["lesions"]["black_images"]["lost"] == card.lesions[1].duel.wins
    for lang in ("en", "zh"):
        text = card_text(card, lang)
        assert f"{card.k}/{n}" in text
        assert text.count("\n| ") == 2 + 1 + len(NAMES)
        assert "a\\|b" in text


def test_actions_are_the_weaker_evidence_and_say_so() -> None:
    changes = {"probe/shuffled_action_change": 0.01, "probe/black_action_change": 3.0}
    card = by_actions("x", changes, 0.05)
    assert card.verdict == "blind"
    assert by_actions("x", {"probe/shuffled_action_change": 0.5}, 0.05).verdict == "sees"
    assert "weaker evidence" in card_text(card, "en")
    assert "0.01" in verdict_text(card).en
    assert card.to_json()["by"] == "actions"


def test_a_camera_has_a_name() -> None:
    assert label("only_top").en == "camera top alone"
    assert label("masked_state").en == "masked state"


@pytest.mark.parametrize(
    ("skill", "lost", "gained"), [(0.5, 0.0, 0.0), (0.7, 0.3, 0.2), (0.9, 0.6, 0.0)]
)
def test_the_interval_holds_at_every_look(skill: float, lost: float, gained: float) -> None:
    """Simulated: the net share, with the k and m that were seen, at all looks at once."""
    missed = 0
    for run in range(150):
        rng = np.random.default_rng(run)
        first = rng.random(60) < skill
        second = np.where(first, rng.random(60) >= lost, rng.random(60) < gained)
        for n in range(10, 61, 10):
            found = duel(first[:n].tolist(), second[:n].tolist())
            k, m = found.both + found.wins, found.losses + found.neither
            share, interval = lost_share(found)
            truth = lost - gained * m / k
            assert interval.low <= share <= interval.high
            if not interval.low <= truth <= interval.high:
                missed += 1
                break
    assert missed <= 150 * 0.05


def test_the_verdict_of_a_blind_policy_is_rarely_that_it_looks() -> None:
    """Outcomes that are independent of the images, looked at after every fifth episode."""
    wrong = 0
    for run in range(200):
        rng = np.random.default_rng(run)
        both = rng.random((2, 60)) < 0.6
        cards: list[Card] = []
        for n in range(5, 61, 5):
            intact, under = ({i: bool(row[i]) for i in range(n)} for row in both)
            cards.append(card_of("x", {"none": intact, "other_episode_images": under}))
        wrong += any(card.verdict == "sees" for card in cards)
    assert wrong <= 200 * 0.05


def test_actions_that_are_not_finite_show_nothing() -> None:
    card = by_actions("x", {"probe/shuffled_action_change": math.nan}, 0.05)
    assert card.verdict == "undecided"
    assert verdict_text(card).en == "Its actions are not finite: nothing is concluded."
