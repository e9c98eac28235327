"""How much metrics differ between identical retrainings: the atlas, `noise_atlas.json`.

Measured on our trainers in our worlds by `make noise-atlas`. A user's own trials say it better
(`analysis.inference.noise`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.files import read_json

ATLAS = Path(__file__).with_name("noise_atlas.json")
CENTRE = 2500.0
"""Variance of one episode's success in percent at a rate of 50 %, where it is largest."""


@dataclass(frozen=True)
class Noise:
    """Of one metric, between identical retrainings."""

    sd: float
    """Standard deviation, pooled over the configurations; of a success rate without the part that
    its episodes alone make."""
    freedom: int
    """Trainings less configurations."""
    source: str
    """Where it was measured."""

    def of_mean(self, trials: int, episodes: int | None = None, *, shared: bool = False) -> float:
        """Standard deviation of a mean over so many trials.

        Args:
            episodes: Of each trial, for a success rate: their noise is added, at 50 % the most.
            shared: The trials have one training seed, and its noise in common; not their episodes.
        """
        own = CENTRE / episodes / trials if episodes else 0.0
        return math.sqrt(self.sd**2 / (1 if shared else trials) + own)


def world_of(data: Mapping[str, Any]) -> str:
    """The world that a spec's `data` names, as `metaworld/dial-turn-v3`."""
    env = data.get("env")
    named = env.get("id") if isinstance(env, Mapping) else data.get("task")
    return f"{data.get('source', 'aloha')}/{named or ''}"


def from_atlas(trainer: str, world: str, metric: str) -> Noise | None:
    """What was measured for this trainer in this world; None where nothing was."""
    rows = read_json(ATLAS).get("rows")
    for row in rows if isinstance(rows, list) else ():
        found = row["metrics"].get(metric, {})
        if (row["trainer"], row["world"]) == (trainer, world) and found.get("sd") is not None:
            return Noise(found["sd"], row["seeds"] - 1, f"the noise atlas, {row['name']}")
    return None
