"""The next stage: a spec made from what this one found, each change with its reason.

Every change is tried on its own: where the caller can check a spec (`valid`), a change that makes
it invalid is left out, so that what is written runs as it is.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from analysis.analyse import Analysis
from analysis.domains import Domain, domains_of, parse
from analysis.findings.finding import Finding, Text
from analysis.next_space import applied, extended, narrowed, widened
from analysis.outcomes import number
from analysis.rank import Row
from analysis.spec_text import flat, spec_text

Spec = dict[str, Any]

SEEDS = 3
"""Fewest seeds of a stage that is to tell configurations apart."""
MOST_SEEDS = 10
MOST_REMEDIES = 2
"""Fixed parameters that one stage opens: each doubles a grid."""
ENOUGH = 8
"""Healthy configurations from which on a space is narrowed around the best quarter."""
WARM = 5
"""Configurations that start the next search."""
OWN = "the ranking of this stage"

AT_ONCE = frozenset({"ot_ready", "still_improving", "scale_mismatch"})
"""Findings whose change is made as it is; other remedies are compared with the present value."""


class NoNextStageError(ValueError):
    """There is no spec to continue: the folder holds imported runs only."""


@dataclass(frozen=True)
class Change:
    """One difference between two stages."""

    path: str
    """Where in the new spec: `seeds`, `space.ot.reg`, `params.steps`, `search.num_trials`."""
    before: Any
    """None where there was nothing."""
    after: Any
    """None where it is taken out."""
    reason: Text
    source: str


@dataclass(frozen=True)
class NextStage:
    """A spec that runs, and how it differs from the last."""

    spec: Spec
    changes: tuple[Change, ...]

    @property
    def brings_something(self) -> bool:
        """Whether it asks anything new: other seeds, parameters or values."""
        return any(
            change.path == "seeds" or change.path.startswith(("space.", "params.", "data."))
            for change in self.changes
        )


def next_yaml(analysis: Analysis, valid: Callable[[Spec], bool] | None = None) -> str:
    """The next stage as a YAML text with each change's reason as a comment.

    Raises:
        NoNextStageError: the sweep has no spec.
    """
    stage = next_stage(analysis, valid)
    reasons = {change.path: f"{change.reason.en} [{change.source}]" for change in stage.changes}
    parent = stage.spec.get("parent") or "the last stage"
    return spec_text(stage.spec, reasons, f"The stage after {parent}. {analysis.answer.en}")


def next_spec(
    analysis: Analysis, valid: Callable[[Spec], bool] | None = None
) -> tuple[Spec, list[Change]]:
    """The next stage's spec as plain data, and its changes.

    Raises:
        NoNextStageError: the sweep has no spec.
    """
    stage = next_stage(analysis, valid)
    return stage.spec, list(stage.changes)


def next_stage(analysis: Analysis, valid: Callable[[Spec], bool] | None = None) -> NextStage:
    """The next stage of a sweep; `valid` says whether a spec could be run.

    Raises:
        NoNextStageError: the sweep has no spec.
    """
    spec = _continued(analysis)
    done: list[Change] = []
    for change in _proposals(analysis, spec):
        if any(change.path == earlier.path for earlier in done):
            continue
        candidate = _applied(spec, change)
        if valid is None or valid(candidate):
            spec = candidate
            done.append(change)
    warm = _warm_start(analysis, spec, valid)
    if warm is not None:
        spec["warm_start"] = warm.after
        done.append(warm)
    return NextStage(spec, tuple(done))


def _continued(analysis: Analysis) -> Spec:
    """This stage's spec under the next name, without what only filled in defaults."""
    old = analysis.sweep.spec
    if not isinstance(old.get("trainer"), str) or not isinstance(old.get("name"), str):
        raise NoNextStageError("imported runs have no spec to continue: write one, then run it")
    spec = {key: value for key, value in copy.deepcopy(old).items() if value not in (None, {}, [])}
    spec["params"] = flat(spec.get("params"))
    spec["space"] = dict(spec["space"]) if isinstance(spec.get("space"), Mapping) else {}
    search = spec.get("search")
    if isinstance(search, Mapping):
        drop = {"num_trials"} if search.get("algorithm") == "grid" else set()
        drop |= set() if search.get("algorithm", "optuna") == "optuna" else {"sampler"}
        spec["search"] = {k: v for k, v in search.items() if k not in drop and v is not None}
    spec.pop("warm_start", None)
    spec["name"] = next_name(old["name"])
    spec["parent"] = analysis.sweep.paths.root.name or old["name"]
    return {key: value for key, value in spec.items() if value not in ({}, [])}


def next_name(name: str) -> str:
    """`act-ot-stage1` to `act-ot-stage2`; a name without a number becomes stage 2."""
    found = re.fullmatch(r"(.*?)(\d+)", name)
    if found and re.search(r"stage[-_]?$", found[1]):
        return found[1] + str(int(found[2]) + 1)
    return name[:57] + "-stage2"


def _applied(spec: Spec, change: Change) -> Spec:
    spec = copy.deepcopy(spec)
    section, _, name = change.path.partition(".")
    if not name:
        spec[section] = change.after
        return {key: value for key, value in spec.items() if value not in ({}, [])}
    spec.setdefault(section, {})
    if change.after is None:
        spec[section].pop(name, None)
    else:
        spec[section][name] = change.after
    if section == "space":  # what varies is not fixed as well
        spec.get("params", {}).pop(name, None)
    if section == "params":
        spec.get("space", {}).pop(name, None)
    return {key: value for key, value in spec.items() if value not in ({}, [])}


def _proposals(analysis: Analysis, spec: Spec) -> Iterator[Change]:
    """Changes in the order of their weight; the first one of a path counts."""
    yield from _seeds(analysis, spec)
    yield from _borders(analysis, spec)
    yield from _remedies(analysis, spec)
    yield from _narrower(analysis, spec)
    yield from _hypotheses(analysis, spec)


def _best_group(analysis: Analysis) -> list[Row]:
    """The best row and those that cannot be told from it, at most `WARM`; the first rows where
    there is no best one."""
    rows = analysis.ranking.rows
    if analysis.ranking.best is None:
        return list(rows[:WARM])
    ties = analysis.ranking.tied_with_best
    return [rows[0], *[row for row in rows[1:WARM] if row.config_id in ties]]


def _seeds(analysis: Analysis, spec: Spec) -> Iterator[Change]:
    ranking = analysis.ranking
    old = [seed for seed in spec.get("seeds") or [0] if isinstance(seed, int)]
    valued = [row for row in ranking.rows if row.comparable and row.objective.n]
    if len(valued) < 2:
        return
    noisy = any(finding.id == "seed_noise" for finding in analysis.of_sweep)
    needed = [pair.seeds_needed for pair in ranking.comparisons[:1] if not pair.told_apart]
    if len(old) < SEEDS:
        count = SEEDS
    elif noisy or needed:
        count = min(max(needed[0] or 0 if needed else 0, len(old) + 2), 2 * len(old), MOST_SEEDS)
    else:
        return
    if count <= len(old):
        return
    fresh = [seed for seed in range(count + max(old, default=0) + 1) if seed not in old]
    told = f"; {needed[0]} would tell the first two apart" if needed and needed[0] else ""
    told_zh = f"；{needed[0]} 个种子可区分前两名" if needed and needed[0] else ""
    reason = Text(
        f"{len(old)} seeds do not tell the best configurations apart{told}",
        f"{len(old)} 个种子无法区分最优的几个配置{told_zh}",
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
    """For each finding of the best configurations its first suggestion that can be made."""
    opened = 0
    seen = set()
    for finding, row in _findings_of_best(analysis):
        if finding.id in seen:
            continue
        for change in _remedy(analysis, finding, row, spec):
            opens = change.path.startswith("space.") and change.before is None
            if not opens or opened < MOST_REMEDIES:
                seen.add(finding.id)
                opened += opens
                yield change if not opens else replace(change, before=_present(change, spec))
            break


def _present(change: Change, spec: Spec) -> Any:
    return spec.get("params", {}).get(change.path.removeprefix("space."))


def _findings_of_best(analysis: Analysis) -> Iterator[tuple[Finding, Row]]:
    row_of = {i: row for row in _best_group(analysis) for i in row.trial_ids}
    for finding in analysis.findings:
        row = row_of.get(finding.trial)
        if row is not None and (finding.severity != "info" or finding.id in AT_ONCE):
            yield finding, row


def _remedy(analysis: Analysis, finding: Finding, row: Row, spec: Spec) -> Iterator[Change]:
    known = next((t.params for t in analysis.sweep.trials if t.id == finding.trial), {})
    for suggestion in finding.suggestions:
        name = suggestion.param
        entry = spec.get("space", {}).get(name)
        data = name.startswith("data.")
        present = spec.get("data", {}).get(name[5:]) if data else known.get(name)
        value = applied(suggestion, row.searched.get(name, present))
        if value is None or value == present or (present is None and name not in known):
            continue
        if entry is not None:
            domain = parse(entry)
            shape = extended(domain, value, suggestion) if domain else None
            if shape is not None:
                path = f"space.{name}"
                yield Change(path, entry, shape.entry, shape.reason, shape.source)
            continue
        why = Text(f"{finding.id}: {suggestion.reason.en}", f"{finding.id}：{suggestion.reason.zh}")
        if finding.id in AT_ONCE or present is None:
            path = name if data else f"params.{name}"
            yield Change(path, present, value, why, suggestion.source)
        else:
            values = [present, value]
            why += Text("Compared with the present value.", "与当前取值对照。")
            yield Change(f"space.{name}", None, {"choice": values}, why, suggestion.source)


def _narrower(analysis: Analysis, spec: Spec) -> Iterator[Change]:
    """Around the best quarter of the healthy configurations, away from borders."""
    rows = [r for r in analysis.ranking.rows if r.healthy and r.comparable and r.objective.n]
    if len(rows) < ENOUGH:
        return
    best = rows[: max(3, len(rows) // 4)]
    borders = {edge.param for edge in analysis.edges}
    for name, domain in _domains(spec).items():
        values = [row.searched[name] for row in best if name in row.searched]
        shape = narrowed(domain, values) if name not in borders and values else None
        if shape is not None:
            path = f"space.{name}"
            yield Change(path, spec["space"][name], shape.entry, shape.reason, shape.source)


def _domains(spec: Spec) -> dict[str, Domain]:
    return domains_of({"space": spec.get("space", {})}, [])


def _hypotheses(analysis: Analysis, spec: Spec) -> Iterator[Change]:
    """What is decided is not asked again."""
    hypotheses = spec.get("hypotheses")
    given = (
        [h for h in hypotheses if isinstance(h, Mapping)] if isinstance(hypotheses, list) else []
    )
    decided = {(v.param, v.metric) for v in analysis.hypotheses if v.judgement != "undecided"}
    open_ones = [h for h in given if (h.get("param"), h.get("metric")) not in decided]
    if len(open_ones) < len(given):
        count = len(given) - len(open_ones)
        reason = Text(
            f"decided by the last stage: {count} of {len(given)} hypotheses",
            f"上一阶段已判定 {len(given)} 个假设中的 {count} 个",
        )
        yield Change("hypotheses", given, open_ones, reason, OWN)


def _warm_start(
    analysis: Analysis, spec: Spec, valid: Callable[[Spec], bool] | None
) -> Change | None:
    """The best earlier configurations that the new space holds; a grid holds them anyway."""
    search = spec.get("search")
    if isinstance(search, Mapping) and search.get("algorithm") == "grid":
        return None
    domains, points = _domains(spec), list[dict[str, Any]]()
    params = {trial.config_id: trial.params for trial in analysis.sweep.trials}
    for row in analysis.ranking.rows:
        if not (row.healthy and row.comparable and row.objective.n):
            continue
        known = {**params[row.config_id], **row.searched}
        point = {name: known[name] for name in domains if name in known}
        inside = bool(point) and all(_holds(domains[name], point[name]) for name in point)
        if not inside or point in points:
            continue
        if valid is None or valid({**spec, "warm_start": [*points, point]}):
            points.append(point)
        if len(points) == WARM:
            break
    if not points:
        return None
    reason = Text(
        "the best configurations of the last stage are tried first",
        "先试上一阶段最优的配置",
    )
    return Change("warm_start", None, points, reason, OWN)


def _holds(domain: Domain, value: Any) -> bool:
    if domain.choices:
        return value in domain.choices
    return domain.low <= number(value) <= domain.high
