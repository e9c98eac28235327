"""The best configurations trained again with fresh training seeds (`confirm --train-seeds`).

They are a sweep of their own in the sweep's folder, `DIR/retrained`: the same trainer, data and
parameters, at these points alone, with other seeds. So a training is run, watched, recorded and
gone on with as any other, and a second call trains only what is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from ilsweep.analysis.load.sweep import Sweep
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.records.files import write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.execution import runner
from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store import sweep_dir
from ilsweep.sweeps.validation.validate import check

FIRST_SEED = 10_000
"""Fresh training seeds begin here: after those that people give."""
OF_THE_SEARCH = (
    "search",
    "scheduler",
    "hypotheses",
    "controls",
    "warm_start",
    "parent",
    "question",
    "keep_checkpoints",
)
"""Sections that say how configurations are found and judged, and nothing of how one is trained."""


@dataclass(frozen=True)
class Again:
    """The sweep of the fresh trainings."""

    plan: Plan
    paths: SweepPaths


def train_again(
    plan: Plan, sweep: Sweep, rows: Sequence[Row], seeds: int, command: list[str]
) -> Again:
    """Train the configurations of `rows` with so many fresh seeds each, where that is left to do.

    Raises:
        FolderError: no row can be trained again.
        RunAbortedError: Ray gave up; call again to go on.
        KeyboardInterrupt: interrupted; call again to go on.
    """
    wanted = [dict(row.searched) for row in rows if not row.schedule]
    if not wanted:
        raise FolderError(
            f"{sweep.paths.root}: no healthy configuration that trained to the end can be trained "
            "again; one that changed its parameters while it trained is no setting"
        )
    paths = SweepPaths(sweep.paths.retrained)
    known = sweep_dir.plan_of(paths) if paths.manifest.exists() else None
    points = [*known.warm_start] if known else []
    points += [point for point in wanted if point not in points]
    fresh = sorted({*fresh_seeds(plan, sweep, seeds), *(known.spec.all_seeds if known else ())})
    again = check(again_spec(plan, points, fresh))
    if known is None:
        say(f"{paths.root}: {again.trials} trainings with fresh seeds")
        runner.run(again, paths.root, command)
    elif _left(again, paths):
        with sweep_dir.writable(paths.root):
            sweep_dir.rewrite(again, paths)
            text = yamlio.dump(again.spec.model_dump(mode="json", exclude_unset=True))
            write_atomic(paths.spec, text)
        runner.resume(paths.root, command)
    return Again(again, paths)


def trained_to_the_end(sweep: Sweep) -> list[tuple[str, list[str]]]:
    """The configurations of a sweep and their completed trials."""
    found: dict[str, list[str]] = {}
    for trial in sweep.trials:
        if trial.state == "completed":
            found.setdefault(trial.config_id, []).append(trial.id)
    return list(found.items())


def _left(plan: Plan, paths: SweepPaths) -> bool:
    """Whether a training has not ended yet."""
    ended = {(t.configuration, t.seed) for t in sweep_dir.own_trials(paths) if t.finished}
    keys = map(plan.configuration, plan.warm_start or [{}])
    return any((key, seed) not in ended for key in keys for seed in plan.spec.all_seeds)


def fresh_seeds(plan: Plan, sweep: Sweep, number: int) -> list[int]:
    """The first seeds from `FIRST_SEED` on that nothing in the sweep was trained with."""
    used = {*plan.spec.all_seeds, *(trial.seed for trial in sweep.trials)}
    return list(islice((seed for seed in count(FIRST_SEED) if seed not in used), number))


def again_spec(
    plan: Plan, points: Sequence[dict[str, Any]], seeds: Sequence[int]
) -> dict[str, Any]:
    """The spec of the fresh trainings: only these points, each to its end."""
    spec = plan.spec.model_dump(mode="json", exclude_defaults=True)
    kept = {key: value for key, value in spec.items() if key not in OF_THE_SEARCH}
    if "space" in kept:
        kept["space"] = {name: _listed(domain) for name, domain in kept["space"].items()}
        kept["warm_start"] = list(points)
        kept["search"] = {"algorithm": "random", "num_trials": len(points)}
    return {**kept, "seeds": list(seeds)}


def _listed(domain: Any) -> Any:
    """A grid would be trained at all of its points."""
    if isinstance(domain, dict) and "grid_search" in domain:
        return {"choice": domain["grid_search"]}
    return domain
