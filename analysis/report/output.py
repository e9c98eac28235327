"""What `ilsweep rank`, `diagnose` and `confirm` print, for people and for programs."""

from __future__ import annotations

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.formatting import number, printable, show, visible
from ilsweep.analysis.ranking.confirmation import Confirmation
from ilsweep.analysis.ranking.retraining import Retraining
from ilsweep.analysis.records.files import to_json
from ilsweep.analysis.report.json_form import json_text
from ilsweep.analysis.stats.intervals_and_tests import Interval


def ranking_json(analysis: Analysis) -> str:
    """`{"objectives", "rows", "comparisons", "notes"}`, as in `report.json`."""
    return json_text(vars(analysis.ranking)).rstrip("\n")


def ranking_text(analysis: Analysis) -> str:
    """One line a configuration, best first, then what a reader must know."""
    ranking = analysis.ranking
    places = {row.config_id: row.rank for row in ranking.rows}
    lines = [f"{'#':>3}  {printable(ranking.metric)} ({ranking.mode})"]
    for row in ranking.rows:
        searched = ", ".join(f"{name}={value}" for name, value in row.settings.items())
        ties = ", ".join(f"#{places[other]}" for other in row.tied_with if other in places)
        facts = [
            number(row.objective.value) + _interval(row.objective.interval),
            f"{row.successes.k}/{row.successes.n} successes" if row.successes else "",
            printable(f"{row.config_id} {searched}"),
            f"not separated from {ties}" if ties and not ranking.no_order else "",
            "not probed" if row.health == "not probed" else "",
            "" if row.healthy else f"unhealthy: {', '.join(row.critical) or 'failed'}",
        ]
        place = "-" if ranking.no_order else str(row.rank)
        lines.append(f"{place:>3}  " + "  ".join(fact for fact in facts if fact))
    return visible("\n".join([*lines, *(printable(n.en, 1000) for n in ranking.notes)]))


def _interval(bounds: Interval | None) -> str:
    return f" [{number(bounds.low)}, {number(bounds.high)}]" if bounds else ""


def confirmation_json(found: Confirmation) -> str:
    """As `confirmation` in `report.json`, with what it means and who stands."""
    more = {"answer": found.answer, "standing": found.standing}
    return json_text({**more, **vars(found)}).rstrip("\n")


def confirmation_text(found: Confirmation) -> str:
    """One line a configuration: what chose it, and what fresh episodes say."""
    lines = []
    for row in found.rows:
        then = f"{row.chosen.k}/{row.chosen.n} when chosen" if row.chosen else ""
        facts = [
            printable(row.config_id),
            f"chosen by {number(row.value.value)}",
            then,
            f"{row.k}/{row.n} fresh = {number(100 * row.rate)} %"
            f" [{number(100 * row.interval.low)}, {number(100 * row.interval.high)}]",
            f"beaten by {', '.join(row.beaten_by)}" if row.beaten_by else "",
        ]
        lines.append(f"{row.rank:>3}  " + "  ".join(fact for fact in facts if fact))
    return visible("\n".join([*lines, printable(found.answer.en, 2000)]))


def retraining_json(found: Retraining) -> str:
    """As `retraining` in `report.json`, with what it means."""
    return json_text({"answer": found.answer, **vars(found)}).rstrip("\n")


def retraining_text(found: Retraining) -> str:
    """What to announce of each configuration, in sentences."""
    return visible(printable(found.answer.en, 2000))


def findings_json(analysis: Analysis) -> str:
    """`{"findings": [...]}`."""
    return to_json({"findings": [finding.to_json() for finding in analysis.findings]})


def findings_text(analysis: Analysis) -> str:
    """Each finding with its evidence and suggestions; one line where there is none."""
    lines = []
    for found in analysis.findings:
        lines.append(f"{found.severity}  {found.id}  {printable(found.trial) or 'the sweep'}")
        lines.append(f"    {printable(found.explanation.en, 2000)}")
        evidence = [f"{name}={show(value)}" for name, value in found.evidence.items()]
        if evidence:
            lines.append(f"    evidence: {printable(', '.join(evidence), 2000)}")
        for step in found.suggestions:
            change = f"{step.param} {step.op} {show(step.value)}"
            lines.append(f"    suggestion: {printable(change)}: {printable(step.reason.en)}")
    return "\n".join(lines) or "no findings"
