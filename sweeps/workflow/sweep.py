"""One sweep from its spec to its reports: begun, or gone on with."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.execution import runner
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store.provenance import command_line
from ilsweep.sweeps.store.sweep_dir import has_begun, plan_of
from ilsweep.sweeps.workflow import pipeline, postprocess
from ilsweep.sweeps.workflow.budget import Budget
from ilsweep.sweeps.workflow.controls import before_search


def run_sweep(
    plan: Plan,
    root: Path,
    stages: int = 1,
    budget: Budget | None = None,
    *,
    controls: bool,
) -> int:
    """Train a plan in a new folder, then rank, diagnose and report; the exit status.

    Where the controls fail, nothing is trained; without `controls` they are not run.

    With several stages, or a budget, the stages that follow are run in folders beside it.

    Raises:
        FolderError: the folder exists already or cannot be written.
        SpecError: the first stage alone is beyond the budget.
    """
    if stages > 1 or budget:
        limits = budget or Budget()
        return pipeline.run(plan, root, command_line(), stages, limits, controls=controls)
    begun = partial(before_search, plan, root, skip=not controls)
    return postprocess.finish(root, lambda: runner.run(plan, root, command_line(), begun))


def resume_sweep(root: Path, *, add_trials: int = 0, retry_failed: bool = False) -> int:
    """Go on with an interrupted sweep or chain of stages, or extend a finished sweep.

    Gives the exit status.

    Raises:
        FolderError: not a sweep's folder, or another process is at work on it.
        SpecError: its spec is not valid any more, or was edited where it cannot be.
    """
    if pipeline.is_chain(root) and not (add_trials or retry_failed):
        return pipeline.resume(pipeline.read(root), command_line())
    return postprocess.finish(root, partial(_resume, root, add_trials, retry_failed))


def _resume(root: Path, add_trials: int, retry_failed: bool) -> None:
    paths = SweepPaths(root.resolve())
    if not (paths.controls.exists() or has_begun(paths)):  # a kill came before the controls
        before_search(plan_of(paths), root)
    runner.resume(root, command_line(), add_trials=add_trials, retry_failed=retry_failed)
