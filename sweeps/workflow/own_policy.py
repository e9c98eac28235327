"""The policy of one of our trials, tried for `ilsweep look`; it lives in one fresh process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.sweeps.errors import FolderError, reason
from ilsweep.sweeps.workflow.pool import as_completed, process_pool
from ilsweep.sweeps.workflow.trained import Checkpoint, checkpoint_of, loaded
from ilsweep.trainers.core.episode import INTACT, Episode


@dataclass(frozen=True)
class OwnPolicy:
    """A checkpoint of ours, and the process in which its policy acts."""

    found: Checkpoint
    limit: float
    """Change of the actions under which it is called blind, in standard deviations."""
    pool: ProcessPoolExecutor

    @property
    def name(self) -> str:
        """The trial's."""
        return self.found.trial.id

    @property
    def folder(self) -> TrialPaths:
        """Where its card is written: `trials/ID/look/`."""
        return TrialPaths(self.found.shared.paths(self.found.trial.id).root / "look")

    def variants(self) -> list[str]:
        """What it can be shown, as it is first; nothing without an environment."""
        found: list[str] = self._call(_variants, self.found)
        return found

    def episodes(self, variant: str, seeds: Sequence[int], filmed: bool) -> list[Episode]:
        """Its episodes of some seeds, with the paths of some demonstrations."""
        kept: list[Episode] = self._call(_episodes, (self.found, variant, list(seeds), filmed))
        return kept

    def action_changes(self) -> dict[str, float]:
        """`probe/NAME_action_change` and more, on held-out frames."""
        found: dict[str, float] = self._call(_action_changes, self.found)
        return found

    def _call(self, work: Any, given: Any) -> Any:
        """What its process answers.

        Raises:
            FolderError: it cannot.
        """
        (job,) = as_completed([self.pool.submit(work, given)])
        try:
            return job.result()
        except Exception as error:
            tried = f"its policy cannot be tried ({reason(error)})"
            raise FolderError(f"{self.found.file}: {tried}") from error


@contextmanager
def own_policy(path: Path) -> Iterator[OwnPolicy]:
    """The policy of a trial's folder, whose newest checkpoint is taken, or of a checkpoint.

    Raises:
        FolderError: no checkpoint of a trial of ours.
    """
    found, plan = checkpoint_of(path)
    limit = resolve(plan.spec.thresholds)["blind_policy.change"]
    with process_pool(1, plan.spec.resources.threads) as pool:
        yield OwnPolicy(found, limit, pool)


_loaded: dict[Path, Any] = {}
"""In the policy's process: its trainer, by the checkpoint's file."""


def _trainer(found: Checkpoint) -> Any:
    from ilsweep.trainers.training.supervised import SupervisedTrainer

    if found.file not in _loaded:
        trainer = loaded(found.shared, found.trial, found.file)
        if not isinstance(trainer, SupervisedTrainer):
            name = found.shared.trainer
            raise TypeError(f"{name} is no SupervisedTrainer, whose episodes can be run")
        if not trainer.data.source.cameras:
            raise ValueError("it sees no images")
        _loaded[found.file] = trainer
    return _loaded[found.file]


def _variants(found: Checkpoint) -> list[str]:
    from ilsweep.trainers.evaluation import lesions

    trainer = _trainer(found)
    if trainer.data.environment is None:
        return []
    return [INTACT, *lesions.lesions_of(trainer.data)]


def _action_changes(found: Checkpoint) -> dict[str, float]:
    from ilsweep.trainers.evaluation import probes

    trainer = _trainer(found)
    policy, sample = trainer.policy(), trainer.held_out()
    return {**probes.vision(policy, sample), **probes.joints(policy, sample)}


def _episodes(work: tuple[Checkpoint, str, list[int], bool]) -> list[Episode]:
    from ilsweep.trainers.evaluation.episodes import EpisodeLog
    from ilsweep.trainers.evaluation.lesions import lesioned, lesions_of

    found, name, seeds, filmed = work
    trainer = _trainer(found)
    log = EpisodeLog(trainer.data, trainer.config.success, share=1e9 if filmed else 0.0)
    world = log.watched(name, seeds if filmed else [])
    if name != INTACT:
        world = lesioned(trainer.data, lesions_of(trainer.data)[name], world)
    trainer.roll_out(seeds, world=world)
    return log.take()
