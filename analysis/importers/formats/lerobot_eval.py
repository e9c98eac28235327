"""`eval_info.json` of `lerobot-eval`: episodes with their successes and rewards."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.source import ForeignRun, Source, as_metric, parse_json
from ilsweep.analysis.metrics.catalog import EPISODE

METRICS = ("avg_sum_reward", "avg_max_reward", "pc_success", "n_episodes", "eval_s")


def detect(source: Source) -> bool:
    if not source.head.lstrip().startswith("{"):
        return False
    value = parse_json(source.content)
    keys = ("per_task", "overall", "per_episode", "aggregated")
    return isinstance(value, dict) and any(isinstance(value.get(key), list | dict) for key in keys)


def read(source: Source) -> list[ForeignRun]:
    """One report, at step 0: the file does not say which checkpoint it is of."""
    value = parse_json(source.content)
    overall = value.get("overall") or value.get("aggregated")
    overall = overall if isinstance(overall, dict) else {}
    row: dict[str, Any] = {"step": 0}
    for name in METRICS:
        number = as_metric(overall.get(name))
        if number is not None:
            row[f"eval/{name}"] = number
    successes = _successes(value)
    if successes:
        row |= {f"{EPISODE}{i}": float(success) for i, success in enumerate(successes)}
        row["eval/pc_success"] = 100 * fmean(successes)
        row["eval/n_episodes"] = len(successes)
    return [ForeignRun(id=source.run_id, rows=[row] if len(row) > 1 else [])]


def _successes(value: dict[str, Any]) -> list[bool]:
    """Every episode, task by task."""
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
    return found


FORMAT = LogFormat(
    name="lerobot_eval",
    title="lerobot eval_info.json",
    detect=detect,
    read=read,
)
