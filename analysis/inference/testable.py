"""When nothing may be concluded of a metric: at a floor or a ceiling, after a failed control."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.inference.design import metric_of
from ilsweep.analysis.metrics.catalog import SUCCESS
from ilsweep.analysis.metrics.objectives import FLOOR, successes
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

THRESHOLDS: Mapping[str, str] = {
    "probe/shuffled_action_change": "blind_policy.change",
    "probe/black_action_change": "blind_policy.change",
    "probe/diversity_ratio": "mean_trajectory.diversity",
    "probe/backbone_change": "backbone_frozen.change",
    "probe/feature_rank": "feature_collapse.rank",
    "probe/out_of_range_share": "position_saturation.share",
    "probe/clip_share": "position_saturation.share",
    "probe/range_excess": "position_saturation.excess",
    "probe/roundtrip_error": "scale_mismatch.roundtrip",
}
"""Probes that stand for a fault, and where the fault begins. Which policy is further from a fault
that all have, or that none has, is not what the probe measures."""


def why_not(
    metric: str,
    trials: Sequence[TrialRecord],
    limits: Mapping[str, float],
    sensitive: bool | None,
) -> Text | None:
    """Why nothing can be concluded about `metric` from `trials`; None where something can.

    Args:
        limits: Thresholds of the findings, by name.
        sensitive: Whether the sweep's controls passed; None where there are none.
    """
    if metric == SUCCESS:
        return _failed_control(sensitive) or _at_an_end(trials)
    limit = limits.get(THRESHOLDS.get(metric, ""))
    return None if limit is None else _nobody_crosses(metric, trials, limit)


def _failed_control(sensitive: bool | None) -> Text | None:
    if sensitive is not False:
        return None
    return Text(
        "a control failed: expert, replay or reference does not succeed, or random actions do, so "
        "that success says nothing about a policy",
        "对照未通过（专家、回放或参考未成功，或随机动作成功）：成功率不能说明策略的好坏",
    )


def _at_an_end(trials: Sequence[TrialRecord]) -> Text | None:
    counts = [count for count in map(successes, trials) if count is not None]
    k, n = sum(k for k, _ in counts), sum(n for _, n in counts)
    if n:
        rate, of = k / n, f"{k}/{n}"
    else:
        rates = [r for r in (trial.last(SUCCESS) for trial in trials) if math.isfinite(r)]
        if not rates:
            return None
        rate = sum(rates) / len(rates) / 100
        of = pct(rate)
    if FLOOR <= rate <= 1 - FLOOR:
        return None
    low = rate < FLOOR
    return Text(
        f"a {'floor' if low else 'ceiling'}: {of} of all episodes succeed, "
        f"{'under' if low else 'over'} {pct(FLOOR if low else 1 - FLOOR)}",
        f"{'下限' if low else '上限'}效应：全部回合中成功 {of}，"
        f"{'低于' if low else '高于'} {pct(FLOOR if low else 1 - FLOOR)}",
    )


def _nobody_crosses(metric: str, trials: Sequence[TrialRecord], limit: float) -> Text | None:
    values = [v for v in (metric_of(trial, metric) for trial in trials) if math.isfinite(v)]
    if not values or min(values) < limit <= max(values):
        return None
    side = ("under", "低于") if max(values) < limit else ("at or over", "达到或高于")
    return Text(
        f"all {len(values)} trials lie {side[0]} the threshold of {metric} ({num(limit)}; "
        f"{num(min(values))} to {num(max(values))}): nobody crosses it",
        f"全部 {len(values)} 个试验都{side[1]} {metric} 的阈值（{num(limit)}；"
        f"{num(min(values))} 到 {num(max(values))}）：没有越过阈值的",
    )
