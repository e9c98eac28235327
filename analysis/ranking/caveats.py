"""What a reader of the ranking must know before believing it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ilsweep.analysis.formatting import how_many, num
from ilsweep.analysis.metrics.catalog import SUCCESS, is_success_rate
from ilsweep.analysis.metrics.lookup import possible
from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.ranking.model import Race, Row
from ilsweep.analysis.text import NOTHING, Text

MOST_NAMED = 8
"""Metrics that are named where the objective is missing."""


def notes_on(
    rows: Sequence[Row], objectives: Sequence[Objective], logged: Iterable[str]
) -> list[Text]:
    """Failures, early stops, one seed only, a metric that is missing, unequal lengths.

    Args:
        logged: Names of all metrics, of which one may be meant where the objective is missing.
    """
    metric = objectives[0].metric
    notes = [*_on_trials(rows), *_on_standing(rows, metric)]
    valued = [row for row in rows if row.objective.n]
    if valued and all(row.objective.n == 1 for row in valued):
        notes.append(
            Text(
                "One seed for each configuration: there are no intervals, and no difference in "
                "the table is significant: it may be the luck of the seed.",
                "每个配置只有一个种子：没有区间，表中任何差别都无法与种子运气区分。",
            )
        )
    notes += _on_seeds_alike(valued)
    notes += _on_unit(rows, metric)
    notes += _on_success(rows, metric)
    for objective in objectives:
        if rows and not any(row.objectives[objective.metric].n for row in rows):
            notes.append(_missing(objective.metric, sorted(set(logged) - {objective.metric})))
    lengths = {row.steps for row in valued if row.comparable}
    if lengths and min(lengths) < 0.9 * max(lengths):
        notes.append(
            Text(
                f"Completed trainings differ in length ({min(lengths)} to {max(lengths)} steps).",
                f"已完成的训练长度不同（{min(lengths)} 到 {max(lengths)} 步）。",
            )
        )
    return notes


def _on_seeds_alike(rows: Sequence[Row]) -> list[Text]:
    alike = sum(row.objective.n > 1 and row.objective.interval is None for row in rows)
    if not alike:
        return []
    return [
        Text(
            f"{how_many(alike, 'configuration')} with the same value for all seeds: how much other "
            "seeds would differ is not known, and there is no interval.",
            f"{alike} 个配置的各种子取值相同：无法得知其他种子的差异，因此没有区间。",
        )
    ]


def _missing(metric: str, others: Sequence[str]) -> Text:
    text = Text(
        f"No trial has a value of the objective {metric}.",
        f"没有任何试验记录了目标指标 {metric}。",
    )
    if not others:
        return text
    shown = ", ".join(others[:MOST_NAMED]) + ", ..." * (len(others) > MOST_NAMED)
    return text + Text(
        f"Logged were {shown}; rank by one of them: --metric NAME --mode min|max.",
        f"已记录的有 {shown}；可按其中之一排名：--metric NAME --mode min|max。",
    )


def on_race(race: Race | None, metric: str) -> list[Text]:
    """What a race over seeds did, what it saved, and what is not known because of it."""
    if race is None:
        return []
    said = _course(race) + _end(race, metric)
    return [said, _not_known(race)] if race.ended else [said]


def _course(race: Race) -> Text:
    k, least, most = len(race.judged), race.at_least, race.at_most
    text = Text(
        f"Seeds were raced: each of {how_many(k, 'configuration')} was trained with {least}, and "
        f"more, up to {most}, went to those alone that could still be the best.",
        f"种子竞赛：{k} 个配置各用 {least} 个种子训练，之后（至多 {most} 个）只给"
        f"仍可能最优的配置加种子。",
    )
    changes, before = [], -1
    for seeds, left in ((seen.seeds, len(seen.left)) for seen in race.rounds):
        changes += [] if left == before else [(seeds, left)]
        before = left
    if not changes:
        return text
    return text + Text(
        "Left: " + ", ".join(f"{left} after {seeds}" for seeds, left in changes) + ".",
        "剩余：" + "，".join(f"{seeds} 个种子后 {left} 个" for seeds, left in changes) + "。",
    )


def _end(race: Race, metric: str) -> Text:
    left = len(race.rounds[-1].left) if race.rounds else 0
    small = num(race.smallest_effect)
    return {
        "": Text("The race goes on.", "竞赛仍在进行。"),
        "one left": NOTHING,
        "small differences": Text(
            f"It ended there: by the same rule none of the {left} lies more than {small} of "
            f"{metric} before the first.",
            f"竞赛到此结束：按同一规则，这 {left} 个配置都不会比第一名好 {small}（{metric}）以上。",
        ),
        "all seeds": Text(
            f"It ended with all seeds spent: the differences between the {left} are within the "
            f"noise.",
            f"种子用尽，竞赛结束：这 {left} 个配置之间的差别在噪声之内。",
        ),
        "none fit": Text(
            "It ended there: the first is not fit to be recommended, and further seeds of it would "
            "decide nothing.",
            "竞赛到此结束：第一名不宜推荐，再加种子也不能决定什么。",
        ),
    }[race.ended]


def _not_known(race: Race) -> Text:
    k, least = len(race.judged), race.at_least
    whole = k * race.at_most
    return Text(
        f"{race.not_run} of the {whole} trainings of every configuration with every seed were not "
        f"run. Not known for it: how good those are that dropped out; they stand below by a rule "
        f"of choice, which is no test, and their values rest on fewer seeds. Hypotheses are judged "
        f"by the seeds that all have ({least}). The first one's value is too "
        f"good, as the best of many; `confirm --train-seeds 3` gives one that is not.",
        f"全部配置用全部种子需训练 {whole} 次，其中 {race.not_run} 次未运行。因此未知："
        f"退出的配置究竟多好；它们按选择规则（并非检验）排在下面，取值所依据的种子也更少。"
        f"假设只按所有配置都有的前 {least} 个种子判定。"
        f"第一名的取值因优中选优而偏高；`confirm --train-seeds 3` 可得无偏的取值。",
    )


def _on_trials(rows: Sequence[Row]) -> list[Text]:
    """Trials that repeat others, that changed their parameters, that failed."""
    notes = []
    failed = sum(row.states.get("failed", 0) for row in rows)
    total = sum(len(row.trial_ids) for row in rows)
    copies = sum(len(row.copies) for row in rows)
    if copies:
        notes.append(
            Text(
                f"{copies} of {total + copies} trials repeat others, with the same configuration "
                f"and seed: they are the same training again and do not count.",
                f"{total + copies} 个试验中有 {copies} 个与其他试验的配置和种子完全相同："
                f"属于重复训练，不计入任何统计。",
            )
        )
    changed = sum(len(row.trial_ids) for row in rows if row.schedule)
    if changed:
        notes.append(
            Text(
                f"{changed} of {total} trials changed their parameters while training "
                f"(population-based training), and took over a better trial's weights each time: "
                f"each stands for itself, with its schedule, and is no setting to train with from "
                f"the start.",
                f"{total} 个试验中有 {changed} 个在训练途中改变了参数（基于种群的训练），"
                f"每次改变都接手更优试验的权重：它们各自单列并给出变化过程，不能当作从头训练的取值。",
            )
        )
    if failed:
        notes.append(
            Text(
                f"{failed} of {total} trials failed; in the order each counts as the worst value "
                f"that any trial ended with.",
                f"{total} 个试验中有 {failed} 个失败；排序时每个失败按所有试验末值中的最差值计。",
            )
        )
    return notes


def _on_standing(rows: Sequence[Row], metric: str) -> list[Text]:
    """Configurations that stand where they do by a shorter training, or without a probe."""
    notes = []
    early = sum(row.objective.n > 0 and not row.comparable for row in rows)
    if early:
        notes.append(
            Text(
                f"{how_many(early, 'configuration')} never trained to the end (stopped, or still "
                f"running), so that {metric} belongs to a shorter training: below sound ones that "
                "did, the longest training first.",
                f"{early} 个配置没有训练到底（被提前停止或仍在运行）：其 {metric} "
                f"属于更短的训练，因此排在训练到底且无严重问题的配置之后，训练越长越靠前。",
            )
        )
    some = sum(row.comparable and row.states.get("stopped", 0) > 0 for row in rows)
    if some:
        notes.append(
            Text(
                f"{how_many(some, 'configuration')} valued by the seeds that were not stopped: "
                f"where a scheduler stops those that do worse, {metric} is that of those that did "
                "well.",
                f"{some} 个配置只按未被停止的种子取值：若调度器停止的是较差的种子，"
                f"则其 {metric} 偏于乐观。",
            )
        )
    unknown = sum(row.health == "not probed" for row in rows)
    if unknown:
        notes.append(
            Text(
                f"{how_many(unknown, 'configuration')} not probed: nothing is known of their "
                f"health, and they stand apart, below the healthy ones.",
                f"{unknown} 个配置未经探针检查：健康状况未知，单独列于健康配置之后。",
            )
        )
    return notes


def _on_unit(rows: Sequence[Row], metric: str) -> list[Text]:
    """A success rate that is no percentage, as far as its values tell."""
    values = [value for row in rows for value in row.objective.values]
    if not is_success_rate(metric) or not values or max(values) == 0:
        return []
    if max(values) <= 1 and any(value % 1 for value in values):
        return [
            Text(
                f"{metric} is in percent, and lies between 0 and 1 in all trials: is it a share? "
                "Then 100 times as much is to be logged.",
                f"{metric} 以百分数计，但所有试验的值都在 0 与 1 之间：记录的是比例吗？"
                "若是，应乘以 100。",
            )
        ]
    low, high = possible(metric)
    if min(values) < low or max(values) > high:
        return [
            Text(
                f"{metric} is in percent, and goes from {num(min(values))} to {num(max(values))}: "
                "it is no success rate.",
                f"{metric} 以百分数计，但取值从 {num(min(values))} 到 {num(max(values))}："
                "不是成功率。",
            )
        ]
    return []


def _on_success(rows: Sequence[Row], metric: str) -> list[Text]:
    known = [row for row in rows if row.succeeded is not None]
    never = sum(row.succeeded is False for row in known)
    if not never:
        return []
    if never == len(known):
        return [
            Text(
                f"No configuration succeeded in any episode of its last evaluation: none is "
                f"recommended, and the order is that of {metric} alone.",
                f"没有任何配置在最后一次评估中成功：不推荐任何配置，名次仅按 {metric} 排列。",
            )
        ]
    whatever = NOTHING
    if not metric.startswith(SUCCESS):
        whatever = Text(f", whatever their {metric} is", f"（无论其 {metric} 如何）")
    return [
        Text(
            f"{how_many(never, 'configuration')} had no success in the last evaluation: below "
            f"sound ones that had one{whatever.en}, and not compared with them.",
            f"{never} 个配置在最后一次评估中没有成功，均排在有成功的配置之后{whatever.zh}，"
            "不与之比较。",
        )
    ]
