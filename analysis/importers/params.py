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
    "train.batch_size": "batch_size",
    "train.seed": "seed",
    "training.seed": "seed",
    "random_seed": "seed",
    "rng_seed": "seed",
    "manual_seed": "seed",
    "seed_everything": "seed",
    "algo_name": "policy.type",
}
"""lerobot's, RDT's, robomimic's and diffusion_policy's names, by ours; what scripts call a seed."""

_IDENTITY = re.compile(
    r"(^|\.)(seed|resume|host|device|user|wandb|notes|tags|group|(job|exp|experiment|run)_?(name|id)|"
    r"(\w+_)?(dir|path|date|time|timestamp)|policy\.(repo_id|push_to_hub)|num_workers|log_freq|"
    r"save_freq|save_checkpoint|experiment\.name)($|\.)",
    re.IGNORECASE,
)
"""Names of what tells runs apart without making another configuration."""

_WHAT_IT_LEARNS_FROM = re.compile(
    r"(^|[._])(pretrained|data|dataset|datasets|weights|init|zarr|stats|base_model)_?(model_)?(name_or_)?(dir|path)$",
    re.IGNORECASE,
)
"""Places whose content is trained from: they make another configuration."""

_SECRET = re.compile(
    r"(^|[._-])(password|passwd|secret|(api|access|private|secret|wandb)_?key"
    r"|(api|access|auth|hub|hf)_?token)$",
    re.IGNORECASE,
)
"""Names of what nobody's records should keep."""


def canonical(config: Mapping[str, Any]) -> dict[str, Any]:
    """A nested configuration by dotted names, the sweepable ones by the names of the contract.

    Without the values of keys and passwords, and with what is no JSON as text.
    """
    flat = {
        name: "***" if isinstance(value, str) and _SECRET.search(name) else _plain(value)
        for name, value in flatten(config).items()
    }
    named = {name: value for name, value in flat.items() if _ours(name) == name}
    for name, value in flat.items():
        ours = _ours(name)
        if ours not in named:
            named[ours] = value
        elif ours != name and named[ours] != value:
            named[name] = value
    if "seed" in named:
        named["seed"] = _whole(named["seed"])
    return named


def _whole(seed: Any) -> Any:
    """A seed written as `"0"` or `0.0` as a whole number."""
    if isinstance(seed, str) and re.fullmatch(r"[0-9]{1,18}", seed):
        return int(seed)
    return int(seed) if isinstance(seed, float) and seed.is_integer() else seed


def _ours(name: str) -> str:
    if name in FOREIGN_NAMES:
        return FOREIGN_NAMES[name]
    last = re.split(r"[./]", name)[-1].removeprefix("ot_")
    return f"ot.{last}" if last in OT_NAMES else name


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, dict) else str(value)


def identity(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that make a configuration: without seed, names, places and times."""
    return {
        name: value
        for name, value in params.items()
        if _WHAT_IT_LEARNS_FROM.search(name) or not _IDENTITY.search(name)
    }
