"""A made-up sweep whose episodes were filmed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ilsweep.analysis.load.sweep import Sweep, read_sweep
from ilsweep.analysis.records.episodes import write_episodes
from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.trainers.evaluation.film import encode, thumbnail
from tests.analysis.made_up import write_sweep

SEEDS = range(2**31, 2**31 + 5)
PREDICTED = {
    "paths": [{"seed": 0, "frame": 0, "points": [[0.0, 0.0, 0.0], [0.1, 0.1, 0.1]]}],
    "actions": [
        {"name": "x", "unit": "m", "shown": [0, 0.1, 0.9, 1], "predicted": [0.2, 0.3, 0.8, 0.9]},
        {"name": "y", "unit": "m", "shown": [0, 0.1, 0.9, 1], "predicted": [0.2, 0.3, 0.8, 3.0]},
    ],
    "plan": [[0.5, 0.0], [0.0, 0.5]],
}


def write_filmed(root: Path, configs: int = 3, seeds: int = 2, *, films: bool = True) -> Sweep:
    """Policy `c000` solves even seeds, the others odd ones; black images fail."""
    sweep = write_sweep(root, configs=configs, seeds=seeds)
    for trial in sweep.trials:
        rows = [_demonstration(seed) for seed in range(3)]
        for seed in SEEDS:
            won = (seed % 2 == 0) is (trial.config_id == "c000")
            rows += [row_of(seed, "none", won), row_of(seed, "black_images", False)]
        if not films:
            rows = [{**row, "film": b"", "thumbnail": b""} for row in rows]
        write_episodes(sweep.paths.trial(trial.id), rows)
        write_atomic(sweep.paths.trial(trial.id).predictions, to_json(PREDICTED))
    return read_sweep(root)


def write_noisy(root: Path, configs: int = 25, seeds: int = 2, episodes: int = 10) -> Sweep:
    """Every episode has a film of noise, which is larger than one of a robot."""
    sweep = write_sweep(root, configs=configs, seeds=seeds)
    noise = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 3), np.uint8)
    pictures = np.kron(noise, np.ones((1, 8, 8, 1), np.uint8))
    film = {"film": encode(list(pictures), range(40)), "thumbnail": thumbnail(pictures[0])}
    assert len(film["film"]) > 8_000
    for trial in sweep.trials:
        rows = [{**row_of(seed, "none", seed % 2 == 0), **film} for seed in range(episodes)]
        write_episodes(sweep.paths.trial(trial.id), rows)
        write_atomic(sweep.paths.trial(trial.id).predictions, to_json(PREDICTED))
    return read_sweep(root)


def row_of(seed: int, variant: str, success: bool) -> dict[str, Any]:
    """One episode of some twenty actions, in which the picture gets brighter."""
    steps = 20 + seed % 7
    film, still = _film(steps)
    return {
        "seed": seed, "variant": variant, "success": success, "steps": steps, "reward": 1.0,
        "film": film, "thumbnail": still,
        "path": ((0.0, 0.0, 0.0), (0.1, 0.2 * (seed % 3), 0.1)),
    }  # fmt: skip


@cache
def _film(steps: int) -> tuple[bytes, bytes]:
    """Film and thumbnail of so many actions."""
    pictures = [np.full((64, 64, 3), 40 + 3 * i, np.uint8) for i in range(steps)]
    return encode(pictures, range(steps)), thumbnail(pictures[-1])


def _demonstration(seed: int) -> dict[str, Any]:
    return {**row_of(seed, "demonstration", True), "success": None, "film": b"", "thumbnail": b""}
