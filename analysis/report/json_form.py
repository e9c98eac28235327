"""`report.json`: every number of the report.

Format `ilsweep-report/1` (what is not finite is null; texts are `{"en", "zh"}`):

    format, name, system, question, trainer    strings
    answer, missing                            text, list of texts
    controls        `controls.json`, or null where the folder has none: expert, random, replay,
                    reference as {k, n, passed, seconds} or {not_run}; `sensitive`: whether the
                    sweep could have seen success and failure, null where that is not known
    objectives      [{metric, mode}]
    ranking         {rows, comparisons, notes, race}: `Row`, `Comparison` and `Race` (or null) of
                    `analysis/ranking`, field by field; an interval is {low, high, level};
                    successes have their `rate`
    confirmation    `Confirmation` of `analysis/ranking` or null: what `ilsweep confirm` found,
                    beside what chose each configuration; its rows have their `rate` and `change`
    retraining      `Retraining` of `analysis/ranking` or null: the best with fresh training seeds
                    (`confirm --train-seeds`); its rows have the `deviation` between the seeds
    runs            every trial, best first: [{id, name, url, state, seed, config_id, searched,
                    schedule, seconds, steps, error,
                    metrics: {NAME: {first, last, best, best_step, delta, percent}}}];
                    best and best_step are null where no end of the metric is known to be good;
                    metrics hold everything logged but single episodes; schedule is [[step,
                    searched]] of a trial whose parameters changed while it trained, else empty
    blocks          the blocks of the report: [{id, name, policy, url, steps, config, metrics}],
                    metrics as when the run was first reported
    updates         [{time, runs: [block]}]: runs that went on after they were first reported
    findings        as `ilsweep diagnose --json` prints them
    ot_movement     {TRIAL: `analysis.findings.ot_movement.OtMovement`}
    hypotheses      [`analysis.inference.hypotheses.Verdict`]
    importance      `Importance` or null; edges [`Edge`], both of `analysis/inference`
    plots           [{file, section, caption}], files in `plots/`
    next_steps      [{param, op, value, reason, source, findings, trials}]
    next_stage      [{path, before, after, reason, source}]: what `ilsweep next` changes
    provenance      what `manifest.json` says of versions, commit, host, sessions, seeds, data
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any

import orjson

from ilsweep.analysis.metrics.lookup import Catalog, catalog_of
from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.ranking.model import Successes
from ilsweep.analysis.records.files import to_json
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.schedule import schedule
from ilsweep.analysis.report.data import Report, in_order, provenance
from ilsweep.analysis.report.runs import summaries

FORMAT = "ilsweep-report/1"

QUICK = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_SERIALIZE_NUMPY


def content_of(report: Report) -> dict[str, Any]:
    """The content of `report.json`; `json_text` writes it."""
    analysis, ranking = report.analysis, report.analysis.ranking
    catalog = catalog_of(analysis.sweep.manifest)
    return {
        "format": FORMAT,
        "name": analysis.sweep.manifest.get("name") or analysis.sweep.spec.get("name") or "",
        "system": report.system,
        "question": report.question,
        "trainer": report.trainer,
        "answer": analysis.answer,
        "missing": analysis.notes,
        "controls": analysis.sweep.controls,
        "objectives": ranking.objectives,
        "ranking": {
            "rows": ranking.rows,
            "comparisons": ranking.comparisons,
            "notes": ranking.notes,
            "race": ranking.race,
        },
        "confirmation": analysis.confirmation,
        "retraining": analysis.retraining,
        "runs": [_run(trial, ranking.objectives, catalog) for trial in in_order(analysis)],
        "blocks": report.runs,
        "updates": report.updates,
        "findings": analysis.findings,
        "ot_movement": analysis.ot_movement,
        "hypotheses": analysis.hypotheses,
        "importance": analysis.importance,
        "edges": analysis.edges,
        "plots": report.plots,
        "next_steps": report.steps,
        "next_stage": report.changes,
        "provenance": provenance(analysis),
    }


def _run(trial: TrialRecord, objectives: Sequence[Objective], catalog: Catalog) -> dict[str, Any]:
    return {
        "id": trial.id,
        "name": trial.name,
        "url": trial.url,
        "state": trial.state,
        "seed": trial.seed,
        "config_id": trial.config_id,
        "searched": trial.searched,
        "schedule": schedule(trial),
        "seconds": trial.seconds,
        "steps": trial.steps,
        "error": trial.error,
        "metrics": summaries(trial, None, objectives, catalog),
    }


def json_text(content: Mapping[str, Any]) -> str:
    """The content as JSON with one item of a list a line: to be read, compared and searched."""
    parts = [f"{compact(name)}: {_value(item)}" for name, item in content.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _value(value: Any) -> str:
    if isinstance(value, dict) and any(isinstance(item, list | tuple) for item in value.values()):
        return json_text(value).rstrip("\n")
    if isinstance(value, list | tuple) and value:
        return "[\n" + ",\n".join(map(compact, value)) + "\n]"
    return compact(value)


def compact(value: Any) -> str:
    """Dataclasses, mappings, sequences and numbers as JSON on one line; null for NaN."""
    try:
        return orjson.dumps(value, default=_fields, option=QUICK).decode()
    except TypeError:  # keys that are no text, numbers beyond 64 bits, text that is not UTF-8
        return to_json(plain(value), indent=None)


def _fields(value: Any) -> dict[str, Any]:
    """One dataclass as a dict of its fields, or in the form that it has for JSON."""
    if isinstance(value, Successes):
        return {**vars(value), "rate": value.rate}
    if hasattr(value, "to_json"):
        return dict(value.to_json())
    if is_dataclass(value):
        return vars(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def plain(value: Any) -> Any:
    """The same as dicts, lists and scalars."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return plain(_fields(value)) if is_dataclass(value) else value
