"""What `lerobot-eval` writes and prints (`src/lerobot/scripts/lerobot_eval.py`).

`eval_info.json` has episodes with their successes and rewards; the output has a printed dictionary
under `Overall Aggregated Metrics:` (before 0.4 the dictionary `aggregated` alone), on one line or
several; a job's log may hold either. Neither says which checkpoint it is of: the folder may.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from statistics import fmean
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import as_metric
from ilsweep.analysis.importers.printed import Collector, goes_on
from ilsweep.analysis.importers.source import ForeignRun, Source, parse_json
from ilsweep.analysis.metrics.catalog import EPISODE

METRICS = ("avg_sum_reward", "avg_max_reward", "pc_success", "n_episodes", "eval_s")

_KEYS = ("per_task", "overall", "per_episode", "aggregated")
OVERALL = "Overall Aggregated Metrics:"
_OPENING = re.compile(r"\{(?=['\"]|\s*$)")
_PRINTED = re.compile(
    rf"{OVERALL}|\{{'avg_(?:max|sum)_reward': "
    r"|['\"](?:per_task|per_episode|aggregated)['\"]: [\[{]"
)


def detect(source: Source) -> bool:
    if source.head.lstrip().startswith("{") and any(f'"{key}"' in source.head for key in _KEYS):
        return _info(source) is not None
    return _PRINTED.search(source.head) is not None


def read(source: Source) -> list[ForeignRun]:
    """One report at step 0; or of an output, one for each evaluation that it holds."""
    info = _info(source)
    rows = _of_output(source) if info is None else [_report(info)]
    notes = (
        ("the output names no step: the evaluations are counted from 0",) if len(rows) > 1 else ()
    )
    rows = [{"step": i, **row} for i, row in enumerate(rows) if row]
    return [ForeignRun(id=source.run_id, rows=rows, kind="evaluation", notes=notes)]


def _report(info: dict[str, Any]) -> dict[str, float]:
    overall = info.get("overall") or info.get("aggregated")
    row = _metrics(overall if isinstance(overall, dict) else {})
    successes = _successes(info)
    if successes:
        row |= {f"{EPISODE}{name}": float(success) for name, success in successes}
        row["eval/pc_success"] = 100 * fmean(success for _, success in successes)
        row["eval/n_episodes"] = len(successes)
    return row


def _info(source: Source) -> dict[str, Any] | None:
    if not source.content.lstrip().startswith(b"{"):
        return None
    value = parse_json(source.content)
    return value if isinstance(value, dict) and _is_info(value) else None


def _is_info(value: dict[str, Any]) -> bool:
    return any(isinstance(value.get(key), list | dict) for key in _KEYS)


def _metrics(overall: dict[str, Any]) -> dict[str, float]:
    numbers = {name: as_metric(overall.get(name)) for name in METRICS}
    return {f"eval/{name}": number for name, number in numbers.items() if number is not None}


def _successes(value: dict[str, Any]) -> list[tuple[str, bool]]:
    """Every episode by its number, task by task."""
    found: list[bool] = []
    tasks = value.get("per_task")
    for task in tasks if isinstance(tasks, list) else []:
        metrics = task.get("metrics") if isinstance(task, dict) else None
        successes = metrics.get("successes") if isinstance(metrics, dict) else None
        found += [bool(item) for item in successes] if isinstance(successes, list) else []
    episodes = value.get("per_episode")  # before 0.4
    for episode in episodes if isinstance(episodes, list) else []:
        if isinstance(episode, dict) and "success" in episode:
            found.append(bool(episode["success"]))
    return [(str(i), success) for i, success in enumerate(found)]


def _of_output(source: Source) -> list[dict[str, float]]:
    """What is printed whole or called overall; where nothing is, the means that there are."""
    whole: list[dict[str, float]] = []
    overall: list[dict[str, float]] = []
    others: list[dict[str, float]] = []
    for named, value in _printed(source):
        if _is_info(value):
            whole.append(_report(value))
        elif row := _metrics(value):
            (overall if named else others).append(row)
    return max(whole, overall, key=len) or others


def _printed(source: Source) -> Iterator[tuple[bool, dict[str, Any]]]:
    """Each dictionary and JSON object in a text, and whether it is called overall."""
    dump, above, named = Collector(), "", False
    for line in source.lines:
        if dump.open and not goes_on(line):
            dump.drop()
        opening = None if dump.open else _OPENING.search(line)
        if not dump.open and opening is None:
            above = line
            continue
        if opening:
            named = any(
                text.rstrip().endswith(OVERALL) for text in (above, line[: opening.start()])
            )
        if found := dump.add(line[opening.start() :] if opening else line):
            yield named, found
            above = ""


FORMAT = LogFormat(
    name="lerobot_eval",
    title="lerobot-eval: eval_info.json or its output",
    detect=detect,
    read=read,
    looks="Overall Aggregated Metrics: above {'avg_sum_reward': 1.5, 'pc_success': 60.0}",
)
