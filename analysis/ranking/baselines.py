"""How likely the first of the ranking beats what was there before the search."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.ranking.comparisons import Contender, probability_over
from ilsweep.analysis.ranking.model import Baseline, Row

NUMBERED = re.compile(r"c\d{4,}")
"""Labels of a sweep's own configurations, in the order in which they were drawn."""


def baselines(
    rows: Sequence[Row],
    contenders: Sequence[Contender | None],
    objective: Objective,
    defaults: Mapping[str, Any],
) -> tuple[Baseline, ...]:
    """The default configuration and the first one tried, where they can be compared.

    One of the two where they are the same; none that is the first row itself.

    Args:
        rows: In their order, with their `contenders`.
        defaults: Of the trainer's parameters, by dotted name.
    """
    named = [(True, r.config_id) for r in rows if _is_default(r, defaults)][:1]
    tried = sorted(r.config_id for r in rows if NUMBERED.fullmatch(r.config_id))
    named += [(False, name) for name in tried[:1] if name not in {n for _, n in named}]
    found = [
        Baseline(is_default, name, probability_over(contenders, name, objective))
        for is_default, name in named
    ]
    return tuple(one for one in found if math.isfinite(one.probability))


def _is_default(row: Row, defaults: Mapping[str, Any]) -> bool:
    return bool(row.searched) and all(
        name in defaults and defaults[name] == value for name, value in row.searched.items()
    )


def defaults_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of a trainer's parameters, as a sweep's manifest has them."""
    trainer = manifest.get("trainer")
    rows = trainer.get("parameters") if isinstance(trainer, Mapping) else None
    return {
        row["name"]: row.get("default")
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, Mapping) and isinstance(row.get("name"), str) and not row.get("required")
    }
