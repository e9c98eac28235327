"""A folder of hand-made configurations that differ in some values, as one spec."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.joint import expanded, is_joint, names_of
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.external.adapters.lerobot import LEROBOT
from ilsweep.sweeps.migrate.config_files import read_configs
from ilsweep.sweeps.migrate.draft import (
    UNKNOWN_STEPS,
    Draft,
    is_grid,
    name_of,
    span,
    steps_among,
    trials_after,
)
from ilsweep.sweeps.migrate.together import alike, together
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
    """One spec for the configurations in `folder`.

    Args:
        folder: Searched as `config_files.read_configs` does.
        command: How a configuration is used, with `{config}` for its path; of Hydra's, the script,
            which gets the values as `name=value`; not needed for LeRobot's.
        metrics: Format of its metrics.
        environment: Folder of the environment that its programs are in.

    Raises:
        FolderError: there are not two configurations in it, or they are not used by LeRobot and
            `command` does not say by what, or its quotes are not closed.
        SpecError: a file is no object.
    """
    found = read_configs(folder)
    flats = {path: flat(config) for path, config in found.configs.items()}
    lerobot = not found.hydra and all(
        "policy.type" in one and "dataset.repo_id" in one for one in flats.values()
    )
    if not lerobot:
        _must_say_how(folder, command, found.hydra)
    first = next(iter(flats))
    draft = Draft(
        {
            "name": name_of(folder.resolve().name, "configs"),
            "trainer": "lerobot" if lerobot else "command",
            "command": {} if found.hydra else {"config": str(first.resolve())},
            "params": {},
            "space": {},
        }
    )
    base = first.relative_to(folder)
    draft.notes.append(f"From {len(flats)} configurations in {folder}; {base} is the base.")
    if not lerobot:
        draft.spec["command"] |= {
            "argv": _words(command),
            "metrics": metrics or "json_lines",
            "cwd": str(Path.cwd()),
        }
        if not metrics:
            draft.notes.append("Guessed: metrics are printed as JSON lines (--metrics).")
    if environment:
        draft.spec["command"]["environment"] = str(Path(environment).expanduser().resolve())
    _space(draft, flats, lerobot)
    if found.hydra:
        names = [name for d in draft.spec.get("space", {}) for name in names_of(d)]
        draft.spec["command"]["argv"] += [f"{name}={{{name}}}" for name in names]
        if draft.spec.get("seeds"):
            draft.spec["command"]["argv"].append("seed={seed}")
    if not lerobot:
        _length(draft, flats[first])
    _objective(draft, flats[first], lerobot)
    return draft


def _must_say_how(folder: Path, command: str, hydra: bool) -> None:
    """Refuse configurations of which the command does not say how they are used."""
    if not command:
        line = "python train.py" if hydra else "python train.py --config {config}"
        raise FolderError(
            f"{folder}: these are not LeRobot's train_config.json; say how one is used: "
            f"--command '{line}'"
        )
    if hydra and "{config}" in command:
        raise FolderError(
            f"{folder}: these are YAML, of which a trial gets no copy; a script takes their values "
            "as name=value: --command 'python train.py'"
        )


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise FolderError(f"--command: {command!r} is no command line ({error})") from None


def _space(draft: Draft, flats: Mapping[Path, dict[str, Any]], lerobot: bool) -> None:
    """Enter what differs, and the configurations themselves as the first to be tried."""
    theirs = _differing(draft, flats, lerobot)
    columns = {our: [one[name] for one in flats.values()] for our, name in theirs.items()}
    if lerobot:
        for leader, again in alike(columns).items():
            for name in again:
                del columns[name]
                draft.spec["command"].setdefault("args", []).append(
                    f"--{theirs[name]}={{{leader}}}"
                )
            shown = ", ".join(theirs[name] for name in again)
            draft.notes.append(f"{shown} is {theirs[leader]} in every file: one parameter.")
    if not columns:
        del draft.spec["space"]
        draft.notes.append("The configurations differ in nothing that can be searched.")
        return
    dimensions = together(columns)
    for dimension in filter(is_joint, dimensions):
        draft.notes.append(f"These change together in every file, and stay together: {dimension}.")
    space = {
        name: {"choice": _different(values)} if is_joint(name) else span(_different(values))
        for name, values in dimensions.items()
    }
    draft.spec["space"] = space
    rows = _different(list(zip(*dimensions.values(), strict=True)))
    if all("choice" in domain for domain in space.values()) and is_grid(
        list(zip(*rows, strict=True)), rows
    ):
        draft.spec["search"] = {"algorithm": "grid"}
        return
    draft.notes.append("The configurations themselves are tried first (warm_start).")
    draft.spec["warm_start"] = [expanded(dict(zip(dimensions, row, strict=True))) for row in rows]
    draft.spec["search"] = {"num_trials": trials_after(len(rows))}


def _differing(draft: Draft, flats: Mapping[Path, dict[str, Any]], lerobot: bool) -> dict[str, str]:
    """Our name to theirs of what is to be searched; the seeds are entered, the rest is said."""
    names = list(dict.fromkeys(name for one in flats.values() for name in one))
    ours = _our_names() if lerobot else {}
    theirs: dict[str, str] = {}
    for name in names:
        there = [one[name] for one in flats.values() if name in one]
        values = _different(there)
        if len(values) == 1 and len(there) == len(flats):
            continue
        our = ours.get(name, name)
        reason = _left_out(name, our, values, lerobot, missing=len(there) < len(flats))
        if our in theirs and not reason and lerobot:
            our = name
        if name == "seed" and not reason:
            draft.spec["seeds"] = sorted(values)
        elif reason:
            shown = ", ".join(map(repr, values[:3]))
            draft.notes.append(f"Not carried over: {name} ({shown}, ...): {reason}.")
        else:
            theirs[our] = name
    return theirs


def _different(values: Sequence[Any]) -> list[Any]:
    return list({repr(value): value for value in values}.values())


def _our_names() -> dict[str, str]:
    """LeRobot's names to ours."""
    found = {}
    for parameter in LEROBOT.parameters():
        name, _, _ = parameter.source.removeprefix("--").partition("=")
        found[name] = parameter.name
    return {**found, "eval_freq": "eval_every"}


def _left_out(name: str, our: str, values: Sequence[Any], lerobot: bool, *, missing: bool) -> str:
    """Why a value that differs is no searched parameter; empty where it can be one."""
    if name == "seed" and not missing:
        whole = all(type(value) is int and value >= 0 for value in values)
        return "" if whole else "seeds are whole numbers here"
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


def _length(draft: Draft, base: dict[str, Any]) -> None:
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
