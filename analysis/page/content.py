"""What the page's own drawings show: ranking, lights, curves, episodes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.formatting import num, number, printable
from ilsweep.analysis.page.episodes import grid, policies
from ilsweep.analysis.plots.canvas import drawable, thin
from ilsweep.analysis.plots.groups import groups_of
from ilsweep.analysis.plots.select import drawn_metrics
from ilsweep.analysis.ranking.model import Estimate, Ranking, Row
from ilsweep.analysis.ranking.naming import fitted, settings_of
from ilsweep.analysis.records.controls import NAMES, Control
from ilsweep.analysis.records.curves import Curve
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.sections.controls import IS, LESIONS, SHOULD, lesions_of
from ilsweep.analysis.text import Text
from ilsweep.analysis.verdicts.claims import WORDS

MOST_ROWS = 50
MOST_CURVES = 12
"""Configurations whose curves are drawn."""
SETTINGS = 300
"""Characters of a configuration's parameters, as far as that goes."""
POINTS = 150
"""Most points of a curve."""

TARGET = Text("in the target domain", "目标域")

ROOM = Text(
    "over the configurations: at 0 % (floor) or 100 % (ceiling) throughout, no difference shows",
    "各配置之间：若全为 0 %（下限）或 100 %（上限），则看不出差别",
)


def drawings(report: Report) -> dict[str, Any]:
    """All that the page's script draws, as plain data."""
    analysis = report.analysis
    shown = grid(policies(analysis))
    variants = dict.fromkeys(e["variant"] for e in shown["episodes"])
    return {
        "metric": analysis.ranking.metric,
        "ranking": _ranking(analysis.ranking),
        "curves": _curves(analysis),
        "variants": [{"name": name, "label": _label(name)} for name in variants],
        **shown,
    }


def answer_of(report: Report) -> dict[str, Any]:
    """What stands at the top: the question, and its answer in parts."""
    analysis = report.analysis
    return {
        "question": printable(report.question, 1000),
        "lead": analysis.lead,
        "more": analysis.more,
        "claims": [
            {
                "kind": v.judgement.replace(" ", "-"),
                "word": WORDS[v.judgement],
                "claim": printable(v.claim, 300),
            }
            for v in analysis.hypotheses
        ],
        "notes": analysis.notes,
    }


def lights(report: Report) -> list[dict[str, Any]]:
    """The controls, each passed, failed, or not run, and whether successes leave room for more."""
    controls = report.analysis.sweep.controls
    shown = [_light(controls.of(name)) for name in NAMES] if controls else []
    return [*shown, *_room(report.analysis)]


def _room(analysis: Analysis) -> list[dict[str, Any]]:
    """Whether success was at a floor or a ceiling, where it could not have differed."""
    counted = [row.successes for row in analysis.ranking.rows if row.successes]
    if not counted:
        return []
    rates = [found.rate for found in counted]
    low, high = (num(100 * rate) for rate in (min(rates), max(rates)))
    return [
        {
            "state": "bad" if max(rates) == 0 or min(rates) == 1 else "good",
            "told": Text(f"success {low} to {high} %", f"成功率 {low} 至 {high} %"),
            "about": ROOM,
        }
    ]


def lesions(report: Report) -> dict[str, Any]:
    """Success of one configuration under each lesion."""
    config, found = lesions_of(report)
    return {
        "config": config,
        "found": [
            {"name": name, "label": LESIONS[name], "count": f"{k}/{n}"}
            for name, (k, n) in found.items()
        ],
    }


def _light(control: Control) -> dict[str, Any]:
    more = control.why if not control.n else SHOULD[control.name]
    return {
        "state": {True: "good", False: "bad", None: "off"}[control.passed],
        "told": control.summary,
        "about": Text(f"{IS[control.name].en}: {more.en}", f"{IS[control.name].zh}：{more.zh}"),
    }


def _label(variant: str) -> dict[str, str]:
    text = TARGET if variant == "target" else LESIONS.get(variant, Text(variant, variant))
    return {"en": text.en, "zh": text.zh}


def _ranking(ranking: Ranking) -> list[dict[str, Any]]:
    rows = ranking.rows[:MOST_ROWS]
    settings = fitted(settings_of(rows), SETTINGS)
    return [_row(row, text, ranking) for row, text in zip(rows, settings, strict=True)]


def _row(row: Row, settings: str, ranking: Ranking) -> dict[str, Any]:
    return {
        "config": row.config_id,
        "rank": "" if ranking.no_order else str(row.rank),
        "settings": settings,
        "value": _finite(row.objective.value) if row.objective.n else None,
        "text": number(row.objective.value) if row.objective.n else "",
        "interval": _interval(row.objective),
        "values": list(row.objective.values),
        "trials": list(row.counted) if len(row.counted) == row.objective.n else [],
        "successes": [row.successes.k, row.successes.n] if row.successes else None,
        "seeds": len(row.trial_ids),
        "critical": row.findings,
        "healthy": row.healthy,
    }


def _interval(estimate: Estimate) -> list[float] | None:
    bounds = estimate.interval
    if bounds is None or not (math.isfinite(bounds.low) and math.isfinite(bounds.high)):
        return None
    return [bounds.low, bounds.high]


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _curves(analysis: Analysis) -> list[dict[str, Any]]:
    """The metrics that are worth a drawing, each with the curves of the first configurations."""
    groups = groups_of(analysis, MOST_CURVES)
    ids = [row.config_id for row in analysis.ranking.rows]
    trials = [(config, t) for config, g in zip(ids, groups, strict=False) for t in g.trials]
    curves = [
        {
            "metric": metric,
            "lines": [
                {"config": config, "trial": trial.id, "points": points}
                for config, trial in trials
                if (points := _points(trial.curve(metric)))
            ],
        }
        for metric in drawn_metrics(analysis)
    ]
    return [curve for curve in curves if curve["lines"]]


def _points(curve: Curve) -> list[list[float]]:
    values = drawable(curve.values)
    known = np.isfinite(values)
    kept = thin(Curve(curve.steps[known], values[known]), POINTS)
    pairs = zip(kept.steps, kept.values, strict=True)
    return [[int(step), float(f"{value:.4g}")] for step, value in pairs]


def title_of(report: Report) -> str:
    """The sweep's name, on one line."""
    sweep = report.analysis.sweep
    name = sweep.manifest.get("name") or sweep.spec.get("name") or sweep.paths.root.resolve().name
    return printable(name, 100)
