"""What fresh training seeds say of the announced configurations (`confirm --train-seeds`).

The best of many was also the luckiest, in its training seeds as in its episodes. Trainings that
were begun after the choice know nothing of it: their mean has no bias, and their standard deviation
is what a user will meet who trains the configuration once more. Unlike `confirmation`, this speaks
of configurations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ilsweep.analysis.formatting import how_many, num
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.not_finite import ends_finite
from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.ranking.comparisons import (
    Comparison,
    Contender,
    binomial_variance,
    compare_with_first,
    success_counts,
)
from ilsweep.analysis.ranking.model import Estimate, Ranking, Row, Successes
from ilsweep.analysis.ranking.rows import counted_successes, estimated
from ilsweep.analysis.records.confirm_log import ConfirmEpisodes
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.levels import ALPHA
from ilsweep.analysis.text import NOTHING, Text
from ilsweep.analysis.verdicts.configurations import compared


@dataclass(frozen=True)
class Retrained:
    """One configuration with fresh training seeds, beside what chose it."""

    config_id: str
    rank: int
    """Its place in the ranking, by which it was chosen."""
    value: Estimate
    """Of the objective, by which it was chosen."""
    fresh: Estimate
    """Of the objective, over the fresh training seeds; a success rate is that of their policies on
    fresh episodes, where these were tried."""
    successes: Successes | None
    """Of their policies on fresh episodes."""
    failed: int
    """Fresh trainings that failed."""
    trials: tuple[str, ...]
    """Fresh trainings that ended, whose values count."""

    @property
    def deviation(self) -> float:
        """Standard deviation between the fresh training seeds; NaN with fewer than two."""
        return float(np.std(self.fresh.values, ddof=1)) if self.fresh.n > 1 else math.nan

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "deviation": self.deviation}


@dataclass(frozen=True)
class Retraining:
    """What the fresh trainings say."""

    objective: Objective
    rows: tuple[Retrained, ...]
    """In the order of the ranking."""
    comparisons: tuple[Comparison, ...]
    """The first of them with each other one, over the fresh training seeds."""

    @property
    def answer(self) -> Text:
        text = NOTHING
        for row in self.rows:
            text += _announced(row, self.objective.metric)
        for pair in self.comparisons:
            text += _against(pair)
        return text


def retraining(
    trials: Sequence[TrialRecord],
    episodes: ConfirmEpisodes,
    ranking: Ranking,
    known: Sequence[TrialRecord],
) -> Retraining | None:
    """The configurations of `ranking` that have fresh trainings; None where none has.

    Args:
        trials: The fresh trainings.
        episodes: Fresh episodes of their policies.
        known: The trials of the ranking.
    """
    keys = {trial.id: trial.configuration for trial in known}
    objective, rows, contenders = ranking.objectives[0], [], []
    for row in ranking.rows:
        key = keys.get(row.trial_ids[0])
        group = [t for t in trials if t.configuration == key and t.state in ("completed", "failed")]
        if group:
            found, contender = _retrained(row, group, episodes, objective)
            rows.append(found)
            contenders.append(contender)
    if not rows:
        return None
    pairs = compare_with_first(contenders, objective)
    return Retraining(objective, tuple(rows), tuple(pairs))


def _retrained(
    row: Row, group: Sequence[TrialRecord], episodes: ConfirmEpisodes, objective: Objective
) -> tuple[Retrained, Contender | None]:
    ended = [trial for trial in group if trial.state == "completed"]
    counts = {t.id: episodes.counts[t.id] for t in ended if t.id in episodes.counts}
    values = _values(ended, counts, objective)
    found = Retrained(
        config_id=row.config_id,
        rank=row.rank,
        value=row.objective,
        fresh=estimated(list(values.values()), objective.metric, list(counts.values())),
        successes=counted_successes(list(counts.values())),
        failed=sum(trial.state == "failed" for trial in group),
        trials=tuple(values),
    )
    signed = {t.seed: -objective.sign * values[t.id] for t in ended if t.id in values}
    if not signed:
        return found, None
    return found, Contender(
        config_id=row.config_id,
        tier=None,
        values=tuple(signed.values()),
        by_seed={seed: value for seed, value in signed.items() if seed is not None},
        floor=_floor(ended, counts) if objective.metric == SUCCESS else 0.0,
    )


def _floor(ended: Sequence[TrialRecord], counts: Mapping[str, tuple[int, int]]) -> float:
    """Binomial variance of the success rates that `_values` takes."""
    return binomial_variance(list(counts.values()) or success_counts(ended))


def _values(
    ended: Sequence[TrialRecord], counts: Mapping[str, tuple[int, int]], objective: Objective
) -> dict[str, float]:
    """Of the objective, by trial; of success on fresh episodes, where any were tried."""
    if objective.metric == SUCCESS and counts:
        return {name: 100 * k / n for name, (k, n) in counts.items()}
    values = {trial.id: ends_finite(trial, objective.metric) for trial in ended}
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _announced(row: Retrained, metric: str) -> Text:
    """The value to announce, with the one that chose it beside it."""
    n = row.fresh.n
    failed = NOTHING
    if row.failed:
        failed = Text(
            f"{row.failed} of {n + row.failed} of its fresh trainings failed.",
            f"其 {n + row.failed} 次重新训练中有 {row.failed} 次失败。",
        )
    if not n:
        return failed or Text(
            f"{row.config_id} has no fresh training with {metric} yet.",
            f"{row.config_id} 的重新训练尚无 {metric}。",
        )
    bounds = row.fresh.interval
    between = f" [{num(bounds.low)}, {num(bounds.high)}]" if bounds else ""
    sd_en = sd_zh = ""
    if n > 1:
        sd_en = f", standard deviation {num(row.deviation)} between them"
        sd_zh = f"，种子间标准差 {num(row.deviation)}"
    on_en = on_zh = ""
    if row.successes:
        on_en = f" ({row.successes.k} of {row.successes.n} fresh episodes succeed)"
        on_zh = f"（{row.successes.n} 个全新回合成功 {row.successes.k} 个）"
    text = Text(
        f"Trained again with {how_many(n, 'fresh training seed')}, {row.config_id} has {metric} "
        f"{num(row.fresh.value)}{between}"
        f"{sd_en}{on_en}; the value that chose it was {num(row.value.value)}.",
        f"用 {n} 个全新训练种子重新训练后，{row.config_id} 的 {metric} 为 "
        f"{num(row.fresh.value)}{between}{sd_zh}{on_zh}；选中它时为 {num(row.value.value)}。",
    )
    return text + failed


def _against(pair: Comparison) -> Text:
    return compared(
        [Text(pair.above, f" {pair.above} "), Text(pair.below, f" {pair.below} ")],
        pair.metric,
        num(abs(pair.difference)),
        pair.difference,
        None if pair.test == "none" else pair.p,
        significant=pair.p < ALPHA,
    )
