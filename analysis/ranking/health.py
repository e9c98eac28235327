"""Whether a configuration's policies are sound: probes screen, behaviour decides.

Known are the seeds that were probed, that failed, or that have a critical finding. A configuration
is ill where most of these are. One without any, in a sweep that probes, is not probed: neither.
A critical finding lowers no configuration whose measured success contradicts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from ilsweep.analysis.formatting import pct
from ilsweep.analysis.ranking.lesions import LESION, lesioned
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.text import Text

PROBES = ("probe/", LESION)
STAY = frozenset({"diverged", "exploding_gradient"})
"""Critical findings about the training itself, which no success contradicts."""
WORKS = 0.2
"""Lower end of the success rate's interval (Clopper-Pearson) that contradicts a finding where no
healthy configuration has episodes. Own choice."""


def probed(trial: TrialRecord) -> bool:
    """Whether anything is known of how the policy comes to its actions."""
    return any(name.startswith(PROBES) for name in trial.curves)


def with_health(
    rows: Sequence[Row], trials: Mapping[str, TrialRecord], critical: Mapping[str, Set[str]]
) -> list[Row]:
    """The rows with `healthy`, `probed` and `disputed`.

    Args:
        trials: By id.
        critical: Trial to the ids of its critical findings.
    """
    probes = any(map(probed, trials.values()))
    judged = [_judged(row, trials, critical, probes=probes) for row in rows]
    bounds = [
        r.successes.interval.low for r in judged if r.healthy and r.comparable and r.successes
    ]
    bar = max(bounds, default=WORKS)
    return [_against_behaviour(row, bar, trials, critical) for row in judged]


def ill_and_known(
    group: Sequence[TrialRecord], critical: Mapping[str, Set[str]], *, probes: bool | None = None
) -> tuple[list[TrialRecord], list[TrialRecord]]:
    """Trials that failed or have a critical finding, and those of which anything is known.

    Args:
        probes: Whether trials of the sweep are probed; not given: whether any of these was.
    """
    if probes is None:
        probes = any(map(probed, group))
    ill = [t for t in group if t.state == "failed" or t.id in critical]
    return ill, [t for t in group if t in ill or not probes or probed(t)]


def _judged(
    row: Row, trials: Mapping[str, TrialRecord], critical: Mapping[str, Set[str]], *, probes: bool
) -> Row:
    group = [trials[i] for i in row.trial_ids]
    ill, known = ill_and_known(group, critical, probes=probes)
    return replace(row, healthy=2 * len(ill) <= len(known), probed=len(known) if probes else None)


def _against_behaviour(
    row: Row, bar: float, trials: Mapping[str, TrialRecord], critical: Mapping[str, Set[str]]
) -> Row:
    """Healthy again where it succeeds as surely as the best healthy one, whatever a probe says."""
    if row.healthy or not row.comparable or row.successes is None or not row.successes.k:
        return row
    group = [trials[i] for i in row.trial_ids]
    stay = sum(t.state == "failed" or bool(critical.get(t.id, set()) & STAY) for t in group)
    if row.successes.interval.low < bar or 2 * stay > len(group):
        return row
    return replace(row, healthy=True, disputed=row.critical)


def disagreements(rows: Sequence[Row], trials: Mapping[str, TrialRecord]) -> list[Text]:
    """What to know of rows whose probe and behaviour disagree, and which experiment decides."""
    return [_disagreement(row, trials) for row in rows if row.disputed]


def _disagreement(row: Row, trials: Mapping[str, TrialRecord]) -> Text:
    ids, seen = ", ".join(row.disputed), row.successes
    assert seen is not None
    bounds = f"[{pct(seen.interval.low)}, {pct(seen.interval.high)}]"
    text = Text(
        f"{row.config_id}: probe and behaviour disagree: {ids}, yet {seen.k} of {seen.n} episodes "
        f"succeed {bounds}; it keeps its place.",
        f"{row.config_id}：探针与行为不一致：{ids}，但 {seen.n} 个回合成功 {seen.k} 个 {bounds}；"
        f"名次不变。",
    )
    lesions = lesioned([trials[i] for i in row.counted])
    if lesions:
        told = ", ".join(f"{name} {k}/{n}" for name, (k, n) in sorted(lesions.items()))
        return text + Text(
            f"Success under lesions decides what it uses: {told}.",
            f"损伤实验下的成功率说明它依赖什么：{told}。",
        )
    return text + Text(
        "Success with lesioned observations decides (`ilsweep look CHECKPOINT`).",
        "需以损伤观测下的成功率判定（`ilsweep look CHECKPOINT`）。",
    )
