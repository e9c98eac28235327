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

    def of_trial(self, episodes: int | None = None) -> float:
        """Of one trial's value; a success rate adds the noise of its episodes, at 50 % the most."""
        return math.hypot(self.sd, math.sqrt(CENTRE / episodes)) if episodes else self.sd


def world_of(data: Mapping[str, Any]) -> str:
    """The world that a spec's `data` names, as `metaworld/dial-turn-v3`."""
    env = data.get("env")
    named = env.get("id") if isinstance(env, Mapping) else data.get("task")
    return f"{data.get('source', 'aloha')}/{named or ''}"


def from_atlas(trainer: str, world: str, metric: str) -> Noise | None:
    """What was measured for this trainer in this world; None where nothing was."""
    rows = read_json(ATLAS).get("rows")
    for row in rows if isinstance(rows, list) else ():
        if (row["trainer"], row["world"]) == (trainer, world) and metric in row["metrics"]:
            found = row["metrics"][metric]
            return Noise(found["sd"], row["seeds"] - 1, f"the noise atlas, {row['name']}")
    return None
