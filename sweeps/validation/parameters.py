"""The parameters of a spec: the trainer's configuration takes the points of its space.

A point is the fixed parameters and one value of every varied one. The fixed part alone need not be
a configuration; a value is wrong where no point that was looked at takes it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from ilsweep.analysis.records.curves import MAX_STEP
from ilsweep.analysis.records.joint import expanded, names_of
from ilsweep.sweeps.errors import Problem, nearest
from ilsweep.sweeps.spec.description import TrainerDescription
from ilsweep.sweeps.spec.domains import Domain, by_parameter
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.params import flat, flat_items, is_of_data, nested, of_trainer
from ilsweep.sweeps.spec.templates import as_text
from ilsweep.sweeps.validation.words import told
from ilsweep.trainers.core.contract import Params, TrainerConfig

NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
"""Text that a spec would have as a number, had it no quotes."""


OTHER_NAMES: Mapping[str, str] = {
    "learning_rate": "lr", "optimizer_lr": "lr", "base_lr": "lr", "bs": "batch_size",
    "train_batch_size": "batch_size", "wd": "weight_decay", "l2": "weight_decay",
    "epochs": "steps", "num_epochs": "steps", "iterations": "steps", "max_steps": "steps",
    "beta": "kl_weight", "kl": "kl_weight", "horizon": "chunk_size",
}  # fmt: skip
"""What other projects call a parameter, and what ours do; difflib finds none of them."""


def fixed_parameters(
    spec: SweepSpec, known: Collection[str], problems: list[Problem]
) -> dict[str, Any]:
    """`params` by dotted names, each once, without those that vary.

    An empty mapping is one for a parameter that is `known`, and no group of them.
    """
    names = list(flat_items(spec.params, known))
    for name, count in Counter(name for name, _ in names).items():
        if count > 1:
            problems.append(Problem(f"params.{name}", "stands twice, nested and dotted"))
            break
    fixed, varied = dict(names), set(spec.varied)
    rule = "is fixed here and varied in space"
    problems += [Problem(f"params.{name}", rule, name) for name in fixed if name in varied]
    return {name: value for name, value in fixed.items() if name not in varied}


def check_parameters(
    spec: SweepSpec,
    trainer: TrainerDescription,
    fixed: dict[str, Any],
    dimensions: dict[str, Domain],
    problems: list[Problem],
) -> None:
    """Names that the trainer has, and values that its configuration takes."""
    known = parameter_names(trainer.Config)
    for section, names in (("params", list(fixed)), ("space", spec.varied)):
        for name in names:
            if name not in known and not (section == "space" and is_of_data(name)):
                rule = f"not a parameter of {spec.trainer}"
                meant = OTHER_NAMES.get(name.replace("-", "_").lower(), "")
                valid = meant if meant in known else nearest(name, known)
                problems.append(Problem(f"{section}.{name}", rule, name, valid))
    mine = {
        dimension: domain
        for dimension, domain in dimensions.items()
        if (own := of_trainer(dict.fromkeys(names_of(dimension)))) and all(map(known.count, own))
    }
    varied = dict(by_parameter(mine))
    fine = {name: value for name, value in fixed.items() if name in known}
    wrong = _rules_broken(trainer.Config, {**fine, **_point(mine, 0)})
    for name, rule in wrong.items():
        if name and name not in varied:
            problems.append(Problem(f"params.{name}", rule, fine.pop(name, None)))
    points = _points(trainer.Config, fine, mine)
    broken = [_rules_broken(trainer.Config, point).get("") for point in points]
    if all(broken) and broken[0]:
        problems.append(Problem("space" if mine else "params", broken[0]))
        return
    problems += _not_read_back(spec, trainer, points)
    for dimension, domain in mine.items():
        problem = next(_wrong_values(spec, trainer, dimension, domain, points), None)
        if problem:
            problems.append(problem)
    if not problems:
        problems += _wrong_steps(spec, trainer, fixed, varied)


def check_reference(
    spec: SweepSpec, trainer: TrainerDescription, fixed: dict[str, Any], problems: list[Problem]
) -> None:
    """The controls' reference: parameters that the trainer has, and episodes to succeed in."""
    reference = spec.controls.reference
    if reference is None:
        return
    where, known = "controls.reference.params", parameter_names(trainer.Config)
    params = dict(flat_items(reference.params, known))
    for name in params:
        if name not in known:
            rule = f"not a parameter of {spec.trainer}"
            problems.append(Problem(f"{where}.{name}", rule, name, nearest(name, known)))
    mine = {name: value for name, value in {**fixed, **params}.items() if name in known}
    for name, rule in _rules_broken(trainer.Config, mine).items():
        if name in params or not name:
            problems.append(Problem(f"{where}.{name}".rstrip("."), rule, params.get(name)))
    if mine.get("rollouts") == 0:
        problems.append(Problem(where, "has no episodes to succeed in", "rollouts: 0", "10"))


def _not_read_back(
    spec: SweepSpec, trainer: TrainerDescription, points: list[dict[str, Any]]
) -> Iterator[Problem]:
    """A configuration is sent to a worker as it dumps itself; whether that gives the same one."""
    if not issubclass(trainer.Config, TrainerConfig):
        return  # a command is sent words, a trainer that is only recorded is sent nothing
    for point in points:
        try:
            config = trainer.Config(**nested(point))
        except ValidationError:
            continue
        dumped = flat(config.model_dump(mode="json"))
        broken = _rules_broken(trainer.Config, dumped)
        if not broken and trainer.Config(**nested(dumped)) == config:
            continue
        name = next(iter(broken), "") or next(
            (n for n, v in flat(dict(config)).items() if dumped.get(n) != v), "params"
        )
        rule = "is not read back as it was dumped"
        yield Problem(f"{spec.trainer}.Config.{name}", rule, valid="a field of plain data")
        return


def _point(dimensions: Mapping[str, Domain], end: int) -> dict[str, Any]:
    return of_trainer(expanded({n: domain.extremes()[end] for n, domain in dimensions.items()}))


def _points(
    config: type[Params], fixed: dict[str, Any], dimensions: dict[str, Domain]
) -> list[dict[str, Any]]:
    """Points to look at: one with the defaults of what varies, where it has some, and two ends."""
    first = _point(dimensions, 0)
    needed = {name: value for name, value in first.items() if _field(config, name).is_required()}
    return [{**fixed, **needed}, {**fixed, **first}, {**fixed, **_point(dimensions, -1)}]


def _field(config: type[BaseModel], name: str) -> FieldInfo:
    first, _, rest = name.partition(".")
    field = config.model_fields[first]
    inner = field.annotation
    if rest and isinstance(inner, type) and issubclass(inner, BaseModel):
        return _field(inner, rest)
    return field


def _wrong_values(
    spec: SweepSpec,
    trainer: TrainerDescription,
    dimension: str,
    domain: Domain,
    points: list[dict[str, Any]],
) -> Iterator[Problem]:
    """Values that no point takes, and values that train what another one of the list trains."""
    where, seen = f"space.{dimension}", dict[str, Any]()
    for value in domain.extremes():
        own = of_trainer(expanded({dimension: value}))
        broken = [_rules_broken(trainer.Config, {**points[0], **own})]
        rule = next((rule for name, rule in broken[0].items() if name in own), "")
        if broken[0] and not rule:
            broken += [_rules_broken(trainer.Config, {**p, **own}) for p in points[1:]]
        if all(broken):
            if rule or not all(_rules_broken(trainer.Config, p) for p in points):
                rule = rule or next(iter(broken[0].values()))
                yield Problem(where, f"{rule} ({domain})", value)
            continue
        if not domain.kind.listed or any(map(is_of_data, names_of(dimension))):
            continue
        for name, text in own.items():
            if _looks_like_a_number(spec, trainer, name, text):
                yield Problem(where, "is text that looks like a number", text, text)
        other = seen.setdefault(_trained(spec, trainer, {**points[0], **own}), value)
        if other is not value and all(
            _trained(spec, trainer, {**point, **own})
            == _trained(spec, trainer, {**point, **expanded({dimension: other})})
            for point in points[1:]
        ):
            rule = f"lists two values that train the same, {other!r} and {value!r}"
            yield Problem(where, rule, valid="one of them")


def _looks_like_a_number(
    spec: SweepSpec, trainer: TrainerDescription, name: str, value: Any
) -> bool:
    number = isinstance(value, str) and NUMBER.fullmatch(value)
    return bool(number) and not _is_text(spec, trainer, name, value)


def _trained(spec: SweepSpec, trainer: TrainerDescription, point: Mapping[str, Any]) -> str:
    """The point as it is trained with, as JSON text; empty where the trainer refuses it."""
    try:
        config = trainer.Config(**nested(point))
    except ValidationError:
        return ""
    if spec.command and not spec.command.config:
        params = flat(config.model_dump(mode="json"))
        return json.dumps({name: as_text(value) for name, value in params.items()})
    return config.model_dump_json()


def _is_text(spec: SweepSpec, trainer: TrainerDescription, name: str, value: str) -> bool:
    """Whether the trainer keeps it as text; a command keeps everything as it is."""
    if spec.command is not None:
        return False
    try:
        kept = TypeAdapter(_field(trainer.Config, name).annotation or Any).validate_python(value)
    except ValidationError:
        return True
    return bool(kept == value)


def _wrong_steps(
    spec: SweepSpec, trainer: TrainerDescription, fixed: dict[str, Any], space: dict[str, Domain]
) -> Iterator[Problem]:
    default = trainer.Config.model_fields["steps"].default
    ends = space["steps"].extremes() if "steps" in space else [fixed.get("steps", default)]
    longest = max(map(int, ends))
    where = "space.steps" if "steps" in space else "params.steps"
    if longest > MAX_STEP:
        many = f"a number of {len(str(longest))} digits"
        yield Problem(where, "steps are not counted so far", many, f"at most {MAX_STEP}")
    scheduler = spec.scheduler
    name = "grace_steps" if scheduler.grace_reports is None else "grace_reports"
    if scheduler.type != "none" and getattr(scheduler, name) > longest:
        rule = f"{scheduler.type} would never act: a training has {longest} steps"
        yield Problem(f"scheduler.{name}", rule, getattr(scheduler, name), f"up to {longest}")
    if scheduler.type == "pbt" and scheduler.grace_reports is not None:
        yield Problem(f"scheduler.{name}", "is of asha and median", valid="grace_steps")


def _rules_broken(config: type[Params], params: Mapping[str, Any]) -> dict[str, str]:
    """Dotted name to the rule it breaks; the empty name for rules over several."""
    try:
        config(**nested(params))
    except ValidationError as error:
        found = {}
        for item in error.errors():
            if item["type"] == "default_factory_not_called":
                continue  # it only follows from another parameter's mistake
            name = ".".join(str(part) for part in item["loc"])
            name = next(
                (known for known in params if name == known or name.startswith(known + ".")), name
            )
            found[name] = "; valid: ".join(filter(None, told(item)))
        return found
    return {}


def parameter_names(config: type[BaseModel], prefix: str = "") -> list[str]:
    """Every parameter by dotted name, groups opened."""
    names = []
    for name, info in config.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            names += parameter_names(inner, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names
