"""A chain of stages: what each brought, and whether the last is better than the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.formatting import num
from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.ranking.comparisons import (
    Comparison,
    Contender,
    compare_with_first,
    contender,
)
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.stats.levels import ALPHA
from ilsweep.analysis.text import Text
from ilsweep.analysis.verdicts.configurations import compared


@dataclass(frozen=True)
class Stage:
    """One sweep of a chain, in short."""

    name: str
    """Of its folder."""
    trials: int
    seconds: float
    """Of training, summed over its trials."""
    best: Row | None


@dataclass(frozen=True)
class Stages:
    """A chain so far."""

    metric: str
    stages: tuple[Stage, ...]
    comparison: Comparison | None
    """The last stage's best (above) with the first one's; None where either has none."""
    verdict: Text
    ended: Text | None
    """Why it ended; None while it goes on."""


def stages_of(analyses: Sequence[Analysis], ended: Text | None) -> Stages:
    """The chain of some sweeps, the first first."""
    comparison = _compared(analyses[0], analyses[-1]) if len(analyses) > 1 else None
    return Stages(
        metric=analyses[0].ranking.metric,
        stages=tuple(map(_stage, analyses)),
        comparison=comparison,
        verdict=_verdict(analyses, comparison),
        ended=ended,
    )


def _stage(analysis: Analysis) -> Stage:
    trials = analysis.sweep.trials
    seconds = sum(trial.seconds for trial in trials if trial.seconds == trial.seconds)
    return Stage(analysis.sweep.paths.root.name, len(trials), seconds, analysis.ranking.best)


def _compared(first: Analysis, last: Analysis) -> Comparison | None:
    objective = first.ranking.objectives[0]
    rows = [_best(last, objective), _best(first, objective)]
    if objective != last.ranking.objectives[0] or None in rows:
        return None
    return compare_with_first(rows, objective)[0]


def _best(analysis: Analysis, objective: Objective) -> Contender | None:
    best = analysis.ranking.best
    if best is None:
        return None
    trials = [trial for trial in analysis.sweep.trials if trial.id in best.counted]
    return contender(best.config_id, trials, objective, "best")


def _verdict(analyses: Sequence[Analysis], found: Comparison | None) -> Text:
    if len(analyses) < 2:
        return Text("There is one stage only.", "只有一个阶段。")
    first, last = (a.sweep.paths.root.name for a in (analyses[0], analyses[-1]))
    if found is None:
        return Text(
            f"The best of {last} cannot be compared with that of {first}: one of them has none.",
            f"{last} 的最优配置无法与 {first} 的比较：其中之一没有最优配置。",
        )
    by = num(abs(found.difference))
    if found.interval:
        by += f" (95 %: {num(found.interval.low)} … {num(found.interval.high)})"
    names = [Text(f"the best of {name}", f"{name} 的最优配置") for name in (last, first)]
    text = compared(
        names,
        found.metric,
        by,
        found.difference,
        None if found.test == "none" else found.p,
        significant=found.p < ALPHA,
    )
    return text + Text(
        "Each was chosen as the best of its stage, so both look better than they are; "
        "`ilsweep confirm` tries them on fresh episodes.",
        "两者都是各自阶段选出的最优者，数值均偏乐观；可用 `ilsweep confirm` 在全新回合上验证。",
    )
