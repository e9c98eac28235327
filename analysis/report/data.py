"""Every value that a report shows, gathered once; both languages and `report.json` come from it.

`report.json`, format `ilsweep-report/1` (what is not finite is null; texts are `{"en", "zh"}`):

    format, name, system, question, trainer    strings
    answer, missing                            text, list of texts
    objectives      [{metric, mode}]
    ranking         {rows, comparisons, notes}: `analysis.rank.Row`, `analysis.compare.Comparison`,
                    field by field; an interval is {low, high, level}; successes have their `rate`
    runs            [{id, name, policy, url, state, seed, config_id, seconds, steps, error, config,
                    metrics: {NAME: {first, last, best, best_step, delta, percent}}}], best first;
                    metrics hold everything logged but single episodes
    updates         [{time, runs: [...]}]: runs that went on after they were first reported
    findings        as `ilsweep diagnose --json` prints them
    ot_movement     {TRIAL: `analysis.findings.transport.OtMovement`}
    hypotheses      [`analysis.hypotheses.Verdict`]
    importance      `analysis.importance.Importance` or null; edges [`analysis.importance.Edge`]
    plots           [{file, section, caption}], files in `plots/`
    next_steps      [{param, op, value, reason, source, findings, trials}]
    provenance      what `manifest.json` says of versions, commit, host, sessions, seeds, data
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from analysis.analyse import Analysis
from analysis.findings.evidence import EPISODE
from analysis.findings.finding import SEVERITIES, Suggestion, Text
from analysis.plots.plot import Plot
from analysis.rank import Successes
from analysis.records import TrialRecord
from analysis.report.labels import system
from analysis.report.looks import Look, first_reached, went_on
from analysis.report.runs import Run, run_of
from analysis.series import direction, summarize

FORMAT = "ilsweep-report/1"


@dataclass(frozen=True)
class NextStep:
    """One change that findings suggest, with the trials that they were found in."""

    param: str
    op: str
    value: Any
    reason: Text
    source: str
    findings: tuple[str, ...]
    trials: tuple[str, ...]


@dataclass(frozen=True)
class Update:
    """Runs that went on after they had been reported, as of one later look."""

    time: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Report:
    """What a report says, before it is said in a language."""

    analysis: Analysis
    trainer: str
    system: str
    runs: tuple[Run, ...]
    """As first reported, in the order of the ranking."""
    updates: tuple[Update, ...]
    steps: tuple[NextStep, ...]
    plots: tuple[Plot, ...] = ()

    @property
    def question(self) -> str:
        return str(self.analysis.sweep.spec.get("question") or "")


def gather(analysis: Analysis, looks: Sequence[Look] = ()) -> Report:
    """Everything that a report shows."""
    sweep = analysis.sweep
    trainer = str(sweep.spec.get("trainer") or "")
    trials = in_order(analysis)
    first = first_reached(looks)
    by_id = {trial.id: trial for trial in trials}
    updates = [
        Update(
            look.time,
            tuple(
                run_of(by_id[i], trainer, step) for i, step in look.reached.items() if i in by_id
            ),
        )
        for look in went_on(looks)
    ]
    runs = tuple(run_of(trial, trainer, first.get(trial.id)) for trial in trials)
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
    order = [i for row in analysis.ranking.rows for i in row.trial_ids]
    place = {name: i for i, name in enumerate(order)}
    return sorted(analysis.sweep.trials, key=lambda t: (place.get(t.id, len(place)), t.id))


def next_steps(analysis: Analysis) -> list[NextStep]:
    """The findings' suggestions, each change once; severe ones first, then frequent ones."""
    found: dict[tuple[str, str, str], tuple[Suggestion, dict[str, None], dict[str, None], int]] = {}
    for finding in analysis.findings:
        severity = SEVERITIES.index(finding.severity)
        for s in finding.suggestions:
            key = (s.param, s.op, repr(s.value))
            _, ids, trials, _ = found.setdefault(key, (s, {}, {}, severity))
            ids[finding.id] = None
            if finding.trial:
                trials[finding.trial] = None
    ranked = sorted(found.values(), key=lambda entry: (entry[3], -len(entry[2])))
    return [
        NextStep(s.param, s.op, s.value, s.reason, s.source, tuple(ids), tuple(trials))
        for s, ids, trials, _ in ranked
    ]


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


def to_plain(report: Report) -> dict[str, Any]:
    """The content of `report.json`."""
    analysis = report.analysis
    by_id = {trial.id: trial for trial in analysis.sweep.trials}
    return {
        "format": FORMAT,
        "name": analysis.sweep.manifest.get("name") or analysis.sweep.spec.get("name") or "",
        "system": report.system,
        "question": report.question,
        "trainer": report.trainer,
        "answer": plain(analysis.answer),
        "missing": plain(analysis.notes),
        "objectives": plain(analysis.ranking.objectives),
        "ranking": {
            "rows": plain(analysis.ranking.rows),
            "comparisons": plain(analysis.ranking.comparisons),
            "notes": plain(analysis.ranking.notes),
        },
        "runs": [_run(run, by_id[run.id]) for run in report.runs],
        "updates": [
            {"time": update.time, "runs": [run.to_json() for run in update.runs]}
            for update in report.updates
        ],
        "findings": [finding.to_json() for finding in analysis.findings],
        "ot_movement": plain(analysis.ot_movement),
        "hypotheses": plain(analysis.hypotheses),
        "importance": plain(analysis.importance),
        "edges": plain(analysis.edges),
        "plots": plain(report.plots),
        "next_steps": plain(report.steps),
        "provenance": provenance(analysis),
    }


def _run(run: Run, trial: TrialRecord) -> dict[str, Any]:
    logged = {
        name: summarize(curve, direction(name)).to_json()
        for name, curve in trial.curves.items()
        if not name.startswith(EPISODE)
    }
    return {
        **run.to_json(),
        "state": trial.state,
        "seed": trial.seed,
        "config_id": trial.config_id,
        "seconds": trial.seconds,
        "steps": trial.steps,
        "error": trial.error,
        "metrics": logged,
    }


def plain(value: Any) -> Any:
    """Dataclasses, mappings and sequences as dicts and lists."""
    if is_dataclass(value) and not isinstance(value, type):
        as_dict = {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        return {**as_dict, "rate": value.rate} if isinstance(value, Successes) else as_dict
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
