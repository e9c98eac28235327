"""One trial's command: its words, its folder, its environment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.sweeps.external.json_config import changed, read_config
from ilsweep.sweeps.external.launcher import Launch
from ilsweep.sweeps.processes.proctree import MARK
from ilsweep.sweeps.security.secrets import values
from ilsweep.sweeps.spec.command import Command, MetricSource, Resume
from ilsweep.sweeps.spec.templates import fill

OURS = ("RAY_", "TUNE_", "PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "PYDANTIC_", "ILSWEEP_",
        "VIRTUAL_ENV", "CONDA_")  # fmt: skip
"""Beginnings of variables that are about this program's environment and not the command's."""


@dataclass(frozen=True)
class Recipe:
    """A command with its parameters' places unfilled: the same for all trials of a sweep."""

    words: list[str]
    env: dict[str, str]
    sources: list[MetricSource]
    resume: Resume | None
    after: list[str]
    command: Command


@dataclass(frozen=True)
class JobPaths:
    """What a command leaves in its trial's folder."""

    trial: TrialPaths

    @property
    def folder(self) -> Path:
        """The command's own folder; `{folder}`."""
        return self.trial.root / "run"

    @property
    def config(self) -> Path:
        """The trial's own copy of the configuration; `{config}`."""
        return self.folder / "config.json"

    @property
    def output(self) -> Path:
        """What it printed."""
        return self.trial.root / "output.log"

    @property
    def reports(self) -> Path:
        """The printed lines that hold metrics."""
        return self.trial.root / "reports.log"

    @property
    def after(self) -> Path:
        """What the command that comes after it printed."""
        return self.trial.root / "after.log"

    @property
    def probes(self) -> Path:
        """The printed lines of that one that hold metrics."""
        return self.trial.root / "after.jsonl"

    @property
    def record(self) -> Path:
        """How it was called, and how it ended."""
        return self.trial.root / "command.json"

    @property
    def _pieces(self) -> list[Path]:
        """The output while it is written, in order."""
        return [self.output, self.output.with_suffix(".before"), self.output.with_suffix(".late")]

    def printed(self) -> int:
        """When something was last printed, in nanoseconds of the file system's clock; 0: never."""
        return max((p.stat().st_mtime_ns for p in self._pieces if _has(p)), default=0)

    def tail(self, most: int) -> list[str]:
        """The last lines of the output, as text that can be shown, from so many bytes."""
        pieces = [path for path in self._pieces if _has(path)]
        if not pieces:
            return []
        with pieces[-1].open("rb") as file:
            file.seek(max(0, pieces[-1].stat().st_size - most))
            text = file.read().decode("utf-8", "replace").replace("\r", "\n")
        lines = ["".join(c if c.isprintable() else " " for c in line) for line in text.split("\n")]
        return [line for line in lines if line.strip()]


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
        found = list(self.paths.folder.glob(self.recipe.resume.checkpoint))
        return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)

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
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
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


def _has(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def activated(environment: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """What activating a virtual or conda environment changes; its programs are found first."""
    if not environment:
        return {}
    programs = os.path.join(environment, "bin")
    path = os.pathsep.join(filter(None, [programs, inherited.get("PATH", os.defpath)]))
    conda = os.path.isdir(os.path.join(environment, "conda-meta"))
    return {"CONDA_PREFIX" if conda else "VIRTUAL_ENV": environment, "PATH": path}
