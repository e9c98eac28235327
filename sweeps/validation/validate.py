"""A spec checked as a whole, before anything runs: a plan, or every mistake at once.

Neither ray nor torch is imported here, so that checking takes a fraction of a second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ilsweep.analysis.findings.thresholds import THRESHOLDS, unknown_thresholds
from ilsweep.analysis.metrics.metric import Metric
from ilsweep.analysis.records.joint import names_of
from ilsweep.sweeps.errors import Problem, SpecError, nearest, secret
from ilsweep.sweeps.external.registry import COMMANDS
from ilsweep.sweeps.external.validate import check_command
from ilsweep.sweeps.processes.machine import joined
from ilsweep.sweeps.security.secrets import secrets_in
from ilsweep.sweeps.spec.command import FOREIGN
from ilsweep.sweeps.spec.description import TrainerDescription, description_of
from ilsweep.sweeps.spec.domain_form import parse_dimension
from ilsweep.sweeps.spec.domains import Domain, DomainError
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.validation.data import check_data, check_fit, source_of, with_data_defaults
from ilsweep.sweeps.validation.metrics import metric_problems, metrics_of
from ilsweep.sweeps.validation.parameters import (
    check_parameters,
    check_reference,
    fixed_parameters,
    parameter_names,
)
from ilsweep.sweeps.validation.reading import read_spec
from ilsweep.sweeps.validation.resources import lacking
from ilsweep.sweeps.validation.search import (
    check_warm_start,
    configurations,
    search_problems,
    with_algorithm,
    with_finalists,
)
from ilsweep.sweeps.validation.sections import example, section_problems
from ilsweep.trainers.core.registry import UnknownTrainer

MAX_TRIALS = 10_000


def load_spec(path: Path, overrides: list[str] | None = None, *, elsewhere: bool = False) -> Plan:
    """A spec from a file, with `--set path=value` applied, checked.

    With `elsewhere`, or where RAY_ADDRESS names a cluster, other machines train than this one.

    Raises:
        SpecError: every mistake in it.
    """
    return check(read_spec(path, overrides), here=not (elsewhere or joined()))


def check(
    data: Mapping[Any, Any],
    *,
    here: bool = False,
    trainer: TrainerDescription | None = None,
    foreign: bool = False,
) -> Plan:
    """Plain data to a plan; with `here`, this machine has to have the command and the resources.

    With `trainer`, that describes the spec's, which is not looked for; with `foreign`, nor is a
    source of demonstrations that is none of ours.

    Raises:
        SpecError: every mistake, not only the first.
    """
    problems = [secret(where, why) for where, why in secrets_in(data, os.environ)]
    try:
        spec = SweepSpec.model_validate(dict(data), context={FOREIGN: foreign})
    except ValidationError as error:
        problems += section_problems(error)
        spec = _valid_part(data, error, foreign)
    if trainer is None and spec.trainer:
        trainer = _trainer(spec, problems, here)
    source = source_of(spec, trainer, problems, foreign) if trainer else None
    spec = with_data_defaults(spec, trainer, source) if trainer else spec
    dimensions = dict(_domains(spec, problems))
    spec = with_finalists(with_algorithm(spec, dimensions))
    known = parameter_names(trainer.Config) if trainer else ()
    fixed = fixed_parameters(spec, known, problems)
    if trainer:
        check_parameters(spec, trainer, fixed, dimensions, problems)
        check_reference(spec, trainer, fixed, problems)
        _check_claims(spec, trainer, problems)
        demonstrations = check_data(spec, trainer, source, dimensions, problems, here)
        if demonstrations and not problems:
            check_fit(spec, trainer, fixed, dimensions, demonstrations, problems)
    _check_thresholds(spec, problems)
    problems += search_problems(spec, dimensions)
    count, requested = configurations(spec, dimensions)
    total = spec.most_trials(count)
    if total > MAX_TRIALS:
        problems.append(Problem("space", "means too many trials", total, f"at most {MAX_TRIALS}"))
    check_warm_start(spec, dimensions, problems)
    if here:
        problems += lacking(spec.resources)
    if not spec.trainer and not problems:
        problems.append(Problem("trainer", "is missing", valid=example(["trainer"])))
    if problems or trainer is None:
        raise SpecError(problems)
    return Plan(spec, trainer, fixed, dimensions, count, requested, spec.warm_start)


def _valid_part(data: Mapping[Any, Any], error: ValidationError, foreign: bool) -> SweepSpec:
    """The spec without its broken parts, so that the rest can be checked in the same go."""
    broken = {tuple(item["loc"][:2]) for item in error.errors() if item["loc"]}
    valid = dict(data)
    for section, *inside in broken:
        part = valid.pop(section, None)
        if (
            section == "objective"
            and isinstance(part, dict)
            and isinstance(part.get("metric"), str)
        ):
            valid[section] = {"metric": part["metric"], "mode": "min"}
        if section == "command" and inside and isinstance(part, dict):
            valid[section] = {key: value for key, value in part.items() if key != inside[0]}
    part = {"name": "unnamed", "trainer": "", **valid}
    return SweepSpec.model_validate(part, context={FOREIGN: foreign})


def _trainer(spec: SweepSpec, problems: list[Problem], here: bool) -> TrainerDescription | None:
    """What the spec's trainer takes; `module:NAME` beside a command is an adapter of one's own."""
    if spec.trainer in COMMANDS or (spec.command is not None and ":" in spec.trainer):
        return check_command(spec, problems, here=here)
    if spec.command is not None:
        valid = f"trainer: {', '.join(COMMANDS)}, or module:NAME of an adapter"
        problems.append(Problem("command", f"is not for {spec.trainer}", valid=valid))
    try:
        return description_of(spec.trainer)
    except UnknownTrainer as error:
        problems.append(Problem("trainer", f"{error}, or a command: {', '.join(COMMANDS)}"))
        return None


def _domains(spec: SweepSpec, problems: list[Problem]) -> Iterator[tuple[str, Domain]]:
    for name, text in spec.space.items():
        try:
            yield str(name), parse_dimension(str(name), text)
        except DomainError as error:
            problems.append(Problem(f"space.{name}", error.rule, error.value, error.valid))
    for name in filter(None, spec.varied):
        stands = [str(dimension) for dimension in spec.space if name in names_of(str(dimension))]
        if len(stands) > 1:
            problems.append(Problem(f"space.{name}", "varies twice", stands, "in one of them"))


def _check_claims(spec: SweepSpec, trainer: TrainerDescription, problems: list[Problem]) -> None:
    metrics = metrics_of(trainer)
    refused = any(
        "objective" in (problem.where.partition(".")[0], problem.valid) for problem in problems
    )
    given = "objective" in spec.model_fields_set
    for problem in metric_problems(spec, metrics):
        if given or not problem.where.startswith("objective"):
            problems.append(problem)
        elif not refused:
            problems.append(_no_objective(metrics))
    if not metrics:
        return
    known = {*parameter_names(trainer.Config), *spec.varied}
    for i, hypothesis in enumerate(spec.hypotheses):
        if hypothesis.param not in known:
            rule, valid = f"not a parameter of {spec.trainer}", nearest(hypothesis.param, known)
            problems.append(Problem(f"hypotheses.{i}.param", rule, hypothesis.param, valid))


def _no_objective(metrics: Sequence[Metric]) -> Problem:
    """The default objective is none of the trainer's metrics: one of them has to be named."""
    one = next((m for m in metrics if m.direction), Metric("train/loss", "", direction="min"))
    return Problem(
        "objective", "is missing", valid=f"{{metric: {one.name}, mode: {one.direction}}}"
    )


def _check_thresholds(spec: SweepSpec, problems: list[Problem]) -> None:
    for name in unknown_thresholds(spec.thresholds):
        valid = nearest(name, THRESHOLDS)
        problems.append(Problem(f"thresholds.{name}", "no such threshold", name, valid))
