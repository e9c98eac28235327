"""What follows a training: analysis, reports, the next stage, fresh episodes.

Beside the command line the only file of this package that sees the analysis.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.analyse import Analysis, analyse
from analysis.confirmation import Confirmation, confirmation
from analysis.findings.finding import Lang
from analysis.next_stage import NoNextStageError, next_stage
from analysis.records import SweepPaths, fresh_of, read_lines, read_sweep
from analysis.report import write_reports
from sweeps.problems import FolderError, SpecError

LANGS: tuple[Lang, ...] = ("zh", "en")


def analysed(root: Path) -> Analysis:
    """The analysis of a sweep's folder.

    Raises:
        FolderError: not a sweep's folder.
    """
    try:
        return analyse(read_sweep(root))
    except FileNotFoundError as error:
        raise FolderError(str(error)) from None


def report(root: Path, langs: Sequence[Lang] = LANGS) -> tuple[Analysis, list[Path]]:
    """Write the reports of a sweep; its analysis, and where the reports are.

    Raises:
        FolderError: not a sweep's folder, or it cannot be written.
    """
    from sweeps.folder import writable

    analysis = analysed(root)
    try:
        changes = next_stage(analysis, valid).changes
    except NoNextStageError:
        changes = ()
    with writable(root):
        written = write_reports(analysis, langs=langs, changes=changes)
    return analysis, [path for path in written if path.suffix == ".md"]


def valid(spec: Mapping[str, Any]) -> bool:
    """Whether a proposed spec could be run as it is."""
    from sweeps.check import check

    try:
        check(spec)
    except SpecError:
        return False
    return True


def confirm(root: Path, top: int, rollouts: int) -> Confirmation:
    """Try the best `top` configurations on up to `rollouts` fresh episodes each.

    Raises:
        FolderError: not a sweep's folder, in use, or nothing in it can be tried.
        KeyboardInterrupt: interrupted; whole rounds of episodes are kept.
    """
    from sweeps import confirm as fresh
    from sweeps.folder import locked, plan_of

    paths = SweepPaths(root.resolve())
    plan = plan_of(paths)
    with locked(paths):
        analysis = analysed(paths.root)
        sweep, ranking = analysis.sweep, analysis.ranking
        order = [(row.config_id, row.counted) for row in ranking.rows
                 if row.healthy and row.comparable and row.objective.n]  # fmt: skip
        tried = fresh.candidates(plan, sweep, order, top)

        def found() -> Confirmation | None:
            return confirmation(fresh_of(read_lines(paths.confirm)), ranking)

        def beaten() -> Collection[str]:
            so_far = found()
            return so_far.beaten if so_far else ()

        fresh.confirm(plan, sweep, tried, rollouts, beaten)
        result = found()
        report(paths.root)
    assert result is not None
    return result
