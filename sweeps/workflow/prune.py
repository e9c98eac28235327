"""Checkpoints that nothing needs any more are removed once a sweep has ended.

Of a trial that ended the last one is enough: what it took to train on is gone from it already
(`Trainer.resume_only`). With `keep_checkpoints: K` those of all configurations but the first K of
the ranking go, too. A failed trial keeps its own, for `--retry-failed`.
"""

from __future__ import annotations

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.formatting import how_many
from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.search.completeness import is_complete
from ilsweep.sweeps.store import checkpoints, sweep_dir
from ilsweep.sweeps.store.folder_lock import locked


def prune(analysis: Analysis) -> None:
    """Remove what nothing needs, where all trials have ended, and say what went.

    Raises:
        FolderError: another process is at work on the folder, or it cannot be written.
    """
    paths = analysis.sweep.paths
    plan = sweep_dir.plan_of(paths)
    if plan.spec.command is not None:
        return
    keep = plan.spec.keep_checkpoints
    with locked(paths), sweep_dir.writable(paths.root):
        trials = sweep_dir.own_trials(paths)
        if not is_complete(plan, paths, trials):
            return
        ended = [trial.id for trial in trials if trial.state in ("completed", "stopped")]
        first = _of_the_first(analysis, keep)
        why = (
            f"removed when the sweep had ended (keep_checkpoints: {keep}); the same numbers come "
            f"of training it again: ilsweep run {paths.spec} --name NEW --set keep_checkpoints=null"
        )
        sizes: list[int] = []
        for name in ended:
            folder = paths.trial(name).checkpoints
            if keep is not None and name not in first:
                sizes += checkpoints.all_removed(folder, why)
            elif (last := checkpoints.newest(folder)) is not None:
                sizes += checkpoints.all_but(folder, last)
    if sizes:
        of = "the last of each trial"
        if keep is not None:
            of = f"those of the first {how_many(keep, 'configuration')} of the ranking"
        size = sum(sizes) / 1e6
        say(f"checkpoints: {how_many(len(sizes), 'file')} removed, {size:.3g} MB; kept: {of}")


def _of_the_first(analysis: Analysis, count: int | None) -> set[str]:
    """The trials of the first configurations of the ranking."""
    return {name for row in analysis.ranking.rows[:count] for name in (*row.trial_ids, *row.copies)}
