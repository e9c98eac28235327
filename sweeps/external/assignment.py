"""What Tune hands a worker, as one trial's job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.external.job import Job, JobPaths
from ilsweep.sweeps.external.registry import recipe_of, trainer_of
from ilsweep.sweeps.external.worker import CommandHosting
from ilsweep.sweeps.spec.command import Command
from ilsweep.sweeps.spec.model import flat, nested


def command_hosting(config: Mapping[str, Any]) -> CommandHosting:
    """The command of a trial, not started yet."""
    return CommandHosting(job(config), list(config["shared"]["objectives"]))


def job(config: Mapping[str, Any]) -> Job:
    """The trial's job, from what all trials share and what is its own."""
    shared = config["shared"]
    name, command = shared["trainer"], Command.model_validate(shared["command"])
    given = {**shared["params"], **config["searched"]}
    values = trainer_of(name, command, list(given)).Config(**nested(given))
    return Job(
        recipe=recipe_of(name, command, given),
        paths=JobPaths(SweepPaths(Path(shared["root"])).trial(config["id"])),
        params=flat(values.model_dump(mode="json")),
        seed=config["seed"],
        threads=shared["threads"],
        gpus=shared["gpus"],
    )
