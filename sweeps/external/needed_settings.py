"""Objectives that a ready command logs only with a setting that is off."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from ilsweep.sweeps.errors import Problem
from ilsweep.sweeps.external.adapters.base import Adapter
from ilsweep.sweeps.external.json_config import read_config
from ilsweep.sweeps.external.recipe import Recipe
from ilsweep.sweeps.spec.command import Command
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.params import flat

OFF = (None, "", "0", 0, "null", "None")
"""Values of a setting that switch it off."""


def never_logged(
    spec: SweepSpec, command: Command, adapter: Adapter, recipe: Recipe
) -> Iterator[Problem]:
    """Objectives that the script logs only with a setting that neither spec nor configuration has.

    One that varies is taken to be on.
    """
    said: dict[str, object] = flat(read_config(Path(command.config))) if command.config else {}
    for i, word in enumerate(recipe.words):
        key, equals, text = word.removeprefix("--").partition("=")
        said[key] = text if equals else "".join(recipe.words[i + 1 : i + 2])
    if said.get("config_path", "{config}") != "{config}":
        return  # a configuration that is not read here
    given = spec.fixed
    for objective in spec.objectives:
        for pattern, (name, valid) in adapter.metrics_need.items():
            value = said.get(name)
            value = given.get(str(value).strip("{}"), value)
            if fnmatchcase(objective.metric, pattern) and value in OFF:
                rule = f"is logged only with {name} of {spec.trainer}"
                yield Problem("objective.metric", rule, objective.metric, valid)
