"""A W&B sweep file as a spec. Keys: docs.wandb.ai, "Define a sweep configuration"."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ilsweep.sweeps.errors import Problem, SpecError
from ilsweep.sweeps.metrics import full_name
from ilsweep.sweeps.migrate.draft import UNKNOWN_STEPS, Draft, name_of, spread, steps_among
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.templates import KNOWN

DEFAULT_COMMAND = ["${env}", "${interpreter}", "${program}", "${args}"]
METHODS = {"grid": "grid", "random": "random", "bayes": "optuna"}
SOURCE = {"format": "wandb", "file": "wandb/*run-*/run-*.wandb"}
TAKEN = {"program", "method", "metric", "parameters", "command", "name", "description", "run_cap",
         "early_terminate", "project", "entity"}  # fmt: skip


class NotCarried(ValueError):  # noqa: N818
    """A parameter's distribution that has no counterpart."""


def from_wandb_sweep(path: Path) -> Draft:
    """The spec that means the same as a sweep file.

    Raises:
        SpecError: not YAML, or no sweep file (it needs `program` and `parameters`).
    """
    data = yamlio.read(path)
    problems = []
    if not isinstance(data, dict):
        raise SpecError(
            [Problem(str(path), "must be a mapping of keys", data, "program: train.py")]
        )
    if not isinstance(data.get("parameters"), dict) or not data["parameters"]:
        problems.append(Problem(f"{path}: parameters", "is missing", valid="lr: {values: [..]}"))
    if not isinstance(data.get("program"), str) and "command" not in data:
        problems.append(Problem(f"{path}: program", "is missing", valid="program: train.py"))
    if problems:
        raise SpecError(problems)
    draft = Draft({"name": name_of(str(data.get("name") or path.stem), "sweep")})
    draft.notes.append(f"From the W&B sweep {path.name}.")
    if data.get("description"):
        draft.spec["question"] = str(data["description"])
    fixed, space = _parameters(draft, data["parameters"])
    draft.spec |= {"trainer": "command", "command": _command(draft, data, path, [*fixed, *space])}
    _length(draft, fixed, space)
    draft.spec |= {"params": fixed, "space": space}
    _objective(draft, data.get("metric"))
    _search(draft, data, space)
    if project := data.get("project"):
        draft.spec["wandb"] = {"project": str(project)}
    for key in sorted(set(data) - TAKEN):
        draft.notes.append(f"Not carried over: {key}.")
    return draft


def place(name: str) -> str:
    """A parameter's name as a place: `learning-rate` is `{learning_rate}`."""
    return re.sub(r"[^A-Za-z0-9_.]", "_", name)


def _parameters(
    draft: Draft, parameters: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    fixed: dict[str, Any] = {}
    space: dict[str, Any] = {}
    for name, asked in _flat(parameters):
        if name in KNOWN:
            draft.notes.append(f"Not carried over: parameters.{name}: the sweep fills {{{name}}}.")
            if name == "seed" and isinstance(asked.get("values"), list):
                draft.spec["seeds"] = asked["values"]
            continue
        try:
            if "value" in asked or asked.get("distribution") == "constant":
                fixed[name] = asked.get("value")
            elif isinstance(asked.get("values"), list) and len(asked["values"]) == 1:
                (fixed[name],) = asked["values"]
            else:
                space[name] = domain(asked)
        except NotCarried as error:
            draft.notes.append(f"Not carried over: parameters.{name}: {error}.")
        if "probabilities" in asked:
            draft.notes.append(f"Not carried over: parameters.{name}: its probabilities.")
    return fixed, space


def _flat(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, asked in parameters.items():
        if isinstance(asked, Mapping) and isinstance(asked.get("parameters"), Mapping):
            yield from _flat(asked["parameters"], f"{prefix}{place(str(name))}.")
        else:
            known = dict(asked) if isinstance(asked, Mapping) else {"value": asked}
            yield f"{prefix}{place(str(name))}", known


def domain(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's distribution as one of Ray Tune's domains.

    Raises:
        NotCarried: it has none.
    """
    if isinstance(asked.get("values"), list):
        return {"choice": list({repr(value): value for value in asked["values"]}.values())}
    low, high, step = asked.get("min"), asked.get("max"), asked.get("q", 1)
    kind = asked.get("distribution") or _usual(low, high)
    if "normal" in kind and "log" not in kind:
        args = [asked.get("mu", 0), asked.get("sigma", 1)]
        return {"qrandn": [*args, step]} if kind == "q_normal" else {"randn": args}
    if not (_is_number(low) and _is_number(high)):
        raise NotCarried(f"distribution {kind} without min and max")
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if kind in ("log_uniform", "q_log_uniform"):  # their bounds are exponents of e
        low, high = math.exp(low), math.exp(high)
    if kind == "int_uniform":
        return spread(low, high, whole=True, log=False)
    if kind in ("uniform", "log_uniform", "log_uniform_values"):
        return spread(low, high, whole=False, log="log" in kind)
    if kind in ("q_uniform", "q_log_uniform", "q_log_uniform_values"):
        name = "qloguniform" if "log" in kind else "quniform"
        return {name: [_multiple(low, step, math.ceil), _multiple(high, step, math.floor), step]}
    raise NotCarried(f"distribution {kind} has no counterpart")


def _usual(low: Any, high: Any) -> str:
    return "int_uniform" if isinstance(low, int) and isinstance(high, int) else "uniform"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _multiple(bound: float, step: float, towards: Any) -> float:
    return float(towards(bound / step) * step)


def _command(draft: Draft, data: Mapping[str, Any], path: Path, names: list[str]) -> dict[str, Any]:
    original = {place(name): name for name in _names(data["parameters"])}
    argv: list[str] = []
    for word in data.get("command") or DEFAULT_COMMAND:
        text = str(word)
        if text == "${env}":
            continue
        if text == "${interpreter}":
            argv.append("python")
        elif text == "${program}":
            argv.append(str(data.get("program", "train.py")))
        elif text in ("${args}", "${args_no_hyphens}", "${args_no_boolean_flags}"):
            dashes = "" if text == "${args_no_hyphens}" else "--"
            argv += [f"{dashes}{original.get(name, name)}={{{name}}}" for name in names]
            if text == "${args_no_boolean_flags}":
                draft.notes.append("Otherwise: booleans are passed as --name=true.")
        elif "${" in text:
            draft.notes.append(f"Not carried over: {text} in command.")
        else:
            argv.append(text.replace("{", "{{").replace("}", "}}"))
    if not any(f"{{{name}}}" in word for name in names for word in argv):
        argv += [f"--{original.get(name, name)}={{{name}}}" for name in names]
        draft.notes.append("Otherwise: the script gets its parameters as arguments.")
    if draft.spec.get("seeds"):
        argv.append("--seed={seed}")
    draft.notes.append("Otherwise: wandb.config is not filled; the arguments are what counts.")
    return {
        "argv": argv,
        "cwd": str(path.resolve().parent),
        "env": {"WANDB_MODE": "offline", "WANDB_DIR": "{folder}"},
        "metrics": dict(SOURCE),
    }


def _names(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, asked in parameters.items():
        if isinstance(asked, Mapping) and isinstance(asked.get("parameters"), Mapping):
            yield from _names(asked["parameters"], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _length(draft: Draft, fixed: dict[str, Any], space: Mapping[str, Any]) -> None:
    if "steps" in fixed or "steps" in space:
        return
    found = steps_among(fixed)
    if not found:
        found = UNKNOWN_STEPS
        draft.notes.append(f"Guessed: the last reported step is {found} (params.steps).")
    fixed["steps"] = found


def _objective(draft: Draft, metric: Any) -> None:
    if isinstance(metric, Mapping) and metric.get("name"):
        mode = "max" if metric.get("goal") == "maximize" else "min"
        draft.spec["objective"] = {"metric": full_name(str(metric["name"])), "mode": mode}
    else:
        draft.spec["objective"] = {"metric": "train/loss", "mode": "min"}
        draft.notes.append("Guessed: train/loss is the objective; the file names none.")


def _search(draft: Draft, data: Mapping[str, Any], space: Mapping[str, Any]) -> None:
    method = str(data.get("method", "grid"))
    algorithm = METHODS.get(method, "optuna")
    if method not in METHODS:
        draft.notes.append(f"Otherwise: method {method} is searched by optuna.")
    if algorithm == "grid" and not all("choice" in listed for listed in space.values()):
        algorithm = "random"
        draft.notes.append("Otherwise: a grid needs lists; the ranges are searched at random.")
    search: dict[str, Any] = {"algorithm": algorithm}
    cap = data.get("run_cap")
    if algorithm != "grid" and isinstance(cap, int) and cap > 0:
        search["num_trials"] = cap
    elif cap:
        draft.notes.append("Not carried over: run_cap; a grid is searched as a whole.")
    draft.spec["search"] = search
    early = data.get("early_terminate")
    if isinstance(early, Mapping) and early.get("type") == "hyperband":
        grace = early.get("min_iter")
        draft.spec["scheduler"] = {"type": "asha", "reduction_factor": early.get("eta", 3)}
        if isinstance(grace, int) and grace > 0:
            draft.spec["scheduler"]["grace_steps"] = grace
        draft.notes.append("Otherwise: hyperband is asha; iterations are the script's steps.")
