"""The part of a report about fresh episodes: each configuration beside what chose it."""

from __future__ import annotations

from ilsweep.analysis.formatting import number, pct
from ilsweep.analysis.ranking.confirmation import Confirmation, Confirmed, Match
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import inline
from ilsweep.analysis.report.tables import configuration, estimate, interval, successes, table
from ilsweep.analysis.report.translations import WORDS, Words
from ilsweep.analysis.text import Lang


def confirmed(report: Report, lang: Lang) -> list[str]:
    """What `ilsweep confirm` found; nothing where it has not been asked."""
    words, found = WORDS[lang], report.analysis.confirmation
    if found is None:
        return []
    alpha = found.matches[0].duel.alpha if found.matches else found.alpha
    how = words.how_confirmed.format(alpha=pct(found.alpha), bound=number(1 / alpha))
    lines = [f"## {words.confirmed}", "", how.rstrip(), "", *_rows(report, found, words)]
    if found.matches:
        lines += ["", *_duels(found, words)]
    return lines


def _rows(report: Report, found: Confirmation, words: Words) -> list[str]:
    rows = {row.config_id: row for row in report.analysis.ranking.rows}
    places = {row.config_id: row.rank for row in found.rows}
    head = [
        words.rank,
        words.configuration,
        words.chosen_by.format(metric=inline(report.analysis.ranking.metric)),
        words.then,
        words.fresh,
        words.change,
        words.beaten_by,
    ]
    cells = [
        [
            str(row.rank),
            configuration(rows[row.config_id], report),
            estimate(row.value),
            successes(row.chosen),
            _fresh(row),
            "" if row.change is None else f"{100 * row.change:+.1f}",
            words.sep.join(f"#{places[other]}" for other in row.beaten_by),
        ]
        for row in found.rows
    ]
    return table(head, cells)


def _fresh(row: Confirmed) -> str:
    return f"{row.k}/{row.n} = {number(100 * row.rate)} %{interval(row.interval, 100)}"


def _duels(found: Confirmation, words: Words) -> list[str]:
    places = {row.config_id: row.rank for row in found.rows}
    head = [words.pair, words.wins_only, words.both, words.neither, words.evidence_for]
    rows = [_duel(match, places, words) for match in found.matches]
    return table([*head, words.decision], rows)


def _duel(match: Match, places: dict[str, int], words: Words) -> list[str]:
    duel, first, second = match.duel, places[match.first], places[match.second]
    decided = {"first": words.wins.format(n=first), "second": words.wins.format(n=second)}
    return [
        f"#{first} / #{second}",
        f"{duel.wins} : {duel.losses}",
        str(duel.both),
        str(duel.neither),
        number(duel.evidence),
        decided.get(duel.decision, words.undecided),
    ]
