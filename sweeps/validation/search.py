"""What of a spec's search, scheduler, space and objectives does not go together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ilsweep.analysis.records.joint import is_joint, joined, names_of
from ilsweep.sweeps.errors import Problem, nearest
from ilsweep.sweeps.spec.domains import Domain, DomainError, points_of
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.params import is_of_data

PARETO = ("nsgaii", "tpe")
"""Samplers that take several objectives."""


SMALL_GRID = 20
"""A grid of so many points is trained whole where nothing else is said: twice the default number of
configurations."""


def with_algorithm(spec: SweepSpec, dimensions: Mapping[str, Domain]) -> SweepSpec:
    """The spec with the algorithm that it means, so that a sweep's folder says which one it was."""
    if spec.search.algorithm is not None:
        return spec
    algorithm = "grid" if _is_small_grid(spec, dimensions) else "optuna"
    search = spec.search.model_copy(update={"algorithm": algorithm})
    return spec.model_copy(update={"search": search})


FINALISTS = 8
"""Configurations of a search by Optuna that are raced at its end."""


def with_finalists(spec: SweepSpec) -> SweepSpec:
    """The spec with the finalists that its race means."""
    race = spec.race
    if race is None or race.finalists is not None or spec.search.algorithm != "optuna":
        return spec
    return spec.model_copy(update={"seeds": race.model_copy(update={"finalists": FINALISTS})})


def _is_small_grid(spec: SweepSpec, dimensions: Mapping[str, Domain]) -> bool:
    searched = "sampler" in spec.search.model_fields_set or spec.scheduler.type == "pbt"
    if searched or not dimensions or not all(domain.kind.listed for domain in dimensions.values()):
        return False
    wanted = spec.search.num_trials
    most = SMALL_GRID if wanted is None else wanted
    named = wanted is None and any(domain.name == "grid_search" for domain in dimensions.values())
    return named or (points_of(dimensions) or 0) <= most


def search_problems(spec: SweepSpec, dimensions: Mapping[str, Domain]) -> Iterator[Problem]:
    """Every mistake, section by section."""
    if "space" in spec.model_fields_set and not spec.space:
        yield Problem("space", "is empty", valid="ot.reg: {choice: [0.15, 1.0]}")
    if not spec.objectives:
        yield Problem("objective", "is empty", valid="{metric: ..., mode: min}")
    if spec.search.algorithm == "grid":
        yield from _wrong_for_a_grid(spec, dimensions)
    if spec.search.algorithm == "optuna":
        yield from _wrong_for_optuna(spec, dimensions)
    elif "sampler" in spec.search.model_fields_set:
        yield Problem("search.sampler", "goes with algorithm: optuna", spec.search.sampler)
    if spec.race is not None:
        yield from _wrong_for_a_race(spec)
    if spec.scheduler.type == "pbt":
        yield from _wrong_for_a_population(spec, dimensions)


def _wrong_for_a_grid(spec: SweepSpec, dimensions: Mapping[str, Domain]) -> Iterator[Problem]:
    for name, domain in dimensions.items():
        if not domain.kind.listed:
            valid = "choice: [..], or algorithm: optuna"
            yield Problem(f"space.{name}", "a grid needs a list", str(domain), valid)
    number, points = spec.search.num_trials, points_of(dimensions)
    if number is not None and points is not None and number < points:
        rule = f"a grid has its own number, {points}"
        valid = "leave it out, or algorithm: optuna"
        yield Problem("search.num_trials", rule, number, valid)


def _wrong_for_optuna(spec: SweepSpec, dimensions: Mapping[str, Domain]) -> Iterator[Problem]:
    for name, domain in dimensions.items():
        if domain.name == "grid_search":
            rule = "grid_search goes with algorithm: grid or random"
            yield Problem(f"space.{name}", rule, str(domain), "choice: [..]")
    sampler = spec.search.sampler
    if len(spec.objectives) > 1 and sampler not in PARETO:
        rule = "cannot take several objectives"
        yield Problem("search.sampler", rule, sampler, " or ".join(PARETO))


def _wrong_for_a_race(spec: SweepSpec) -> Iterator[Problem]:
    listed = "a list, as seeds: [0, 1, 2]"
    if len(spec.objectives) > 1:
        yield Problem("seeds", "a race has one objective", len(spec.objectives), listed)
    if spec.scheduler.type == "pbt":
        rule = "pbt makes other settings of a configuration's seeds, which cannot be raced"
        yield Problem("seeds", rule, "a race", f"{listed}, or another scheduler")


def _wrong_for_a_population(spec: SweepSpec, dimensions: Mapping[str, Domain]) -> Iterator[Problem]:
    if spec.search.algorithm == "grid":
        rule = "pbt changes parameters while training"
        yield Problem("scheduler.type", rule, "pbt", "algorithm: random or optuna")
    if any(map(is_of_data, spec.varied)):
        yield Problem("scheduler.type", "pbt cannot vary the data", "pbt", "asha")
    for dimension in filter(is_joint, dimensions):
        rule = "pbt changes each parameter alone"
        yield Problem("scheduler.type", f"{rule}, and {dimension} vary together", "pbt", "asha")


def configurations(spec: SweepSpec, dimensions: dict[str, Domain]) -> tuple[int, int]:
    """How many configurations are trained, and how many were asked for.

    No space holds more than its points. Where `grid_search` goes with random draws, each of its
    points gets so many.
    """
    if not dimensions:
        return 1, 1
    points = points_of(dimensions)
    if spec.search.algorithm == "grid":
        whole = points or 1  # a domain without a number of values has been refused
        return whole, max(whole, spec.search.num_trials or 0)
    each = spec.search.num_trials or 10
    if spec.search.algorithm == "random":
        each *= math.prod(len(d.values) for d in dimensions.values() if d.name == "grid_search")
    return each if points is None else min(each, points), each


def check_warm_start(
    spec: SweepSpec, dimensions: dict[str, Domain], problems: list[Problem]
) -> None:
    """Points to begin with lie in the space."""
    for i, point in enumerate(spec.warm_start):
        for name in point:
            if name not in spec.varied:
                where, valid = f"warm_start.{i}.{name}", nearest(name, spec.varied)
                problems.append(Problem(where, "not in the space", name, valid))
        given = joined(point, dimensions)
        for dimension in filter(is_joint, dimensions):
            if dimension not in given and any(name in point for name in names_of(dimension)):
                rule = f"{dimension} vary together: all of them, or none"
                problems.append(Problem(f"warm_start.{i}", rule, dict(point)))
        for dimension, value in given.items():
            try:
                dimensions[dimension].raw(value)
            except (DomainError, TypeError):
                where, valid = f"warm_start.{i}.{dimension}", str(dimensions[dimension])
                problems.append(Problem(where, "lies outside the space", value, valid))
