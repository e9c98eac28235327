"""Rules about the last third of a training: whether it brought nothing, or more is to come."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.findings.helpers import Array, change, make_finding, success_since
from ilsweep.analysis.findings.learning import end_of_schedule
from ilsweep.analysis.findings.rule import rule
from ilsweep.analysis.findings.thresholds import ACT_NOTE, Limits
from ilsweep.analysis.formatting import num, pct
from ilsweep.analysis.metrics.changepoints import median, trend, values_of
from ilsweep.analysis.metrics.objectives import ERRORS, HELD_OUT, LOSSES, first_logged
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

PLAYBOOK = "Godbole et al. 2023, deep learning tuning playbook"
ENOUGH = 18
"""Points of a curve that a trend is judged on: six in its last third. With fewer, the Mann-Kendall
test has a p over 0.01 even where all fall."""
FEWEST = 9
"""Points from which on the last third says how far a training came."""
SETTLED = 4.0
"""Time constants after which 98 % of an exponential fall is done."""
MOST_TIMES = 8
PAST_THE_PLATEAU = 4
"""Factor on the steps where next to nothing succeeds and no finding says why."""
OF_THE_SCHEDULE = ("schedule_ended.share", "schedule_ended.fall")
"""Thresholds of another rule that `plateau` defers to."""


def times_longer(trial: TrialRecord) -> int:
    """Factor on the steps after which a falling curve is done: 2, 4 or 8.

    As if it fell exponentially: of a fall over T time constants the last third brings
    x^2 / (1 + x + x^2) with x = e^(-T/3), which is 1/3 where it has just begun. 2 where there are
    fewer than `FEWEST` points, or nothing fell.
    """
    found = _last_third(trial, FEWEST)
    if found is None or not found.share > 0:
        return 2
    share = min(found.share, 1 / 3)
    x = (share + math.sqrt(share * (4 - 3 * share))) / (2 * (1 - share))
    constants = max(-3 * math.log(min(x, 1.0)), SETTLED / MOST_TIMES)
    return int(2 ** max(1, round(math.log2(SETTLED / constants))))


def _progress(trial: TrialRecord, enough: int) -> tuple[str, Array] | None:
    """The held-out error if it has points enough, else the training error, else the loss."""
    for names in (HELD_OUT, ERRORS, LOSSES):
        name = first_logged(trial, names)
        if name is not None:
            values = values_of(trial, name)
            if len(values) >= enough:
                return name, values
    return None


@dataclass(frozen=True)
class _LastThird:
    """What the last third of a training brought; gains are positive for a fall."""

    metric: str
    share: float
    """Its gain over the gain in all; NaN where nothing fell in all."""
    pace: float
    """Its gain over that of the third before, at most 1; NaN where it brought none.

    A fall of T time constants has e^(-T/3). Unlike the share it does not know how high an untrained
    policy's error was: most of a fall may be the first few steps.
    """
    p: float
    """Of its trend."""
    since: int
    """Step at which it begins."""


def _last_third(trial: TrialRecord, enough: int = ENOUGH) -> _LastThird | None:
    found = _progress(trial, enough)
    if found is None:
        return None
    name, values = found
    third = len(values) // 3
    before, line = trend(values[-2 * third : -third]), trend(values[-third:])
    gain, whole = -line.change, median(values[:3]) - median(values[-3:])
    share = gain / whole if whole > 0 else math.nan
    pace = gain / max(gain, -before.change) if gain > 0 else math.nan
    curve = trial.curve(name)
    since = int(curve.steps[np.isfinite(curve.values)][-third])
    return _LastThird(name, share, pace, line.p, since)


@rule
def plateau(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The last third of the training brought nothing; from 18 reports on."""
    found = _last_third(trial)
    if found is None or end_of_schedule(trial, *(limits[name] for name in OF_THE_SCHEDULE)):
        return None  # where the rate had ended, `schedule_ended` says why
    name, share = found.metric, found.share
    if not share < limits["gain"]:
        return None  # what rose again brought nothing, too
    evidence: dict[str, float | str] = {"metric": name, "gain_share": share, "p": found.p}
    explanation = Text(
        f"The last third of the training brought {pct(share)} of the whole fall of {name}.",
        f"训练的最后三分之一只带来 {name} 总降幅的 {pct(share)}。",
    )
    if share <= 0:
        explanation = Text(
            f"The last third of the training brought nothing: {name} no longer fell.",
            f"训练的最后三分之一毫无收获：{name} 不再下降。",
        )
    if (success := success_since(trial, found.since)) is not None:
        then, now = success
        explanation += Text(
            f"But success rose from {num(then)} % to {num(now)} % meanwhile.",
            f"但同期成功率从 {num(then)} % 升到 {num(now)} %。",
        )
        return make_finding(trial, "info", evidence, explanation)
    return make_finding(
        trial,
        "info",
        evidence,
        explanation,
        change(
            "lr",
            "multiply",
            0.3,
            "A lower rate, or a shorter training, loses nothing.",
            "降低学习率，或缩短训练，不会有损失。",
            f"{ACT_NOTE}; {PLAYBOOK}",
        ),
    )


@rule
def still_improving(trial: TrialRecord, limits: Limits) -> Finding | None:
    """The curve still falls at the end; from 18 reports on."""
    found = _last_third(trial)
    if found is None:
        return None
    falls = found.share > limits["gain"] and found.p < limits["trend.p"]
    if not (falls and found.pace > limits["pace"]):
        return None
    name, share, pace = found.metric, found.share, found.pace
    evidence: dict[str, float | str] = {
        "metric": name,
        "gain_share": share,
        "pace": pace,
        "p": found.p,
    }
    explanation = Text(
        f"{name} still falls at the end: the last third brought {pct(share)} of its whole fall, "
        f"{pct(pace)} of what the third before brought.",
        f"{name} 结束时仍在下降：最后三分之一贡献了总降幅的 {pct(share)}，"
        f"相当于此前三分之一段降幅的 {pct(pace)}。",
    )
    return make_finding(
        trial,
        "info",
        evidence,
        explanation,
        change(
            "steps",
            "multiply",
            2,
            "A longer training; ACT's authors train three to four times past the plateau.",
            "延长训练；ACT 作者建议训练到平台期之后的 3 到 4 倍。",
            f"{PLAYBOOK}; tonyzhaozh/act README",
        ),
    )
