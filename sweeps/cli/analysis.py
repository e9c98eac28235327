"""Commands on what was trained."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ilsweep.sweeps.cli.arguments import (
    Command,
    check_metric,
    positive,
    takes_dir,
    takes_json,
    takes_metric,
)
from ilsweep.sweeps.exit_codes import FAILED, INTERRUPTED, OK
from ilsweep.sweeps.processes.signals import leaving


def _analysis_arguments(sub: argparse.ArgumentParser) -> None:
    takes_dir(sub)
    takes_metric(sub)


def _rank(args: argparse.Namespace) -> int:
    from ilsweep.analysis.report import ranking_json, ranking_text
    from ilsweep.sweeps.workflow.postprocess import analysed

    check_metric(args)
    analysis = analysed(args.dir, args.metric, args.mode)
    print(ranking_json(analysis) if args.json else ranking_text(analysis))
    return OK


def _diagnose(args: argparse.Namespace) -> int:
    from ilsweep.analysis.report import findings_json, findings_text
    from ilsweep.sweeps.workflow.postprocess import analysed

    check_metric(args)
    analysis = analysed(args.dir, args.metric, args.mode)
    print(findings_json(analysis) if args.json else findings_text(analysis))
    return OK


def _report_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, metavar="DIR")
    sub.add_argument("--lang", choices=("zh", "en"), help="only one language")
    sub.add_argument(
        "--watch", action="store_true", help="serve the page on 127.0.0.1; it renews itself"
    )
    sub.add_argument(
        "--plot", metavar="METRIC", help="draw the curves of one metric, and no report"
    )
    takes_metric(sub)


def _report(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.workflow import postprocess

    if args.plot:
        print(postprocess.plot(args.dir, args.plot))
        return OK
    check_metric(args)
    if args.watch:
        return _watch(args)
    langs = (args.lang,) if args.lang else postprocess.LANGS
    _, reports = postprocess.report(args.dir, langs, args.metric, args.mode)
    print(*reports, sep="\n")
    return OK


def _watch(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.workflow.watch import serve

    with suppress(KeyboardInterrupt):  # that is how it ends
        serve(args.dir, args.metric, args.mode, lambda address: print(address, flush=True))
    return OK


def _confirm_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, metavar="DIR")
    sub.add_argument(
        "--top",
        type=positive,
        metavar="K",
        help="so many configurations (default: 3; with --train-seeds the announced one)",
    )
    sub.add_argument(
        "--rollouts",
        type=positive,
        default=100,
        metavar="N",
        help="at most so many episodes of each (default: 100)",
    )
    sub.add_argument(
        "--train-seeds",
        type=positive,
        metavar="N",
        help="train each again with N fresh training seeds first, and try those policies: what the "
        "configuration does, and not only the policies that were chosen with it",
    )
    takes_json(sub)


def _confirm(args: argparse.Namespace) -> int:
    from ilsweep.analysis import report
    from ilsweep.sweeps.errors import RunAbortedError
    from ilsweep.sweeps.workflow import postprocess

    kept = "interrupted; what was trained and whole rounds are kept, call again to go on"
    try:
        with leaving(lambda: kept):
            if args.train_seeds:
                again = postprocess.confirm_again(
                    args.dir, args.top or 1, args.rollouts, args.train_seeds, sys.argv
                )
                text = report.retraining_json if args.json else report.retraining_text
                print(text(again))
            else:
                found = postprocess.confirm(args.dir, args.top or 3, args.rollouts)
                print((report.confirmation_json if args.json else report.confirmation_text)(found))
    except RunAbortedError as error:
        print(f"{error}; call again to go on", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(kept, file=sys.stderr)
        return INTERRUPTED
    return OK


def _import_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a log, a folder, a glob, or RUN=FILE,FILE for several files of one run",
    )
    sub.add_argument("--into", type=Path, required=True, metavar="DIR")
    sub.add_argument(
        "--format",
        default="",
        metavar="NAME",
        help="the files' format, or module:NAME of a LogFormat of yours (default: detected)",
    )
    sub.add_argument(
        "--pattern",
        action="append",
        default=[],
        metavar="REGEX",
        help="read any log: 'loss=(?P<train_loss>\\S+)', or NAME=REGEX with one group",
    )
    sub.add_argument("--step", default="", metavar="REGEX", help="with it: 'Step (\\d+)'")
    sub.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="THEIRS=OURS",
        help="what a metric is: heldout_ce=eval/eval_loss (docs/imports.md has the known names)",
    )
    sub.add_argument("--step-column", default="", metavar="NAME", help="of a table: the step")
    sub.add_argument("--run-column", default="", metavar="NAME", help="of a table: the run")
    takes_metric(sub)


def _import(args: argparse.Namespace) -> int:
    from ilsweep.analysis import importers
    from ilsweep.analysis.importers.patterns import from_arguments
    from ilsweep.sweeps.errors import FolderError

    check_metric(args)
    if args.step and not args.pattern:
        raise FolderError("--step: finds the step of what --pattern finds; give --pattern, too")
    if args.format and args.pattern:
        raise FolderError("--format: --pattern reads files without a format; give one of the two")
    try:
        how = importers.How(
            args.format,
            from_arguments(args.pattern, args.step) if args.pattern else None,
            importers.Choice(args.step_column, args.run_column),
            importers.Goal(args.metric, args.mode) if args.metric else None,
            importers.names_from(args.name),
        )
        names = importers.import_runs(
            args.files, args.into, how, say=lambda note: print(note, file=sys.stderr)
        )
    except (importers.ImportRefused, OSError) as error:
        raise FolderError(str(error)) from None
    for name in names:
        print(args.into / "trials" / name)
    return OK


def _next_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("dir", type=Path, metavar="DIR")
    sub.add_argument("-o", "--output", type=Path, metavar="FILE")


def _next(args: argparse.Namespace) -> int:
    from ilsweep.sweeps.workflow import postprocess

    target = args.output or args.dir / "next.yaml"
    postprocess.write_next(args.dir, target)
    print(target)
    return OK


COMMANDS: Mapping[str, Command] = {
    "rank": Command(
        "rank the configurations of a running or finished sweep",
        "ilsweep rank runs/act-ot-stage1 --json",
        _analysis_arguments,
        _rank,
    ),
    "diagnose": Command(
        "say what went wrong in each trial, and why",
        "ilsweep diagnose runs/act-ot-stage1 --json",
        _analysis_arguments,
        _diagnose,
    ),
    "report": Command(
        "write the stage reports of a running or finished sweep",
        "ilsweep report runs/act-ot-stage1 --lang en",
        _report_arguments,
        _report,
    ),
    "confirm": Command(
        "try the best policies on fresh episodes, until the answer is clear",
        "ilsweep confirm runs/act-ot-stage1 --top 3 --rollouts 100",
        _confirm_arguments,
        _confirm,
    ),
    "import": Command(
        "turn foreign runs into records; the format is detected",
        "ilsweep import run.wandb train.log --into runs/imported",
        _import_arguments,
        _import,
    ),
    "next": Command(
        "write the next stage as a runnable spec",
        "ilsweep next runs/act-ot-stage1 -o stage2.yaml",
        _next_arguments,
        _next,
    ),
}
