"""The answer in one line of English, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.formatting import how_many, num, printable
from ilsweep.analysis.ranking.model import Ranking, Row
from ilsweep.analysis.summary_text import called, certainty, estimated, leading, success_of


def headline(ranking: Ranking, behaviour: Sequence[Finding] = ()) -> str:
    """The answer in one sentence: who stands first, by what, how sure; empty of no values.

    It is called the best only where `Ranking.best` is one, and never where the controls failed or
    nothing succeeded (`behaviour`), nor where the rows are in no order: that is said instead.
    """
    row = ranking.rows[0] if ranking.rows else None
    if row is None or not row.objective.n:
        return ""
    if behaviour:
        return printable("; ".join(map(_in_short, behaviour)), 600)
    if ranking.no_order:
        return printable(ranking.no_order.en, 600)
    parts = [_first(ranking, row), _sure(ranking, row), *_passed_over(ranking, row)]
    return printable("; ".join(filter(None, parts)) + ".", 900)


def _first(ranking: Ranking, row: Row) -> str:
    """Who stands first, by what, and whether it may be called the best."""
    total = len(row.trial_ids)
    some = f"{row.objective.n} of {total} seeds"
    over = some if row.objective.n < total else how_many(total, "seed")
    metric = ranking.metric
    found = f"{metric} {estimated(row.objective)} over {over}{success_of(row, metric, 'en')}"
    if ranking.best is not None:
        return leading(ranking, row, found).en
    if row.health == "not probed":
        why = "not probed: its health is not known"
    elif not row.healthy:
        why = f"no configuration is healthy: {', '.join(row.findings) or 'failed'}"
    elif row.comparable:
        why = "no episode of it succeeded"
    else:
        why = f"nothing has trained to the end yet, it is at {row.steps} steps"
    return f"{called(row)} is first: {found}; {why}"


def _sure(ranking: Ranking, row: Row) -> str:
    """How sure the first one's place is; empty where there is nothing to compare it with."""
    if ranking.best is None:
        return ""
    said = certainty(ranking, row).en.rstrip(".").replace(". The cheapest", "; the cheapest")
    return said[:1].lower() + said[1:]


def _passed_over(ranking: Ranking, first: Row) -> list[str]:
    """Which row would be first by its value alone, and why it stands below."""
    sign = ranking.objectives[0].sign
    valued = [row for row in ranking.rows if row.objective.n]
    row = min(valued, key=lambda row: (sign * row.objective.value, row.rank))
    if row is first or row.objective.value == first.objective.value:
        return []
    why = "fewer seeds with a value"
    if not row.healthy:
        why = ", ".join(row.findings) or "failed"
    elif row.health == "not probed":
        why = "not probed"
    elif not row.comparable:
        why = f"stopped after {row.steps} steps"
    elif row.succeeded is False:
        why = "no episode succeeded"
    elif ranking.race and row.raced < first.raced:
        why = f"out of the race after {how_many(row.raced, 'seed')}"
    elif row.states.get("failed"):
        why = f"{row.states['failed']} of {len(row.trial_ids)} seeds failed"
    return [f"{called(row)} has {num(row.objective.value)} and stands below: {why}"]


def _in_short(finding: Finding) -> str:
    """A finding about behaviour in one line: what was seen, and what to change first."""
    seen = dict(finding.evidence)
    if finding.id == "nothing_works":
        episodes, configurations = seen.pop("episodes"), seen.pop("configurations")
        tried = how_many(int(configurations), "configuration")
        what = f"nothing works yet: 0 of {episodes} episodes, {tried}"
    else:
        what = "broken pipeline"
    controls = ", ".join(f"{name} {value}" for name, value in seen.items())
    first = "".join(f"; change first: {s.text}" for s in finding.suggestions[:1])
    return f"{what} (controls: {controls or 'not run'}){first}"
