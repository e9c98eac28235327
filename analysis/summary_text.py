"""The answer that a report begins with."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.formatting import how_many, num, pct
from ilsweep.analysis.inference.hypotheses import Verdict
from ilsweep.analysis.metrics.catalog import SUCCESS, is_success_rate
from ilsweep.analysis.ranking.model import Baseline, Estimate, Ranking, Row
from ilsweep.analysis.ranking.naming import shortened
from ilsweep.analysis.records.controls import Controls
from ilsweep.analysis.text import NOTHING, Text
from ilsweep.analysis.verdicts.claims import WORDS
from ilsweep.analysis.verdicts.configurations import alone, among, beats, chosen, leads

UNCONTROLLED = Text(
    "The controls were not run (--no-controls): nothing about behaviour can be concluded.",
    "未运行对照（--no-controls）：无法就行为得出任何结论。",
)

LONGEST = 60
"""Characters of a value in a sentence."""


def lead_and_more(
    ranking: Ranking, behaviour: Sequence[Finding] = (), controls: Controls | None = None
) -> tuple[Text, Text]:
    """Which configuration to take, or why none, in one sentence; and how sure that is.

    Args:
        behaviour: `broken_pipeline` and `nothing_works`, where they were found: then nothing is
            recommended.
    """
    said = [UNCONTROLLED] if controls and controls.skipped else []
    said += [finding.explanation for finding in behaviour] or _winner(ranking)
    return said[0], sum(said[1:], NOTHING)


def setting(row: Row) -> str:
    """A configuration in one line."""
    parts = [
        f"{name} = {row.settings[name] if row.schedule else _value(value)}"
        for name, value in row.searched.items()
    ]
    return ", ".join(parts) or row.config_id


def called(row: Row) -> str:
    """A configuration by its id, with what was searched."""
    searched = setting(row)
    return row.config_id if searched == row.config_id else f"{row.config_id} ({searched})"


def _value(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else shortened([str(value)], LONGEST)[0]


def leading(ranking: Ranking, best: Row, value: str) -> Text:
    """Who is first and by what `value`, as far as it may be called the best."""
    alone = sum(row.objective.n > 0 for row in ranking.rows) == 1
    tied = set(ranking.tied_with_best)
    ties = [row for row in ranking.rows if row.config_id in tied]
    equal = sum(row.objective.value == best.objective.value for row in ties)
    return leads(
        called(best), value, len(ties), equal=equal, hardly_ever=best.hardly_ever,
        only=("value" if len(ranking.rows) > 1 else "configuration") if alone else "",
    )  # fmt: skip


def _winner(ranking: Ranking) -> list[Text]:
    """The first sentence, and what else is said of the best."""
    if not ranking.rows:
        return [Text("There is nothing to rank: no trials.", "没有试验，无可排序。")]
    if ranking.no_order:
        return [ranking.no_order]
    if ranking.best is None:
        return [_no_winner(ranking)]
    return [_leader(ranking, ranking.best), *_about_the_best(ranking, ranking.best)]


def _leader(ranking: Ranking, best: Row) -> Text:
    estimate = estimated(best.objective)
    text = leading(ranking, best, f"{ranking.metric} {estimate}")
    return Text(
        text.en + success_of(best, ranking.metric, "en") + ".",
        text.zh + success_of(best, ranking.metric, "zh") + "。",
    )


def _about_the_best(ranking: Ranking, best: Row) -> list[Text]:
    return [
        _luck(ranking, best),
        *(beats(_named(baseline, ranking), baseline.probability) for baseline in ranking.baselines),
        _moved(best),
        certainty(ranking, best),
        _never_succeeded(ranking),
        _loss_would_say(ranking, best),
        *([ranking.confounded] if ranking.confounded else []),
    ]


def _luck(ranking: Ranking, best: Row) -> Text:
    """What to expect of the value that won; nothing where that is the value itself."""
    if num(ranking.expected) == num(best.objective.value):
        return NOTHING
    return chosen(ranking.expected, sum(row.comparable for row in ranking.rows))


def _named(baseline: Baseline, ranking: Ranking) -> Text:
    how = next(setting(row) for row in ranking.rows if row.config_id == baseline.config_id)
    if baseline.is_default:
        return Text(f"the default ({how})", f"默认配置（{how}）")
    return Text(f"the first configuration tried ({how})", f"最先尝试的配置（{how}）")


def _moved(row: Row) -> Text:
    if not row.schedule:
        return NOTHING
    return Text(
        "It changed its parameters while it trained (population-based training): what was found is "
        "this schedule, with the weights that it took over, and no setting.",
        "它在训练途中改变了参数（基于种群的训练）：找到的是这一变化过程（连同其接手的权重），而非一组固定取值。",
    )


def estimated(estimate: Estimate) -> str:
    """A mean with its interval, where it has one."""
    if estimate.interval is None:
        return num(estimate.value)
    return f"{num(estimate.value)} [{num(estimate.interval.low)}, {num(estimate.interval.high)}]"


def success_of(row: Row, metric: str, lang: str) -> str:
    """The evaluation's episodes; named where the ranking goes by another success rate."""
    if (s := row.successes) is None:
        return ""
    other_rate = is_success_rate(metric) and not metric.startswith(SUCCESS)
    by, bounds = f" {SUCCESS}:" * other_rate, f"[{pct(s.interval.low)}, {pct(s.interval.high)}]"
    if lang == "en":
        return f",{by} {s.k} of {s.n} episodes succeed {bounds}"
    return f"，{by.strip()}{s.n} 个回合成功 {s.k} 个 {bounds}"


def _no_winner(ranking: Ranking) -> Text:
    rows = ranking.rows
    total = sum(len(row.trial_ids) for row in rows)
    failed = sum(row.states.get("failed", 0) for row in rows)
    if failed == total:
        return Text(f"All {total} trials failed.", f"全部 {total} 个试验均失败。")
    if not any(row.objective.n for row in rows):
        return Text(
            f"No trial has a value of {ranking.metric} yet.",
            f"尚无试验记录 {ranking.metric}。",
        )
    ended = [row for row in rows if row.comparable]
    if not ended:
        first = next(row for row in rows if row.objective.n)
        value = estimated(first.objective)
        return Text(
            f"Nothing has trained to the end yet; {called(first)} leads so far, with "
            f"{ranking.metric} {value} after {first.steps} steps.",
            f"尚无训练到底的配置；目前领先的是 {called(first)}，{first.steps} 步时 "
            f"{ranking.metric} 为 {value}。",
        )
    leader, value = called(ended[0]), estimated(ended[0].objective)
    if ended[0].health == "not probed":
        return Text(
            f"No configuration can be recommended: none that trained to the end was probed and "
            f"found healthy. By {ranking.metric} alone {leader} leads, with {value}.",
            f"没有可推荐的配置：训练到底的配置中没有经探针检查且健康的。若只看 {ranking.metric}，"
            f"领先的是 {leader}：{value}。",
        )
    if ended[0].healthy:
        return Text(
            f"No configuration can be recommended: of none that trained to the end and is healthy "
            f"an episode succeeded. By {ranking.metric} alone {leader} leads, with {value}.",
            f"没有可推荐的配置：训练到底且健康的配置均无一回合成功。若只看 {ranking.metric}，"
            f"领先的是 {leader}：{value}。",
        )
    ids = sorted({i for row in ended for i in row.critical})
    return Text(
        f"No configuration can be recommended: each that trained to the end has a critical finding "
        f"or a failure in most of its seeds ({', '.join(ids) or 'failed'}). By {ranking.metric} "
        f"alone {leader} leads, with {value}.",
        f"没有可推荐的配置：每个训练到底的配置，其多数种子都有严重问题或失败"
        f"（{'、'.join(ids) or '失败'}）。若只看 {ranking.metric}，领先的是 {leader}：{value}。",
    )


def certainty(ranking: Ranking, best: Row) -> Text:
    """How sure the first one's place is; empty where there is nothing to compare it with."""
    ties = len(ranking.tied_with_best)
    first = next((pair for pair in ranking.comparisons if pair.above == best.config_id), None)
    if ties:
        return among(ties, first.visible if first else math.nan, ranking.cheapest)
    if first is not None:
        aside = [r for r in ranking.rows if not (r.health == "healthy" and r.comparable)]
        return alone(first.p, some_left_out=bool(aside))
    return NOTHING


def _never_succeeded(ranking: Ranking) -> Text:
    """Why sound configurations are not among those that were compared with the first."""
    never = sum(row.healthy and row.comparable and row.succeeded is False for row in ranking.rows)
    if not never:
        return NOTHING
    return Text(
        f"{how_many(never, 'healthy configuration')} had no success in the last evaluation: "
        "below, and not compared with it.",
        f"另有 {never} 个健康的配置在最后一次评估中没有成功，排在其后，未与它比较。",
    )


def _loss_would_say(ranking: Ranking, best: Row) -> Text:
    """Said where the training loss alone would have chosen an unhealthy or a worse one."""
    first = next((row for row in ranking.rows if row.loss_rank == 1), None)
    if first is None or first is best or best.loss_rank is None:
        return NOTHING
    if first.recommendable and first.objective.value == best.objective.value:
        return NOTHING
    why_en = why_zh = ""
    if not first.healthy and first.critical:
        why_en = f" ({', '.join(first.critical)})"
        why_zh = f"（{'、'.join(first.critical)}）"
    return Text(
        f"The training loss alone would have chosen the one at rank {first.rank}{why_en}, and put "
        f"this one at {best.loss_rank}.",
        f"若只看训练损失，会选第 {first.rank} 名{why_zh}，而把它排在第 {best.loss_rank} 名。",
    )


def hypotheses_text(verdicts: Sequence[Verdict]) -> Text:
    """What became of the claims, a sentence each."""
    text = NOTHING
    for verdict in verdicts:
        word = WORDS[verdict.judgement]
        text += Text(
            f"{word.en}: “{verdict.claim.rstrip('.')}”.",
            f"{word.zh}：“{verdict.claim.rstrip('。.')}”。",
        )
    return text
