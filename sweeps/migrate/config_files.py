"""Where configurations lie: a folder of files, LeRobot's outputs, Hydra's multiruns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.files import read_regular
from ilsweep.sweeps.errors import FolderError, Problem, SpecError
from ilsweep.sweeps.external.json_config import MOST_BYTES, read_config
from ilsweep.sweeps.spec import yamlio

LEROBOT_TREE = "checkpoints/*/pretrained_model/train_config.json"
HYDRA_TREE = ".hydra/config.yaml"

_OTHERS = re.compile(
    r"^(eval_info|wandb-metadata|wandb-summary|trainer_state|dataset_stats|stats|info|meta|multirun|"
    r"overrides|hydra|package|tokenizer.*)\.(json|ya?ml)$"
)
"""Files of other content that lie beside configurations."""


@dataclass(frozen=True)
class Found:
    """The configurations of a folder, by file."""

    configs: dict[Path, dict[str, Any]]
    hydra: bool = False
    """They are Hydra's: a script takes their values as `name=value`."""


def read_configs(folder: Path) -> Found:
    """Every run's configuration below a folder, the newest of each run.

    Raises:
        FolderError: there are not two.
        SpecError: a file cannot be read, or holds no object.
    """
    trees = _newest(folder.glob(f"**/{LEROBOT_TREE}"), above=3)
    if trees:
        return Found(_read(folder, trees))
    hydra = sorted(folder.glob(f"**/{HYDRA_TREE}"))
    if hydra:
        return Found(_read(folder, hydra), hydra=True)
    plain = [*folder.glob("*.json"), *folder.glob("*/*.json")]
    if plain:
        return Found(_read(folder, _configurations(plain)))
    yaml = [
        path
        for end in ("yaml", "yml")
        for depth in ("*", "*/*")
        for path in folder.glob(f"{depth}.{end}")
    ]
    return Found(_read(folder, _configurations(yaml)), hydra=True)


def _configurations(paths: Sequence[Path]) -> list[Path]:
    """Without other content, and without a policy's part beside the whole `train_config.json`."""
    found = [path for path in paths if not _OTHERS.match(path.name)]
    whole = {path.parent for path in found if path.name == "train_config.json"}
    return sorted(p for p in found if p.parent not in whole or p.name == "train_config.json")


def _newest(paths: Any, above: int) -> list[Path]:
    """Of each run the file of its last checkpoint; the link `last` is one of the others."""
    best: dict[Path, tuple[int, Path]] = {}
    for path in sorted(paths):
        checkpoint = path.parents[1].name
        mine = (int(checkpoint) if checkpoint.isdecimal() else -1, path)
        run = path.parents[above]
        best[run] = max(best.get(run, mine), mine)
    return sorted(path for _, path in best.values())


def _read(folder: Path, paths: Sequence[Path]) -> dict[Path, dict[str, Any]]:
    if len(paths) < 2:
        raise FolderError(
            f"{folder}: needs at least two configurations, has {len(paths)}; looked for are "
            f"{LEROBOT_TREE} and {HYDRA_TREE} at any depth, *.json and *.yaml up to one folder deep"
        )
    configs, problems = {}, []
    for path in paths:
        try:
            configs[path] = read_config(path) if path.suffix == ".json" else _read_yaml(path)
        except ValueError as error:
            problems.append(Problem(str(path), str(error)))
    if problems:
        raise SpecError(problems)
    return configs


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        read_regular(path, MOST_BYTES)
        value = yamlio.read(path)
    except OSError as error:
        raise ValueError(error.strerror) from None
    except SpecError:
        raise ValueError("is not YAML") from None
    if not isinstance(value, dict):
        raise ValueError("is not a mapping")
    return value
