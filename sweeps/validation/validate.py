"""A spec checked as a whole, before anything runs: a plan, or every mistake at once.

Neither ray nor torch is imported here, so that checking takes a fraction of a second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ilsweep.analysis.findings.thresholds import THRESHOLDS, unknown_thresholds
from ilsweep.sweeps.errors import Problem, SpecError, nearest, secret
from ilsweep.sweeps.external.registry import COMMANDS, absolute, bind
from ilsweep.sweeps.metrics import grouped
from ilsweep.sweeps.processes.machine import joined
from ilsweep.sweeps.security.secrets import secrets_in
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.command import Command, End, MetricSource, Resume
from ilsweep.sweeps.spec.domains import Domain, DomainError, parse_domain
from ilsweep.sweeps.spec.model import (
    ControlsSection,
    Hypothesis,
    Limits,
    Objective,
    Plan,
    Reference,
    Resources,
    Scheduler,
    Search,
    SweepSpec,
    Wandb,
    flat,
)
from ilsweep.sweeps.validation.data import check_data, check_fit, source_of, with_data_defaults
from ilsweep.sweeps.validation.parameters import (
    check_parameters,
    check_reference,
    check_warm_start,
    configurations,
    fixed_parameters,
    parameter_names,
)
from ilsweep.sweeps.validation.resources import lacking
from ilsweep.trainers.core.contract import TrainerSpec
from ilsweep.trainers.core.registry import UnknownTrainer, find

MAX_TRIALS = 10_000
PATHS = {"command": ("cwd", "environment", "config"), "data": ("root",)}
"""Keys of a spec that are paths, by their section."""


def load_spec(path: Path, overrides: list[str] | None = None, *, elsewhere: bool = False) -> Plan:
    """A spec from a file, with `--set path=value` applied, checked.

    With `elsewhere`, or where RAY_ADDRESS names a cluster, other machines train than this one.

    Raises:
        SpecError: every mistake in it.
    """
    return check(read_spec(path, overrides), here=not (elsewhere or joined()))


def read_spec(path: Path, overrides: list[str] | None = None) -> dict[str, Any]:
    """A spec's file as plain data, its paths absolute.

    Raises:
        SpecError: it cannot be read, or is no mapping.
    """
    data = yamlio.read(path)
    if not isinstance(data, dict):
        raise SpecError([Problem(str(path), "must be a mapping of keys", data, "name: my-sweep")])
    for text in overrides or []:
        _override(data, text)
    for section, keys in PATHS.items():
        if isinstance(data.get(section), dict):
            data[section] = absolute(data[section], keys, path.resolve().parent)
    return data


def _override(data: dict[str, Any], text: str) -> None:
    path, equals, value_text = text.partition("=")
    if not equals or not path:
        raise SpecError([Problem("--set", "takes path=value", text, "params.steps=500")])
    value = yamlio.parse(value_text, f"--set {path}")
    section, _, rest = path.partition(".")
    if not rest:
        data[section] = value
        return
    if section in ("params", "space", "thresholds"):
        entries = flat(data.get(section) or {}) if section == "params" else data.get(section) or {}
        data[section] = {**entries, rest: value}
        return
    inner = data
    for key in path.split(".")[:-1]:
        if not isinstance(inner.get(key), dict):
            inner[key] = {}
        inner = inner[key]
    inner[path.split(".")[-1]] = value


def check(
    data: Mapping[Any, Any],
    *,
    here: bool = False,
    trainer: type[TrainerSpec] | None = None,
    foreign: bool = False,
) -> Plan:
    """Plain data to a plan; with `here`, this machine has to have the command and the resources.

    With `trainer`, that one stands for the spec's, which is not looked for; with `foreign`, nor is
    a source of demonstrations that is none of ours.

    Raises:
        SpecError: every mistake, not only the first.
    """
    problems = [secret(where, why) for where, why in secrets_in(data, os.environ)]
    try:
        spec = SweepSpec.model_validate(dict(data))
    except ValidationError as error:
        problems += section_problems(error)
        spec = _what_is_sound(data, error)
    if trainer is None and spec.trainer:
        trainer = _trainer(spec, problems, here)
    source = source_of(spec, trainer, problems, foreign) if trainer else None
    spec = with_data_defaults(spec, trainer, source) if trainer else spec
    space = dict(_domains(spec, problems))
    fixed = fixed_parameters(spec, problems)
    if trainer:
        check_parameters(spec, trainer, fixed, space, problems)
        check_reference(spec, trainer, fixed, problems)
        _check_metrics(spec, trainer, problems)
        demonstrations = check_data(spec, trainer, source, space, problems, here)
        if demonstrations and not problems:
            check_fit(spec, trainer, fixed, space, demonstrations, problems)
    _check_thresholds(spec, problems)
    _check_search(spec, space, problems)
    count, asked = configurations(spec, space)
    total = count * len(spec.seeds)
    if total > MAX_TRIALS:
        problems.append(Problem("space", "means too many trials", total, f"at most {MAX_TRIALS}"))
    check_warm_start(spec, space, problems)
    if here:
        problems += lacking(spec.resources)
    if not spec.trainer and not problems:
        problems.append(Problem("trainer", "is missing", valid=_example(["trainer"])))
    if problems or trainer is None:
        raise SpecError(problems)
    return Plan(spec, trainer, fixed, space, count, asked, spec.warm_start)


def section_problems(error: ValidationError) -> Iterator[Problem]:
    """What a spec's model refuses, each by its place."""
    for item in error.errors():
        path = [str(part) for part in item["loc"] if not _union_tag(part)]
        where = ".".join(path)
        if item["type"] == "extra_forbidden":
            yield Problem(where, "unknown key", path[-1], nearest(path[-1], _keys_at(path[:-1])))
        elif item["type"] == "missing":
            yield Problem(where, "is missing", valid=_example(path))
        else:
            message = item["msg"].removeprefix("Value error, ")
            yield Problem(where or "spec", message[0].lower() + message[1:], item["input"])


def _union_tag(part: object) -> bool:
    return isinstance(part, str) and (part == "Objective" or part.startswith("list["))


def _keys_at(path: list[str]) -> list[str]:
    model: Any = SweepSpec
    sections = {
        "objective": Objective, "search": Search, "scheduler": Scheduler,
        "resources": Resources, "limits": Limits, "hypotheses": Hypothesis, "wandb": Wandb,
        "controls": ControlsSection, "reference": Reference,
        "command": Command, "metrics": MetricSource, "end": End, "resume": Resume,
    }  # fmt: skip
    for part in path:
        model = sections.get(part, model)
    return list(model.model_fields)


def _example(path: list[str]) -> str:
    examples = {"name": "my-sweep", "trainer": "act_ot", "metric": "eval/offline_eval/avg_l1",
                "mode": "min or max", "expect": "increase, decrease or no_effect"}  # fmt: skip
    return examples.get(path[-1], "")


def _what_is_sound(data: Mapping[Any, Any], error: ValidationError) -> SweepSpec:
    """The spec without its broken parts, so that the rest can be checked in the same go."""
    broken = {item["loc"][0] for item in error.errors() if item["loc"]}
    sound = {key: value for key, value in data.items() if key not in broken}
    return SweepSpec.model_validate({"name": "unnamed", "trainer": "", **sound})


def _trainer(spec: SweepSpec, problems: list[Problem], here: bool) -> type[TrainerSpec] | None:
    if spec.trainer in COMMANDS:
        broken = any(problem.where.split(".")[0] == "command" for problem in problems)
        return None if broken else bind(spec, problems, here=here)
    if spec.command is not None:
        valid = ", ".join(COMMANDS)
        problems.append(Problem("command", f"is not for {spec.trainer}", valid=f"trainer: {valid}"))
    try:
        return find(spec.trainer)
    except UnknownTrainer as error:
        problems.append(Problem("trainer", f"{error}, or a command: {', '.join(COMMANDS)}"))
        return None


def _domains(spec: SweepSpec, problems: list[Problem]) -> Iterator[tuple[str, Domain]]:
    for name, text in spec.space.items():
        try:
            yield str(name), parse_domain(text)
        except DomainError as error:
            problems.append(Problem(f"space.{name}", error.rule, error.value, error.valid))


def _check_metrics(spec: SweepSpec, trainer: type[TrainerSpec], problems: list[Problem]) -> None:
    asked = [("objective.metric", objective.metric) for objective in spec.objectives]
    asked += [(f"hypotheses.{i}.metric", h.metric) for i, h in enumerate(spec.hypotheses)]
    recorded = [name for pattern in trainer.metrics for name in grouped(pattern)]
    for where, metric in asked:
        if "/" not in metric:
            found = ["train/loss"] if not metric else recorded or grouped(metric)
            valid = nearest(metric, found) or ", ".join(found)
            problems.append(Problem(where, "a metric's name is GROUP/NAME", metric, valid))
    if not recorded:
        return
    for where, metric in asked:
        if "/" in metric and not any(fnmatchcase(metric, pattern) for pattern in recorded):
            valid = nearest(metric, recorded)
            problems.append(Problem(where, f"not a metric of {spec.trainer}", metric, valid))
    known = {*parameter_names(trainer.Config), *spec.space}
    for i, hypothesis in enumerate(spec.hypotheses):
        if hypothesis.param not in known:
            valid = nearest(hypothesis.param, known)
            where = f"hypotheses.{i}.param"
            problems.append(
                Problem(where, f"not a parameter of {spec.trainer}", hypothesis.param, valid)
            )


def _check_thresholds(spec: SweepSpec, problems: list[Problem]) -> None:
    for name in unknown_thresholds(spec.thresholds):
        valid = nearest(name, THRESHOLDS)
        problems.append(Problem(f"thresholds.{name}", "no such threshold", name, valid))


def _check_search(spec: SweepSpec, space: dict[str, Domain], problems: list[Problem]) -> None:
    if "space" in spec.model_fields_set and not spec.space:
        problems.append(Problem("space", "is empty", valid="ot.reg: {choice: [0.15, 1.0]}"))
    several = len(spec.objectives) > 1
    search, scheduler = spec.search, spec.scheduler
    if search.algorithm != "optuna" and "sampler" in search.model_fields_set:
        problems.append(Problem("search.sampler", "goes with algorithm: optuna", search.sampler))
    if search.algorithm == "grid":
        for name, domain in space.items():
            if not domain.kind.listed:
                valid = "grid_search: [..] or choice: [..]"
                problems.append(Problem(f"space.{name}", "a grid needs a list", str(domain), valid))
        if search.num_trials is not None:
            problems.append(
                Problem(
                    "search.num_trials",
                    "a grid has its own number",
                    search.num_trials,
                    "leave it out",
                )
            )
    elif search.algorithm == "optuna":
        for name, domain in space.items():
            if domain.name == "grid_search":
                problems.append(
                    Problem(
                        f"space.{name}",
                        "grid_search goes with algorithm: grid or random",
                        str(domain),
                        "choice: [..]",
                    )
                )
        if several and search.sampler not in ("nsgaii", "tpe"):
            problems.append(
                Problem(
                    "search.sampler",
                    "cannot take several objectives",
                    search.sampler,
                    "nsgaii or tpe",
                )
            )
    if not spec.objectives:
        problems.append(Problem("objective", "is empty", valid="{metric: ..., mode: min}"))
    if scheduler.type == "pbt" and search.algorithm == "grid":
        problems.append(
            Problem(
                "scheduler.type",
                "pbt changes parameters while training",
                "pbt",
                "algorithm: random or optuna",
            )
        )
    if scheduler.type == "pbt" and any(name.startswith("data.") for name in space):
        problems.append(Problem("scheduler.type", "pbt cannot vary the data", "pbt", "asha"))
