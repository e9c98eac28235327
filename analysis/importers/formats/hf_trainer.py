"""What the Hugging Face `Trainer` prints, and its `trainer_state.json` (GR00T and many VLAs).

Every `logging_steps` it prints `{'loss': 0.9, 'grad_norm': 1.2, 'learning_rate': 1e-05, 'epoch':
0.1}` (transformers 5: the numbers in quotes), after an evaluation `{'eval_loss': ...}`, at the end
`{'train_runtime': ..., 'train_loss': ...}`, where `train_loss` is the mean over the training. A
printed report names no step; the progress bar beside it does (`| 30/300 [`). `trainer_state.json`
(`transformers/trainer_callback.py`, `TrainerState`) has the exact step of each report.
"""

from __future__ import annotations

import re
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import DIGITS, Unread, as_metric, as_step, numbers_of
from ilsweep.analysis.importers.source import ForeignRun, Source, parse_json

_REPORT = re.compile(r"\{('\w[^{}]{0,4000}'epoch': [^{}]{1,40})\}")
_ITEM = re.compile(r"'([^']{1,200})': ([^,}]{1,80})")
_BAR = re.compile(rf"\d%\|[^|]{{0,200}}\| *({DIGITS})/({DIGITS}) \[")
_ENDS = ("train_runtime", "train_samples_per_second", "train_steps_per_second")

METRIC_OF = {"eval_runtime": "eval/eval_s", "eval_loss": "eval/eval_loss"}


def detect(source: Source) -> bool:
    if source.head.lstrip().startswith("{") and '"log_history"' in source.head:
        return _state(source) is not None
    found = _REPORT.search(source.head)
    return found is not None and ("'loss'" in found[1] or "'eval_" in found[1])


def read(source: Source) -> list[ForeignRun]:
    """The run of the file."""
    state = _state(source)
    return [_from_state(source, state) if state is not None else _from_output(source)]


def _state(source: Source) -> dict[str, Any] | None:
    if not source.content.lstrip().startswith(b"{"):
        return None
    value = parse_json(source.content)
    return value if isinstance(value, dict) and isinstance(value.get("log_history"), list) else None


def _from_state(source: Source, state: dict[str, Any]) -> ForeignRun:
    rows = []
    for report in state["log_history"]:
        step = as_step(report.get("step")) if isinstance(report, dict) else None
        if step is not None:
            rows.append({"step": step, **_named(numbers_of(report))})
    known: dict[str, Any] = {n: state[n] for n in ("train_batch_size", "max_steps") if n in state}
    return ForeignRun(id=source.run_id, rows=rows, config=known)


def _from_output(source: Source) -> ForeignRun:
    rows: list[dict[str, Any]] = []
    unread = Unread()
    bar, total, told, count = 0, "", False, 0
    for line in source.lines:
        for found in _BAR.finditer(line):
            if not total or found[2] == total or int(found[1]) > bar:
                total, bar = total or found[2], int(found[1])
        for text in _REPORT.findall(line):
            items = {n: as_metric(unread.number(n, v.strip())) for n, v in _ITEM.findall(text)}
            told = told or bar > 0
            count += "loss" in items or not rows
            metrics = _named({n: v for n, v in items.items() if v is not None})
            rows.append({"step": bar if told else count, **metrics})
    notes = unread.notes()
    if not told:
        notes.append("neither the reports nor a progress bar names a step: counted from 1")
    return ForeignRun(id=source.run_id, rows=rows, ended=source.time, notes=tuple(notes))


def _named(report: dict[str, float]) -> dict[str, float]:
    """A report by the names of the records."""
    last = any(name in report for name in _ENDS)
    found = {}
    for name, value in report.items():
        if name in ("epoch", "step", "total_flos") or (last and name == "train_loss"):
            continue
        if name.startswith("eval_"):
            found[METRIC_OF.get(name, f"eval/{name.removeprefix('eval_')}")] = value
        else:
            found[METRIC_OF.get(name, f"train/{name.removeprefix('train_')}")] = value
    return found


FORMAT = LogFormat(
    name="hf_trainer",
    title="Hugging Face Trainer output or trainer_state.json",
    detect=detect,
    read=read,
    lines=r"\{'(?:eval_|train_)?\w{1,80}': [^{}]*'epoch': |^\s*\d{1,3}%\||\| *\d+/\d+ \[",
    looks="{'loss': 0.9, 'grad_norm': 1.2, 'learning_rate': 1e-05, 'epoch': 0.1}",
)
