"""A folder of hand-made configurations that differ in some values, as one spec."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ilsweep.sweeps.errors import FolderError, Problem, SpecError
from ilsweep.sweeps.external.adapters.lerobot import LEROBOT
from ilsweep.sweeps.external.json_config import read_config
from ilsweep.sweeps.migrate.draft import UNKNOWN_STEPS, Draft, is_grid, name_of, span, steps_among
from ilsweep.sweeps.spec.params import flat
from ilsweep.sweeps.spec.templates import NAME

_APART = re.compile(
    r"(^|\.)(output_dir|out_dir|save_dir|log_dir|ckpt_dir|checkpoint_dir|job_name|exp_name|run_name|"
    r"experiment|name|notes|tags|repo_id|push_to_hub)$|^wandb\."
)
"""Values that tell runs apart without making another configuration."""


def from_configs(
    folder: Path, command: str = "", metrics: str = "", environment: str = ""
) -> Draft:
    """One spec for the JSON configurations in `folder`.

    Args:
        folder: Searched for `*.json`, also one level deeper.
        command: How a configuration is used, with `{config}` for its path; not needed for
            LeRobot's.
        metrics: Format of its metrics.
        environment: Folder of the environment that its programs are in.

    Raises:
        FolderError: there are not two configurations in it, or they are not used by LeRobot and
            `command` does not say by what.
        SpecError: a file is no JSON object.
    """
    configs = _read(folder)
    flats = {path: flat(config) for path, config in configs.items()}
    lerobot = all("policy.type" in flat and "dataset.repo_id" in flat for flat in flats.values())
    if not lerobot and not command:
        raise FolderError(
            f"{folder}: these are not LeRobot configurations; say how one is used: "
            "--command 'python train.py --config {config}'"
        )
    first = next(iter(flats))
    draft = Draft(
        {
            "name": name_of(folder.resolve().name, "configs"),
            "trainer": "lerobot" if lerobot else "command",
            "command": {"config": str(first.resolve())},
            "params": {},
            "space": {},
        }
    )
    draft.notes.append(f"From {len(flats)} configurations in {folder}; {first.name} is the base.")
    if not lerobot:
        draft.spec["command"] |= {
            "argv": shlex.split(command),
            "metrics": metrics or "json_lines",
            "cwd": str(Path.cwd()),
        }
        if not metrics:
            draft.notes.append("Guessed: metrics are printed as JSON lines (--metrics).")
    if environment:
        draft.spec["command"]["environment"] = str(Path(environment).expanduser().resolve())
    _space(draft, flats, lerobot)
    _length(draft, flats[first], lerobot)
    _objective(draft, flats[first], lerobot)
    return draft


def _read(folder: Path) -> dict[Path, dict[str, Any]]:
    found = sorted([*folder.glob("*.json"), *folder.glob("*/*.json")])
    if len(found) < 2:
        raise FolderError(f"{folder}: needs at least two configurations (*.json), has {len(found)}")
    configs, problems = {}, []
    for path in found:
        try:
            configs[path] = read_config(path)
        except ValueError as error:
            problems.append(Problem(str(path), str(error)))
    if problems:
        raise SpecError(problems)
    return configs


def _space(draft: Draft, flats: Mapping[Path, dict[str, Any]], lerobot: bool) -> None:
    """Enter what differs, and the configurations themselves as the first to be tried."""
    names = list(dict.fromkeys(name for config in flats.values() for name in config))
    ours = _our_names() if lerobot else {}
    space: dict[str, Any] = {}
    theirs: dict[str, str] = {}
    for name in names:
        there = [config[name] for config in flats.values() if name in config]
        values = list({repr(value): value for value in there}.values())
        if len(values) == 1 and len(there) == len(flats):
            continue
        our = ours.get(name, name)
        reason = _left_out(name, our, len(there) < len(flats), lerobot)
        if name == "seed" and not reason:
            draft.spec["seeds"] = sorted(values)
        elif reason:
            shown = ", ".join(map(repr, values[:3]))
            draft.notes.append(f"Not carried over: {name} ({shown}, ...): {reason}.")
        else:
            space[our], theirs[our] = span(values), name
    draft.spec["space"] = space
    if not space:
        del draft.spec["space"]
        draft.notes.append("The configurations differ in nothing that can be searched.")
        return
    points = [{our: config[name] for our, name in theirs.items()} for config in flats.values()]
    points = list({repr(point): point for point in points}.values())
    rows = [tuple(point.values()) for point in points]
    columns = list(zip(*rows, strict=True))
    if all("choice" in domain for domain in space.values()) and is_grid(columns, rows):
        draft.spec["search"] = {"algorithm": "grid"}
        return
    draft.notes.append("The configurations themselves are tried first (warm_start).")
    draft.spec["warm_start"] = points
    draft.spec["search"] = {"num_trials": max(10, 2 * len(points))}


def _our_names() -> dict[str, str]:
    """LeRobot's names to ours."""
    found = {}
    for parameter in LEROBOT.parameters():
        name, _, _ = parameter.source.removeprefix("--").partition("=")
        found[name] = parameter.name
    return {**found, "eval_freq": "eval_every"}


def _left_out(name: str, our: str, missing: bool, lerobot: bool) -> str:
    """Why a value that differs is no searched parameter; empty where it can be one."""
    if name == "seed":
        return "not in all of them" if missing else ""
    if _APART.search(name):
        return "a name or a place, which the sweep gives itself"
    if missing:
        return "not in all of them"
    if lerobot and our not in LEROBOT.Config.model_fields and not LEROBOT.is_free(our):
        return "lerobot-train takes it, the adapter does not; give it in command.args"
    if lerobot and our == "policy_type":
        return "one sweep is of one policy"
    if not NAME.match(our):
        return "no name for a parameter"
    return ""


def _length(draft: Draft, base: dict[str, Any], lerobot: bool) -> None:
    if lerobot:
        return
    found = steps_among(base)
    draft.spec["params"]["steps"] = found or UNKNOWN_STEPS
    if not found:
        draft.notes.append(f"Guessed: the last reported step is {UNKNOWN_STEPS} (params.steps).")


def _objective(draft: Draft, base: dict[str, Any], lerobot: bool) -> None:
    metric, mode = "train/loss", "min"
    if lerobot and base.get("env.type"):
        metric, mode = "eval/pc_success", "max"
    elif lerobot and base.get("eval_steps"):
        metric = "eval/eval_loss"
    draft.spec["objective"] = {"metric": metric, "mode": mode}
    if metric == "train/loss":
        draft.notes.append("Guessed: train/loss is the objective; a held-out metric says more.")
