"""What to change from a stage to the next, in the order of its weight, each with its reason."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.findings.plateau import PAST_THE_PLATEAU, times_longer
from ilsweep.analysis.formatting import how_many
from ilsweep.analysis.inference.search_space import SearchDomain, domains_of, parse
from ilsweep.analysis.metrics.objectives import FLOOR, as_float
from ilsweep.analysis.planning.domain_edits import narrowed, widened
from ilsweep.analysis.planning.plan import nothing_to_gain, plan
from ilsweep.analysis.planning.remedies import Change, Spec, changes
from ilsweep.analysis.text import Text

SEEDS = 3
"""Fewest seeds of a stage that is to tell configurations apart."""
MOST_SEEDS = 10
ENOUGH = 8
"""Healthy configurations from which on a space is narrowed around the best quarter."""
GATHERED = 0.05
"""p under which the best values lie closer together than as many drawn by lot."""
LOTS = 1000
WARM = 5
"""Configurations that start the next search, at most, and at most a third of it: what is widened
is to be searched."""
ACT_README = "tonyzhaozh/act README: train three to four times past the plateau"
OWN = "the ranking of this stage"
OWN_ZH = "本阶段的排名"


def proposals(analysis: Analysis, spec: Spec) -> Iterator[Change]:
    """Changes in the order of their weight; the first one of a path counts."""
    if analysis.ranking.nothing_works:  # nothing to tell apart, nothing to search around
        yield from _first_change(analysis, spec)
        yield from _remedies(analysis, spec)
        yield from _fresh_draws(spec)
        return
    if not nothing_to_gain(analysis):
        yield from _seeds(analysis, spec)
        yield from _borders(analysis, spec)
    remedies = list(_remedies(analysis, spec))
    yield from remedies or _longer(analysis)
    yield from _hypotheses(analysis, spec)
    yield from _narrower(analysis, spec)
    yield from _fresh_draws(spec)


def _first_change(analysis: Analysis, spec: Spec) -> Iterator[Change]:
    """What `nothing_works` names."""
    row = analysis.ranking.rows[0]
    for finding in analysis.of_sweep:
        if finding.id == "nothing_works":
            about = replace(finding, trial=row.trial_ids[0])
            yield from (c for _, c in changes(analysis, about, row, spec, at_once=True))


def _seeds(analysis: Analysis, spec: Spec) -> Iterator[Change]:
    ranking = analysis.ranking
    old = [seed for seed in spec.get("seeds") or [0] if isinstance(seed, int)]
    valued = [row for row in ranking.rows if row.comparable and row.objective.n]
    if len(valued) < 2 or ranking.race is not None:
        return  # a race adds seeds by itself
    if any(row.schedule for row in ranking.rows):
        return  # a population is no set of configurations to tell apart
    noisy = any(finding.id == "seed_noise" for finding in analysis.of_sweep)
    tied = any(not pair.significant for pair in ranking.comparisons[:1])
    if len(old) < SEEDS:
        count = SEEDS
    elif noisy or tied:
        count = min(2 * len(old), MOST_SEEDS)
    else:
        return
    if count <= len(old):
        return
    fresh = [seed for seed in range(count + max(old, default=0) + 1) if seed not in old]
    reason = Text(
        f"{how_many(len(old), 'seed')} {'do' if len(old) > 1 else 'does'} not separate the best "
        "configurations",
        f"{len(old)} 个种子无法区分最优的几个配置",
    )
    yield Change("seeds", old, old + fresh[: count - len(old)], reason, OWN)
    yield from _fewer_configurations(spec, len(old), count)


def _fewer_configurations(spec: Spec, old: int, new: int) -> Iterator[Change]:
    search = spec.get("search")
    count = search.get("num_trials") if isinstance(search, Mapping) else None
    if not isinstance(count, int) or isinstance(count, bool):
        return
    fewer = max(WARM + 1, math.ceil(count * old / new))
    if fewer < count:
        reason = Text("more seeds for about the same work", "在工作量大致不变下增加种子")
        yield Change("search.num_trials", count, fewer, reason, OWN)


def _borders(analysis: Analysis, spec: Spec) -> Iterator[Change]:
    for edge in analysis.edges:
        entry = spec.get("space", {}).get(edge.param)
        domain = parse(entry)
        shape = widened(domain, edge) if domain else None
        if shape is not None:
            path = f"space.{edge.param}"
            yield Change(path, entry, shape.entry, shape.reason, shape.source)


def _remedies(analysis: Analysis, spec: Spec) -> Iterator[Change]:
    """The plan's changes; of fixed parameters that it would compare the first, a doubled grid.

    More demonstrations are such a question, too: they cost most, and are not asked for beside one.
    """
    opened = False
    at_border = {edge.param for edge in analysis.edges if edge.side == "high"}
    for remedy in plan(analysis, spec):
        change = remedy.change
        if change is None or (remedy.step.findings[0] == "still_improving" and "lr" in at_border):
            continue  # a higher rate is tried before a longer training
        question = change.path.startswith(("space.", "data."))
        opens = question and change.target not in spec.get("space", {})
        if not (opens and opened):
            opened |= opens
            yield change


def _longer(analysis: Analysis) -> Iterator[Change]:
    """A longer training, where the best one often fails and no finding says why."""
    best = analysis.ranking.best
    won = best.successes if best else None
    if best is None or won is None or won.interval.high >= 1 - FLOOR:
        return
    trial = next(t for t in analysis.sweep.trials if t.id in best.trial_ids)
    steps = as_float(trial.params.get("steps"))
    if not steps > 0 or "steps" in best.searched:
        return
    times = max(times_longer(trial), PAST_THE_PLATEAU if best.hardly_ever else 2)
    reason = Text(
        f"the best succeeds in {won.k} of {won.n} episodes, and no finding says why",
        f"最优配置的 {won.n} 个回合只成功 {won.k} 个，且没有诊断说明原因",
    )
    yield Change("params.steps", round(steps), round(times * steps), reason, ACT_README)


def _narrower(analysis: Analysis, spec: Spec) -> Iterator[Change]:
    """Around the best quarter of the healthy configurations.

    A value that all of the best have is settled. A border that the best lies at is widened instead.
    """
    rows = [r for r in analysis.ranking.rows if r.healthy and r.comparable and r.objective.n]
    if len(rows) < ENOUGH or any(row.schedule for row in rows):
        return
    best = rows[: max(3, len(rows) // 4)]
    borders = {edge.param for edge in analysis.edges}
    domains, settled = domains_in(spec), 0
    for name, domain in domains.items():
        if name in borders or domain.dimension:
            continue
        leading = _leading(domain, [row.searched.get(name) for row in rows], len(domains))
        if leading and settled < len(domains) - 1 and not name.startswith("data."):
            settled += 1
            reason = Text(
                f"settled: the best {leading} of {len(rows)} configurations all have it",
                f"已定：前 {leading} 个配置（共 {len(rows)} 个）都取此值",
            )
            yield Change(f"params.{name}", spec["space"][name], rows[0].searched[name], reason, OWN)
            continue
        values = [row.searched[name] for row in rows if name in row.searched]
        if not values:
            continue
        shape = narrowed(domain, values[: len(best)], values)
        if shape is not None and _gathered(domain, values, len(best)):
            path = f"space.{name}"
            yield Change(path, spec["space"][name], shape.entry, shape.reason, shape.source)


def _leading(domain: SearchDomain, values: Sequence[Any], params: int) -> int:
    """How many of the first `values` are the same one of a list, where that is no luck; else 0.

    Of n configurations of which k have a value, the first m all have it with probability
    C(n - m, k - m) / C(n, k), were the order drawn by lot; corrected for `params` looks.
    """
    if not domain.choices:
        return 0
    n, k = len(values), sum(value == values[0] for value in values)
    first = next((i for i, value in enumerate(values) if value != values[0]), n)
    by_lot = math.comb(n - first, k - first) / math.comb(n, k)
    return first if first < n and by_lot * params < GATHERED else 0


def _gathered(domain: SearchDomain, values: Sequence[Any], best: int) -> bool:
    """Whether the first `best` of `values` lie closer together than as many drawn by lot would.

    Closeness is the range on the domain's scale, of a list the number of different values. Without
    this test any few values would narrow a space, also where the parameter does nothing.
    """
    listed = bool(domain.choices)
    known = list({repr(value): None for value in values})
    places = np.array(
        [known.index(repr(v)) if listed else domain.position(as_float(v)) for v in values]
    )
    lots = np.random.default_rng(0).permuted(np.tile(places, (LOTS, 1)), axis=1)[:, :best]
    groups = np.sort(np.vstack([places[:best], lots]), axis=1)
    steps = np.diff(groups, axis=1)
    widths = (steps > 0).sum(axis=1) if listed else steps.sum(axis=1)
    return float(np.mean(widths <= widths[0] + 1e-12)) < GATHERED


def _fresh_draws(spec: Spec) -> Iterator[Change]:
    """A search with the same seed would draw the same points again."""
    search = spec.get("search")
    if isinstance(search, Mapping) and search.get("algorithm") != "grid":
        seed = search.get("seed", 0)
        if isinstance(seed, int):
            reason = Text("other draws than the last stage's", "与上一阶段不同的抽样")
            yield Change("search.seed", seed, seed + 1, reason, OWN)


def domains_in(spec: Spec) -> dict[str, SearchDomain]:
    """The domains of a spec's space, by parameter."""
    return domains_of({"space": spec.get("space", {})}, [])


OPEN = ("undecided", "not testable")


def _hypotheses(analysis: Analysis, spec: Spec) -> Iterator[Change]:
    """What is decided is not tested again."""
    hypotheses = spec.get("hypotheses")
    given = (
        [h for h in hypotheses if isinstance(h, Mapping)] if isinstance(hypotheses, list) else []
    )
    decided = {(v.param, v.metric) for v in analysis.hypotheses if v.judgement not in OPEN}
    looks: dict[tuple[Any, Any], int] = {
        (v.param, v.metric): v.looks for v in analysis.hypotheses if v.judgement == "undecided"
    }
    left = [
        {**h, **({"looks": looks[about]} if about in looks else {})}
        for h in given
        if (about := (h.get("param"), h.get("metric"))) not in decided
    ]
    if not given:
        return
    count = len(given) - len(left)
    reason = Text(
        f"decided by the last stage: {count} of {len(given)} hypotheses; the next look at the "
        f"others has less of their error rate to spend",
        f"上一阶段已判定 {len(given)} 个假设中的 {count} 个；其余假设再次查看时可用的错误率更小",
    )
    yield Change("hypotheses", given, left, reason, OWN)
