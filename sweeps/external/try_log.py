"""What a spec would read of its command: of a log that is there, or of a few seconds of running it.

`ilsweep validate SPEC --try [LOG]`.
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ilsweep.analysis.formatting import how_many, printable
from ilsweep.sweeps.external.job import Job, job_of
from ilsweep.sweeps.external.launcher import Answer, Running
from ilsweep.sweeps.external.metric_tail import SourceTail
from ilsweep.sweeps.external.recipe import recipe_of
from ilsweep.sweeps.spec.command import Command, MetricSource
from ilsweep.sweeps.spec.plan import Plan

MOST_TEXTS = 5
"""Metrics without a number that are shown."""
SECONDS = 10.0
"""So long a command is run."""
TAIL_BYTES, TAIL_LINES = 4096, 5
"""What is shown of a command's output where nothing is read of it."""


@dataclass(frozen=True)
class Tried:
    """What was read, and which objectives were not in it."""

    lines: list[str]
    missing: list[str]
    failed: str = ""
    """What went wrong with the command that was run; empty where nothing did."""


def try_log(plan: Plan, log: Path) -> Tried:
    """Read a log as the output of the spec's command would be.

    Raises:
        ValueError: the spec's trainer is no command, and reads no log.
    """
    command = _command(plan)
    given = {**plan.fixed, **dict.fromkeys(plan.space)}
    sources = recipe_of(plan.spec.trainer, command, given).sources
    whole = [source.model_copy(update={"file": ""}) for source in sources]
    return _read(plan, whole, log.parent, log, str(log))


def try_command(plan: Plan) -> Tried:
    """Run the first trial's command for some seconds in a folder that is removed again.

    Raises:
        ValueError: the spec's trainer is no command.
    """
    _command(plan)
    first = {name: domain.extremes()[0] for name, domain in plan.space.items()}
    trial = plan.trial(first, plan.spec.first_seeds[0])
    with tempfile.TemporaryDirectory(prefix="ilsweep-try-") as folder:
        job = job_of(plan.shared(Path(folder)), trial)
        job.paths.trial.root.mkdir(parents=True)
        answer = _run(job)
        paths, sources = job.paths, job.recipe.sources
        tried = _read(plan, sources, paths.folder, paths.output, "what it printed")
        shown = [f"    {line}" for line in paths.tail(TAIL_BYTES)[-TAIL_LINES:]]
    how, failed = _ended(answer)
    lines = [f"{how}: {printable(shlex.join(job.argv(None)), 1000)}", *tried.lines]
    if tried.missing or failed:
        lines += ["its last lines:", *shown] if shown else ["it printed nothing"]
    return Tried(lines, tried.missing, failed)


def _command(plan: Plan) -> Command:
    if plan.spec.command is None:
        raise ValueError(f"{plan.spec.trainer} is no command: it reports its metrics itself")
    return plan.spec.command


def _run(job: Job) -> Answer | None:
    running = Running(job.launch(job.prepare(), [".*"]))
    try:
        return running.poll(SECONDS)
    finally:
        running.stop()


def _ended(answer: Answer | None) -> tuple[str, str]:
    if answer is None:
        return f"ran for {SECONDS:g} s and was ended", ""
    if answer.error or answer.status:
        failed = answer.error or f"ended with status {answer.status}"
        return failed, failed
    return "ran to its end", ""


def _read(
    plan: Plan, sources: Sequence[MetricSource], folder: Path, log: Path, called: str
) -> Tried:
    objectives = [objective.metric for objective in plan.spec.objectives]
    claimed = [claim.metric for claim in plan.spec.hypotheses]
    lines: list[str] = []
    found: set[str] = set()
    for source in sources:
        tail = SourceTail(source, folder, log, [*objectives, *claimed])
        more, names = _summary(tail, source, source.file or called)
        lines += more
        found |= names
    return Tried(lines, [name for name in objectives if name not in found])


def _summary(tail: SourceTail, source: MetricSource, called: str) -> tuple[list[str], set[str]]:
    rows = tail.rows(last=True) or []
    curves: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        for name, value in row.items():
            if name != "step":
                curves.setdefault(name, []).append((row["step"], value))
    steps = f", steps {rows[0]['step']} to {rows[-1]['step']}" if rows else ""
    lines = [f"{called} as {source.format}: {how_many(len(rows), 'report')}{steps}"]
    for name, points in curves.items():
        (first, begin), (last, end) = points[0], points[-1]
        values = how_many(len(points), "value")
        lines.append(f"  {name}: {values}, {begin:.4g} @{first} to {end:.4g} @{last}")
    for name, text in list(tail.texts.items())[:MOST_TEXTS]:
        lines.append(f"  {name}: {printable(repr(text))} is no number")
    return [printable(line) for line in lines], set(curves)
