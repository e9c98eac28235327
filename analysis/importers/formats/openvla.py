"""What OpenVLA and OpenVLA-OFT print: the training's status, and evaluations in LIBERO.

Training (`prismatic/training/metrics.py` of openvla/openvla) writes `=>> [Epoch 000] Global Step
000010 =>> LR :: 0.000020 - Loss :: 0.5000`; evaluation (`experiments/robot/libero/
run_libero_eval.py` there and in moojink/openvla-oft, `examples/libero/main.py` of openpi) writes
`Success: True`, `# episodes completed so far: 12` and `Current total success rate: 0.75`. The
evaluation names no training step. What `vla-scripts/finetune.py` logs goes to wandb only.
"""

from __future__ import annotations

import re
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import DIGITS, Unread
from ilsweep.analysis.importers.source import ForeignRun, Source
from ilsweep.analysis.metrics.catalog import EPISODE

_STATUS = re.compile(rf"Global Step ({DIGITS}) =>> ([^=\n]{{1,400}})")
_VALUE = re.compile(r"([A-Za-z][\w ()]{0,60}?) :: ([^\s|]{1,40})")
_OUTCOME = re.compile(r"\bSuccess: (True|False)\b")
_EPISODES = re.compile(rf"# episodes completed so far: ({DIGITS})")
_RATE = re.compile(r"(?:[Tt]otal|Overall) success rate: (?:\d+ / \d+ \()?([\d.]{1,20})")
_SUITE = re.compile(r"[Tt]ask suite: (\w{1,60})")


def detect(source: Source) -> bool:
    head = source.head
    return _STATUS.search(head) is not None or (
        "# episodes completed so far:" in head and _OUTCOME.search(head) is not None
    )


def read(source: Source) -> list[ForeignRun]:
    """The run of the training's status, or one evaluation."""
    rows: list[dict[str, Any]] = []
    evaluation: dict[str, Any] = {}
    outcomes: list[float] = []
    unread = Unread()
    suite = ""
    for line in source.lines:
        for step, values in _STATUS.findall(line):
            row: dict[str, Any] = {"step": int(step)}
            for name, value in _VALUE.findall(values):
                metric = f"train/{name.strip(' -').lower().replace(' ', '_')}"
                row[metric] = unread.number(metric, value)
            rows.append(row)
        if found := _OUTCOME.search(line):
            outcomes.append(float(found[1] == "True"))
        elif found := _EPISODES.search(line):
            del outcomes[int(found[1]) :]  # printed and logged: twice in one output
        elif found := _RATE.search(line):
            rate = unread.number("eval/pc_success", found[1])
            evaluation["eval/pc_success"] = None if rate is None else 100 * rate
        elif found := _SUITE.search(line):
            suite = found[1]
    if outcomes:
        evaluation |= {f"{EPISODE}{i}": outcome for i, outcome in enumerate(outcomes)}
        evaluation["eval/n_episodes"] = len(outcomes)
        evaluation["eval/pc_success"] = 100 * sum(outcomes) / len(outcomes)
    found_rows = rows or ([{"step": 0, **evaluation}] if evaluation else [])
    config = {"env": {"task": suite}} if suite else {}
    return [
        ForeignRun(id=source.run_id, rows=found_rows, config=config, ended=source.time,
                   kind="training" if rows else "evaluation", notes=tuple(unread.notes()))
    ]  # fmt: skip


FORMAT = LogFormat(
    name="openvla",
    title="OpenVLA training status or LIBERO evaluation output",
    detect=detect,
    read=read,
    lines=(
        r"Global Step \d+ =>> |Success: (True|False)|episodes completed so far|"
        r"total success rate: |Total episodes: "
    ),
    looks="=>> [Epoch 000] Global Step 000010 =>> LR :: 0.000020 - Loss :: 0.5000",
)
