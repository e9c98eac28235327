"""Whether a training loss can order foreign runs at all.

Losses of different policies, objectives or normalisations have no common scale: an L1 with a KL
term and a flow-matching error are other quantities. Where nothing else was logged there is no
order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ilsweep.analysis.metrics.objectives import LOSSES, Objective
from ilsweep.analysis.records.identity import as_json
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

_CHANGES_THE_LOSS = re.compile(
    r"(^|\.)(policy\.type|policy_type|algo_name|kl_weight|use_vae|loss(_type|_fn|_weights?)?|"
    r"\w+_loss_weight|prediction_type|normali[sz]ation\w*|norm_(mode|stats)|position_scale)(\.|$)"
)
"""Parameters by which a loss becomes another quantity."""


def no_order(trials: Sequence[TrialRecord], objective: Objective) -> Text | None:
    """Why foreign runs cannot be ordered by a training loss; None where they can."""
    if not _by_loss(trials, objective):
        return None
    names = {n for trial in trials for n in trial.params if _CHANGES_THE_LOSS.search(n)}
    values = {n: {as_json(trial.params.get(n)) for trial in trials} for n in names}
    differing = sorted(n for n, seen in values.items() if len(seen) > 1)
    if not differing:
        return None
    shown = ", ".join(differing[:3])
    return (
        Text(
            f"No order: the runs differ in {shown}, so that their {objective.metric} has no common "
            "scale, and nothing here tells what the robot does.",
            f"无法排序：各运行的 {shown} 不同，其 {objective.metric} 没有共同尺度，"
            "且没有任何指标说明机器人的表现。",
        )
        + _what_to_log()
    )


def only_a_loss(trials: Sequence[TrialRecord], objective: Objective) -> Text | None:
    """What is to be known of an order by training loss alone; None where it is none."""
    if not _by_loss(trials, objective):
        return None
    return (
        Text(
            f"{objective.metric} is all that was logged: nothing here tells what the robot does.",
            f"只记录了 {objective.metric}：没有任何指标说明机器人的表现。",
        )
        + _what_to_log()
    )


def _what_to_log() -> Text:
    return Text(
        "Log success (eval/pc_success, with eval/n_episodes) or a held-out error (eval/eval_loss).",
        "请记录成功率（eval/pc_success 与 eval/n_episodes）或留出误差（eval/eval_loss）。",
    )


def _by_loss(trials: Sequence[TrialRecord], objective: Objective) -> bool:
    foreign = bool(trials) and all(trial.imported for trial in trials)
    return foreign and objective.metric in LOSSES
