"""What `lerobot-train` logs, versions 0.3 to 0.6 (`src/lerobot/utils/logging_utils.py`).

A report reads `step:12K smpl:98K ep:150 epch:1.23 loss:0.123 grdn:1.5 lr:1.0e-05 updt_s:0.1 ...`,
between redrawn progress bars. Numbers of 1,000 and more are rounded to thousands, so that steps
have to be rebuilt from their regular distance (`lerobot_steps`). Further meters appear by the names
that the policy gives them; unknown ones are kept. The configuration is printed first, as a
dictionary over many lines; where it is printed again, another training begins. What `lerobot-eval`
prints behind it in a job's log is of the training's end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain, groupby
from typing import Any

from ilsweep.analysis.importers.formats.lerobot_eval import OVERALL
from ilsweep.analysis.importers.formats.lerobot_steps import rebuild
from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import DIGITS, Unread, as_number, numbers_of
from ilsweep.analysis.importers.params import canonical, identity
from ilsweep.analysis.importers.printed import Collector, goes_on
from ilsweep.analysis.importers.python_dicts import printed_pairs
from ilsweep.analysis.importers.source import ForeignRun, Source

_WORD = r"\S{1,40}"
_BEGIN = re.compile(rf"\bstep:{_WORD} smpl:")
_REPORT = re.compile(rf"step:({_WORD}) smpl:{_WORD} ep:{_WORD} epch:{_WORD} (.*)")
_EVAL_LOSS = re.compile(rf"step ({DIGITS}): eval_loss=([-+\w.]+)")
_EXACT_STEP = re.compile(rf"(?:Checkpoint policy after|Eval policy at) step ({DIGITS})\b")
_EVALUATED = re.compile(r"Suite overall aggregated: (\{.*)")
_DUMP = re.compile(r"(?:^|\s)(\{'\w.*)$")
_METER = re.compile(r"^[A-Za-z∑_][\w/.∑%-]{0,80}$")
_PART = re.compile(rf"(?:^|[\s{{])'(log_freq|batch_size|steps|seed)': ({DIGITS})[,}}]")

METRIC_OF = {
    "loss": "train/loss",
    "grdn": "train/grad_norm",
    "lr": "train/lr",
    "updt_s": "train/update_s",
    "data_s": "train/dataloading_s",
    "prep_s": "train/preprocessing_s",
    "step_s": "train/step_s",
    "smp/s": "train/samples_per_s",
    "mem_gb": "train/gpu_mem_gb",
    "∑rwrd": "eval/avg_sum_reward",
    "success": "eval/pc_success",
    "eval_s": "eval/eval_s",
}
"""The log's meters by the names that lerobot gives the same numbers in wandb."""

BEFORE_0_4 = ("eval/avg_sum_reward", "eval/pc_success")
"""In a line like a report, of the step that the line before named."""

EVALUATION = ("pc_success", "avg_sum_reward", "avg_max_reward", "n_episodes", "eval_s")

TIMES_AND_SIZES = ("resume", "checkpoint_path", "steps", "save_freq", "log_freq", "save_checkpoint")
"""What a resumed training may print otherwise than the one that it goes on with."""


def detect(source: Source) -> bool:
    return _REPORT.search(source.head) is not None


class _Reader:
    """The state of reading one training, line by line."""

    def __init__(self, copies: bool) -> None:
        self.copies = copies
        self.config: dict[str, Any] = {}
        self.whole = False
        self.ended = False
        self.printed: list[str | int] = []
        self.rows: list[dict[str, Any]] = []
        self.at: list[int] = []
        self.unread = Unread()
        self.last = ""

    def line(self, text: str) -> None:
        if found := _REPORT.search(text):
            if self.copies and found[0] == self.last:
                return
            self.last = found[0]
            meters = self._meters(found[2])
            evaluation = any(name in meters for name in BEFORE_0_4)
            self._add(meters, len(self.printed) - evaluation)
            self.printed += [] if evaluation else [found[1]]
        elif found := _EXACT_STEP.search(text):
            self.printed.append(int(found[1]))
        elif found := _EVAL_LOSS.search(text):
            self._add({"eval/eval_loss": as_number(found[2])}, len(self.printed))
            self.printed.append(int(found[1]))
        elif found := _EVALUATED.search(text):
            self.evaluated(printed_pairs("".join(found[1].partition("}")[:2])))
        elif "End of training" in text:
            self.ended = True
        elif not self.whole and (found := _PART.search(text)):
            self.config.setdefault(found[1], int(found[2]))

    def evaluated(self, printed: Mapping[str, Any]) -> None:
        """Take the means of an evaluation, or those of all its suites."""
        overall = printed.get("overall")
        numbers = numbers_of(overall if isinstance(overall, dict) else printed)
        values = {f"eval/{name}": numbers[name] for name in EVALUATION if name in numbers}
        self._add(values, len(self.printed) - 1)

    def _add(self, row: dict[str, Any], at: int) -> None:
        self.rows.append(row)
        self.at.append(at)

    def _meters(self, text: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for word in text.split():
            name, colon, value = word.partition(":")
            if colon and _METER.match(name) and not name.endswith(".py"):
                metric = METRIC_OF.get(name, f"train/{name}")
                number = self.unread.number(metric, value)
                found |= {} if number is None else {metric: number}
        return found

    def cut_short(self) -> None:
        """Drop the last meter of a last report that has fewer than the one before: it is torn."""
        before, last = ([*row] for row in self.rows[-2:]) if len(self.rows) > 1 else ([], [])
        if last and len(last) < len(before) and last == before[: len(last)]:
            self.rows[-1].popitem()

    def run(self, name: str, ended: str) -> ForeignRun:
        distance = self.config.get("log_freq")
        steps = rebuild(self.printed, distance if isinstance(distance, int) else None)
        rows = [
            {"step": steps[i] if i >= 0 else 0, **row}
            for i, row in zip(self.at, self.rows, strict=True)
        ]
        return ForeignRun(
            id=name, rows=rows, config=self.config, whole=self.whole, ended=ended,
            notes=tuple(self.unread.notes()),
        )  # fmt: skip


def read(source: Source) -> list[ForeignRun]:
    """The runs of the log.

    A configuration that is printed again and differs begins another one, and so does any after the
    end of a training.
    """
    copies = _copies(source)
    readers = [_Reader(copies)]
    dump, evaluation, above = Collector(), False, ""
    for text in chain.from_iterable(map(_reports, source.lines)):
        if dump.open and (not goes_on(text) or _BEGIN.search(text)):
            _torn(readers[-1], dump.drop())
        opening = None if dump.open else _DUMP.search(text)
        if dump.open or opening:
            if opening:
                evaluation = bool(_EVALUATED.search(text)) or above.endswith(OVERALL)
            config = dump.add(opening[1] if opening else text)
            if config and evaluation:
                readers[-1].evaluated(config)
            elif config and "policy" in config:
                _configured(readers, config)
            if dump.open or config:
                continue
        readers[-1].line(text)
        above = text.rstrip()
    if dump.open:
        _torn(readers[-1], dump.drop())
    if source.open_end:
        readers[-1].cut_short()
    used = [reader for reader in readers if reader.rows] or readers[-1:]
    names = [source.run_id, *(f"{source.run_id}-{n}" for n in range(2, len(used) + 1))]
    return [reader.run(name, source.time) for reader, name in zip(used, names, strict=True)]


def _copies(source: Source) -> bool:
    """Whether each report stands there twice or more often: by every rank, or logging handler."""
    lines = (text for line in source.lines if "smpl:" in line for text in _reports(line))
    texts = (found[0] for text in lines if (found := _REPORT.search(text)))
    times = [len(list(same)) for _, same in groupby(texts)]
    return len(times) > 1 and min(times) > 1


def _reports(line: str) -> Iterator[str]:
    """A line cut wherever a report begins, without the next one's prefix."""
    begins = [found.start() for found in _BEGIN.finditer(line)]
    if len(begins) < 2:
        yield line
        return
    for low, high in zip(begins, [*begins[1:], len(line)], strict=True):
        part = line[low:high]
        cut = max(part.rfind(level) for level in (" INFO ", " DEBUG ", " WARNING ", " ERROR "))
        yield part if cut < 0 else part[:cut]


def _torn(reader: _Reader, config: dict[str, Any]) -> None:
    """What is known from a dump that is never closed: a part of the configuration."""
    if not reader.whole:
        reader.config = {**config, **reader.config}


def _configured(readers: list[_Reader], config: dict[str, Any]) -> None:
    """Take a printed configuration: of the training that runs, or of the next one."""
    last = readers[-1]
    if last.rows and (last.ended or (last.whole and _differ(last.config, config))):
        readers.append(_Reader(last.copies))
        last = readers[-1]
    if not last.whole:
        last.config, last.whole = config, True


def _differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    first, second = (
        {name: value for name, value in canonical(config).items() if name not in TIMES_AND_SIZES}
        for config in (one, other)
    )
    return first.get("seed") != second.get("seed") or identity(first) != identity(second)


FORMAT = LogFormat(
    name="lerobot",
    title="lerobot-train log (0.3 to 0.6)",
    detect=detect,
    read=read,
    lines=(
        r"step:\S{1,40} smpl:|eval_loss=|Checkpoint policy after|Eval policy at|Suite overall"
        rf"|{OVERALL}"
        r"|End of training|\{'|^\s+['\"\[{(\d-]"
    ),
    looks="step:200 smpl:2K ep:4 epch:0.18 loss:1.000",
)
