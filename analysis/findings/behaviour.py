"""Findings about a sweep in which nothing succeeds, or nothing could."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ilsweep.analysis.findings.finding import SWEEP, Finding, Suggestion
from ilsweep.analysis.findings.helpers import change
from ilsweep.analysis.findings.plateau import PAST_THE_PLATEAU
from ilsweep.analysis.findings.registry import urgency
from ilsweep.analysis.formatting import pct
from ilsweep.analysis.ranking.model import Ranking, Row
from ilsweep.analysis.records.controls import Control, Controls, Name
from ilsweep.analysis.stats.intervals_and_tests import clopper_pearson
from ilsweep.analysis.text import NOTHING, Text

NOTES = "worlds in which policies work, measured"

MEANS: Mapping[Name, Text] = {
    "expert": Text(
        "the success flag or the episodes are wrong, or the expert does not fit them",
        "成功标志或回合有误，或专家与其不符",
    ),
    "random": Text(
        "the success flag is true though nothing was done, or the task is trivial",
        "什么都没做，成功标志也为真，或任务过于简单",
    ),
    "replay": Text(
        "a transform of the actions changes what is executed, or rates, limits or coordinates of "
        "data and environment differ",
        "动作变换改变了实际执行的动作，或数据与环境的频率、限幅、坐标系不一致",
    ),
    "reference": Text(
        "training, data or environment are not what they were when it worked, or it was trained "
        "for too short a time",
        "训练、数据或环境与其有效时不同，或训练时间过短",
    ),
}
"""What it means that a control did not come out as it should."""

TRY: Mapping[Name, Text] = {
    "expert": Text("look at the environment's success flag first", "先检查环境的成功标志"),
    "random": Text("look at the environment's success flag first", "先检查环境的成功标志"),
    "replay": Text(
        "execute a demonstration's actions as they are, then through one transform after the other",
        "先原样执行示范动作，再逐个加入变换",
    ),
    "reference": Text(
        "train the reference for longer or with more demonstrations, or observe states "
        "(data.observation: state) until it succeeds",
        "延长参考配置的训练、增加示范，或改为观察状态（data.observation: state），直到其成功",
    ),
}
"""What to look at first."""


def wrong(control: Control) -> Text:
    """What was seen of a control that failed, what it means, and what to try."""
    means, first = MEANS[control.name], TRY[control.name]
    if not control.n:
        return control.summary + Text(f"({control.not_run}).", f"（{control.not_run}）。")
    return Text(
        f"{control.summary.en} episodes succeed: {means.en}; {first.en}.",
        f"{control.summary.zh} 个回合成功：{means.zh}；{first.zh}。",
    )


def broken_pipeline(controls: Controls | None) -> Finding | None:
    """Expert, replay or random actions fail their control.

    No policy could have succeeded, or any would have.
    """
    failed = [c for c in controls.failed if c.name != "reference"] if controls else []
    if not failed:
        return None
    text = Text(
        "No policy could have shown anything: success is not what it is taken for.",
        "任何策略都无法说明问题：成功的判定有误。",
    )
    for control in failed:
        text += wrong(control)
    evidence: dict[str, float | str] = {
        c.name: f"{c.k}/{c.n}" if c.n else c.not_run for c in failed
    }
    return Finding("broken_pipeline", SWEEP, "critical", evidence, text)


def nothing_works(
    ranking: Ranking,
    controls: Controls | None,
    found: Sequence[Finding],
    spec: Mapping[str, Any],
) -> Finding | None:
    """No configuration succeeds in any episode.

    Nothing is recommended, and the smallest change that has a chance is named.

    None where a configuration succeeded, or no episode was counted.
    """
    if not ranking.nothing_works:
        return None
    tried = [row for row in ranking.rows if row.successes]
    episodes = sum(row.successes.n for row in tried if row.successes)
    bound = clopper_pearson(0, episodes).high if episodes else 1.0
    first = _first_change(controls, found, ranking, spec)
    text = Text(
        f"Nothing works yet: none of {len(tried)} configurations succeeds in any of {episodes} "
        f"episodes (at most {pct(bound)} do, 95 %), so that none is recommended.",
        f"目前没有任何配置有效：{len(tried)} 个配置的 {episodes} 个回合无一成功"
        f"（成功率至多 {pct(bound)}，95 %），因此不推荐任何配置。",
    )
    text += _said_by(controls) + (_suggested(first) if first else _mend(controls))
    evidence: dict[str, float | str] = {"configurations": len(tried), "episodes": episodes}
    evidence |= {c.name: f"{c.k}/{c.n}" for c in controls.controls if c.n} if controls else {}
    changes = (first,) if first else ()
    return Finding("nothing_works", SWEEP, "critical", evidence, text, changes)


def _said_by(controls: Controls | None) -> Text:
    if controls is None or not any(control.n for control in controls.controls):
        return Text(
            "No control was run: whether success could have been seen is not known.",
            "未运行任何对照：无法得知是否能观察到成功。",
        )
    text = Text(f"Controls: {controls.summary.en}.", f"对照：{controls.summary.zh}。")
    if controls.sensitive:
        text += Text(
            "So success can be seen, and it is the policies that fail.",
            "因此成功是可以观察到的，失败的是策略本身。",
        )
    return text


def _mend(controls: Controls | None) -> Text:
    if controls is None or not controls.failed:
        return NOTHING
    first = TRY[controls.failed[0].name]
    return Text(f"To change first: {first.en}.", f"首先：{first.zh}。")


def _suggested(first: Suggestion) -> Text:
    what = first.text
    return Text(
        f"To change first: {what} ({first.reason.en.rstrip('.')}).",
        f"首先更改：{what}（{first.reason.zh.rstrip('。')}）。",
    )


def _first_change(
    controls: Controls | None,
    found: Sequence[Finding],
    ranking: Ranking,
    spec: Mapping[str, Any],
) -> Suggestion | None:
    """The smallest change that has a chance; where a control failed, of the pipeline alone."""
    if controls and controls.failed:
        return _most_suggested([finding for finding in found if not urgency(finding)[0]])
    return _known_to_work(controls, ranking.rows[0], spec) or _most_suggested(found) or _longer()


def _known_to_work(
    controls: Controls | None, row: Row, spec: Mapping[str, Any]
) -> Suggestion | None:
    """The first parameter in which the best placed differs from a reference that succeeded."""
    if controls is None or not controls.of("reference").passed:
        return None
    section = spec.get("controls")
    reference = section.get("reference") if isinstance(section, Mapping) else None
    params = reference.get("params") if isinstance(reference, Mapping) else None
    named = spec.get("params")
    known = {**(named if isinstance(named, Mapping) else {}), **row.searched}
    for name, value in params.items() if isinstance(params, Mapping) else ():
        if known.get(name) != value and isinstance(value, str | int | float | bool):
            en, zh = "The reference has it, and it succeeds", "参考配置取此值且成功"
            return change(str(name), "set", value, en, zh, NOTES)
    return None


def _most_suggested(found: Sequence[Finding]) -> Suggestion | None:
    """What the findings about trials suggest first: of the most urgent, the most frequent."""
    first = [(urgency(f), f.suggestions[0]) for f in found if f.suggestions]
    counts = Counter((urgent, s.param, s.op, repr(s.value)) for urgent, s in first)
    if not counts:
        return None
    best = min(counts, key=lambda key: (key[0], -counts[key], key))
    return next(s for urgent, s in first if (urgent, s.param, s.op, repr(s.value)) == best)


def _longer() -> Suggestion:
    en = "Nothing speaks for another cause than too short a training"
    return change("steps", "multiply", PAST_THE_PLATEAU, en, "没有迹象表明原因不是训练过短", NOTES)
