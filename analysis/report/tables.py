"""The tables of the report: the ranking, its neighbours, and any other list of cells."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ilsweep.analysis.formatting import number
from ilsweep.analysis.ranking.comparisons import Comparison
from ilsweep.analysis.ranking.model import Estimate, Row, Successes
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import code, inline
from ilsweep.analysis.report.translations import Words
from ilsweep.analysis.stats.intervals_and_tests import MOST_SEEDS, Interval

_PIPE = re.compile(r"(?<!\\)\|")

MAX_ROWS = 50
MAX_PAIRS = 12
"""A longer table is not read; the rest is in `report.json`."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A markdown table without the columns that are empty in every row.

    Cells are escaped already, but for pipes inside code.
    """
    used = [i for i in range(len(head)) if any(row[i] for row in rows)]
    lines = [[head[i] for i in used], ["---"] * len(used)]
    lines += [[_PIPE.sub(r"\\|", row[i]) for i in used] for row in rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def interval(bounds: Interval | None, scale: float = 1) -> str:
    """` [0.33, 0.35]`, or nothing where there is none."""
    return f" [{number(scale * bounds.low)}, {number(scale * bounds.high)}]" if bounds else ""


def estimate(value: Estimate) -> str:
    return number(value.value) + interval(value.interval) if value.n else ""


def successes(counted: Successes | None) -> str:
    """`34/50 = 68 % [53.3, 80.48]`."""
    if counted is None:
        return ""
    rate = number(100 * counted.rate)
    return f"{counted.k}/{counted.n} = {rate} %{interval(counted.interval, 100)}"


def configuration(row: Row, report: Report, limit: int = 160) -> str:
    """A configuration's id, or the own name of its only run, and what was searched."""
    searched = ", ".join(f"{name}={value}" for name, value in row.settings.items())
    name = report.names.get(row.trial_ids[0]) if len(row.trial_ids) == 1 else None
    return f"{code(name or row.config_id, 80)} {inline(searched, limit)}".rstrip()


def ranking_table(report: Report, words: Words) -> list[str]:
    """Configurations, best first."""
    ranking = report.analysis.ranking
    places = {row.config_id: row.rank for row in ranking.rows}
    head = [
        words.rank,
        words.configuration,
        *(inline(objective.metric) for objective in ranking.objectives),
        words.successes,
        words.seeds,
        words.train_loss,
        words.loss_rank,
        words.tied,
        words.critical,
        words.pareto,
    ]
    rows = [
        [
            str(row.rank),
            configuration(row, report),
            *(estimate(row.objectives[o.metric]) for o in ranking.objectives),
            successes(row.successes),
            _seeds(row, words),
            estimate(row.train_loss),
            "" if row.loss_rank is None else str(row.loss_rank),
            words.sep.join(f"#{places[other]}" for other in row.tied_with if other in places),
            words.sep.join(code(name) for name in row.critical),
            "✓" if row.pareto else "",
        ]
        for row in ranking.rows[:MAX_ROWS]
    ]
    return table(head, rows)


def front_table(report: Report, words: Words) -> list[str]:
    """The configurations of the Pareto front, by the first objective; empty for one objective."""
    ranking = report.analysis.ranking
    first = ranking.objectives[0]
    front = sorted(
        (row for row in ranking.rows if row.pareto),
        key=lambda row: first.sign * row.objective.value,
    )
    head = [words.rank, words.configuration, *(inline(o.metric) for o in ranking.objectives)]
    rows = [
        [
            str(row.rank),
            configuration(row, report),
            *(estimate(row.objectives[o.metric]) for o in ranking.objectives),
        ]
        for row in front[:MAX_ROWS]
    ]
    return table(head, rows) if rows else []


def _seeds(row: Row, words: Words) -> str:
    unfinished = [f"{count} {words.states[state]}" for state, count in row.states.items() if count]
    if list(row.states) == ["completed"]:
        return str(len(row.trial_ids))
    return f"{len(row.trial_ids)} ({words.sep.join(unfinished)})"


def neighbours_table(report: Report, words: Words) -> list[str]:
    """Each pair of neighbours, the difference between them, and whether that is one."""
    places = {row.config_id: row.rank for row in report.analysis.ranking.rows}
    head = [
        words.pair,
        words.difference,
        words.test,
        words.p_value,
        words.same_episodes,
        words.verdict,
        words.needed,
    ]
    rows = [
        [
            f"#{places[pair.above]} / #{places[pair.below]}",
            number(pair.difference) + interval(pair.interval),
            "" if pair.test == "none" else f"{pair.test} (n={pair.n})",
            "" if pair.test == "none" else number(pair.p_holm),
            _same_episodes(pair, words),
            words.told_apart if pair.told_apart else words.not_told_apart,
            _needed(pair, words),
        ]
        for pair in report.analysis.ranking.comparisons[:MAX_PAIRS]
        if pair.above in places and pair.below in places
    ]
    return table(head, rows)


def _same_episodes(pair: Comparison, words: Words) -> str:
    if (shared := pair.shared) is None:
        return ""
    return words.same_episodes_cell.format(
        wins=shared.wins, losses=shared.losses, pairs=shared.pairs, p=number(shared.p)
    )


def _needed(pair: Comparison, words: Words) -> str:
    needed = []
    if pair.seeds_needed is not None:
        needed.append(words.needed_seeds.format(n=pair.seeds_needed))
    elif not pair.told_apart and pair.test != "none" and pair.difference:
        needed.append(words.needed_many.format(n=MOST_SEEDS))
    if pair.rollouts_needed is not None:
        needed.append(words.needed_rollouts.format(n=pair.rollouts_needed))
    return words.or_.join(needed)
