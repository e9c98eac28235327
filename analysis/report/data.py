"""Every value that a report shows, gathered once; both languages and `report.json` come from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.metrics.lookup import catalog_of
from ilsweep.analysis.planning.plan import NextStep, next_steps
from ilsweep.analysis.planning.remedies import Change
from ilsweep.analysis.plots.plot import Plot
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.report.history import Snapshot, continued_runs, first_reached
from ilsweep.analysis.report.labels import system
from ilsweep.analysis.report.runs import Run, run_of
from ilsweep.analysis.text import Text

MAX_BLOCKS = 300
"""More runs than this are listed in `report.json` only."""


@dataclass(frozen=True)
class Update:
    """Runs that went on after they had been reported, as of one later snapshot."""

    time: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Report:
    """What a report says, before it is said in a language."""

    analysis: Analysis
    trainer: str
    system: str
    runs: tuple[Run, ...]
    """The first `MAX_BLOCKS` in the order of the ranking, each as first reported."""
    updates: tuple[Update, ...]
    steps: tuple[NextStep, ...]
    plots: tuple[Plot, ...] = ()
    changes: tuple[Change, ...] = ()
    """What the next stage changes."""
    changes_note: Text | None = None
    """What a reader of them must know."""

    def called(self, trial_id: str) -> str:
        """What a reader calls a trial: its own name where no other has it, else its id."""
        return self.names.get(trial_id, trial_id)

    @cached_property
    def names(self) -> dict[str, str]:
        """Trial to its own name, of those whose name no other trial has."""
        trials = self.analysis.sweep.trials
        uses = Counter(trial.name for trial in trials)
        return {trial.id: trial.name for trial in trials if trial.name and uses[trial.name] == 1}

    @property
    def question(self) -> str:
        return str(self.analysis.sweep.spec.get("question") or "")


def gather(analysis: Analysis, snapshots: Sequence[Snapshot] = ()) -> Report:
    """Everything that a report shows."""
    sweep = analysis.sweep
    trainer = str(sweep.spec.get("trainer") or "")
    trials, objectives = in_order(analysis), analysis.ranking.objectives
    catalog = catalog_of(sweep.manifest)
    first = first_reached(snapshots)
    updates = [
        Update(
            snapshot.time,
            tuple(
                run_of(t, trainer, snapshot.reached[t.id], objectives, catalog)
                for t in trials
                if t.id in snapshot.reached
            ),
        )
        for snapshot in continued_runs(snapshots)
    ]
    runs = tuple(
        run_of(trial, trainer, first.get(trial.id), objectives, catalog)
        for trial in trials[:MAX_BLOCKS]
    )
    return Report(
        analysis=analysis,
        trainer=trainer,
        system=system(run.kind for run in runs),
        runs=runs,
        updates=tuple(update for update in updates if update.runs),
        steps=tuple(next_steps(analysis)),
    )


def in_order(analysis: Analysis) -> list[TrialRecord]:
    """The trials in the order of the ranking, those of no row last."""
    order = [i for row in analysis.ranking.rows for i in (*row.trial_ids, *row.copies)]
    place = {name: i for i, name in enumerate(order)}
    return sorted(analysis.sweep.trials, key=lambda t: (place.get(t.id, len(place)), t.id))


def provenance(analysis: Analysis) -> dict[str, Any]:
    """What it takes to run the sweep again, as far as the manifest says."""
    manifest, spec = analysis.sweep.manifest, analysis.sweep.spec
    known = {
        "sessions": manifest.get("sessions"),
        "commit": manifest.get("commit"),
        "host": manifest.get("host"),
        "platform": manifest.get("platform"),
        "cpus": manifest.get("cpus"),
        "seeds": spec.get("seeds"),
        "data": spec.get("data"),
        "versions": manifest.get("versions"),
    }
    return {name: value for name, value in known.items() if value}
