"""What follows a training: analysis, reports, the next stage, fresh episodes."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ilsweep.analysis.formatting import how_many, printable
from ilsweep.analysis.records.files import write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import FolderError, RunAbortedError
from ilsweep.sweeps.exit_codes import FAILED, INTERRUPTED, OK
from ilsweep.sweeps.processes.signals import leaving
from ilsweep.sweeps.progress.console import say

if TYPE_CHECKING:
    from ilsweep.analysis.analyse import Analysis
    from ilsweep.analysis.metrics.metric import Mode
    from ilsweep.analysis.ranking.confirmation import Confirmation
    from ilsweep.analysis.ranking.model import Ranking, Row
    from ilsweep.analysis.ranking.retraining import Retraining
    from ilsweep.analysis.text import Lang

LANGS: tuple[Lang, ...] = ("zh", "en")


def analysed(root: Path, metric: str = "", mode: Mode | None = None) -> Analysis:
    """The analysis of a sweep's folder; by another `metric` than its objective where one is given.

    Raises:
        FolderError: not a sweep's folder, or no such metric was logged.
    """
    from ilsweep.analysis.analyse import analyse
    from ilsweep.analysis.importers.chosen_metric import NoSuchMetric
    from ilsweep.analysis.load.sweep import by_metric, read_sweep

    try:
        sweep = read_sweep(root, diagnose=True)
        return analyse(by_metric(sweep, metric, mode) if metric else sweep)
    except NoSuchMetric as error:
        raise FolderError(str(error)) from None
    except FileNotFoundError as error:
        raise FolderError(str(error)) from None


def report(
    root: Path, langs: Sequence[Lang] = LANGS, metric: str = "", mode: Mode | None = None
) -> tuple[Analysis, list[Path]]:
    """Write the reports and the page of a sweep; its analysis, and where they are.

    Raises:
        FolderError: not a sweep's folder, no such metric was logged, or it cannot be written.
    """
    from ilsweep.analysis.page import write_page
    from ilsweep.analysis.planning.next_stage import NoNextStageError, next_stage
    from ilsweep.analysis.report import write_reports
    from ilsweep.sweeps.store.sweep_dir import writable
    from ilsweep.sweeps.workflow.recorded_trainer import by_record

    analysis = analysed(root, metric, mode)
    known = by_record(analysis.sweep)
    try:
        changes = next_stage(analysis, known.valid).changes
    except NoNextStageError:
        changes = ()
    with writable(root):
        written = write_reports(analysis, langs=langs, changes=changes, changes_note=known.note)
        page = write_page(analysis, changes, known.note)
    return analysis, [*(path for path in written if path.suffix == ".md"), page]


def plot(root: Path, metric: str) -> Path:
    """Draw the curves of one metric into the sweep's `plots`; the picture's path.

    Raises:
        FolderError: not a sweep's folder, nothing logged the metric, or it cannot be written.
    """
    from ilsweep.analysis.plots import draw_metric
    from ilsweep.sweeps.store.sweep_dir import writable

    analysis = analysed(root)
    try:
        with writable(root):
            return draw_metric(analysis, metric, SweepPaths(root).plots)
    except ValueError as error:
        raise FolderError(f"--plot: {error}") from None


def stopped(train: Callable[[], None], resumed: Path) -> int | None:
    """Train; the exit status where that was interrupted, and how `resumed` can be gone on with."""
    try:
        with leaving(lambda: f"interrupted; {going_on(resumed)}"):
            train()
    except KeyboardInterrupt:
        say(f"interrupted; {going_on(resumed)}")
        return INTERRUPTED
    except RunAbortedError as error:
        say(f"{error}; {going_on(resumed)}")
        return FAILED
    return None


def going_on(root: Path) -> str:
    """How a sweep that did not come to its end can be gone on with, where it was started at all."""
    if not SweepPaths(root).manifest.exists():
        return "nothing was started"
    return f"continue with: ilsweep resume {shlex.quote(str(root))}"


def finish(root: Path, train: Callable[[], None]) -> int:
    """Train, then rank, diagnose and report; the exit status."""
    stop = stopped(train, root)
    if stop is not None:
        return stop
    try:
        with leaving(lambda: f"interrupted; {going_on(root)}"):
            analysis, reports = report(root)
    except FolderError as error:
        say(f"{error}; write the reports with: ilsweep report {shlex.quote(str(root))}")
        return FAILED
    print(*reports, sep="\n")
    status = failures(analysis)
    tidy(analysis)
    say_best(analysis)
    return status


def tidy(analysis: Analysis) -> None:
    """Remove the checkpoints that nothing needs; where that cannot be done, say so."""
    from ilsweep.sweeps.workflow.prune import prune

    try:
        prune(analysis)
    except FolderError as error:
        say(f"checkpoints were not removed: {error}")


def say_best(analysis: Analysis) -> None:
    """What `status` says of the first row of the ranking."""
    if analysis.headline:
        say(analysis.headline)


def failures(analysis: Analysis) -> int:
    """One line for what failed; the exit status."""
    trials = analysis.sweep.trials
    failed = [trial for trial in trials if trial.state == "failed"]
    if not failed:
        return OK
    reason = (failed[0].error.strip().splitlines() or ["no reason recorded"])[-1]
    counted = f"{len(failed)} of {how_many(len(trials), 'trial')} failed"
    text = f"{counted}; the first, {failed[0].id}: {reason}"
    say(printable(text, 1000))
    return FAILED


def write_next(root: Path, target: Path) -> None:
    """Write the next stage's spec to `target`; say so where it brings nothing new.

    Raises:
        FolderError: not a sweep's folder, a folder without a spec, or `target` cannot be written.
    """
    from ilsweep.analysis.planning.next_stage import NoNextStageError, next_stage, stage_yaml
    from ilsweep.sweeps.store.sweep_dir import writable
    from ilsweep.sweeps.workflow.recorded_trainer import by_record

    analysis = analysed(root)
    known = by_record(analysis.sweep)
    try:
        stage = next_stage(analysis, known.valid)
    except NoNextStageError as error:
        raise FolderError(f"{root}: {error}") from None
    with writable(target):
        write_atomic(target, stage_yaml(stage, analysis, known.note))
    if not stage.brings_something:
        say(
            "a further stage would bring nothing new: no other seeds, parameters or values follow "
            f"from this one. {analysis.answer.en}"
        )
    if known.note:
        say(known.note.en)


def confirm(root: Path, top: int, rollouts: int) -> Confirmation:
    """Try the best `top` configurations on up to `rollouts` fresh episodes each.

    Raises:
        FolderError: not a sweep's folder, in use, or nothing in it can be tried.
        KeyboardInterrupt: interrupted; whole rounds of episodes are kept.
    """
    from ilsweep.analysis.ranking.confirmation import confirmation
    from ilsweep.analysis.records.confirm_log import confirm_episodes_of
    from ilsweep.analysis.records.curves import read_lines
    from ilsweep.sweeps.store.folder_lock import locked
    from ilsweep.sweeps.store.sweep_dir import plan_of
    from ilsweep.sweeps.workflow import confirm as fresh

    paths = SweepPaths(root.resolve())
    plan = plan_of(paths)
    with locked(paths):
        analysis = analysed(paths.root)
        sweep, ranking = analysis.sweep, analysis.ranking
        order = [(row.config_id, row.counted) for row in _worth_trying(ranking)]
        tried = fresh.candidates(plan, sweep, order, top)

        def found() -> Confirmation | None:
            return confirmation(confirm_episodes_of(read_lines(paths.confirm)), ranking)

        def beaten() -> Collection[str]:
            so_far = found()
            return so_far.beaten if so_far else ()

        fresh.confirm(plan, sweep, tried, rollouts, beaten)
        result = found()
        report(paths.root)
    assert result is not None
    return result


def confirm_again(
    root: Path, top: int, rollouts: int, train_seeds: int, command: list[str]
) -> Retraining:
    """Train the best `top` configurations with fresh training seeds, and try those policies.

    Each configuration's policies are tried on `rollouts` fresh episodes in all, where there is an
    environment.

    Raises:
        FolderError: not a sweep's folder, in use, or nothing in it can be trained again.
        RunAbortedError: Ray gave up; call again to go on.
        KeyboardInterrupt: interrupted; trainings go on when it is called again.
    """
    from ilsweep.analysis.load.sweep import read_sweep
    from ilsweep.sweeps.store.folder_lock import locked
    from ilsweep.sweeps.store.sweep_dir import plan_of
    from ilsweep.sweeps.workflow import confirm as fresh
    from ilsweep.sweeps.workflow.retrain import train_again, trained_to_the_end

    paths = SweepPaths(root.resolve())
    plan = plan_of(paths)
    with locked(paths):
        analysis = analysed(paths.root)
        rows = _worth_trying(analysis.ranking)[:top]
        again = train_again(plan, analysis.sweep, rows, train_seeds, command)
        if why := fresh.untriable(again.plan):
            say(f"{why}: the value of {analysis.ranking.metric} is that of the trainings")
        elif order := trained_to_the_end(fresh_sweep := read_sweep(again.paths.root)):
            tried = fresh.candidates(again.plan, fresh_sweep, order, len(order))
            fresh.confirm(again.plan, fresh_sweep, tried, rollouts, tuple)
        found = report(paths.root)[0].retraining
    if found is None:
        raise FolderError(f"{again.paths.root}: no fresh training has ended")
    return found


def _worth_trying(ranking: Ranking) -> list[Row]:
    """Sound configurations that trained to the end, best first."""
    return [row for row in ranking.rows if row.healthy and row.comparable and row.objective.n]
