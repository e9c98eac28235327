"""The part of a spec that names demonstrations, and whether the trainer can learn from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ilsweep.analysis.records.joint import expanded
from ilsweep.sweeps.errors import Problem, looked_for, nearest
from ilsweep.sweeps.spec.description import TrainerDescription
from ilsweep.sweeps.spec.domains import Domain, by_parameter
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.params import nested, of_data, of_trainer
from ilsweep.sweeps.validation.metrics import missing
from ilsweep.sweeps.validation.words import told
from ilsweep.trainers.data.lerobot.config import LeRobotDataConfig
from ilsweep.trainers.data.lerobot.layout import layout, unfit
from ilsweep.trainers.data.mistakes import UnusableData
from ilsweep.trainers.data.source import DataSource
from ilsweep.trainers.data.sources import UnknownSource, is_own, kind_of


def source_of(
    spec: SweepSpec, trainer: TrainerDescription, problems: list[Problem], foreign: bool
) -> type[DataSource] | None:
    """The source of a trainer's demonstrations.

    With `foreign`, one of the user's own is not looked for, and nothing is known of it.
    """
    if not trainer.needs_data or (foreign and is_own(spec.data)):
        return None
    try:
        return kind_of(spec.data)
    except UnknownSource as error:
        problems.append(Problem("data.source", error.rule, spec.data.get("source"), error.valid))
        return None


def with_data_defaults(
    spec: SweepSpec, trainer: TrainerDescription, source: type[DataSource] | None
) -> SweepSpec:
    """The spec with its trainer's defaults for the demonstrations."""
    known = source.model_fields if source else ()
    defaults = {
        name: value
        for name, value in trainer.data_defaults.items()
        if name in known and f"data.{name}" not in spec.varied
    }
    if defaults.keys() <= spec.data.keys():
        return spec
    return spec.model_copy(update={"data": {**defaults, **spec.data}})


def check_data(
    spec: SweepSpec,
    trainer: TrainerDescription,
    source: type[DataSource] | None,
    dimensions: dict[str, Domain],
    problems: list[Problem],
    here: bool,
) -> DataSource | None:
    """The demonstrations of a spec; with `here`, a data set is looked at."""
    varied = of_data(dict(by_parameter(dimensions)))
    if not trainer.needs_data:
        if spec.data or varied:
            given = ", ".join([*map(str, spec.data), *varied])
            problems.append(Problem("data", f"{spec.trainer} takes none", given, "leave it out"))
        return None
    if source is None:
        return None
    points = [("data", dict(spec.data))]
    values = [{n: value} for n, domain in dimensions.items() for value in domain.extremes()]
    owns = filter(None, (of_data(expanded(value)) for value in values))
    points += [("space.data", {**spec.data, **own}) for own in owns]
    wrong: dict[str, Problem] = {}
    for where, point in points:
        for key, problem in _point_problems(source, where, point, here):
            wrong.setdefault(key, problem)
    problems += wrong.values()
    return None if wrong else source.model_validate(points[0][1])


def _point_problems(
    kind: type[DataSource], where: str, point: dict[str, Any], here: bool
) -> Iterator[tuple[str, Problem]]:
    """What is wrong with one choice of demonstrations, by key."""
    try:
        config = kind.model_validate(point)
        if not here:
            return
        if lacking := config.missing():
            raise UnusableData(*lacking)
        if isinstance(config, LeRobotDataConfig):
            layout(config)
    except ValidationError as error:
        for item in error.errors():
            if item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]:
                continue  # it only follows from another entry's mistake
            key = ".".join(map(str, item["loc"]))
            yield key, _problem(kind, f"{where}.{key}".rstrip("."), key, item)
    except UnusableData as error:
        for key, rule, value, valid in error.mistakes:
            known = valid or (looked_for() if key == "root" else "")
            yield key, Problem(f"{where}.{key}", rule, value, known)


MISSING = {
    "root": "a folder with meta/info.json in it",
    "env": "env: {id: AN ID OF GYMNASIUM}",
    "env.id": "an id of gymnasium, or module:callable",
    "expert": "module:callable",
}
"""What must be said, and how."""


def _fields_beside(kind: type[BaseModel], place: tuple[str | int, ...]) -> Iterable[str]:
    """The fields that may stand where one does that is unknown."""
    for part in place[:-1]:
        field = kind.model_fields.get(str(part))
        inner = _models_in(field.annotation) if field else []
        kind = inner[0] if inner else kind
    return kind.model_fields


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _problem(kind: type[DataSource], where: str, key: str, item: Any) -> Problem:
    if item["type"] == "extra_forbidden":
        last = str(item["loc"][-1])
        return Problem(where, "unknown key", last, nearest(last, _fields_beside(kind, item["loc"])))
    if item["type"] == "missing":
        return Problem(where, "is missing", valid=MISSING.get(key, ""))
    rule, valid = told(item)
    return Problem(where, rule, item["input"], valid)


def check_fit(
    spec: SweepSpec,
    trainer: TrainerDescription,
    fixed: dict[str, Any],
    dimensions: dict[str, Domain],
    data: DataSource,
    problems: list[Problem],
) -> None:
    """Mistakes of the trainer's configuration against the data's."""
    found: dict[str, Problem] = {}
    space = spec.varied
    for end in (0, -1):
        point = of_trainer(expanded({n: d.extremes()[end] for n, d in dimensions.items()}))
        try:
            config = trainer.Config(**nested({**fixed, **point}))
        except ValidationError:  # ends that do not go together; each alone has been checked
            continue
        for problem in missing(spec, trainer.metrics_need, config, data):
            found.setdefault(str(problem.value), problem)
        for line in trainer.check(config, data):
            key, _, rule = line.partition(": ")
            own = key.partition(".")[0] in type(config).model_fields
            where = _place(key, space) if own else key
            found[where] = Problem(where, rule)
        control = getattr(config, "control", None)
        if control not in (None, *data.controls):
            where = _place("control", space)
            rule = "not a way to command the data's robot"
            found[where] = Problem(where, rule, control, ", ".join(data.controls))
        for key, rule, value, valid in unfit(config, data):
            where = _place(key, space)
            found[where] = Problem(where, rule, value, valid)
    problems += found.values()


def _place(name: str, space: Iterable[str]) -> str:
    """Where a spec says a parameter of the trainer."""
    return f"{'space' if name in space else 'params'}.{name}"
