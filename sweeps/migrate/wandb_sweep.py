"""A W&B sweep file as a spec. Keys: docs.wandb.ai, "Define a sweep configuration"."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ilsweep.analysis.importers import ForeignRun
from ilsweep.analysis.importers.metric_names import recorded_name
from ilsweep.analysis.metrics.lookup import KNOWN
from ilsweep.analysis.records.joint import names_of
from ilsweep.sweeps.errors import FolderError, Problem, SpecError
from ilsweep.sweeps.migrate.draft import UNKNOWN_STEPS, Draft, name_of, steps_among
from ilsweep.sweeps.migrate.wandb_api import path_of, read_sweep
from ilsweep.sweeps.migrate.wandb_command import command_of
from ilsweep.sweeps.migrate.wandb_grid import cap_grid
from ilsweep.sweeps.migrate.wandb_parameters import Parameters, parameters_of
from ilsweep.sweeps.migrate.wandb_runs import runs_of, warm_start
from ilsweep.sweeps.spec import yamlio

METHODS = {"grid": "grid", "random": "random", "bayes": "optuna"}
TAKEN = {"program", "method", "metric", "parameters", "command", "name", "description", "run_cap",
         "early_terminate", "project", "entity"}  # fmt: skip

MOST_BRACKETS = 1000
"""`s` of hyperband, at most."""


def from_wandb_sweep(sweep: str | Path, runs: Sequence[str] = ()) -> Draft:
    """The spec that means the same as a W&B sweep; its finished runs are tried first.

    Args:
        sweep: A sweep file, or `ENTITY/PROJECT/SWEEP` of a server, whose runs come with it.
        runs: Files, folders or globs of runs, or such a sweep.

    Raises:
        FolderError: `runs` cannot be read, or none of them is a finished one of this sweep; the
            server does not give the sweep.
        SpecError: not YAML, no sweep file (it needs `program` and `parameters`), or something in it
            that has no counterpart.
    """
    server = read_sweep(path) if (path := path_of(str(sweep))) else None
    if server:
        return _drafted(Path(path.rpartition("/")[2]), server.config, path, server.runs, runs)
    return _drafted(Path(sweep), yamlio.read(Path(sweep)), Path(sweep).name, (), runs)


def _drafted(
    path: Path, data: Any, called: str, own: Sequence[ForeignRun], runs: Sequence[str]
) -> Draft:
    _check(path, data)
    draft = Draft({"name": name_of(str(data.get("name") or path.stem), "sweep")})
    draft.notes.append(f"From the W&B sweep {called}.")
    if data.get("description"):
        draft.spec["question"] = str(data["description"])
    found = parameters_of(data["parameters"], grid=str(data.get("method", "grid")) == "grid")
    draft.spec |= {"trainer": "command", "command": command_of(draft, data, path, found)}
    if found.problems:
        raise SpecError(
            [Problem(f"{path}: {p.where}", p.rule, p.value, p.valid) for p in found.problems]
        )
    cap = _cap(data)
    if METHODS.get(str(data.get("method", "grid"))) == "grid" and cap:
        cap_grid(found, cap)
    draft.notes += found.notes
    _length(draft, found.fixed, found.space)
    draft.spec |= {"params": found.fixed, "space": found.space}
    if found.seeds:
        draft.spec["seeds"] = found.seeds
    if not found.space:
        del draft.spec["space"]
    _objective(draft, data.get("metric"))
    _search(draft, data, found)
    if found.space:
        _runs_first(draft, found, own, runs)
    if project := data.get("project"):
        draft.spec["wandb"] = {"project": str(project)}
    for key in sorted(set(data) - TAKEN):
        draft.notes.append(f"Not carried over: {key}.")
    return draft


def _runs_first(
    draft: Draft, found: Parameters, own: Sequence[ForeignRun], runs: Sequence[str]
) -> None:
    """The finished runs of the sweep as its first points: those that are named, else its own."""
    if not (runs or own):
        return
    places = [name for dimension in found.space for name in names_of(dimension)]
    originals = {place: found.original[place] for place in places}
    count, why = warm_start(draft, originals, runs_of(runs) if runs else own)
    if not count and runs:
        where = ", ".join(runs)
        raise FolderError(f"--runs: no finished run of this sweep in {where} ({why})")
    if not count:
        draft.notes.append(f"None of its runs is tried first ({why}).")


def _check(path: Path, data: Any) -> None:
    if not isinstance(data, dict):
        rule = "must be a mapping of keys"
        raise SpecError([Problem(str(path), rule, data, "program: train.py")])
    problems = []
    if not isinstance(data.get("parameters"), dict) or not data["parameters"]:
        problems.append(Problem(f"{path}: parameters", "is missing", valid="lr: {values: [..]}"))
    if not isinstance(data.get("program"), str) and "command" not in data:
        problems.append(Problem(f"{path}: program", "is missing", valid="program: train.py"))
    command = data.get("command") or []
    if not isinstance(command, list) or not all(isinstance(w, str | int | float) for w in command):
        rule, valid = "must be a list of words", "[python, train.py, '${args}']"
        problems.append(Problem(f"{path}: command", rule, command, valid))
    if problems:
        raise SpecError(problems)


def _length(draft: Draft, fixed: dict[str, Any], space: Mapping[str, Any]) -> None:
    if "steps" in fixed or "steps" in space:
        return
    found = steps_among(fixed)
    if not found:
        found = UNKNOWN_STEPS
        draft.notes.append(f"Guessed: the last reported step is {found} (params.steps).")
    fixed["steps"] = found


def _objective(draft: Draft, metric: Any) -> None:
    if not isinstance(metric, Mapping) or not metric.get("name"):
        draft.spec["objective"] = {"metric": "train/loss", "mode": "min"}
        draft.notes.append("Guessed: train/loss is the objective; the file names none.")
        return
    name = str(metric["name"])
    mode = "max" if metric.get("goal") == "maximize" else "min"
    recorded = recorded_name(name)
    usual = KNOWN.direction(recorded) or mode
    if usual != mode:
        draft.notes.append(
            f"Look: {name} is {mode}imised, as the file says; by its name it is {usual}imised."
        )
    if recorded != name:
        draft.notes.append(f"{name} is recorded as {recorded}.")
    draft.spec["objective"] = {"metric": recorded, "mode": mode}


def _search(draft: Draft, data: Mapping[str, Any], found: Parameters) -> None:
    method = str(data.get("method", "grid"))
    algorithm = METHODS.get(method, "optuna")
    if method not in METHODS:
        draft.notes.append(f"Otherwise: method {method} is searched by optuna.")
    listed = all("choice" in domain for domain in found.space.values())
    if algorithm == "grid" and not listed:
        algorithm = "random"
        draft.notes.append("Otherwise: a grid needs lists; the ranges are searched at random.")
    search: dict[str, Any] = {"algorithm": algorithm}
    if algorithm != "grid" and (cap := _cap(data)):
        search["num_trials"] = max(1, cap // max(1, len(found.seeds)))
    draft.spec["search"] = search
    if isinstance(data.get("early_terminate"), Mapping):
        _early(draft, data["early_terminate"])


def _cap(data: Mapping[str, Any]) -> int:
    """How many runs there are at most; 0 where nothing limits them."""
    cap = data.get("run_cap")
    return cap if isinstance(cap, int) and not isinstance(cap, bool) and cap > 0 else 0


def _early(draft: Draft, early: Mapping[str, Any]) -> None:
    """Hyperband, as W&B documents it.

    Brackets at `min_iter * eta^k`, or `max_iter / eta^k` for k up to `s`.
    """
    if early.get("type") != "hyperband":
        draft.notes.append(f"Not carried over: early_terminate.type {early.get('type')}.")
        return
    eta = early.get("eta", 3)
    factor = eta if isinstance(eta, int | float) and eta > 1 else 3
    try:
        first = _first_bracket(early, factor)
    except OverflowError:
        draft.notes.append("Not carried over: early_terminate: its numbers are out of range.")
        return
    if not isinstance(first, int) or first <= 0:
        draft.notes.append("Not carried over: early_terminate: it needs min_iter or max_iter.")
        return
    draft.spec["scheduler"] = {"type": "asha", "reduction_factor": factor, "grace_reports": first}
    draft.notes.append("Otherwise: hyperband is asha, one bracket at each rung.")
    for key in sorted(set(early) - {"type", "min_iter", "max_iter", "s", "eta"}):
        draft.notes.append(f"Not carried over: early_terminate.{key}.")


def _first_bracket(early: Mapping[str, Any], factor: float) -> Any:
    """`min_iter`, else `max_iter / factor^s`; None where neither is given.

    Raises:
        OverflowError: a number is beyond what a schedule can have.
    """
    first, longest, s = early.get("min_iter"), early.get("max_iter"), early.get("s")
    brackets = s if isinstance(s, int) else 1
    if not 0 <= brackets <= MOST_BRACKETS or math.isinf(factor):
        raise OverflowError
    if isinstance(first, int) or not isinstance(longest, int):
        return first
    return max(1, int(longest // float(factor) ** brackets))
