"""A W&B grid that `run_cap` ends early: its first points, as W&B takes them.

The package `sweeps` 0.3.0 (`grid_search.py`, `params.py`) goes through the parameters sorted by
name, the last one fastest; a seed is one of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ilsweep.analysis.records.joint import SEPARATOR
from ilsweep.sweeps.migrate.draft import is_grid
from ilsweep.sweeps.migrate.wandb_parameters import Parameters

SEED = "seed"

Point = tuple[Any, ...]


def cap_grid(found: Parameters, cap: int) -> None:
    """Leave of a grid what its first `cap` runs are; a grid that has no more stays as it is."""
    if not all("choice" in domain for domain in found.space.values()):
        return
    values = {place: found.values_of(place) for place in found.space}
    if len(found.seeds) > 1:
        values[SEED] = found.seeds
    names = sorted(values, key=lambda place: {SEED: SEED, **found.original}[place].split("."))
    runs = list(itertools.islice(itertools.product(*(values[n] for n in names)), cap + 1))
    if len(runs) <= cap or not found.space:
        return
    points = [name for name in names if name != SEED]
    seeds: dict[str, tuple[Point, list[int]]] = {}
    for run in runs[:cap]:
        known = dict(zip(names, run, strict=True))
        point = tuple(known[name] for name in points)
        seeds.setdefault(repr(point), (point, []))[1].extend([known[SEED]] if SEED in known else [])
    most = max((own for _, own in seeds.values()), key=len)
    whole = [point for point, own in seeds.values() if own == most]
    found.seeds = most or found.seeds
    left = cap - len(whole) * max(1, len(most))
    found.notes.append(f"run_cap: of the grid its first {cap} runs, as W&B takes them.")
    if left:
        found.notes.append(f"Otherwise: {left} of them do not have all seeds, and are left out.")
    _enter(found, points, whole)


def _enter(found: Parameters, places: Sequence[str], rows: Sequence[Point]) -> None:
    """The rows as a space; a parameter that has one value in all of them is fixed."""
    found.space = {}
    columns = dict(zip(places, map(list, zip(*rows, strict=True)), strict=True))
    for place, column in list(columns.items()):
        if len({repr(value) for value in column}) == 1:
            found.fixed[place] = columns.pop(place)[0]
    points = list(zip(*columns.values(), strict=True))
    if columns and is_grid(list(columns.values()), points):
        for place, column in columns.items():
            found.space[place] = {"choice": list({repr(v): v for v in column}.values())}
    elif columns:
        found.space[f"{SEPARATOR} ".join(columns)] = {"choice": [list(point) for point in points]}
