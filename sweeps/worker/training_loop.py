"""One trial's training, from its parameters to its last report, without a word about Ray.

A `TrainingLoop` builds the trainer anew for each trial, trains to the next report, watches that the
loss stays finite, and writes the trial's checkpoints.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.files import to_json
from ilsweep.sweeps.metrics import Returned, never_reported, returned
from ilsweep.sweeps.spec.params import nested
from ilsweep.sweeps.spec.trial_config import TrialConfig
from ilsweep.sweeps.store import checkpoints
from ilsweep.sweeps.worker.kept_episodes import episode_of, row_of
from ilsweep.sweeps.worker.process_state import seed_generators
from ilsweep.trainers.core.contract import Metrics, Trainer, TrainerConfig
from ilsweep.trainers.core.episode import Episode
from ilsweep.trainers.core.registry import load


class TrainingLoop:
    """A trainer at work on one trial, whose checkpoints are in `store`.

    `data` are its demonstrations, where they are not those that the trial names.

    Raises:
        CheckpointError: its checkpoints cannot be written or read.
        Exception: whatever the trainer's own code raises; the caller records it.
    """

    def __init__(
        self,
        trainer: str,
        trial: TrialConfig,
        store: checkpoints.CheckpointStore,
        *,
        threads: int = 1,
        device: str = "cpu",
        data: Any = None,
    ) -> None:
        began = time.monotonic()
        trainer_class = load(trainer)
        self.config: TrainerConfig = trainer_class.Config(**nested(trial.params))
        self._store = store
        if trial.data and data is None:
            data = load_data(json.dumps(trial.data, sort_keys=True))
        seed_generators(trial.seed, threads)
        self.trainer: Trainer = trainer_class(self.config, data, seed=trial.seed, device=device)
        self.step = 0
        self.warnings: list[str] = []
        """What is to be noted in the trial's record, though nothing failed."""
        self.report: Metrics = {}
        """What `train_to_report` last returned; kept in the checkpoint, since a worker can be
        killed after it wrote the checkpoint and before its report was recorded."""
        self.episodes: list[Episode] = []
        """The evaluation episodes, after the last step; kept in the checkpoint like the report."""
        self.predictions = ""
        """What the policy predicts, as JSON; kept likewise."""
        self._names: set[str] = set()
        self._seconds = 0.0
        self._mark = began
        self._saved = -1

    def resume(self) -> int:
        """Go on from the newest whole checkpoint; the step it stood at, 0 where there is none."""
        with _no_fault_of_the_trainer():
            found = self._store.newest()
        if found:
            self._restore(checkpoints.unpack(found))
        return self.step

    def load(self, path: Path) -> None:
        self._restore(checkpoints.load(path))

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.trainer.load_state_dict(state["trainer"])
        self.step = self._saved = int(state["step"])
        self.report = dict(state["report"])
        self._names = {*state.get("names", ()), *self.report}
        self.episodes = [episode_of(row) for row in state.get("episodes", ())]
        self.predictions = str(state.get("predictions", ""))
        self._seconds = float(state["seconds"])
        self._mark = time.monotonic()

    def save(self, path: Path) -> None:
        checkpoints.save(self._state(), path)

    def _state(self) -> dict[str, Any]:
        state = self.trainer.state_dict()
        if not isinstance(state, Mapping):
            valid = "a dict of tensors, arrays, numbers, text"
            raise checkpoints.StateError(
                f"state_dict gave a {type(state).__name__}; valid: {valid}"
            )
        return {
            "trainer": state,
            "step": self.step,
            "report": self.report,
            "names": sorted(self._names),
            "seconds": self.seconds,
            "episodes": [row_of(episode) for episode in self.episodes],
            "predictions": self.predictions,
        }

    @property
    def seconds(self) -> float:
        """Time spent on this trial, earlier attempts included."""
        return self._seconds + time.monotonic() - self._mark

    @property
    def finished(self) -> bool:
        return self.step >= self.config.steps

    def train_to_report(self) -> Metrics:
        """Train to the next step that is reported; its metrics, training ones as means over it.

        Raises:
            FloatingPointError: a training metric is not finite.
            MetricsError: the trainer returned something else than numbers by name.
        """
        config = self.config
        target = min(
            config.steps,
            *(
                (self.step // every + 1) * every
                for every in (config.log_every, config.eval_every, config.save_every)
            ),
        )
        steps = Returned("train_step")
        for _ in range(target - self.step):
            steps.add(self.trainer.train_step())
            self.step += 1
        metrics = steps.means()
        loss = metrics.get("train/loss", 0.0)
        if not math.isfinite(loss):
            raise FloatingPointError(f"train/loss is {loss} at step {self.step}")
        if self.step % config.eval_every == 0 or self.finished:
            metrics |= returned("evaluate", self.trainer.evaluate())
        if self.finished:
            metrics |= returned("finish", self.trainer.finish())
            metrics |= returned("probe", self.trainer.probe())
            self.episodes = list(self.trainer.taken_episodes())
            self.predictions = to_json(self.trainer.predictions(), indent=None)
        self.report = metrics
        self._names.update(metrics)
        if self.step % config.save_every == 0 or self.finished:
            self.keep()
        return self.report

    def lacks(self, objectives: Iterable[str]) -> str:
        """What is wrong where an objective was never reported and will not be; else empty.

        That is certain after the last step, and after the first evaluation of a trainer that adds
        nothing at the end.
        """
        if not self.finished and (self.step < self.config.eval_every or _adds_at_end(self.trainer)):
            return ""
        missing = [name for name in objectives if name not in self._names]
        return f"the trainer {never_reported(missing, self._names)}" if missing else ""

    def keep(self) -> None:
        """Write a checkpoint of now into the store, where there is none.

        The last one holds nothing that only a further step would need, and is the only one.
        """
        if self._saved != self.step:
            state, last = self._state(), self.finished
            if last:
                needless = self.trainer.resume_only
                state["trainer"] = {k: v for k, v in state["trainer"].items() if k not in needless}
            content = checkpoints.pack(state)
            with _no_fault_of_the_trainer():
                self._store.put(self.step, content, last=last)
            self._saved = self.step

    def close(self) -> None:
        self.trainer.close()


def _adds_at_end(trainer: Trainer) -> bool:
    """Whether a trainer has metrics that come after the last step alone."""
    verbs = ((trainer.finish, Trainer.finish), (trainer.probe, Trainer.probe))
    return any(getattr(own, "__func__", None) is not default for own, default in verbs)


@contextmanager
def _no_fault_of_the_trainer() -> Iterator[None]:
    """A store that cannot be used is another error than one of the trainer's."""
    try:
        yield
    except OSError as error:
        raise checkpoints.CheckpointError(error.errno, error.strerror) from error


@lru_cache(maxsize=4)
def load_data(config_json: str) -> Any:
    """Demonstrations, opened once a process; their arrays are mapped, so a node holds one copy."""
    from ilsweep.trainers.data.sources import parse

    return parse(json.loads(config_json)).load(cache_folder())


def cache_folder() -> Path:
    """Where recorded demonstrations are kept: `$ILSWEEP_CACHE`, else the user's cache folder."""
    own = os.environ.get("ILSWEEP_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ilsweep"
