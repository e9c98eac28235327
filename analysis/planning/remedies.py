"""A finding's suggestion as a change of the spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.findings.finding import Finding, Suggestion
from ilsweep.analysis.inference.search_space import parse, parse_joint
from ilsweep.analysis.planning.domain_edits import applied, extended
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.records.joint import names_of
from ilsweep.analysis.text import Text

Spec = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One difference between two stages."""

    path: str
    """Where in the new spec: `seeds`, `space.ot.reg`, `params.steps`, `search.num_trials`."""
    before: Any
    """None where there was nothing."""
    after: Any
    """None where it is taken out."""
    reason: Text
    source: str

    @property
    def target(self) -> str:
        """What it is about: a parameter, searched or fixed, or a path."""
        return self.path.removeprefix("space.").removeprefix("params.")


def changes(
    analysis: Analysis, finding: Finding, row: Row, spec: Spec, *, at_once: bool
) -> Iterator[tuple[Suggestion, Change]]:
    """The suggestions of a finding about a configuration that change anything in the spec.

    A searched parameter's space is extended to the suggested value, by one more row where it varies
    together with others; a fixed one is set `at_once`, or opened and compared with its present
    value. What the data are is not compared: nobody asks whether fewer demonstrations do better.
    """
    known = next((t.params for t in analysis.sweep.trials if t.id == finding.trial), {})
    for suggestion in finding.suggestions:
        name = suggestion.param
        data = name.startswith("data.")
        present = spec.get("data", {}).get(name[5:]) if data else known.get(name)
        value = applied(suggestion, row.searched.get(name, present))
        if value is None or value == present or (present is None and name not in known):
            continue
        why = Text(f"{finding.id}: {suggestion.reason.en}", f"{finding.id}：{suggestion.reason.zh}")
        dimension = next((d for d in spec.get("space", {}) if name in names_of(d)), None)
        if dimension == name:
            change = _in_space(suggestion, value, spec)
        elif dimension is not None:
            values = {**known, **row.searched, name: value}
            change = _another_row(dimension, values, spec, why, suggestion.source)
        elif at_once or data or present is None:
            path = name if data else f"params.{name}"
            change = Change(path, present, value, why, suggestion.source)
        else:
            why += Text("Compared with the present value.", "与当前取值对照。")
            entry = {"choice": [present, value]}
            before = spec.get("params", {}).get(name)
            change = Change(f"space.{name}", before, entry, why, suggestion.source)
        if change is not None:
            yield suggestion, change


def _in_space(suggestion: Suggestion, value: Any, spec: Spec) -> Change | None:
    entry = spec["space"][suggestion.param]
    domain = parse(entry)
    shape = extended(domain, value, suggestion) if domain else None
    if shape is None:
        return None
    return Change(f"space.{suggestion.param}", entry, shape.entry, shape.reason, shape.source)


def _another_row(
    dimension: str, values: Mapping[str, Any], spec: Spec, why: Text, source: str
) -> Change | None:
    """One more row of parameters that vary together; None where there is such a row."""
    entry = spec["space"][dimension]
    if not parse_joint(dimension, entry):
        return None
    ((kind, rows),) = entry.items()
    row = [values[name] for name in names_of(dimension)]
    if row in rows:
        return None
    return Change(f"space.{dimension}", entry, {kind: [*rows, row]}, why, source)
