"""Every foreign format, in the order in which a file is tried.

ImportRefused
    NoSuchFormat    a name that leads to no format
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys

from ilsweep.analysis.importers.formats import (
    act,
    config_file,
    csv_file,
    diffusion_policy,
    hf_trainer,
    hil_serl,
    json_lines,
    json_rows,
    lerobot,
    lerobot_eval,
    openpi,
    openvla,
    own_trial,
    progress_bar,
    rdt,
    robomimic,
    tensorboard_file,
    trackio_file,
    wandb_file,
    wandb_runs,
)
from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.source import ImportRefused, Source

FORMATS: tuple[LogFormat, ...] = (
    wandb_file.FORMAT,
    trackio_file.FORMAT,
    tensorboard_file.FORMAT,
    config_file.FORMAT,
    own_trial.FORMAT,
    json_lines.FORMAT,
    wandb_runs.FORMAT,
    hf_trainer.FORMAT,
    lerobot.FORMAT,
    lerobot_eval.FORMAT,
    diffusion_policy.FORMAT,
    json_rows.FORMAT,
    robomimic.FORMAT,
    openpi.FORMAT,
    openvla.FORMAT,
    act.FORMAT,
    rdt.FORMAT,
    hil_serl.FORMAT,
    progress_bar.FORMAT,
    csv_file.FORMAT,
)
"""One line adds a format."""

BY_NAME = {entry.name: entry for entry in FORMATS}

LIVE = tuple(entry.name for entry in FORMATS if entry.live)
"""Names of those that can be read while they are written."""


class NoSuchFormat(ImportRefused):
    """The name is neither a known format's nor a `module:NAME` that leads to one."""


def detected(source: Source) -> LogFormat | None:
    """The first format that a file fits; None where none does."""
    return next((entry for entry in FORMATS if entry.detect(source)), None)


def find(name: str) -> LogFormat:
    """The format of a known name, or of `module:NAME`, looked for in the working folder too.

    Raises:
        NoSuchFormat: there is none; the message says what would be valid.
    """
    if name in BY_NAME:
        return BY_NAME[name]
    if ":" not in name:
        near = difflib.get_close_matches(name, BY_NAME, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise NoSuchFormat(
            f"no format {name!r}; {hint}valid: {', '.join(BY_NAME)}, or module:NAME of your own"
        )
    return _own(name)


def _own(name: str) -> LogFormat:
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # console scripts start without the working folder
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        raise NoSuchFormat(
            f"{name!r}: cannot import {module_name or 'a module without a name'}: "
            f"{type(error).__name__}: {error}"
        ) from error
    found = getattr(module, attribute, None)
    if not isinstance(found, LogFormat):
        kind = f"{LogFormat.__module__}.{LogFormat.__name__}"
        reason = "is not there" if found is None else f"is no {kind}"
        raise NoSuchFormat(f"{name!r}: {attribute or 'the format'} {reason} in {module_name}")
    return found
