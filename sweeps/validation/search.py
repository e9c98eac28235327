"""What of a spec's search, scheduler, space and objectives does not go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ilsweep.sweeps.errors import Problem
from ilsweep.sweeps.spec.domains import Domain, points_of
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.params import is_of_data

PARETO = ("nsgaii", "tpe")
"""Samplers that take several objectives."""


SMALL_GRID = 20
"""A grid of so many points is trained whole where nothing else is said: twice the default number of
configurations."""


def with_algorithm(spec: SweepSpec, space: Mapping[str, Domain]) -> SweepSpec:
    """The spec with the algorithm that it means, so that a sweep's folder says which one it was."""
    if spec.search.algorithm is not None:
        return spec
    algorithm = "grid" if _is_small_grid(spec, space) else "optuna"
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


def _is_small_grid(spec: SweepSpec, space: Mapping[str, Domain]) -> bool:
    searched = "sampler" in spec.search.model_fields_set or spec.scheduler.type == "pbt"
    if searched or not space or not all(domain.kind.listed for domain in space.values()):
        return False
    wanted = spec.search.num_trials
    most = SMALL_GRID if wanted is None else wanted
    named = wanted is None and any(domain.name == "grid_search" for domain in space.values())
    return named or (points_of(space) or 0) <= most


def search_problems(spec: SweepSpec, space: Mapping[str, Domain]) -> Iterator[Problem]:
    """Every mistake, section by section."""
    if "space" in spec.model_fields_set and not spec.space:
        yield Problem("space", "is empty", valid="ot.reg: {choice: [0.15, 1.0]}")
    if not spec.objectives:
        yield Problem("objective", "is empty", valid="{metric: ..., mode: min}")
    if spec.search.algorithm == "grid":
        yield from _wrong_for_a_grid(spec, space)
    if spec.search.algorithm == "optuna":
        yield from _wrong_for_optuna(spec, space)
    elif "sampler" in spec.search.model_fields_set:
        yield Problem("search.sampler", "goes with algorithm: optuna", spec.search.sampler)
    if spec.race is not None:
        yield from _wrong_for_a_race(spec)
    if spec.scheduler.type == "pbt":
        yield from _wrong_for_a_population(spec, space)


def _wrong_for_a_grid(spec: SweepSpec, space: Mapping[str, Domain]) -> Iterator[Problem]:
    for name, domain in space.items():
        if not domain.kind.listed:
            valid = "choice: [..], or algorithm: optuna"
            yield Problem(f"space.{name}", "a grid needs a list", str(domain), valid)
    number, points = spec.search.num_trials, points_of(space)
    if number is not None and points is not None and number < points:
        rule = f"a grid has its own number, {points}"
        valid = "leave it out, or algorithm: optuna"
        yield Problem("search.num_trials", rule, number, valid)


def _wrong_for_optuna(spec: SweepSpec, space: Mapping[str, Domain]) -> Iterator[Problem]:
    for name, domain in space.items():
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


def _wrong_for_a_population(spec: SweepSpec, space: Mapping[str, Domain]) -> Iterator[Problem]:
    if spec.search.algorithm == "grid":
        rule = "pbt changes parameters while training"
        yield Problem("scheduler.type", rule, "pbt", "algorithm: random or optuna")
    if any(map(is_of_data, space)):
        yield Problem("scheduler.type", "pbt cannot vary the data", "pbt", "asha")
