"""Which metrics a run's block shows, and what systems and severities are called."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ilsweep.analysis.metrics.catalog import PER_EPISODE
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.ranking.model import Row
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

HIDDEN = ("probe/", "timer/", "eval/lesion/", *PER_EPISODE)
"""Not in a run's block: what findings are made of, and what times the loop."""

SYSTEMS = {"act": "ACT", "act_ot": "ACT-OT", "rdt": "RDT", "bc": "BC", "reflow": "Reflow"}

HEALTH = {
    "healthy": Text("healthy", "健康"),
    "ill": Text("unhealthy", "不健康"),
    "not probed": Text("not probed", "未探测"),
}
"""Of a configuration. `not probed` also where the sweep has no probes at all."""

AGAINST_FIRST = Text("against #1", "与第 1 名相比")
SEVERITY = {
    "critical": Text("critical", "严重"),
    "warning": Text("warning", "警告"),
    "info": Text("note", "提示"),
}

_HOUSEKEEPING = re.compile(r"(^|[/_])(lr|steps|samples|episodes?|epochs?|timer|n)$|_s$|_gb$|_n$")


def shown_metrics(logged: Iterable[str], is_ot: bool, catalog: Catalog) -> list[str]:
    """The metrics of a run's block, in order.

    A run with optimal transport has the seven known lines, and one more for each further cost; a
    cost by LeRobot's name of a feature (`train/ot_cost/observation.state`) is that feature's line;
    any other run has what it logged, without probes, counters, learning rates and timings.
    """
    names = set(logged)
    if is_ot:
        costs = {catalog.label(name): name for name in sorted(names) if name.startswith(OT_COST)}
        costs |= {catalog.label(name): name for name in ACT_OT_METRICS if name in names}
        seven = [costs.pop(catalog.label(name), name) for name in ACT_OT_METRICS]
        return [*seven, *sorted(set(costs.values()) - set(seven))]
    labelled = [metric.name for metric in catalog if metric.label and metric.name in names]
    other = sorted(
        name
        for name in names - set(labelled)
        if not name.startswith(HIDDEN) and not _HOUSEKEEPING.search(name)
    )
    return labelled + other


def system(policies: Iterable[str]) -> str:
    """What a report calls the system under study; empty where its runs are of several kinds."""
    names = {SYSTEMS.get(policy, policy.rpartition(":")[2]) for policy in policies if policy}
    return names.pop() if len(names) == 1 else ""


def health(row: Row) -> Text:
    """Whether a configuration is healthy, unhealthy, or nothing is known of it."""
    unknown = row.probed is None and row.healthy
    return HEALTH["not probed" if unknown else row.health]
