"""The finished runs of a W&B sweep as the points that a spec tries first (`warm_start`).

Runs come from offline `.wandb` files, W&B's table of runs or JSON by its API: whatever
`ilsweep import` reads that has a configuration.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ilsweep.analysis.formatting import how_many
from ilsweep.analysis.importers import ForeignRun, ImportRefused, read_runs
from ilsweep.analysis.importers.arguments import files_of
from ilsweep.analysis.records.joint import joined
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.migrate.draft import Draft, trials_after
from ilsweep.sweeps.migrate.wandb_api import path_of, read_sweep
from ilsweep.sweeps.spec.domain_form import parse_dimension
from ilsweep.sweeps.spec.domains import Domain, DomainError, by_parameter
from ilsweep.sweeps.spec.params import flat


def warm_start(
    draft: Draft, places: Mapping[str, str], runs: Sequence[ForeignRun]
) -> tuple[int, str]:
    """Enter the finished runs of a sweep as the first points of its spec, the best first.

    Returns how many there are, and why others are none.

    Args:
        places: Searched place to the name that the script knows.
    """
    dimensions = {name: parse_dimension(name, text) for name, text in draft.spec["space"].items()}
    kept, passed = [], Counter[str]()
    for run in runs:
        point, why = _point(run, places, dimensions)
        if why:
            passed[why] += 1
        else:
            kept.append((_value(run, draft.spec["objective"]), point))
    why = "; ".join(f"{count} {reason}" for reason, count in passed.items()) or "no run in them"
    if not kept:
        return 0, why
    kept.sort(key=lambda known: known[0])
    points = list({repr(point): point for _, point in kept}.values())
    draft.spec["warm_start"] = points
    search = draft.spec["search"]
    if search["algorithm"] != "grid":
        search["num_trials"] = max(search.get("num_trials", 0), trials_after(len(points)))
    draft.notes.append(
        f"{len(points)} finished configurations are tried first (warm_start), the best first; they "
        "are trained again, so that all numbers are of one set-up: take out what you trust."
    )
    for why, count in passed.items():
        draft.notes.append(f"Not carried over: {how_many(count, 'run')} {why}.")
    return len(points), why


def runs_of(texts: Sequence[str]) -> list[ForeignRun]:
    """Every run with a configuration, once, of files, folders, globs and sweeps of a server.

    Raises:
        FolderError: one of them cannot be read.
    """
    found: dict[str, ForeignRun] = {}
    for sweep in filter(None, map(path_of, texts)):
        found |= {run.id: run for run in read_sweep(sweep).runs}
    try:
        for _, path, named in files_of([text for text in texts if not path_of(text)]):
            try:
                runs = read_runs(path)[1]
            except ImportRefused:
                if named:
                    raise
                continue
            found |= {run.id: run for run in runs if run.config and run.kind == "training"}
    except (ImportRefused, OSError) as error:
        raise FolderError(f"--runs: {error}") from None
    return list(found.values())


def _point(
    run: ForeignRun, places: Mapping[str, str], dimensions: Mapping[str, Domain]
) -> tuple[dict[str, Any], str]:
    """A run's values of the searched parameters, or why it has none."""
    if run.state != "completed":
        return {}, "did not finish"
    config = flat(run.config)
    missing = [name for name in places.values() if name not in config]
    if missing:
        return {}, f"without a value of {', '.join(missing[:3])}"
    point, space = {}, dict(by_parameter(dimensions))
    for place, name in places.items():
        value = _as_listed(config[name], space[place])
        try:
            point[place] = space[place].value(space[place].raw(value))
        except (DomainError, TypeError, ValueError):
            return {}, f"with a {name} outside of its space"
    for dimension, row in joined(point, dimensions).items():
        try:
            dimensions[dimension].raw(row)
        except DomainError:
            return {}, f"with a row of {dimension} that is not tried"
    return point, ""


def _as_listed(value: Any, domain: Domain) -> Any:
    """A value as the domain has it, where a table wrote it as text."""
    if not domain.kind.listed:
        return value
    return next((known for known in domain.values if str(known) == str(value)), value)


def _value(run: ForeignRun, objective: Mapping[str, Any]) -> float:
    """What the run ended with, so that smaller is better; infinite of a run that does not say."""
    values = [row[objective["metric"]] for row in run.rows if objective["metric"] in row]
    if not values or not math.isfinite(values[-1]):
        return math.inf
    return float(values[-1]) * (1 if objective["mode"] == "min" else -1)
