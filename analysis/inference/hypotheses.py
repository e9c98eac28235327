"""What a spec claims, and what its runs say to it.

`supported` and `refuted` need a trend that is significant at 5 %, two-sided, after Holm's
correction over the claims and what earlier stages spent; a metric that lies further out at an inner
value than at both ends refutes a trend, too. `absent` needs an equivalence test against a smallest
effect of interest that was set before the data (the spec's, or the metric catalogue's), in a sweep
that has shown that it can see an effect in this metric; it is also said of a metric that is the
same at all values while the settings differ. At a floor, at a ceiling and after a failed control
nothing is concluded. All else is `undecided`.

So a sweep in which nothing depends on anything decides a claim in at most one case of twenty.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from ilsweep.analysis.formatting import show
from ilsweep.analysis.inference.design import Design, design
from ilsweep.analysis.inference.error_rate import FIRST, LATER, TREND, trend_alpha
from ilsweep.analysis.inference.search_space import SearchDomain
from ilsweep.analysis.inference.testable import why_not
from ilsweep.analysis.metrics.catalog import is_success_rate
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.metrics.objectives import as_float
from ilsweep.analysis.ranking.confounded import confounded
from ilsweep.analysis.records.copies import distinct
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.schedule import schedule
from ilsweep.analysis.stats.effects import Effect, seeds_that_decide
from ilsweep.analysis.stats.intervals_and_tests import holm
from ilsweep.analysis.stats.levels import ALPHA
from ilsweep.analysis.text import Text
from ilsweep.analysis.verdicts.claims import Expectation, Reason, Verdict, worded

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True)
class _Claim:
    claim: str
    param: str
    metric: str
    expect: Expectation
    smallest: float | None
    looks: int
    """Stages before this one in which it was looked at."""


def judge(
    spec: Mapping[str, Any],
    trials: Sequence[TrialRecord],
    domains: Mapping[str, SearchDomain],
    limits: Mapping[str, float],
    catalog: Catalog,
    sensitive: bool | None = None,
) -> list[Verdict]:
    """A verdict for each of the spec's hypotheses, in their order.

    Copies of a trial are no further evidence. Of a population whose trials changed their parameters
    while training nothing is concluded: those that kept them are the ones that did well.

    Args:
        limits: Thresholds of the findings, by name: where a probe's fault begins.
        catalog: The metrics that are known, with their smallest effects of interest.
        sensitive: Whether the sweep's controls passed; None where there are none.
    """
    claims = _claims(spec, catalog)
    changed = sum(bool(schedule(trial)) for trial in trials)
    trials = distinct(trials)
    usable = [t for t in trials if t.state == "completed"]
    if not usable:
        usable = [t for t in trials if t.state in ("stopped", "running")]
    if changed:
        return [_population(claim, changed) for claim in claims]
    names = confounded(usable) if claims else []
    designs = [design(c.param, c.metric, usable, domains.get(c.param)) for c in claims]
    corrected = holm([_p(claim, found) for claim, found in zip(claims, designs, strict=True)])
    failed = [trial for trial in trials if trial.state == "failed"]
    return [
        _with_failed(
            _judged(
                claim,
                found,
                p,
                why_not(claim.metric, found.rows, limits, sensitive)
                or _confounded(claim.param, names)
                or _by_design(claim.param, domains.get(claim.param)),
                _could_see(claim, usable, domains, sensitive),
                trend_alpha(claim.looks, len(claims)),
            ),
            failed,
        )
        for claim, found, p in zip(claims, designs, corrected, strict=True)
    ]


def _with_failed(verdict: Verdict, failed: Sequence[TrialRecord]) -> Verdict:
    """The verdict, saying how many trials it leaves out since they failed, and at which values."""
    values = [trial.searched[verdict.param] for trial in failed if verdict.param in trial.searched]
    if not values:
        return verdict
    counts = Counter(show(value) for value in sorted(values, key=str))
    return worded(replace(verdict, failed=tuple(counts.items())))


def _claims(spec: Mapping[str, Any], catalog: Catalog) -> list[_Claim]:
    given = spec.get("hypotheses")
    return [
        _Claim(
            claim=str(item.get("claim") or f"{item['param']}: {item['metric']}"),
            param=item["param"],
            metric=item["metric"],
            expect=cast(Expectation, item["expect"]),
            smallest=_smallest(item, catalog),
            looks=int(as_float(item.get("looks"))) if as_float(item.get("looks")) > 0 else 0,
        )
        for item in (given if isinstance(given, list) else [])
        if isinstance(item, Mapping)
        and isinstance(item.get("param"), str)
        and isinstance(item.get("metric"), str)
        and item.get("expect") in ("increase", "decrease", "no_effect")
    ]


def _smallest(item: Mapping[str, Any], catalog: Catalog) -> float | None:
    own, known = as_float(item.get("smallest_effect")), catalog.get(item["metric"])
    return own if own > 0 else known.smallest_effect if known else None


def _shape(claim: _Claim, effect: Effect) -> float:
    return effect.p_any if claim.expect == "no_effect" else effect.p_inside


def _p(claim: _Claim, found: Design) -> float:
    """That neither trend nor shape is there, after what earlier looks spent; 1 of no effect."""
    effect = found.effect
    if effect is None or found.identical:
        return 1.0
    p = min(effect.p / TREND, _shape(claim, effect) / (1 - TREND))
    return min(1.0, p / (FIRST * LATER**claim.looks))


def _confounded(param: str, names: Sequence[str]) -> Text | None:
    """Why foreign runs show nothing of one parameter: others change with it."""
    if param not in names:
        return None
    return Text(
        f"confounded: no two runs differ in {param} alone",
        f"混杂：没有两次运行仅在 {param} 上不同",
    )


def _by_design(param: str, domain: SearchDomain | None) -> Text | None:
    """Why a sweep shows nothing of one parameter: it varies only together with others."""
    if domain is None or not domain.confounded:
        return None
    return Text(
        f"confounded by design: in the rows of {domain.dimension} no two differ in {param} alone",
        f"按设计混杂：在 {domain.dimension} 的各行中，没有两行仅在 {param} 上不同",
    )


def _could_see(
    claim: _Claim,
    trials: Sequence[TrialRecord],
    domains: Mapping[str, SearchDomain],
    sensitive: bool | None,
) -> str:
    """What shows that this sweep can see an effect in the metric.

    "controls", the name of another parameter with a significant effect of at least the smallest
    one, or nothing.
    """
    if claim.smallest is None:
        return ""
    if sensitive and (claim.metric.startswith("eval/") or is_success_rate(claim.metric)):
        return "controls"
    others = sorted({name for trial in trials for name in trial.searched} - {claim.param})
    for name in others:
        effect = design(name, claim.metric, trials, domains.get(name)).effect
        if (
            effect is not None
            and min(effect.p, effect.p_any) * 2 * len(others) < ALPHA
            and effect.spread >= claim.smallest
        ):
            return name
    return ""


def _judged(
    claim: _Claim, found: Design, p: float, never: Text | None, could: str, alpha: float
) -> Verdict:
    effect, smallest = found.effect, claim.smallest
    verdict = _verdict(claim, found, p, alpha)
    if never is not None and found.rows:
        return worded(replace(verdict, judgement="not testable", reason="floor", detail=never))
    if found.identical:
        return worded(replace(verdict, judgement="absent", reason="identical", p=1.0))
    if effect is None:
        reason: Reason = "no noise" if len(found.levels) > 1 else "no levels"
        return worded(replace(verdict, reason=reason))
    within = smallest is not None and effect.bound < smallest
    if within and could:
        return worded(replace(verdict, judgement="absent", reason="equivalent", shown_by=could))
    if p >= ALPHA:
        return worded(
            replace(
                verdict,
                reason="within" if within else "noise",
                seeds_needed=_needed(found, claim, alpha),
            )
        )
    return worded(_significant(claim, effect, verdict))


def _significant(claim: _Claim, effect: Effect, verdict: Verdict) -> Verdict:
    """Whichever of trend and shape is more significant; inside comes first where both are."""
    by_shape = _shape(claim, effect) / (1 - TREND)
    if by_shape < effect.p / TREND or (claim.expect != "no_effect" and by_shape < ALPHA):
        reason: Reason = "inside" if effect.p_inside < ALPHA else "shape"
        return replace(verdict, judgement="refuted", reason=reason)
    if claim.expect == "no_effect":
        return replace(verdict, judgement="refuted", reason="trend")
    as_claimed = (effect.size > 0) == (claim.expect == "increase")
    return replace(verdict, judgement="supported" if as_claimed else "refuted", reason="trend")


def _needed(found: Design, claim: _Claim, alpha: float) -> int | None:
    """Seeds in all that would decide.

    None where the unit is the configuration, where no smallest effect is set, or where it would
    take no more than there are.
    """
    effect = found.effect
    if effect is None or not found.grid or claim.smallest is None:
        return None
    seeds = seeds_that_decide(
        effect.noise, effect.freedom, len(found.levels), claim.smallest, alpha
    )
    return seeds if seeds is not None and seeds > found.seeds else None


def _verdict(claim: _Claim, found: Design, p: float, alpha: float = ALPHA) -> Verdict:
    effect = found.effect
    return Verdict(
        claim=claim.claim,
        param=claim.param,
        metric=claim.metric,
        expect=claim.expect,
        judgement="undecided",
        reason="noise",
        effect=effect.size if effect else math.nan,
        effect_name=effect.method if effect else "none",
        interval=effect.interval if effect else None,
        p=p,
        smallest_effect=claim.smallest,
        bound=effect.bound if effect else math.nan,
        visible=effect.visible(alpha) if effect else math.nan,
        seeds_needed=None,
        trials=len(found.rows),
        seeds=found.seeds,
        settings=found.settings,
        looks=claim.looks + 1,
        levels=found.levels,
        numbers=found.numbers,
        inside=found.levels[effect.inside][0]
        if effect and 0 <= effect.inside < len(found.levels)
        else "",
    )


def _population(claim: _Claim, changed: int) -> Verdict:
    nothing = Design((), 0, (), True, False, 0, False, None)
    detail = Text(
        f"{changed} trials changed their parameters while training (population-based training), so "
        f"that no value of {claim.param} stands for what they reached",
        f"{changed} 个试验在训练途中改变了参数（基于种群的训练），{claim.param} 的任何单一取值"
        f"都不能代表其结果",
    )
    return worded(
        replace(
            _verdict(claim, nothing, 1.0), judgement="not testable", reason="floor", detail=detail
        )
    )
