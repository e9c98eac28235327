"""A run's configuration as its trainer saved it: no reports, but what the others lack.

LeRobot's `train_config.json`, Hydra's `.hydra/config.yaml`, robomimic's and others' `config.json`,
wandb's `files/config.yaml` (each value under `value`), Lightning's `hparams.yaml`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.source import ForeignRun, Source, parse_json

MOST = 4 << 20
"""Bytes of a configuration."""

NAMES = ("train_config.json", ".hydra/config.yaml", "hparams.yaml", "config.json", "config.yaml",
         "files/config.yaml")  # fmt: skip
"""Where a run's folder keeps it, the surest first."""


def detect(source: Source) -> bool:
    name = source.path.name
    hydra = source.path.parent.name == ".hydra" and name == "config.yaml"
    named = name in ("train_config.json", "config.json", "config.yaml", "hparams.yaml")
    return (hydra or named) and bool(_values(source))


def read(source: Source) -> list[ForeignRun]:
    """A run of which nothing is known but its configuration."""
    values = _values(source)
    return [ForeignRun(id=source.run_id, rows=[], config=values, whole=True, kind="configuration")]


def _values(source: Source) -> dict[str, Any]:
    if len(source.content) > MOST:
        return {}
    parse = parse_json if source.path.suffix == ".json" else _yaml
    value = parse(source.content)
    if not isinstance(value, dict):
        return {}
    return _unwrapped(value)


class _Plain(yaml.SafeLoader):
    """What a tag makes a Python object of is the mapping, the list or the text behind the tag."""

    def plain(self, _: str, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_sequence(node, deep=True)
        return node.value


_Plain.add_multi_constructor("", _Plain.plain)


def _yaml(content: bytes) -> Any:
    """The value as JSON could hold it, a date as text; None for what is no YAML.

    Neither is what holds itself, or grows beyond `MOST` by its aliases.
    """
    parts: list[str] = []
    left = MOST
    try:
        for part in json.JSONEncoder(default=str).iterencode(_Plain(content).get_single_data()):
            parts.append(part)
            left -= len(part)
            if left < 0:
                return None
        return json.loads("".join(parts))
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):
        return None


def _unwrapped(value: Mapping[str, Any]) -> dict[str, Any]:
    """wandb's form, in which every key has a `value` and perhaps a `desc`, without it."""
    known = {name: item for name, item in value.items() if name not in ("_wandb", "wandb_version")}
    wrapped = known and all(
        isinstance(item, dict) and "value" in item and set(item) <= {"value", "desc"}
        for item in known.values()
    )
    return {str(n): item["value"] for n, item in known.items()} if wrapped else dict(value)


def beside(folder: Path) -> Path | None:
    """The configuration that lies in a run's folder; LeRobot's of the last checkpoint."""
    for name in (NAMES[0], "checkpoints/*/pretrained_model/train_config.json", *NAMES[1:]):
        found = sorted(path for path in folder.glob(name) if path.is_file())
        if found:
            return found[-1]
    return None


FORMAT = LogFormat(
    name="config",
    title="a run's configuration (train_config.json, .hydra/config.yaml, hparams.yaml)",
    detect=detect,
    read=read,
    looks="train_config.json",
)
