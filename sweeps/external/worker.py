"""A trial of somebody else's command (`sweeps.worker.trial_run`).

Its steps are the command's own: whatever its log calls a step.
"""

from __future__ import annotations

import math
import os
import time
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.curves import read_lines
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.sweeps.errors import shorten
from ilsweep.sweeps.external.job import job_of
from ilsweep.sweeps.external.launcher import Answer, Running
from ilsweep.sweeps.external.metric_tail import MetricTail, Row, keep
from ilsweep.sweeps.metrics import LONGEST_NAME, full_name, is_name, never_reported
from ilsweep.sweeps.security.secrets import hidden
from ilsweep.sweeps.spec.command import MetricSource
from ilsweep.sweeps.spec.trial_config import SharedConfig, TrialConfig
from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.core.episode import Episode

POLL_S = 0.25
TAIL_BYTES, TAIL_LINES = 4000, 12


class CommandFailedError(Exception):
    """A command that did not do what was asked: the last lines of its output, then the reason."""


class ExternalRun:
    """A `TrialRun` of a command, from its start to its last report."""

    def __init__(self, shared: SharedConfig, trial: TrialConfig) -> None:
        self._job = job = job_of(shared, trial)
        self._objectives = shared.objectives
        self._named = shared.named
        self._began = self._heard = time.monotonic()
        self._running: Running | None = None
        self._answer: Answer | None = None
        self._printed = -1
        self._waiting: deque[Row] = deque()
        self._follow = MetricTail(
            job.recipe.sources, job.paths.folder, job.paths.reports, shared.named
        )
        self._resumed = False
        self.warnings: list[str] = []
        """What is to be noted in the trial's record, though nothing failed."""
        self._warned: set[str] = set()
        self.step = 0
        self.finished = False
        self.episodes: list[Episode] = []
        self.predictions = ""
        self.report: Metrics = {}
        """Nothing: a command's reports are all in its log, and are read from there again."""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def resume(self) -> None:
        """Start the command, or go on from its checkpoint.

        One that ended well is only read again, for it may be that nobody recorded it.
        """
        before = read_json(self._job.paths.record)
        recorded = read_lines(self._job.paths.trial.metrics)
        if before.get("status") == 0 and not before.get("failed"):
            self._answer = Answer(status=0)
            self._waiting.extend(self._follow.unrecorded(recorded))
            return
        checkpoint = self._job.prepare()
        self._resumed = checkpoint is not None
        sources = [source for source in self._job.recipe.sources if not source.file]
        if checkpoint and self._job.paths.trial.record.exists():
            # What was printed before may not have been read by a worker that was lost.
            paths = self._job.paths
            earlier = MetricTail(sources, paths.folder, paths.reports, self._named)
            self._waiting.extend(earlier.unrecorded(recorded))
        kept = [pattern for source in sources for pattern in keep(source)]
        self._job.paths.reports.unlink(missing_ok=True)
        launch = self._job.launch(checkpoint, kept)
        own = {name: launch.env[name] for name in self._job.recipe.env}
        called = {"argv": launch.argv, "cwd": launch.cwd, "env": own}
        write_atomic(self._job.paths.record, to_json(called))
        self._running = Running(launch)

    def _record(self, **end: Any) -> None:
        path = self._job.paths.record
        write_atomic(path, to_json({**read_json(path), **end}))

    def train_to_report(self) -> Metrics:
        """Wait for the next report; its metrics. The last one, or none, where the command is done.

        Raises:
            CommandFailedError: it could not be started, ended with a status, was silent for too
                long, or never reported an objective.
        """
        while not self._waiting and self._answer is None:
            assert self._running is not None
            self._hear(self._running.poll(POLL_S))
        if self._answer is not None:
            self._waiting.extend(self._follow.new(last=True))
        for name in sorted(self._follow.clashes):
            full = full_name(name)
            self._warn(f"{name!r} and {full!r} are one metric's name; the longer counts")
        metrics = self._next() if self._waiting else {}
        if self._answer is not None and not self._waiting:
            wrong = self._wrong(self._answer)
            if wrong and metrics:
                return metrics  # its last report; that it failed is said at the next call
            if wrong:
                self._fail(wrong)
            metrics |= self._post_command_metrics()
            self.finished = True
        return metrics

    def _hear(self, answer: Answer | None) -> None:
        self._answer = answer
        if answer is not None:
            self._record(**asdict(answer))
            return
        self._waiting.extend(self._follow.new())
        self._watch_the_time()

    def _watch_the_time(self) -> None:
        printed = self._job.paths.printed()
        if printed != self._printed or self._waiting:
            self._printed, self._heard = printed, time.monotonic()
        end = self._job.recipe.command.end
        if time.monotonic() - self._heard > end.silent_s:
            self._stop(f"neither output nor a metric for {end.silent_s:g} s (end.silent_s)")
        elif end.max_s is not None and self.seconds > end.max_s:
            self._stop(f"took longer than {end.max_s:g} s (end.max_s)")

    def _stop(self, reason: str) -> None:
        """End the command; what it has printed is read still."""
        self.close()
        self._answer = Answer(error=reason)

    def _next(self) -> Metrics:
        row = self._waiting.popleft()
        self.step = max(self.step, row["step"])
        metrics = {name: float(value) for name, value in row.items() if self._is_metric(name)}
        loss = metrics.get("train/loss", 0.0)
        if not math.isfinite(loss):
            self._fail(f"was ended: train/loss is {loss} at step {row['step']}")
        return metrics

    def _is_metric(self, name: str) -> bool:
        if not is_name(name):
            valid = f"valid: 1 to {LONGEST_NAME} printable characters"
            self._warn(f"a metric called {shorten(ascii(name), 80)} is left out; {valid}")
        return name != "step" and is_name(name)

    def _warn(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self.warnings.append(text)

    def _wrong(self, answer: Answer) -> str:
        """What a command that has ended did wrong; empty where it did its work."""
        if answer.error:
            return answer.error
        if answer.status:
            died = f"was killed by signal {-answer.status}" if answer.status < 0 else ""
            return died or f"ended with status {answer.status}"
        missing = [name for name in self._objectives if name not in self._follow.names]
        if missing and not self._resumed:
            return self._what_is_missing(missing)
        return ""

    def _what_is_missing(self, missing: list[str]) -> str:
        never, texts = f"never reported {', '.join(missing)}", self._follow.texts
        for name in missing:
            if name in texts:
                return f"{never}: it came as text, {texts[name][:60]!r}, not as a number"
        if self._follow.names:
            return never_reported(missing, self._follow.names)
        formats = " or ".join(source.format for source in self._job.recipe.sources)
        return f"{never}; nothing that it wrote reads as {formats}"

    def _post_command_metrics(self) -> Metrics:
        """The metrics of the command that comes after it, where there is one.

        One that goes wrong leaves none and does no harm; `command.json` says why.
        """
        if not self._job.recipe.after:
            return {}
        source = MetricSource(format="json_lines")
        running = Running(self._job.launch_after(keep(source)))
        answer = running.poll(self._job.recipe.command.end.silent_s)
        running.stop()
        self._record(after=asdict(answer or Answer(error="took longer than end.silent_s")))
        paths = self._job.paths
        found = MetricTail([source], paths.folder, paths.probes, self._named).new(last=True)
        return {name: value for row in found for name, value in row.items() if name != "step"}

    def _fail(self, reason: str) -> None:
        self.close()
        self._record(failed=reason)
        lines = self._job.paths.tail(TAIL_BYTES)[-TAIL_LINES:]
        last = f"; its last line: {lines[-1].strip()}" if lines else "; it printed nothing"
        shown = "".join(f"    {line}\n" for line in lines)
        raise CommandFailedError(f"{shown}the command {reason}{last}")

    def load(self, path: Path) -> None:
        raise CommandFailedError(f"keeps its own checkpoints and cannot go on from {path}")

    def keep(self) -> None:
        raise CommandFailedError("keeps its own checkpoints and writes none when it is told to")

    def save(self, path: Path) -> None:
        raise CommandFailedError(f"keeps its own checkpoints and writes none to {path}")

    def lacks(self) -> str:
        """Nothing: an objective that is missing at a command's end has made it fail."""
        return ""

    def explain(self, error: BaseException) -> str:
        """The error's own words; where we stood says nothing."""
        return hidden(str(error), os.environ)

    def spoiled(self) -> list[str]:
        """Nothing: a command has processes of its own."""
        return []

    def close(self) -> None:
        """End the command where it is still at work, with everything that it started."""
        if self._running is not None:
            self._running.stop()
            self._running = None
