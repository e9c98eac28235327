"""One training recorded as a trial in a sweep's folder: what worker and driver do, without Ray."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.files import append_line, to_json, write_atomic
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.sweeps.spec.trial_config import TrialConfig
from ilsweep.sweeps.store.checkpoints import CheckpointFolder
from ilsweep.sweeps.worker.training_loop import TrainingLoop


def record_training(trainer: str, trial: TrialConfig, paths: TrialPaths, data: Any = None) -> None:
    """Train to the end and record it; `params.json` is the caller's.

    Raises:
        Exception: whatever goes wrong in the trainer but a loss that is not finite.
    """
    ended: dict[str, Any] = {"state": "completed", "error": ""}
    with tempfile.TemporaryDirectory() as checkpoints:
        loop = TrainingLoop(trainer, trial, CheckpointFolder(Path(checkpoints)), data=data)
        try:
            while not loop.finished:
                metrics = loop.train_to_report()
                append_line(paths.metrics, {"step": loop.step, "attempt": 1, **metrics})
        except FloatingPointError as error:
            ended = {"state": "failed", "error": "".join(traceback.format_exception(error))[-4000:]}
        finally:
            loop.close()
        write_atomic(paths.record, to_json({**ended, "seconds": round(loop.seconds, 3)}))
