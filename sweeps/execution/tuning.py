"""The trials of a plan trained by Ray Tune: its searcher, its scheduler, what is called back."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from typing import Any

from ray import tune

from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.execution import controller
from ilsweep.sweeps.execution.progress_watch import Patience, ProgressWatch
from ilsweep.sweeps.execution.pulse import Pulse
from ilsweep.sweeps.execution.recorder import InterruptCheck, Recorder
from ilsweep.sweeps.execution.searcher import StudySearcher
from ilsweep.sweeps.execution.wandb_logger import WandbLog
from ilsweep.sweeps.processes.machine import joined
from ilsweep.sweeps.processes.signals import look, signals_ignored
from ilsweep.sweeps.progress.console import Screen, say
from ilsweep.sweeps.progress.status import says
from ilsweep.sweeps.progress.tracker import SweepProgress
from ilsweep.sweeps.search.feasibility import constraint
from ilsweep.sweeps.search.race import further
from ilsweep.sweeps.search.schedulers import scheduler
from ilsweep.sweeps.search.study import Study
from ilsweep.sweeps.search.trials import Attempt
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.spec.trial_config import SharedConfig
from ilsweep.sweeps.worker import checkpoint_server
from ilsweep.sweeps.worker.trainable import HostedTrainer

WORKER_RETRIES = 3
"""How often a trial whose worker process died is started again from its checkpoint."""


def trained(
    plan: Plan,
    paths: SweepPaths,
    trials: list[TrialRecord],
    board: SweepProgress,
    patience: Patience | None = None,
) -> None:
    """Train what is left of a plan beside `trials`, in a session of Ray.

    Raises:
        FolderError: population-based training, and other machines do not see the folder.
    """
    study = Study(plan, paths.optuna, paths.search, trials, constraint(plan, paths))
    more = partial(_further, plan, paths, study, board) if plan.spec.race else None
    searcher = StudySearcher(study, study.unfinished(trials), plan.configurations, more)
    wandb = WandbLog(plan.spec, paths, say)
    recorder = Recorder(plan, paths, board, wandb)
    patience = patience or Patience()
    pulse = Pulse(patience.still_s, 2 * patience.still_s, shared=joined())
    watch = ProgressWatch(plan, recorder, patience, pulse, shared=joined())
    screen = Screen(board, partial(says, paths.root))
    scratch = paths.root / ".tune"
    look()
    try:
        with checkpoint_server.opened(paths) as server, screen, controller.mended(), pulse:
            local = server is None or checkpoint_server.seen_by_all(server)
            _must_be_seen(plan, paths, local=local)
            pauses = local and plan.spec.command is None
            judge = scheduler(plan, trials, study.changed, pauses=pauses)
            called_back = [InterruptCheck(), recorder, watch]
            shared = plan.shared(paths.root, server)
            _run(plan, shared, searcher, judge, called_back, str(scratch))
            searcher.tell_ended()
    finally:
        with signals_ignored():
            wandb.close()
            shutil.rmtree(scratch, ignore_errors=True)


def _run(
    plan: Plan,
    shared: SharedConfig,
    searcher: StudySearcher,
    judge: Any,
    called_back: Sequence[tune.Callback],
    scratch: str,
) -> None:
    """Hand it to Tune; not by `tune.Tuner`: it pickles searcher and callbacks for a restore."""
    resources = plan.spec.resources
    tune.run(
        HostedTrainer,
        name="tune",
        config={"shared": shared},
        search_alg=searcher,
        scheduler=judge,
        num_samples=-1,
        resources_per_trial={"cpu": resources.cpu, "gpu": resources.gpu},
        storage_path=scratch,
        callbacks=called_back,
        max_failures=WORKER_RETRIES,
        reuse_actors=True,
        raise_on_failed_trial=False,
        verbose=0,
    )


def _must_be_seen(plan: Plan, paths: SweepPaths, *, local: bool) -> None:
    if plan.spec.scheduler.type == "pbt" and not local:
        raise FolderError(
            f"{paths.root}: population-based training on several machines needs a folder that "
            "all of them see; valid: one on a shared disk"
        )


def _further(plan: Plan, paths: SweepPaths, study: Study, board: SweepProgress) -> list[Attempt]:
    board.total += len(attempts := further(plan, paths, study.configurations))
    return attempts
