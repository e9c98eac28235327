"""The episodes that a page shows: outcomes of all, films as far as the file may grow."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.ranking.naming import shortened
from ilsweep.analysis.records.episodes import (
    DEMONSTRATION,
    INTACT,
    TARGET,
    Episode,
    read_episodes,
)
from ilsweep.analysis.records.predictions import Predictions, read_predictions
from ilsweep.analysis.text import Text

MOST_CONFIGURATIONS = 30
"""The first of the ranking; more are a wall of pictures."""
MOST_FILMS = 10_000_000
"""Bytes of films in a page, as text; with all else it stays below 15 MB."""
MOST_STILLS = 3_000_000
"""Bytes of thumbnails in a page, as text."""

NAME = 18
"""Characters of the name of a number of the actions, longer where two would read the same."""

Films = dict[tuple[int, str, int], tuple[str, str]]
"""Thumbnail and film, base64, by a trial's place, variant and seed; "" of what is not there."""


@dataclass(frozen=True)
class Policy:
    """A row of the grid: whose episodes it shows."""

    config: str
    seed: int | None
    """With which it was trained."""
    trial: str
    """Its name in the report; empty where it has none."""
    label: Text
    episodes: Sequence[Episode]
    predictions: Predictions = field(default_factory=Predictions)


def policies(analysis: Analysis) -> list[Policy]:
    """The trials of the first configurations of the ranking of which something was kept.

    What is predicted is that of a configuration's first trial.
    """
    seeds = {trial.id: trial.seed for trial in analysis.sweep.trials}
    found = []
    for row in analysis.ranking.rows[:MOST_CONFIGURATIONS]:
        for place, trial in enumerate(row.trial_ids):
            paths = analysis.sweep.paths.trial(trial)
            episodes = read_episodes(paths)
            predicted = Predictions() if place else read_predictions(paths)
            if episodes or predicted != Predictions():
                said = f"{row.config_id} s{seeds[trial]}"
                found.append(
                    Policy(
                        row.config_id, seeds[trial], trial, Text(said, said), episodes, predicted
                    )
                )
    return found


def grid(rows: Sequence[Policy]) -> dict[str, Any]:
    """The episodes of some policies, as the page's script takes them.

    `trials`: [{config, seed, id, label, predicted}], a row each; `predicted` as its record has it,
    paths as points alone. `episodes`: [{trial, seed, variant, success,
    steps, reward, still, film}], `trial` by its place; `still` and `film` are base64, "" where
    there is none or no room. `paths`: [{trial, variant, seed, success, points}], where a
    demonstration is of no trial. `left_out`: films that are kept beside the records alone.
    """
    films, left_out = _films([row.episodes for row in rows])
    return {
        "trials": [
            {
                "config": row.config,
                "seed": row.seed,
                "id": row.trial,
                "label": vars(row.label),
                "predicted": _predicted(row.predictions),
            }
            for row in rows
        ],
        "episodes": [
            _episode(place, episode, films)
            for place, row in enumerate(rows)
            for episode in row.episodes
            if episode.variant != DEMONSTRATION
        ],
        "paths": list(_paths([row.episodes for row in rows])),
        "left_out": left_out,
    }


def _predicted(found: Predictions) -> dict[str, Any]:
    labels = shortened([number.name for number in found.actions], NAME)
    return {
        "paths": [[_short(point) for point in path.points] for path in found.paths],
        "actions": [
            {**vars(number), "label": label}
            for number, label in zip(found.actions, labels, strict=True)
        ],
        "plan": found.plan,
    }


def _short(point: Sequence[float]) -> list[float]:
    return [round(x, 3) for x in point]


def _episode(place: int, episode: Episode, films: Films) -> dict[str, Any]:
    still, film = films.get((place, episode.variant, episode.seed), ("", ""))
    reward = round(episode.reward, 3) if episode.reward == episode.reward else None
    return {
        "trial": place,
        "seed": episode.seed,
        "variant": episode.variant,
        "success": episode.success,
        "steps": episode.steps,
        "reward": reward,
        "still": still,
        "film": film,
    }


def _films(found: Sequence[Sequence[Episode]]) -> tuple[Films, int]:
    """(thumbnail, film) by trial, variant and seed, as far as there is room.

    All trials' first films come before any trial's second, so that rows can be compared.
    """
    filmed = [
        [(i, e) for e in episodes if e.film or e.thumbnail] for i, episodes in enumerate(found)
    ]
    films: Films = {}
    left_out, films_left, stills_left = 0, MOST_FILMS, MOST_STILLS
    for place, episode in (pair for turn in zip_longest(*filmed) for pair in turn if pair):
        still = base64.b64encode(episode.thumbnail).decode()
        still = still if len(still) <= stills_left else ""
        film = ""
        if episode.film and episode.film.stat().st_size * 4 // 3 + 4 <= films_left:
            film = base64.b64encode(episode.film.read_bytes()).decode()
        elif episode.film:
            left_out += 1
        films_left, stills_left = films_left - len(film), stills_left - len(still)
        films[place, episode.variant, episode.seed] = still, film
    return films, left_out


def _paths(found: Sequence[Sequence[Episode]]) -> Iterator[dict[str, Any]]:
    """Paths of demonstrations, once, and of the policies as they are, in both domains."""
    shown: set[tuple[str, int]] = set()
    for place, episodes in enumerate(found):
        for episode in episodes:
            demonstrated = episode.variant == DEMONSTRATION
            key = (episode.variant, episode.seed if demonstrated else -1 - place)
            drawn = episode.path and episode.variant in (DEMONSTRATION, INTACT, TARGET)
            if not drawn or (demonstrated and key in shown):
                continue
            shown.add(key)
            yield {
                "trial": None if demonstrated else place,
                "variant": episode.variant,
                "seed": episode.seed,
                "success": episode.success,
                "points": [_short(point) for point in episode.path],
            }
