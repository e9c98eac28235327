"""What the ACT repository and act-plus-plus print in training and in evaluation.

`imitate_episodes.py` of tonyzhaozh/act counts epochs (`Epoch 12`), that of MarkFzp/act-plus-plus
steps, which only its progress bar names (`500/1001 [`). Validation comes before training in an
epoch, and runs with the posterior's latent, so that its L1 is not `eval/offline_eval/avg_l1`.
"""

from __future__ import annotations

import re
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import DIGITS, Unread
from ilsweep.analysis.importers.source import ForeignRun, Source
from ilsweep.analysis.metrics.catalog import EPISODE

_EPOCH = re.compile(rf"^Epoch ({DIGITS})$")
_BAR = re.compile(rf"\d%\|[^|]{{0,200}}\| *({DIGITS})/({DIGITS}) \[")
_PART = re.compile(r"^(Val|Train) loss:\s+(\S+)$")
_TERM = re.compile(r"\b(?:val_)?(l1|kl|mse|loss): (\S+)")
_KL_WEIGHT = re.compile(rf"^KL Weight ({DIGITS})\b")
_SEED = re.compile(rf"Seed ({DIGITS}), val loss \S{{1,40}} at (?:epoch|step) \d+")
_ROLLOUT = re.compile(rf"^Rollout ({DIGITS})$")
_OUTCOME = re.compile(r"env_max_reward=\S{1,40}, Success: (True|False)")
_RATE = re.compile(r"^Success rate: (\S+)$")
_RETURN = re.compile(r"^Average return: (\S+)$")

METRIC_OF = {"l1": "l1_loss", "kl": "kld_loss", "mse": "mse"}
GROUP_OF = {"Val": "eval", "Train": "train"}


def detect(source: Source) -> bool:
    return _trained(source.head) or _evaluated(source.head)


def _trained(head: str) -> bool:
    return "\nVal loss:" in head and (
        re.search(r"^Epoch \d+$", head, re.MULTILINE) is not None
        or re.search(r"^(?:val_)?l1: \S+ (?:val_)?kl: ", head, re.MULTILINE) is not None
    )


def _evaluated(head: str) -> bool:
    return ("Success rate:" in head and "Average return:" in head) or "env_max_reward=" in head


class _Reader:
    """The state of reading one log, line by line."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.config: dict[str, Any] = {}
        self.step: int | None = None
        self.counted = 0
        self.in_report: set[str] = set()
        """Metrics of the report that is counted."""
        self.told = ""
        self.total = ""
        self.group = ""
        self.rollout = 0
        self.episodes = 0
        self.unread = Unread()

    def line(self, text: str) -> None:
        if found := _EPOCH.match(text):
            self.step, self.told = int(found[1]), "epochs"
        elif found := _PART.match(text):
            self.group = GROUP_OF[found[1]]
            self._begin(f"{self.group}/loss")
            self._report(f"{self.group}/loss", found[2])
        elif self.group and (terms := _TERM.findall(text)):
            for name, value in terms:
                if name != "loss":  # printed above with more digits
                    self._report(f"{self.group}/{METRIC_OF[name]}", value)
            self.group = ""
        elif found := _KL_WEIGHT.match(text):
            self.config["kl_weight"] = int(found[1])
        elif found := _SEED.search(text):
            self.config["seed"] = int(found[1])
        else:
            self._evaluation(text)
        if self.told != "epochs" and "%|" in text:
            self._bar(text)

    def _bar(self, text: str) -> None:
        """The step of the training's bar; those of rollouts, which have other lengths, say none."""
        for step, total in _BAR.findall(text):
            self.total = self.total or total
            if total == self.total:
                self.step = int(step)

    def _evaluation(self, text: str) -> None:
        if found := _ROLLOUT.match(text):
            self.rollout = int(found[1])
        elif found := _OUTCOME.search(text):
            if not self.episodes:
                self._begin("eval/pc_success")
            self.episodes += 1
            self._report(f"{EPISODE}{self.rollout}", str(float(found[1] == "True")))
        elif found := _RATE.match(text):
            self._begin("" if self.episodes else "eval/pc_success")
            self._report("eval/pc_success", found[1], 100)
            if self.episodes:
                self._report("eval/n_episodes", str(self.episodes))
            self.episodes = 0
        elif found := _RETURN.match(text):
            self._report("eval/avg_sum_reward", found[1])

    def _begin(self, metric: str) -> None:
        """Where the log tells no step, a metric that comes again begins the next report."""
        if self.step is None and metric in self.in_report:
            self.counted += 1
            self.in_report.clear()

    def _report(self, metric: str, text: str, scale: float = 1) -> None:
        value = self.unread.number(metric, text)
        if value is not None:
            step = self.counted if self.step is None else self.step
            self.in_report.add(metric)
            self.rows.append({"step": step, metric: scale * value})


def read(source: Source) -> list[ForeignRun]:
    """The run of the output."""
    reader = _Reader()
    for line in source.lines:
        reader.line(line.strip())
    notes = reader.unread.notes()
    if reader.step is None and reader.counted:
        notes.append("the log tells no step: the reports are counted from 0")
    trained = any("train/loss" in row or "eval/loss" in row for row in reader.rows)
    return [
        ForeignRun(
            id=source.run_id, rows=reader.rows, config={"policy": {"type": "act"}, **reader.config},
            kind="training" if trained else "evaluation", ended=source.time, notes=tuple(notes),
        )
    ]  # fmt: skip


FORMAT = LogFormat(
    name="act",
    title="ACT repository output (training and evaluation; act-plus-plus too)",
    detect=detect,
    read=read,
    lines=(
        r"^\s*(Epoch \d+|(Val|Train) loss:|KL Weight|Rollout \d+|Success rate:|Average return:)"
        r"|(l1|kl|mse|loss): \S|Seed \d+, val loss|env_max_reward=|^\s*\d{1,3}%\|"
    ),
    looks="Epoch 12, then Val loss: 0.28431",
)
