"""What `ilsweep rank`, `diagnose` and `confirm` print, for people and for programs."""

from __future__ import annotations

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.formatting import number, printable, show, visible
from ilsweep.analysis.ranking.confirmation import Confirmation
from ilsweep.analysis.ranking.model import Ranking, Row
from ilsweep.analysis.ranking.naming import fitted, settings_of
from ilsweep.analysis.ranking.retraining import Retraining
from ilsweep.analysis.records.files import to_json
from ilsweep.analysis.report.json_form import json_text
from ilsweep.analysis.report.labels import AGAINST_FIRST, health
from ilsweep.analysis.report.tables import interval
from ilsweep.analysis.verdicts.configurations import SEPARABLE

SETTINGS = 200
"""Characters of a configuration's parameters, as far as that goes."""


def ranking_json(analysis: Analysis) -> str:
    """`{"objectives", "rows", "comparisons", "notes"}`, as in `report.json`."""
    return json_text(vars(analysis.ranking)).rstrip("\n")


def ranking_text(analysis: Analysis) -> str:
    """One line a configuration, best first, then what a reader must know, then the answer."""
    ranking = analysis.ranking
    cells = [["#", f"{ranking.metric} ({ranking.mode})", "successes", "seeds", "health",
              "configuration", AGAINST_FIRST.en]]  # fmt: skip
    named = zip(ranking.rows, fitted(settings_of(ranking.rows), SETTINGS), strict=True)
    cells += [_cells(row, settings, ranking) for row, settings in named]
    used = [i for i in range(len(cells[0])) if any(row[i] for row in cells[1:])]
    columns = [[printable(row[i]) for row in cells] for i in used]
    widths = [max(map(len, column)) for column in columns]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
    if not ranking.rows:
        lines = ["There is nothing to rank: no trials."]
    notes = (printable(note.en, 1000) for note in ranking.notes)
    return visible("\n".join([*lines, *notes, *filter(None, [analysis.headline])]))


def _cells(row: Row, settings: str, ranking: Ranking) -> list[str]:
    why = ", ".join(row.findings) or ("" if row.healthy else "failed")
    return [
        "-" if ranking.no_order else str(row.rank),
        number(row.objective.value) + interval(row.objective.interval),
        f"{row.successes.k}/{row.successes.n}" if row.successes else "",
        row.seeds,
        ": ".join(filter(None, [health(row).en, why])),
        f"{row.config_id} {settings}",
        "" if ranking.no_order else SEPARABLE[row.against_first].en,
    ]


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
            f"{row.k}/{row.n} fresh = {number(100 * row.rate)} %{interval(row.interval, 100)}",
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
