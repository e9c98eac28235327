"""The next stage: a spec made from what this one found, each change with its reason.

Every change is tried on its own: where the caller can check a spec (`valid`), a change that makes
it invalid is left out, so that what is written runs as it is.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.findings.thresholds import unknown_thresholds
from ilsweep.analysis.inference.search_space import SearchDomain
from ilsweep.analysis.metrics.objectives import as_float
from ilsweep.analysis.planning.proposals import OWN, WARM, domains_in, proposals
from ilsweep.analysis.planning.remedies import Change, Spec
from ilsweep.analysis.planning.spec_yaml import flat, spec_text
from ilsweep.analysis.ranking.model import Row
from ilsweep.analysis.text import Text


class NoNextStageError(ValueError):
    """There is no spec to continue: the folder holds imported runs only."""


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


def stage_yaml(stage: NextStage, analysis: Analysis, note: Text | None = None) -> str:
    """A stage as YAML, a note at its head, each change's reason as a comment."""
    reasons = {change.path: f"{change.reason.en} [{change.source}]" for change in stage.changes}
    parent = stage.spec.get("parent") or "the last stage"
    head = f"The stage after {parent}. {analysis.answer.en}"
    return spec_text(stage.spec, reasons, f"{head} {note.en}" if note else head)


def next_stage(analysis: Analysis, valid: Callable[[Spec], bool] | None = None) -> NextStage:
    """The next stage of a sweep; `valid` says whether a spec could be run.

    Raises:
        NoNextStageError: the sweep has no spec.
    """
    spec = _continued(analysis)
    done: list[Change] = []
    for change in proposals(analysis, spec):
        if any(change.target == earlier.target for earlier in done):
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
    spec = {key: value for key, value in copy.deepcopy(old).items() if value not in EMPTY}
    spec["params"] = flat(spec.get("params"))
    spec["space"] = dict(spec["space"]) if isinstance(spec.get("space"), Mapping) else {}
    for name, section in spec.items():
        if isinstance(section, dict) and name not in ("params", "space", "data"):
            spec[name] = _given(section)
    scheduler = spec.get("scheduler")
    if isinstance(scheduler, Mapping) and scheduler.get("type") == "none":
        del spec["scheduler"]
    search = spec.get("search")
    if isinstance(search, Mapping):
        drop = {"num_trials", "seed"} if search.get("algorithm") == "grid" else set()
        drop |= set() if search.get("algorithm", "optuna") == "optuna" else {"sampler"}
        spec["search"] = {k: v for k, v in search.items() if k not in drop}
    if isinstance(spec.get("thresholds"), Mapping):  # one that is not known would be refused
        strange = unknown_thresholds(spec["thresholds"])
        spec["thresholds"] = {k: v for k, v in flat(spec["thresholds"]).items() if k not in strange}
    spec.pop("warm_start", None)
    spec["name"] = next_name(old["name"])
    spec["parent"] = analysis.sweep.paths.root.name or old["name"]
    return {key: value for key, value in spec.items() if value not in ({}, [])}


EMPTY: tuple[Any, ...] = (None, "", {}, [])
MEANT = ("env", "after")
"""Keys of a command whose empty values differ from their defaults: `after: []`, `env: {A: ""}`."""


def _given(part: Any) -> Any:
    """A section without its empty defaults, which may be refused where they are written out."""
    if isinstance(part, list):
        return [_given(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: value if key in MEANT else _given(value)
        for key, value in part.items()
        if value not in EMPTY or (key == "after" and value == [])
    }


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


def _warm_start(
    analysis: Analysis, spec: Spec, valid: Callable[[Spec], bool] | None
) -> Change | None:
    """The best earlier configurations that the new space holds; a grid holds them anyway."""
    search = spec.get("search")
    grid = isinstance(search, Mapping) and search.get("algorithm") == "grid"
    if grid or analysis.ranking.nothing_works:
        return None
    count = search.get("num_trials") if isinstance(search, Mapping) else None
    most = min(WARM, max(1, count // 3)) if isinstance(count, int) else WARM
    points, changed = list[dict[str, Any]](), False
    for row, point in _earlier(analysis, domains_in(spec)):
        if len(points) == most:
            break
        if point not in points and (
            valid is None or valid({**spec, "warm_start": [*points, point]})
        ):
            points.append(point)
            changed |= bool(row.schedule)
    if not points:
        return None
    reason = Text(
        "the best configurations of the last stage are tried first",
        "先试上一阶段最优的配置",
    )
    if changed:
        reason += Text(
            "(of those that changed while training, what they ended with: their schedule is not)",
            "（训练途中改变过参数的，取其最后的值；其变化过程不会重现）",
        )
    return Change("warm_start", None, points, reason, OWN)


def _earlier(
    analysis: Analysis, domains: Mapping[str, SearchDomain]
) -> Iterator[tuple[Row, dict[str, Any]]]:
    """The configurations with a value that the new space holds, best first."""
    params = {trial.id: trial.params for trial in analysis.sweep.trials}
    for row in analysis.ranking.rows:
        if row.healthy and row.comparable and row.objective.n:
            known = {**params[row.trial_ids[0]], **row.searched}
            point = {name: known[name] for name in domains if name in known}
            if point and all(_holds(domains[name], value) for name, value in point.items()):
                yield row, point


def _holds(domain: SearchDomain, value: Any) -> bool:
    if domain.choices:
        return value in domain.choices
    return domain.low <= as_float(value) <= domain.high
