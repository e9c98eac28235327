"""What a sweep's claims could show, before it runs (`ilsweep validate`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ilsweep.analysis.formatting import how_many
from ilsweep.analysis.inference.error_rate import trend_alpha
from ilsweep.analysis.inference.noise_atlas import Noise, from_atlas, world_of
from ilsweep.analysis.inference.search_space import domains_of
from ilsweep.analysis.metrics.catalog import SUCCESS, is_success_rate
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.stats.power import FEWEST, visible_over_configurations, visible_over_seeds
from ilsweep.sweeps.spec.model import Hypothesis
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.trainers.core.contract import Params
from ilsweep.trainers.core.metric_needs import lacking
from ilsweep.trainers.data.source import DataSource
from ilsweep.trainers.data.sources import parse

UNKNOWN = Noise(0.0, 0, "")
"""No noise but that of the episodes."""
MOST = 10
"""Earlier sweeps that are read, the newest ones."""


@dataclass(frozen=True)
class Earlier:
    """Trials of earlier sweeps, and where they are."""

    trials: tuple[TrialRecord, ...]
    names: str


NO_SWEEPS = Earlier((), "")


def power(plan: Plan, storage: Path | None = None) -> list[str]:
    """One line a claim: the smallest effect that such a sweep would show.

    It would show it in 80 % of cases; or why the design cannot decide the claim. In the metric's
    unit where the noise between retrainings is known: from sweeps in `storage` with the same
    trainer in the same world, else from the atlas.
    """
    claims = plan.spec.hypotheses
    earlier = _earlier(plan, storage) if storage and claims else NO_SWEEPS
    ends = _ends(plan) if claims else []
    return [
        f"hypotheses.{i} ({claim.param}, {claim.metric}): {_shown_by(plan, claim, earlier, ends)}"
        f"{_as_a_share(claim)}"
        for i, claim in enumerate(claims)
    ]


def _as_a_share(claim: Hypothesis) -> str:
    """Said of an effect on a success rate that is no larger than a share can be."""
    size = claim.smallest_effect
    if size is None or size >= 1 or not is_success_rate(claim.metric):
        return ""
    return (
        f"; smallest_effect is in points of a rate from 0 to 100, and {size:g} is one episode in "
        f"{100 / size:.0f}: for a share of {size:g} write {100 * size:g}"
    )


End = tuple[Params, DataSource]
"""What is trained with at an end of the space."""


def _shown_by(plan: Plan, claim: Hypothesis, earlier: Earlier, ends: Sequence[End]) -> str:
    domain = plan.space.get(claim.param)
    if domain is None:
        return "cannot be decided: the parameter does not vary"
    if lacks := _lacks(plan, claim.metric, ends):
        return f"cannot be decided: {claim.metric} comes with {lacks}"
    known = domains_of({"space": plan.spec.space}, [])[claim.param]
    if known.confounded:
        return f"cannot be decided: confounded by design in the rows of {known.dimension}"
    alpha = trend_alpha(claim.looks, len(plan.spec.hypotheses))
    seeds = len(plan.spec.first_seeds)
    alone = len(plan.space) == 1 and seeds == 1
    if alone or plan.spec.search.algorithm != "grid":
        visible = visible_over_configurations(plan.configurations, alpha)
        if math.isinf(visible):
            return f"cannot be decided: {plan.configurations} configurations, fewer than {FEWEST}"
        text = f"shows a change of {visible:.2g} standard deviations between configurations"
        return text + _in_unit(plan, claim, earlier, visible, seeds, grid=False)
    levels = domain.count or 0
    visible = visible_over_seeds(levels, seeds, alpha) if levels > 1 else math.inf
    if math.isinf(visible):
        few = f"{how_many(levels, 'value')}, {how_many(seeds, 'seed')}"
        return f"cannot be decided: {few}; both must be two or more"
    text = f"shows a change of {visible:.2g} standard deviations between seeds"
    settings = max(plan.configurations // levels, 1)
    return text + _in_unit(plan, claim, earlier, visible, settings, grid=True)


def _ends(plan: Plan) -> list[End]:
    """The ends of the space; none where there are no data, or they do not go with the rest."""
    if not plan.trainer.needs_data:
        return []
    try:
        return [(plan.config(end), parse(plan.data(end))) for end in plan.ends()]
    except ValidationError:
        return []


def _lacks(plan: Plan, metric: str, ends: Sequence[End]) -> str:
    """What a metric needs that no end of the space has; empty where it comes."""
    lacks = [lacking(plan.trainer.metrics_need, metric, *end) for end in ends]
    known = [each[0] for each in lacks if each]
    return known[0] if known and len(known) == len(lacks) else ""


def _in_unit(
    plan: Plan, claim: Hypothesis, earlier: Earlier, visible: float, trials: int, *, grid: bool
) -> str:
    """The same in the metric's unit; the smallest effect of interest, where it is not seen.

    Of a grid: at least where noise is new in each other setting, at most where all settings of a
    seed share it. Of a random search: at least where configurations differ by noise alone. At
    least, too, where the noise between retrainings was measured as 0: smaller than the episodes'
    own by a few trainings, it need not be none.

    Args:
        visible: In standard deviations of a mean over `trials`: a seed's over the other settings,
            or a configuration's over its seeds.
    """
    noise = _noise(plan, claim.metric, earlier)
    rollouts = plan.parameters({}).get("rollouts") if claim.metric == SUCCESS else None
    episodes = rollouts if isinstance(rollouts, int) and rollouts > 0 else None
    if noise is None and episodes is None:
        return ""
    known = noise or UNKNOWN
    low = visible * known.of_mean(trials, episodes)
    high = visible * known.of_mean(trials, episodes, shared=True) if known.sd and grid else math.inf
    metric = Catalog().get(claim.metric)
    unit = "points" if metric and metric.unit == "%" else metric.unit if metric else ""
    if unit == "points" and low > 100:
        return f", {low:.2g} points, where there are 100: it cannot be decided"
    if unit == "points" and high > 100:
        high = math.inf
    text = f", {_range(low, high)}{f' {unit}' if unit else ''}"
    if episodes:
        text += f" at 50 % success, {episodes} rollouts a trial"
    if noise:
        known_by = f"{noise.source}, {noise.freedom} degrees of freedom"
        text += f" (noise between retrainings: {noise.sd:.2g}; {known_by})"
    smallest = claim.smallest_effect or (metric.smallest_effect if metric else None)
    if smallest is not None and high > smallest:
        word = "cannot" if low > smallest else "may not"
        text += f": it {word} see the smallest effect of interest, {smallest:g}"
    return text


def _range(low: float, high: float) -> str:
    if math.isinf(high):
        return f"at least {low:.2g}"
    return f"{low:.2g}" if f"{low:.2g}" == f"{high:.2g}" else f"{low:.2g} to {high:.2g}"


def _noise(plan: Plan, metric: str, earlier: Earlier) -> Noise | None:
    if earlier.trials:
        from ilsweep.analysis.inference.noise import between_retrainings

        if own := between_retrainings(earlier.trials, metric, earlier.names):
            return own
    return from_atlas(plan.spec.trainer, world_of(plan.spec.data), metric)


def _earlier(plan: Plan, storage: Path) -> Earlier:
    """The trials of the newest sweeps of the same trainer in the same world."""
    wanted = _trains(plan.spec.model_dump(mode="json"))
    manifests = list(storage.glob(f"*/{SweepPaths(storage).manifest.name}"))
    roots = [
        m.parent
        for m in manifests
        if SweepPaths(m.parent).trials.is_dir() and _trains(read_json(m).get("spec")) == wanted
    ]
    if not roots:
        return NO_SWEEPS
    from ilsweep.analysis.load.sweep import read_sweep

    roots = sorted(roots, key=lambda root: SweepPaths(root).manifest.stat().st_mtime)[-MOST:]
    names = ", ".join(map(str, roots[-3:])) + (" ..." if len(roots) > 3 else "")
    sweeps = [read_sweep(root) for root in roots]
    sweeps += [sweep.retrained for sweep in sweeps if sweep.retrained]
    return Earlier(tuple(trial for sweep in sweeps for trial in sweep.trials), names)


def _trains(spec: object) -> tuple[object, ...] | None:
    """What a spec trains and where: trainer, command, world, data set."""
    if not isinstance(spec, dict):
        return None
    data, command = (spec.get(part) or {} for part in ("data", "command"))
    if not (isinstance(data, dict) and isinstance(command, dict)):
        return None
    words = [command.get(part) or [] for part in ("argv", "args")]
    return spec.get("trainer"), words, command.get("cwd") or "", world_of(data), data.get("root")
