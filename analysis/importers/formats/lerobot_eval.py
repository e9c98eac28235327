"""What `lerobot-eval` writes and prints (`src/lerobot/scripts/lerobot_eval.py`).

`eval_info.json` has episodes with their successes and rewards; the output has a printed dictionary
under `Overall Aggregated Metrics:` (before 0.4 the dictionary `aggregated` alone). Neither says
which checkpoint it is of: the folder may.
"""

from __future__ import annotations

from statistics import fmean
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import as_metric
from ilsweep.analysis.importers.python_dicts import printed_pairs
from ilsweep.analysis.importers.source import ForeignRun, Source, parse_json
from ilsweep.analysis.metrics.catalog import EPISODE

METRICS = ("avg_sum_reward", "avg_max_reward", "pc_success", "n_episodes", "eval_s")

_KEYS = ("per_task", "overall", "per_episode", "aggregated")
_OVERALL = "Overall Aggregated Metrics:"


def detect(source: Source) -> bool:
    if source.head.lstrip().startswith("{") and any(f'"{key}"' in source.head for key in _KEYS):
        return _info(source) is not None
    return _OVERALL in source.head or "{'avg_sum_reward': " in source.head


def read(source: Source) -> list[ForeignRun]:
    """One report at step 0; or of an output, one for each evaluation that it holds."""
    info = _info(source)
    if info is None:
        return _from_output(source)
    overall = info.get("overall") or info.get("aggregated")
    row: dict[str, Any] = {"step": 0, **_metrics(overall if isinstance(overall, dict) else {})}
    successes = _successes(info)
    if successes:
        row |= {f"{EPISODE}{name}": float(success) for name, success in successes}
        row["eval/pc_success"] = 100 * fmean(success for _, success in successes)
        row["eval/n_episodes"] = len(successes)
    rows = [row] if len(row) > 1 else []
    return [ForeignRun(id=source.run_id, rows=rows, kind="evaluation")]


def _info(source: Source) -> dict[str, Any] | None:
    if not source.content.lstrip().startswith(b"{"):
        return None
    value = parse_json(source.content)
    if not isinstance(value, dict):
        return None
    return value if any(isinstance(value.get(key), list | dict) for key in _KEYS) else None


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


def _from_output(source: Source) -> list[ForeignRun]:
    """The overall dictionaries; where none is called so, those that there are."""
    overall: list[dict[str, float]] = []
    others: list[dict[str, float]] = []
    named = False
    for line in source.lines:
        if "'pc_success'" in line:
            at = line.find("{'")
            values = _metrics(dict(printed_pairs(line[at:])))
            (overall if named or line[:at].rstrip().endswith(_OVERALL) else others).append(values)
        named = line.rstrip().endswith(_OVERALL)
    rows = [{"step": i, **values} for i, values in enumerate(overall or others)]
    notes = (
        ("the output names no step: the evaluations are counted from 0",) if len(rows) > 1 else ()
    )
    return [ForeignRun(id=source.run_id, rows=rows, kind="evaluation", notes=notes)]


FORMAT = LogFormat(
    name="lerobot_eval",
    title="lerobot-eval: eval_info.json or its output",
    detect=detect,
    read=read,
    looks="Overall Aggregated Metrics: above {'avg_sum_reward': 1.5, 'pc_success': 60.0}",
)
