"""A W&B sweep as its server has it: the file that it was made from, and its runs.

`wandb.Api` asks for both (docs.wandb.ai, "Public API"): `sweep(path).config`, and `runs(path,
filters={"sweep": id})`, of which only the configuration and the last values are taken, two requests
and one more for each hundred runs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ilsweep.analysis.importers.formats import wandb_runs
from ilsweep.analysis.importers.metric_names import recorded
from ilsweep.analysis.importers.source import ForeignRun, Source
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.progress.console import say

TIMEOUT_S = 20
A_PAGE = 100

_PATH = re.compile(r"^(?:https?://[^/\s]+/)?([\w.-]+)/([\w.-]+)/(?:sweeps/)?([\w-]+)/?$")


@dataclass(frozen=True)
class ServerSweep:
    """A sweep of a server."""

    path: str
    """`ENTITY/PROJECT/SWEEP`"""
    config: dict[str, Any]
    runs: tuple[ForeignRun, ...]


def path_of(text: str) -> str:
    """`ENTITY/PROJECT/SWEEP` of that or of its page's address; empty of a file's name."""
    found = _PATH.match(text)
    return "/".join(found.groups()) if found and not Path(text).exists() else ""


def read_sweep(path: str) -> ServerSweep:
    """The sweep as its server has it.

    Raises:
        FolderError: the server is not reached, does not know the user, or has no such sweep.
    """
    import wandb

    entity, project, sweep = path.split("/")
    say(f"asking W&B for the sweep {path} (at most {TIMEOUT_S} s a request)")
    try:
        api = wandb.Api(timeout=TIMEOUT_S)
        config = dict(api.sweep(path).config)
        found = api.runs(
            f"{entity}/{project}", filters={"sweep": sweep}, per_page=A_PAGE, lazy=False
        )
        rows = [_row(run) for run in found]
    except (wandb.Error, ValueError, TypeError, KeyError) as error:
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        raise FolderError(
            f"{path}: W&B does not give this sweep ({why}); valid: after `wandb login` "
            "ENTITY/PROJECT/SWEEP, or the sweep's file with --runs FILE"
        ) from None
    source = Source(Path(path), json.dumps(rows).encode())
    runs = [replace(run, rows=recorded(run.rows)) for run in wandb_runs.read(source)]
    return ServerSweep(path, config, tuple(runs))


def _row(run: Any) -> dict[str, Any]:
    """A run as W&B's guide to its API writes one."""
    return {
        "id": run.id,
        "name": run.name,
        "state": run.state,
        "url": run.url,
        "config": dict(run.config),
        "summary": dict(run.summary),
    }
