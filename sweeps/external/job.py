"""One trial's command: its words, its folder, its environment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.sweeps.external.job_paths import JobPaths, newest
from ilsweep.sweeps.external.json_config import changed, read_config
from ilsweep.sweeps.external.launcher import Launch
from ilsweep.sweeps.external.recipe import Recipe, recipe_of
from ilsweep.sweeps.processes.proctree import MARK
from ilsweep.sweeps.security.secrets import values
from ilsweep.sweeps.spec.templates import fill
from ilsweep.sweeps.spec.trial_config import SharedConfig, TrialConfig

OURS = ("RAY_", "TUNE_", "PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "PYDANTIC_", "ILSWEEP_",
        "VIRTUAL_ENV", "CONDA_")  # fmt: skip
"""Beginnings of variables that are about this program's environment and not the command's."""


@dataclass(frozen=True)
class Job:
    """One trial of a command."""

    recipe: Recipe
    paths: JobPaths
    params: dict[str, Any]
    """Flat; every place of the recipe has a value."""
    seed: int
    threads: int
    gpus: float

    def prepare(self) -> Path | None:
        """Make the folder ready; the checkpoint to go on from, None for a new beginning.

        A new beginning empties the folder: many scripts refuse one that is in use.
        """
        found = self._checkpoint()
        if found is None:
            shutil.rmtree(self.paths.folder, ignore_errors=True)
        self.paths.folder.mkdir(parents=True, exist_ok=True)
        if self.recipe.command.config:
            base = read_config(Path(self.recipe.command.config))
            values = {**self.params, "seed": self.seed}
            write_atomic(self.paths.config, to_json(changed(base, values)))
        tmp = self.environment(found).get("TMPDIR", "")
        if tmp.startswith(f"{self.paths.folder}{os.sep}"):
            Path(tmp).mkdir(parents=True, exist_ok=True)
        return found

    def _checkpoint(self) -> Path | None:
        if self.recipe.resume is None or not self.paths.folder.is_dir():
            return None
        return newest(self.paths.folder.glob(self.recipe.resume.checkpoint))

    def launch(self, checkpoint: Path | None, keep: list[str]) -> Launch:
        """What its supervisor is told; `keep` are the lines that its metrics are in."""
        environment = self.environment(checkpoint)
        return Launch(
            argv=self.argv(checkpoint),
            cwd=self.recipe.command.cwd or str(self.paths.folder),
            env=environment,
            hide=values(environment),
            output=str(self.paths.output),
            reports=str(self.paths.reports),
            keep=keep,
            fail=list(self.recipe.command.end.output),
            grace_s=self.recipe.command.end.grace_s,
        )

    def launch_after(self, keep: list[str]) -> Launch:
        """The same for the command that comes after it."""
        return replace(
            self.launch(None, keep),
            argv=[fill(word, self._values(None)) for word in self.recipe.after],
            output=str(self.paths.after),
            reports=str(self.paths.probes),
        )

    def argv(self, checkpoint: Path | None) -> list[str]:
        """Program and arguments. Each word of the recipe is one argument, whatever is filled in."""
        words = self.recipe.words
        if checkpoint and self.recipe.resume:
            words = self.recipe.resume.argv or [*words, *self.recipe.resume.args]
        return [fill(word, self._values(checkpoint)) for word in words]

    def environment(self, checkpoint: Path | None) -> dict[str, str]:
        """The worker's environment without what is ours, with what the trial is to know."""
        inherited = not_ours(os.environ)
        # A trial without a GPU must not see one; with one, Ray has said which.
        gpus = {} if self.gpus > 0 else {"CUDA_VISIBLE_DEVICES": ""}
        values = self._values(checkpoint)
        own = {name: fill(word, values) for name, word in self.recipe.env.items()}
        return {
            **inherited,
            **activated(self.recipe.command.environment, inherited),
            **gpus,
            "OMP_NUM_THREADS": str(self.threads),
            "PYTHONUNBUFFERED": "1",
            "ILSWEEP_SEED": str(self.seed),
            MARK: str(self.paths.trial.root),
            **own,
        }

    def _values(self, checkpoint: Path | None) -> dict[str, Any]:
        return {
            **self.params,
            "seed": self.seed,
            "folder": str(self.paths.folder),
            "trial": self.paths.trial.root.name,
            "cpus": self.threads,
            "config": str(self.paths.config),
            "checkpoint": str(checkpoint or ""),
        }


def job_of(shared: SharedConfig, trial: TrialConfig) -> Job:
    """The command of a trial."""
    assert shared.command is not None
    given = {name: trial.params[name] for name in shared.given if name in trial.params}
    return Job(
        recipe=recipe_of(shared.trainer, shared.command, given),
        paths=JobPaths(shared.paths(trial.id)),
        params=trial.params,
        seed=trial.seed,
        threads=shared.threads,
        gpus=shared.gpus,
    )


def not_ours(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that another program may inherit."""
    return {name: value for name, value in environment.items() if not name.startswith(OURS)}


def activated(environment: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """What activating a virtual or conda environment changes; its programs are found first."""
    if not environment:
        return {}
    programs = os.path.join(environment, "bin")
    path = os.pathsep.join(filter(None, [programs, inherited.get("PATH", os.defpath)]))
    conda = os.path.isdir(os.path.join(environment, "conda-meta"))
    return {"CONDA_PREFIX" if conda else "VIRTUAL_ENV": environment, "PATH": path}
