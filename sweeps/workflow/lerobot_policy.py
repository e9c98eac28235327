"""A LeRobot checkpoint's policy, tried for `ilsweep look` by the interpreter that trained it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import SweepPaths, TrialPaths
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.external.adapters.lerobot import PROBES
from ilsweep.sweeps.external.interpreter import Script, ScriptError
from ilsweep.sweeps.external.job_paths import JobPaths
from ilsweep.sweeps.store.sweep_dir import plan_of
from ilsweep.trainers.core.episode import Episode
from ilsweep.trainers.evaluation.film import encode, thumbnail

EPISODES = PROBES.with_name("lerobot_episodes.py")
WEIGHTS = "pretrained_model"
PLACES = ("", WEIGHTS, f"checkpoints/last/{WEIGHTS}", f"run/output/checkpoints/last/{WEIGHTS}")
"""Where a checkpoint lies in a folder: its own, a step's, a training's, a trial's of ours."""


@dataclass(frozen=True)
class LeRobotOptions:
    """What `ilsweep look` is told of somebody else's checkpoint."""

    python: Path | None = None
    """Interpreter in which its LeRobot is installed, or that environment's folder."""
    environment: Mapping[str, Any] | None = None
    """LeRobot's configuration of the environment; None for the one that it was trained for."""
    data: Path | None = None
    """Its data set, where it has moved."""


@dataclass(frozen=True)
class LeRobotPolicy:
    """A checkpoint, and the script in which its policy acts."""

    name: str
    folder: TrialPaths
    limit: float
    weights: Path
    python: Path
    environment: Mapping[str, Any]
    data: Path | None
    cwd: Path
    """Where it was trained, so far as that is known: its data set may be named from there."""
    work: Path
    """A folder for what is handed over."""
    ends: ExitStack
    """Ends what is started."""
    _scripts: list[Script] = field(default_factory=list)

    def variants(self) -> list[str]:
        """What it can be shown, as it is first; nothing without an environment."""
        if not self.environment:
            return []
        try:
            script = self._start(EPISODES, json.dumps(dict(self.environment)), str(self.work))
            self._scripts.append(self.ends.enter_context(script))
            variants: list[str] = script.answer()["variants"]
        except ScriptError as error:
            raise self._cannot(error) from None
        if not variants:
            raise self._cannot("it sees no images")
        return variants

    def episodes(self, variant: str, seeds: Sequence[int], filmed: bool) -> list[Episode]:
        """Its episodes of some seeds."""
        asked = {"variant": variant, "seeds": list(seeds), "filmed": filmed}
        try:
            answer = self._scripts[0].ask(asked)
        except ScriptError as error:
            raise self._cannot(error) from None
        return [self._episode(variant, found) for found in answer["episodes"]]

    def action_changes(self) -> dict[str, float]:
        """`probe/NAME_action_change` and more, on frames of its data set."""
        root = [f"--root={self.data.resolve()}"] if self.data else []
        if not root and not (self.weights / "train_config.json").is_file():
            raise FolderError(
                f"{self.weights}: names neither an environment nor a data set (train_config.json); "
                "valid: --env, --data"
            )
        try:
            with self._start(PROBES, *root) as script:
                found: dict[str, float] = script.answer()
        except ScriptError as error:
            raise self._cannot(error, "on its data set") from None
        if "probe/shuffled_action_change" not in found:
            raise self._cannot("it sees no images")
        return found

    def _start(self, file: Path, *words: str) -> Script:
        argv = [str(self.python), str(file), str(self.weights), *words]
        return Script(argv, self.cwd, self.work / "log")

    def _cannot(self, error: ScriptError | str, where: str = "") -> FolderError:
        tried = f"its policy cannot be tried {where}".strip()
        return FolderError(f"{self.weights}: {tried} ({error})")

    def _episode(self, variant: str, found: Mapping[str, Any]) -> Episode:
        film = thumb = b""
        if "film" in found:
            with np.load(self.work / Path(found["film"]).name) as kept:
                film = encode(kept["images"], kept["times"].tolist())
                thumb = thumbnail(kept["images"][-1])
        return Episode(
            int(found["seed"]),
            variant,
            bool(found["success"]),
            int(found["steps"]),
            float(found["reward"]),
            film,
            thumb,
            tuple(tuple(map(float, point)) for point in found["path"]),
        )


def weights_of(path: Path) -> Path | None:
    """The folder of a LeRobot checkpoint's weights in a folder; None where there is none."""
    for place in PLACES:
        folder = path / place
        if (folder / "config.json").is_file() and "type" in read_json(folder / "config.json"):
            return folder.resolve()
    return None


@contextmanager
def lerobot_policy(path: Path, weights: Path, options: LeRobotOptions) -> Iterator[LeRobotPolicy]:
    """The policy whose weights lie in `weights`, found in `path`.

    Raises:
        FolderError: there is no interpreter for it.
    """
    place = path.resolve()
    trial = TrialPaths(place)
    trained = read_json(weights / "train_config.json")
    own = options.environment if options.environment is not None else trained.get("env")
    beside = weights.parent if weights.name == WEIGHTS else weights
    of_ours = place.parent.name == "trials" and trial.params.is_file()
    plan = plan_of(SweepPaths(place.parent.parent)) if of_ours else None
    command = plan.spec.command if plan else None
    environment = command.environment if command else ""
    trained_in = Path(command.cwd) if command and command.cwd else JobPaths(trial).folder
    with tempfile.TemporaryDirectory(prefix="ilsweep-look-") as work, ExitStack() as stack:
        yield LeRobotPolicy(
            name=place.name if of_ours else str(path),
            folder=TrialPaths((place if of_ours else beside) / "look"),
            limit=resolve(plan.spec.thresholds if plan else {})["blind_policy.change"],
            weights=weights,
            python=_python(path, options.python or (Path(environment) if environment else None)),
            environment=own if isinstance(own, Mapping) else {},
            data=options.data,
            cwd=trained_in if of_ours else Path.cwd(),
            work=Path(work),
            ends=stack,
        )


def _python(path: Path, named: Path | None) -> Path:
    if named is None:
        raise FolderError(
            f"{path}: a LeRobot checkpoint; --python must name the interpreter of its LeRobot"
        )
    found = named / "bin/python" if named.is_dir() else named
    if not shutil.which(found):
        raise FolderError(f"--python: {found} cannot be started")
    return found.absolute()
