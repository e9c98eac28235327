"""Running a sweep: from a plan to a folder full of records, and going on with one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ilsweep.analysis.formatting import how_many
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import (
    FolderError,
    RayFailedError,
    RunAbortedError,
    SpecError,
    StalledError,
    shorten,
)
from ilsweep.sweeps.execution.demonstrations import prepare_data
from ilsweep.sweeps.execution.edited_spec import followed
from ilsweep.sweeps.processes.machine import cpus, joined
from ilsweep.sweeps.processes.signals import heeding
from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.ray_runtime.session import load_ray, session, take_started_workers
from ilsweep.sweeps.search import history
from ilsweep.sweeps.search.completeness import is_complete
from ilsweep.sweeps.search.history import Asked
from ilsweep.sweeps.search.race import beyond
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store import sweep_dir
from ilsweep.sweeps.store.folder_lock import locked
from ilsweep.sweeps.validation.resources import advice, lacking

if TYPE_CHECKING:
    from ilsweep.sweeps.execution.progress_watch import Patience


def run(
    plan: Plan,
    root: Path,
    command: list[str],
    begun: Callable[[], None] = lambda: None,
    patience: Patience | None = None,
) -> None:
    """Run a new sweep in `root`; `begun` is called once its folder is there.

    A folder in which no trial began is removed.

    Raises:
        FolderError: `root` exists or cannot be written.
        RunAbortedError: Ray gave up; the folder can be resumed, where there is one.
        KeyboardInterrupt: interrupted; the folder can be resumed, where there is one.
    """
    paths = SweepPaths(root.resolve())
    sweep_dir.check_vacant(paths)
    prepare_data(plan)
    load_ray()
    with heeding(), sweep_dir.new(paths), sweep_dir.discarded_unless_begun(paths):
        sweep_dir.describe(plan, paths, command, sweep_dir.now())
        begun()
        _train(plan, paths, [], patience)


MORE = "--add-trials N searches on, --retry-failed runs failed trials again"


def resume(
    root: Path, command: list[str], *, add_trials: int = 0, retry_failed: bool = False
) -> None:
    """Go on with an interrupted sweep; with `add_trials`, search so many more configurations.

    Trials that ended are never run again, but for failed ones where `retry_failed` asks for it;
    where all have, Ray is not started.

    Raises:
        FolderError: not a sweep's folder, or another process is at work on it.
        SpecError: the sweep's spec is not valid any more, was edited where it cannot be, or asks
            for more than this machine has.
        RunAbortedError: Ray gave up; the folder can be resumed.
        KeyboardInterrupt: interrupted; the folder can be resumed.
    """
    paths = SweepPaths(root.resolve())
    plan = sweep_dir.plan_of(paths)
    if not joined() and (problems := list(lacking(plan.spec.resources))):
        raise SpecError(problems)
    with locked(paths):
        with sweep_dir.writable(paths.root):
            sweep_dir.repair(plan, paths)
            trials = sweep_dir.own_trials(paths)
            plan = followed(plan, paths, trials)
        planned = plan.configurations
        plan = _extended(plan, paths, trials, add_trials)
        if is_complete(plan, paths, trials) and not (
            retry_failed and any(trial.state == "failed" for trial in trials)
        ):
            with sweep_dir.writable(paths.root):
                sweep_dir.rewrite(plan, paths)
            count = plan.trials + beyond(plan, trials)
            say(f"complete: of {how_many(count, 'trial')} none is left; {MORE}")
            return
        prepare_data(plan)
        load_ray()
        with heeding():
            with sweep_dir.writable(paths.root):
                sweep_dir.rewrite(plan, paths)
                sweep_dir.add_session(
                    paths,
                    command=command,
                    started=sweep_dir.now(),
                    trials=plan.trials,
                    added=plan.configurations - planned,
                )
            if retry_failed:
                trials = [replace(t, state="running") if t.state == "failed" else t for t in trials]
            _train(plan, paths, trials)


def _extended(plan: Plan, paths: SweepPaths, trials: list[TrialRecord], more: int) -> Plan:
    """The plan with what earlier sessions added to it, and `more` configurations than that."""
    drawn = {event.config_id for event in history.read(paths.search) if isinstance(event, Asked)}
    known = len(drawn | {trial.config_id for trial in trials})
    count = max(known, plan.configurations + sweep_dir.added(paths))
    if more and plan.spec.search.algorithm == "grid":
        raise FolderError(
            f"{paths.root}: a grid is complete; it has no further trials to add; valid: more "
            "values in its spec.yaml, or algorithm: optuna there"
        )
    points = plan.points
    if points is not None and count + more > points:
        if more and count >= points:
            raise FolderError(
                f"{paths.root}: its space has {points} points, and all are trained or planned; "
                "valid: a wider space in its spec.yaml"
            )
        if more:
            say(f"{more} asked for, {points - count} exist: {points - count} are added")
        count, more = min(count, points), max(0, points - count)
    return replace(plan, configurations=count + more)


def _train(
    plan: Plan, paths: SweepPaths, trials: list[TrialRecord], patience: Patience | None = None
) -> None:
    """Train what is left; where Ray stands still for no reason, once more with another Ray."""
    try:
        _session(plan, paths, trials, patience)
    except StalledError as stuck:
        say(f"{stuck}; Ray is started anew, and trials go on from their checkpoints")
        with sweep_dir.writable(paths.root):
            sweep_dir.repair(plan, paths)
            trials = sweep_dir.own_trials(paths)
        _session(plan, paths, trials, patience)


def _session(
    plan: Plan, paths: SweepPaths, trials: list[TrialRecord], patience: Patience | None
) -> None:
    from ilsweep.sweeps.progress.tracker import SweepProgress, restore_progress

    count, metric = plan.trials + beyond(plan, trials), plan.spec.objectives[0].metric
    board = SweepProgress(count, plan.longest, metric, raced=plan.spec.race is not None)
    restore_progress(board, trials, plan.longest)
    for trial in trials:
        if trial.id in board.trials:
            board.trials[trial.id].steps = plan.steps(trial.searched)
    for line in () if joined() else advice(plan.spec.resources):
        say(line)
    with _interruption_recorded(paths), session() as started, _end_recorded(paths):
        if plan.space and not trials:
            say(plan.search_text)
        take_started_workers(started, min(plan.trials, int(cpus() / plan.spec.resources.cpu)))
        from ilsweep.sweeps.execution.tuning import trained

        trained(plan, paths, trials, board, patience)


@contextmanager
def _end_recorded(paths: SweepPaths) -> Iterator[None]:
    """Note in the manifest that a session came to its end.

    Raises:
        RunAbortedError: instead of what Tune makes of what went wrong.
    """
    from ray import tune

    try:
        yield
        sweep_dir.add_session(paths, ended=sweep_dir.now())
    except (RuntimeError, OSError, RunAbortedError, tune.TuneError) as error:
        raise _broken_off(paths, error) from error


@contextmanager
def _interruption_recorded(paths: SweepPaths) -> Iterator[None]:
    """Note in the manifest that a session did not come to its end, Ray's start included."""
    try:
        yield
    except BaseException:
        with suppress(OSError):  # a full disk, say: the records tell the same
            sweep_dir.add_session(paths, interrupted=sweep_dir.now())
        raise


def _broken_off(paths: SweepPaths, error: BaseException) -> RunAbortedError:
    """Why a run ended. Tune hands on what callbacks raise as the text of a traceback."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RunAbortedError):
            return type(cause)(*cause.args)
        if isinstance(cause, OSError) and cause.strerror:
            return RunAbortedError(f"{paths.root}: cannot be written ({cause.strerror})")
        cause = cause.__context__
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reason = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return RayFailedError(f"Ray broke off: {shorten(reason)}")
