"""What a spec claims, and what its runs say to it: supported, refuted or undecided.

The effect is Kendall's tau-b of the metric on the parameter. Trials are compared only with trials
of the same seed and the same other parameters, where a sweep has such (a grid): seeds and the
other parameters then cancel. Where it has not (a random search), configurations are compared, each
by the mean over its seeds, since seeds of one configuration are no independent evidence.

A claim with a direction is tested on the side that the runs show: it named its side before them.
"Supported" is wrong only where the metric does not move that way, "refuted" only where it does, so
that either one-sided test keeps the rate of wrong verdicts at 5 % (Kaiser 1960, "Directional
statistical decisions").
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ilsweep.analysis.formatting import num
from ilsweep.analysis.inference.search_space import Domain
from ilsweep.analysis.metrics.changepoints import late
from ilsweep.analysis.metrics.objectives import number
from ilsweep.analysis.records.copies import distinct
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.schedule import schedule
from ilsweep.analysis.stats.intervals_and_tests import LEVEL, POWER, Interval, holm
from ilsweep.analysis.stats.stratified_tau import association, fewest_points
from ilsweep.analysis.text import Text

Array = NDArray[np.float64]
Expectation = Literal["increase", "decrease", "no_effect"]
Judgement = Literal["supported", "refuted", "undecided"]

SMALL = 0.2
"""An effect whose interval lies within +-0.2 of tau counts as none. Own choice: 60 % of the pairs
ordered one way, 40 % the other."""


@dataclass(frozen=True)
class Verdict:
    """One hypothesis, judged."""

    claim: str
    param: str
    metric: str
    expect: Expectation
    judgement: Judgement
    effect: float
    """Kendall's tau-b of the metric on the parameter; NaN where nothing can be computed."""
    effect_name: Literal["tau_b", "none"]
    interval: Interval | None
    difference: float
    """Median at the largest value of the parameter minus that at the smallest, in the metric's
    unit; for more than six values, of the highest third minus the lowest."""
    p: float
    """Of the side seen (one-sided) for a claim with a direction, two-sided for `no_effect`; after
    Holm's correction over the spec's hypotheses."""
    trials: int
    seeds: int
    """Different training seeds among those trials."""
    levels: tuple[tuple[str, float, int], ...]
    """(value of the parameter, median of the metric, trials), in the parameter's order; of a grid
    with holes only where no value is missing, so that the values are of the same others."""
    numbers: bool
    """Whether the parameter's values are numbers; else they are taken in the order of `levels`."""
    explanation: Text
    needed: Text
    """What it would take to decide; empty where it is decided."""


@dataclass(frozen=True)
class _Units:
    """What is compared: parameter x, metric y, and the block within which pairs count; (n,)."""

    x: Array
    y: Array
    block: NDArray[np.int64]
    """All zero where there is one block."""
    trials: int
    seeds: int
    levels: tuple[tuple[str, float, int], ...]
    numbers: bool


def judge(
    spec: Mapping[str, Any], trials: Sequence[TrialRecord], domains: Mapping[str, Domain]
) -> list[Verdict]:
    """A verdict for each of the spec's hypotheses, in their order.

    Copies of a trial are no further evidence. Of a population whose trials changed their parameters
    while training nothing is concluded: those that kept them are the ones that did well.
    """
    given = spec.get("hypotheses")
    claims = [
        item
        for item in (given if isinstance(given, list) else [])
        if isinstance(item, Mapping)
        and isinstance(item.get("param"), str)
        and isinstance(item.get("metric"), str)
        and item.get("expect") in ("increase", "decrease", "no_effect")
    ]
    changed = sum(bool(schedule(trial)) for trial in trials)
    trials = [] if changed else distinct(trials)
    usable = [t for t in trials if t.state == "completed"]
    if not usable:
        usable = [t for t in trials if t.state in ("stopped", "running")]
    units = [
        _units(item["param"], item["metric"], usable, domains.get(item["param"])) for item in claims
    ]
    verdicts = [_measured(item, unit) for item, unit in zip(claims, units, strict=True)]
    corrected = holm([verdict.p for verdict in verdicts])
    alpha = (1 - LEVEL) / max(len(claims), 1)
    return [
        _judged(verdict, p, _fewest_trials(unit, alpha * _sides(verdict.expect)), len(usable))
        if not changed
        else _not_judged(verdict, changed)
        for verdict, p, unit in zip(verdicts, corrected, units, strict=True)
    ]


def _sides(expect: Expectation) -> int:
    """By how much a one-sided p is smaller than the two-sided one."""
    return 1 if expect == "no_effect" else 2


def _fewest_trials(units: _Units, alpha: float) -> int:
    """Trials below which even a perfect order would not be significant."""
    points = max(len(units.x), 1)
    return math.ceil(fewest_points(units.block, alpha) * max(units.trials, 1) / points)


def metric_of(trial: TrialRecord, metric: str) -> float:
    """Training metrics by the median of their last third (they are noisy), others by the last."""
    return late(trial, metric) if metric.startswith(("train/", "bc/")) else trial.last(metric)


def _measured(item: Mapping[str, Any], units: _Units) -> Verdict:
    found = association(units.x, units.y, units.block)
    return Verdict(
        claim=str(item.get("claim") or f"{item['param']}: {item['metric']}"),
        param=item["param"],
        metric=item["metric"],
        expect=cast(Expectation, item["expect"]),
        judgement="undecided",
        effect=found.tau,
        effect_name="none" if math.isnan(found.tau) else "tau_b",
        interval=found.interval,
        difference=_difference(units),
        p=found.p / _sides(item["expect"]) if found.p < 1 else 1.0,
        trials=units.trials,
        seeds=units.seeds,
        levels=units.levels,
        numbers=units.numbers,
        explanation=Text("", ""),
        needed=Text("", ""),
    )


def _units(param: str, metric: str, trials: Sequence[TrialRecord], domain: Domain | None) -> _Units:
    order = _order(param, trials, domain)
    rows = []
    for trial in trials:
        x, y = order(_value(trial, param)), metric_of(trial, metric)
        if math.isfinite(x) and math.isfinite(y):
            others = sorted((k, repr(v)) for k, v in trial.searched.items() if k != param)
            rows.append((x, y, (repr(others), repr(trial.seed)), trial))
    blocks: dict[object, list[float]] = {}
    for x, _, key, _ in rows:
        blocks.setdefault(key, []).append(x)
    if any(len(set(xs)) > 1 for xs in blocks.values()):
        index = {key: i for i, key in enumerate(blocks)}
        points = [(x, y, index[key]) for x, y, key, _ in rows]
    else:
        by_config: dict[str, list[tuple[float, float]]] = {}
        for x, y, _, trial in rows:
            by_config.setdefault(trial.configuration, []).append((x, y))
        points = [(*np.mean(pairs, axis=0), 0) for pairs in by_config.values()]
    table = np.array(points, np.float64).reshape(-1, 3)
    seeds = {trial.seed for _, _, _, trial in rows}
    values = {id(trial): _value(trial, param) for _, _, _, trial in rows}
    whole = {key for key, xs in blocks.items() if len(set(xs)) == len({row[0] for row in rows})}
    shown = [row for row in rows if row[2] in whole] or rows
    return _Units(
        x=table[:, 0],
        y=table[:, 1],
        block=table[:, 2].astype(np.int64),
        trials=len(rows),
        seeds=len(seeds),
        levels=_levels([(x, y, values[id(trial)]) for x, y, _, trial in shown]),
        numbers=all(math.isfinite(number(value)) for value in values.values()),
    )


def _value(trial: TrialRecord, param: str) -> Any:
    """As trained with; what was searched of the data is no parameter of the trainer."""
    return trial.params.get(param, trial.searched.get(param))


def _order(param: str, trials: Sequence[TrialRecord], domain: Domain | None) -> Any:
    """A value's place: numbers as they are, else the order of the spec's list, else of the text."""
    values = [_value(trial, param) for trial in trials]
    if all(isinstance(value, bool) or math.isfinite(number(value)) for value in values):
        return lambda value: float(value) if isinstance(value, bool) else number(value)
    listed = [repr(choice) for choice in (domain.choices if domain else ())]
    rest = sorted({repr(value) for value in values if value is not None} - set(listed))
    place = {text: float(i) for i, text in enumerate([*listed, *rest])}
    return lambda value: place.get(repr(value), math.nan)


def _levels(rows: Sequence[tuple[float, float, Any]]) -> tuple[tuple[str, float, int], ...]:
    """At most six groups by the parameter: its values, or thirds where it has more of them."""
    rows = sorted(rows, key=lambda row: row[0])
    groups: dict[str, list[float]] = {}
    if len({row[0] for row in rows}) <= 6:
        for _, y, value in rows:
            groups.setdefault(_value_text(value), []).append(y)
    else:
        for third in np.array_split(np.arange(len(rows)), 3):
            low, high = rows[third[0]][2], rows[third[-1]][2]
            name = f"{_value_text(low)} .. {_value_text(high)}"
            groups.setdefault(name, []).extend(rows[i][1] for i in third)
    return tuple((name, float(np.median(ys)), len(ys)) for name, ys in groups.items())


def _value_text(value: Any) -> str:
    return num(value) if isinstance(value, float) else str(value)


def _difference(units: _Units) -> float:
    return units.levels[-1][1] - units.levels[0][1] if len(units.levels) > 1 else math.nan


def _judged(verdict: Verdict, p: float, fewest: int, usable: int) -> Verdict:
    judgement = _judgement(verdict, p)
    verdict = replace(verdict, p=p, judgement=judgement)
    return replace(
        verdict, explanation=_explained(verdict), needed=_needed(verdict, fewest, usable)
    )


def _not_judged(verdict: Verdict, changed: int) -> Verdict:
    word = WORDS["undecided"]
    explanation = Text(
        f"{word.en}: {changed} trials changed their parameters while training (population-based "
        f"training), so that no value of {verdict.param} stands for what they reached.",
        f"{word.zh}：{changed} 个试验在训练途中改变了参数（基于种群的训练），"
        f"{verdict.param} 的任何单一取值都不能代表其结果。",
    )
    needed = Text(
        f"A sweep without population-based training, over at least two values of {verdict.param}.",
        f"不使用基于种群的训练，并让 {verdict.param} 至少取两个值。",
    )
    return replace(verdict, explanation=explanation, needed=needed)


def _judgement(verdict: Verdict, p: float) -> Judgement:
    if math.isnan(verdict.effect):
        return "undecided"
    clear = p < 1 - LEVEL
    bounds = verdict.interval
    none = bounds is not None and max(abs(bounds.low), abs(bounds.high)) < SMALL
    if verdict.expect == "no_effect":
        return "supported" if none else "refuted" if clear else "undecided"
    sign = 1 if verdict.expect == "increase" else -1
    if clear:
        return "supported" if sign * verdict.effect > 0 else "refuted"
    return "refuted" if none else "undecided"


WORDS = {
    "supported": Text("Supported", "支持"),
    "refuted": Text("Refuted", "否定"),
    "undecided": Text("Undecided", "未定"),
}


def _explained(verdict: Verdict) -> Text:
    word = WORDS[verdict.judgement]
    if math.isnan(verdict.effect):
        return Text(
            f"{word.en}: no trials that differ in {verdict.param} and have {verdict.metric}.",
            f"{word.zh}：没有在 {verdict.param} 上不同且记录了 {verdict.metric} 的试验。",
        )
    bounds_en = bounds_zh = ""
    if verdict.interval:
        bounds_en = f" [{verdict.interval.low:.2f}, {verdict.interval.high:.2f}]"
        bounds_zh = bounds_en
    levels = ", ".join(f"{value}: {num(middle)}" for value, middle, _ in verdict.levels)
    sides_en, sides_zh = ("", "") if verdict.expect == "no_effect" else (" (one-sided)", "（单侧）")
    return Text(
        f"{word.en}: Kendall's tau of {verdict.metric} on {verdict.param} is "
        f"{verdict.effect:+.2f}{bounds_en}, p {verdict.p:.2g}{sides_en}, over {verdict.trials} "
        f"trials and {verdict.seeds} seeds; medians by value: {levels}.",
        f"{word.zh}：{verdict.metric} 对 {verdict.param} 的 Kendall τ 为 "
        f"{verdict.effect:+.2f}{bounds_zh}，p = {verdict.p:.2g}{sides_zh}，"
        f"共 {verdict.trials} 个试验、{verdict.seeds} 个种子；各取值的中位数：{levels}。",
    )


def _needed(verdict: Verdict, fewest: int, usable: int) -> Text:
    if verdict.judgement != "undecided":
        return Text("", "")
    if math.isnan(verdict.effect):
        return Text(
            f"Vary {verdict.param} over at least two values, and log {verdict.metric} "
            f"({usable} trials can be used so far).",
            f"让 {verdict.param} 至少取两个值，并记录 {verdict.metric}"
            f"（目前可用试验 {usable} 个）。",
        )
    size = max(abs(verdict.effect), SMALL)
    tail = (1 - LEVEL) * _sides(verdict.expect) / 2
    z = float(special.ndtri(1 - tail) + special.ndtri(POWER))
    by_power = math.ceil(4 + 0.437 * (z / math.atanh(min(size, 0.99))) ** 2)
    trials = max(verdict.trials + 1, fewest, by_power)
    seeds = math.ceil(trials / max(verdict.trials, 1) * max(verdict.seeds, 1))
    return Text(
        f"To see an effect of |tau| {size:.2f} with 80 % power takes about {trials} trials: "
        f"{seeds} seeds where there are {verdict.seeds} now, or as many more configurations.",
        f"以 80 % 的功效检出 |τ| = {size:.2f} 的效应约需 {trials} 个试验："
        f"即把种子从 {verdict.seeds} 个增加到 {seeds} 个，或相应增加配置。",
    )
