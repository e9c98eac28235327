"""A spec drafted from a training script: its options as argparse knows them, and what it prints."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ilsweep.analysis.importers.metric_names import last_words, recorded_name
from ilsweep.analysis.metrics.lookup import KNOWN
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.external.job import activated
from ilsweep.sweeps.migrate import argparse_options
from ilsweep.sweeps.migrate.draft import STEPS, UNKNOWN_STEPS, Draft, name_of
from ilsweep.sweeps.spec import templates
from ilsweep.sweeps.spec.templates import NAME

PATIENCE_S = 120.0
"""A script imports its libraries before it parses its arguments."""
FOLDERS = re.compile(r"^(out|output|save|log|ckpt|checkpoint|run|work)(_?(dir|folder|path|root))?$")
"""Options that say where a run is kept: each trial has a folder of its own."""
SEEDS = ("seed", "random_seed", "rng_seed")
RATES = ("lr", "learning_rate", "rate", "optimizer_lr")
FACTORS = (1 / 3, 1, 3)
PRINTING = ("print", "info", "write", "log")
"""`print` itself, and methods of loggers and progress bars."""

_SIGN = re.compile(r"\s*[=:]?\s*$")
"""Between a name and its value."""

Option = dict[str, Any]


def from_script(
    script: Path, environment: str = "", metrics: str = "", target: Path | None = None
) -> Draft:
    """The draft of a sweep of a script: its options as parameters, its rate searched.

    It is called as the spec's file `target`, or as the script.

    Raises:
        FolderError: the script is not there, or its options cannot be read.
    """
    if not script.is_file():
        raise FolderError(f"{script}: no such file; valid: a training script in Python")
    options = _options(script, environment)
    draft = Draft({"name": name_of((target or script).stem, "script"), "trainer": "command"})
    params: dict[str, Any] = {}
    words = [word for option in options if (word := _word(option, params, draft.notes))]
    argv = ["python", str(script.resolve()), *words]
    draft.spec["command"] = {"argv": argv, "cwd": str(Path.cwd())}
    if environment:
        draft.spec["command"]["environment"] = str(Path(environment).expanduser().resolve())
    draft.spec["command"]["metrics"] = metrics or _metrics(script, draft)
    _complete(draft, options, params)
    if any(word.endswith("={seed}") for word in words):
        draft.spec["seeds"] = [0, 1, 2]
    else:
        draft.notes.append("It takes no --seed: one seed says nothing about the noise.")
    return draft


def _word(option: Option, params: dict[str, Any], notes: list[str]) -> str:
    """An option's word of the command line; what fills its place goes to `params`."""
    name, flag = option["name"], option["flag"]
    if reason := _left_out(option):
        notes.append(f"Not carried over: {flag or name}: {reason}.")
        return ""
    if name in SEEDS or FOLDERS.match(name):
        return f"{flag}={'{seed}' if name in SEEDS else '{folder}'}"
    if option["default"] is None and not option["required"]:
        notes.append(f"Not carried over: {flag} has no default; the script decides.")
        return ""
    if name in templates.KNOWN:  # the sweep fills a place of this name itself
        return f"{flag}={option['default']}"
    params[name] = option["default"]
    return f"{flag}={{{name}}}"


def _complete(draft: Draft, options: list[Option], params: dict[str, Any]) -> None:
    """The length of the training, the space, the objective."""
    spec = draft.spec
    length = next((name for name in STEPS if isinstance(params.get(name), int)), None)
    if length != "steps":
        known = params[length] if length else UNKNOWN_STEPS
        draft.notes.append(f"Guessed: the last step that it reports is {known} (params.steps).")
        params["steps"] = known
    spec["params"] = params
    rates = (name for name in RATES if isinstance(params.get(name), float) and params[name] > 0)
    searched = next(rates, None)
    if searched:
        rate = params.pop(searched)
        spec["space"] = {searched: {"choice": [float(f"{rate * f:.2g}") for f in FACTORS]}}
        draft.notes.append(f"Guessed: {searched} is searched around its default, {rate:g}.")
    else:
        draft.notes.append("Nothing is searched yet: move a parameter from params to space.")
    required = [option["name"] for option in options if option["required"]]
    if unknown := [name for name in required if name in params and params[name] is None]:
        draft.notes.append(f"Needs a value under params: {', '.join(unknown)}.")
    metrics = spec["command"]["metrics"]
    names = list(metrics["patterns"]) if isinstance(metrics, dict) else ["loss"]
    metric, mode = _objective([recorded_name(name) for name in names])
    spec["objective"] = {"metric": metric, "mode": mode}
    better = "the smaller" if mode == "min" else "the larger"
    more = "" if metric.startswith("eval/") else "; a held-out metric says more"
    draft.notes.append(f"Guessed: {metric} is the objective, {better} the better{more}.")


def _objective(names: Sequence[str]) -> tuple[str, str]:
    """The metric that says most of those that are printed, and its good end."""
    known = [metric for name in names if (metric := KNOWN.get(name))]
    by_role = {metric.role: metric for metric in reversed(known) if metric.direction}
    for role in ("success", "held_out"):
        if metric := by_role.get(role):
            return metric.name, str(metric.direction)
    return next((name for name in names if "loss" in name), names[0]), "min"


def _left_out(option: Option) -> str:
    """Why an option is no parameter; empty where it is one."""
    if not option["flag"]:
        return "an argument without a name; put it into command.argv"
    if not option["takes_value"]:
        return "a switch; put it into command.argv where it is wanted"
    if option["several"] or isinstance(option["default"], list):
        return "takes several values; put them into command.argv"
    if option["type"] == "bool":
        return "type=bool takes every text as true, False as well; put it into command.argv"
    return "" if NAME.match(option["name"]) else "no name for a parameter"


def _options(script: Path, environment: str) -> list[Option]:
    """What the script's argparse takes; it is run as for `--help`, with its own interpreter."""
    env = {**os.environ, **activated(environment, os.environ)}
    env.pop("PYTHONPATH", None)
    python = str(Path(environment).expanduser() / "bin/python") if environment else sys.executable
    shim = str(Path(argparse_options.__file__))
    try:
        done = subprocess.run(
            [python, shim, str(script)], capture_output=True, text=True, env=env, check=False,
            timeout=PATIENCE_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FolderError(f"{script}: its options cannot be read ({error})") from None
    for line in done.stdout.splitlines():
        if line.startswith(argparse_options.MARK):
            found: list[Option] = json.loads(line.removeprefix(argparse_options.MARK))
            return found
    said = (done.stderr.strip().splitlines() or ["it parses no arguments with argparse"])[-1]
    valid = "a script with argparse; --environment DIR where its libraries are; or write the spec"
    raise FolderError(f"{script}: its options cannot be read ({said}); valid: {valid}")


def _metrics(script: Path, draft: Draft) -> Any:
    """How it prints its metrics, by the f-strings that it prints."""
    found = printed_patterns(script.read_text(encoding="utf-8", errors="replace"))
    step = found.pop("step", found.pop("epoch", found.pop("iter", None)))
    if not found:
        draft.notes.append("Guessed: metrics are printed as JSON lines (--metrics).")
        return "json_lines"
    draft.notes.append("Guessed: metrics are read of what it prints, by the patterns below.")
    return {"patterns": found, **({"step": step} if step else {})}


def printed_patterns(source: str) -> dict[str, str]:
    """Name to a pattern for each value that an f-string writes after its name, and that is printed.

    A name is one word, or two where those are known: `val loss`, which `loss` does not find then.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return {}
    found: dict[str, str] = {}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _called(call.func) in PRINTING:
            for string in call.args:
                if isinstance(string, ast.JoinedStr):
                    found |= _patterns_of(string)
    return {
        name.replace(" ", "_").lower(): _not_behind(name, found) + pattern
        for name, pattern in found.items()
    }


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _not_behind(name: str, others: Iterable[str]) -> str:
    firsts = sorted({other.split()[0] for other in others if other.endswith(f" {name}")})
    return "".join(f"(?<!{re.escape(first)} )" for first in firsts)


def _patterns_of(string: ast.JoinedStr) -> dict[str, str]:
    found: dict[str, str] = {}
    before = ""
    for part, after in zip(string.values, [*string.values[1:], None], strict=True):
        if isinstance(part, ast.Constant):
            before = str(part.value)
        elif isinstance(part, ast.FormattedValue):
            sign = _SIGN.search(before)
            name = last_words(before[: sign.start()] if sign else before)
            if name:
                text = re.sub(r"\\?\s+", r"\\s+", re.escape(name + (sign[0] if sign else "")))
                found[name] = rf"\b{text}{_number(part, after)}"
            before = ""
    return found


def _number(value: ast.FormattedValue, after: ast.expr | None) -> str:
    """The group of a printed number: a share (3/10), percent, with commas, or plain."""
    form = ast.unparse(value.format_spec) if value.format_spec else ""
    behind = str(after.value) if isinstance(after, ast.Constant) else ""
    if behind.startswith("/"):
        return r"([-+.\w]+/\d+)"
    if behind.startswith("%") or "%" in form:
        return r"([-+.\w]+%)"
    return r"([-+.,\w]*\w)" if "," in form else r"([-+.\w]+)"
