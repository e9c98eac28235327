"""A sweep's own `spec.yaml`, edited since: `resume` goes by it, or names what it cannot honour.

What trained the trials that there are stays as it was, or they would not be of this sweep. All
else may change: a wider space, more trials or seeds, questions, thresholds, resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.joint import joined
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import Problem, SpecError
from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.search import history
from ilsweep.sweeps.search.history import Asked
from ilsweep.sweeps.spec.domains import DomainError
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.plan import PASSED, Plan
from ilsweep.sweeps.validation.reading import read_spec
from ilsweep.sweeps.validation.validate import check

TRAINED_WITH = ("trainer", "data", "objective", "warm_start")
"""Sections of a spec that the trials there are were trained, judged or chosen with."""
WATCHES = ("rollouts", "lesions", "log_every", "eval_every", "save_every")
"""Parameters of every trainer that say how a training is looked at; they change nothing in it."""
ELSEWHERE = "as it was; something else is a new sweep: ilsweep run SPEC --name NEW"


def followed(plan: Plan, paths: SweepPaths, trials: list[TrialRecord]) -> Plan:
    """The plan by the folder's `spec.yaml`; `plan` is the one by its manifest.

    Raises:
        SpecError: it is not valid, or asks for what the trials there are were not trained with.
    """
    data = read_spec(paths.spec)
    search = data.get("search", {})
    if isinstance(search, dict):  # earlier versions wrote none: the sweep goes on with its own
        data["search"] = {"algorithm": plan.spec.search.algorithm, **search}
    if _as_recorded(data) == read_json(paths.manifest).get("spec"):
        return plan  # whatever rules later versions have made
    new = check(data)
    changed = list(
        _differences(plan.spec.model_dump(mode="json"), new.spec.model_dump(mode="json"))
    )
    if not changed:
        return plan
    if trials:
        seeds = [trial.seed for trial in trials if trial.seed is not None]
        problems = [*_refused(plan, new, seeds), *_outside(new, paths, trials)]
        if problems:
            raise SpecError(problems)
    else:
        paths.search.unlink(missing_ok=True)  # what was drawn, and never begun
    say(f"{paths.spec}: was edited; going on with its {', '.join(changed)}")
    return new


def _as_recorded(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """A spec as a manifest holds it; None where it is none."""
    try:
        return SweepSpec.model_validate(data).model_dump(mode="json")
    except ValidationError:
        return None


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for section, value in new.items():
        before = old.get(section)
        if value == before:
            continue
        if isinstance(value, dict) and isinstance(before, dict) and section != "data":
            names = [*value, *(name for name in before if name not in value)]
            yield from (f"{section}.{n}" for n in names if value.get(n) != before.get(n))
        else:
            yield section


def _refused(old: Plan, new: Plan, trained: Iterable[int]) -> Iterator[Problem]:
    for section in TRAINED_WITH:
        before, now = getattr(old.spec, section), getattr(new.spec, section)
        if before != now:
            yield _problem(section, now, before)
    yield from _refused_parameters(old, new)
    yield from _refused_command(old, new)
    missing = sorted({*old.spec.first_seeds, *trained} - {*new.spec.all_seeds})
    if missing:
        yield Problem(
            "spec.yaml: seeds", "were trained with; more may be added", missing, ELSEWHERE
        )
    kinds = {plan.spec.scheduler.type for plan in (old, new)}
    if len(kinds) > 1 and "pbt" in kinds:
        yield _problem("scheduler.type", new.spec.scheduler.type, old.spec.scheduler.type)


def _refused_parameters(old: Plan, new: Plan) -> Iterator[Problem]:
    watches = () if new.spec.command else WATCHES
    for name in sorted(old.fixed.keys() | new.fixed.keys()):
        if name in watches or name in old.space or name in new.space:
            continue
        values = [plan.parameters({}).get(name, plan.fixed.get(name)) for plan in (old, new)]
        if repr(values[0]) != repr(values[1]):
            yield _problem(f"params.{name}", values[1], values[0])
    for name in sorted(old.space.keys() ^ new.space.keys()):
        rule = "is searched now and was not before" if name in new.space else "was searched before"
        yield Problem(f"spec.yaml: space.{name}", rule, valid=ELSEWHERE)


def _refused_command(old: Plan, new: Plan) -> Iterator[Problem]:
    if old.spec.command is None or new.spec.command is None:
        return
    for key in sorted(PASSED | {"metrics", "after"}):
        before, now = getattr(old.spec.command, key), getattr(new.spec.command, key)
        if before != now:
            yield _problem(f"command.{key}", now, before)


def _problem(where: str, now: object, before: object) -> Problem:
    rule = f"was changed from {before!r} after trials had begun"
    return Problem(f"spec.yaml: {where}", rule, now, ELSEWHERE)


def _outside(new: Plan, paths: SweepPaths, trials: list[TrialRecord]) -> Iterator[Problem]:
    """Domains that no longer hold what was drawn from them."""
    drawn = [(trial.id, trial.searched) for trial in trials]
    events = history.read(paths.search)
    drawn += [(event.config_id, event.searched) for event in events if isinstance(event, Asked)]
    for name, domain in new.dimensions.items():
        for who, values in drawn:
            searched = joined(values, [name])
            try:
                if name in searched:
                    domain.raw(searched[name])
            except (DomainError, TypeError):
                rule = f"no longer holds what {who} was begun with"
                where = f"spec.yaml: space.{name}"
                yield Problem(where, rule, searched[name], "a domain that holds it, or a new sweep")
                break
