"""What metrics, systems and severities are called in the reports, and in which order they come."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ilsweep.analysis.metrics.catalog import EPISODE
from ilsweep.analysis.text import Text

ACT_OT_METRICS = (
    "train/loss",
    "train/l1_loss",
    "eval/offline_eval/avg_l1",
    "train/ot_loss",
    "train/ot_pi_sum",
    "train/ot_pi_diag",
    "train/ot_cost/state",
)
"""The seven lines of a run in the known report, in its order; each is there, logged or not."""

OT_COST = "train/ot_cost/"

HIDDEN = ("probe/", "timer/", EPISODE)
"""Not in a run's block: what findings are made of, and what times the loop."""

LABELS = {
    "train/loss": Text("train/loss", "训练总损失"),
    "train/l1_loss": Text("train/l1_loss", "训练L1"),
    "train/kld_loss": Text("train/kld_loss", "训练KL"),
    "bc/total_loss": Text("bc/total_loss", "BC总损失"),
    "bc/actor_loss": Text("bc/actor_loss", "BC策略损失(NLL)"),
    "bc/mse": Text("bc/mse", "BC动作MSE"),
    "bc/normalized_mse": Text("bc/normalized_mse", "BC归一化MSE"),
    "train/velocity_loss": Text("train/velocity_loss", "训练速度场损失"),
    "eval/offline_eval/avg_l1": Text("eval/avg_l1", "离线评估L1"),
    "eval/offline_eval/avg_mse": Text("eval/avg_mse", "离线评估MSE"),
    "eval/eval_loss": Text("eval/eval_loss", "验证损失"),
    "eval/pc_success": Text("eval/pc_success", "成功率(%)"),
    "eval/avg_max_reward": Text("eval/avg_max_reward", "平均最高奖励"),
    "eval/avg_sum_reward": Text("eval/avg_sum_reward", "平均累计奖励"),
    "train/ot_loss": Text("ot_loss", "OT损失"),
    "train/ot_pi_sum": Text("ot_pi_sum", "π总和"),
    "train/ot_pi_diag": Text("ot_pi_diag", "π对角和"),
    "train/grad_norm": Text("train/grad_norm", "梯度范数"),
}
"""In the order in which a run's block shows them; a metric without a label keeps its name."""

SYSTEMS = {"act": "ACT", "act_ot": "ACT-OT", "rdt": "RDT", "bc": "BC", "reflow": "Reflow"}

SEVERITY = {
    "critical": Text("critical", "严重"),
    "warning": Text("warning", "警告"),
    "info": Text("note", "提示"),
}

_HOUSEKEEPING = re.compile(r"(^|[/_])(lr|steps|samples|episodes?|epochs?|timer|n)$|_s$|_gb$|_n$")


def label(metric: str) -> Text:
    """A metric's name in both languages."""
    if metric.startswith(OT_COST):
        name = feature(metric.removeprefix(OT_COST))
        return Text(f"ot_cost({name})", f"OT cost({name})")
    return LABELS.get(metric) or Text(metric, metric)


def feature(name: str) -> str:
    """A feature as reports call it; LeRobot's names begin with `observation.`."""
    return name.removeprefix("observation.").removeprefix("images.")


def shown_metrics(logged: Iterable[str], is_ot: bool) -> list[str]:
    """The metrics of a run's block, in order.

    A run with optimal transport has the seven known lines, and one more for each further cost; a
    cost by LeRobot's name of a feature (`train/ot_cost/observation.state`) is that feature's line;
    any other run has what it logged, without probes, counters, learning rates and timings.
    """
    names = set(logged)
    if is_ot:
        costs = {label(name): name for name in sorted(names) if name.startswith(OT_COST)}
        costs |= {label(name): name for name in ACT_OT_METRICS if name in names}
        seven = [costs.pop(label(name), name) for name in ACT_OT_METRICS]
        return [*seven, *sorted(set(costs.values()) - set(seven))]
    known = [name for name in LABELS if name in names]
    other = sorted(
        name
        for name in names - set(LABELS)
        if not name.startswith(HIDDEN) and not _HOUSEKEEPING.search(name)
    )
    return known + other


def system(policies: Iterable[str]) -> str:
    """What a report calls the system under study; empty where its runs are of several kinds."""
    names = {SYSTEMS.get(policy, policy.rpartition(":")[2]) for policy in policies if policy}
    return names.pop() if len(names) == 1 else ""
