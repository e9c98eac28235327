"""The parameters of foreign runs by the names that everything else here uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ilsweep.analysis.importers.source import flatten

OT_NAMES = ("reg", "tau", "tau_src", "tau_tgt", "lambda_ot", "window_size", "heuristic",
            "weight_embed", "weight_label")  # fmt: skip

FOREIGN_NAMES = {
    "policy.kl_weight": "kl_weight",
    "policy.optimizer_lr": "lr",
    "optimizer.lr": "lr",
    "policy.optimizer_lr_backbone": "lr_backbone",
    "learning_rate": "lr",
    "dataloader.batch_size": "batch_size",
}
"""lerobot's, RDT's and diffusion_policy's names, by ours."""

_IDENTITY = re.compile(
    r"(^|\.)(seed|resume|host|device|user|wandb|notes|tags|group|(job|exp|experiment|run)_?(name|id)|"
    r"(\w+_)?(dir|path|date|time|timestamp)|policy\.repo_id)($|\.)",
    re.IGNORECASE,
)
"""Names of what tells runs apart without making another configuration."""

_SECRET = re.compile(
    r"(^|[._-])(password|passwd|secret|(api|access|private|secret|wandb)_?key"
    r"|(api|access|auth|hub|hf)_?token)$",
    re.IGNORECASE,
)
"""Names of what nobody's records should keep."""


def canonical(config: Mapping[str, Any]) -> dict[str, Any]:
    """A nested configuration by dotted names, the sweepable ones by the names of the contract;
    without the values of keys and passwords."""
    flat = {
        name: "***" if isinstance(value, str) and _SECRET.search(name) else value
        for name, value in flatten(config).items()
    }
    named = {_ours(name): value for name, value in flat.items()}
    return named if len(named) == len(flat) else flat | named


def _ours(name: str) -> str:
    if name in FOREIGN_NAMES:
        return FOREIGN_NAMES[name]
    last = re.split(r"[./]", name)[-1].removeprefix("ot_")
    return f"ot.{last}" if last in OT_NAMES else name


def identity(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that make a configuration: without seed, names, places and times."""
    return {name: value for name, value in params.items() if not _IDENTITY.search(name)}
