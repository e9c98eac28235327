"""What imported runs are to each other: seeds of one configuration, or not; what differs.

Runs are seeds of one configuration only where everything but the seed is known to be equal, and the
seeds differ. A configuration of one run is called as the run is, one of several by what their names
have in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ilsweep.analysis.importers.params import identity
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.identity import configuration_key
from ilsweep.analysis.records.paths import SweepPaths

MAX_SEARCHED = 12
"""More differing parameters than this are differences of set-up, not a search."""

_SEED = re.compile(r"[-_. ]*(seed|s)?[-_. ]*$", re.IGNORECASE)


def compare(paths: SweepPaths) -> list[str]:
    """Enter in every imported trial its configuration, and the parameters in which runs differ.

    What could not be told comes back, one line each.
    """
    trials = {
        path: params
        for path in sorted(paths.trials.glob("*/params.json"))
        if isinstance((params := read_json(path)).get("imported"), dict)
    }
    labels, notes = _labels(trials)
    differing = differences([identity(params.get("params") or {}) for params in trials.values()])
    for path, params in trials.items():
        all_params = params.get("params") or {}
        label, key = labels[path]
        changed = {
            **params,
            "config_id": label,
            "configuration": key,
            "searched": {name: all_params[name] for name in differing if name in all_params},
        }
        if changed != params:
            write_atomic(path, to_json(changed))
    return notes


def _labels(
    trials: Mapping[Path, dict[str, Any]],
) -> tuple[dict[Path, tuple[str, str]], list[str]]:
    """Each trial's configuration by label and key."""
    labels = {path: (path.parent.name, path.parent.name) for path in trials}
    groups: dict[str, list[Path]] = {}
    for path, params in trials.items():
        if key := _key(params):
            groups.setdefault(key, []).append(path)
    notes: list[str] = []
    taken = {path.parent.name for path in trials}
    for key, members in groups.items():
        kept, apart = _seeds(members, trials)
        if len(kept) > 1:
            label = _free(_common([path.parent.name for path in kept]), taken)
            labels |= dict.fromkeys(kept, (label, key))
            seeds = ", ".join(str(trials[path]["seed"]) for path in kept)
            notes.append(f"{label}: one configuration with the seeds {seeds}")
        if apart:
            names = ", ".join(path.parent.name for path in [kept[0], *apart])
            notes.append(f"{names}: the same configuration and seed, other numbers: kept apart")
    return labels, notes + _unknown(trials)


def _key(params: Mapping[str, Any]) -> str:
    """The same for runs whose configurations are known whole and equal but for the seed.

    A whole number is one, written `8` or `8.0`: other programs' formats do not tell them apart.
    """
    if params.get("seed") is None or not params["imported"].get("whole", True):
        return ""
    known = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in identity(params.get("params") or {}).items()
    }
    return "config-" + configuration_key(known)[:8]


def _seeds(
    members: Sequence[Path], trials: Mapping[Path, Mapping[str, Any]]
) -> tuple[list[Path], list[Path]]:
    """One run a seed with its exact copies, and further ones.

    The further ones were trained with something that they do not say.
    """
    numbers: dict[Any, bytes] = {}
    kept: list[Path] = []
    apart: list[Path] = []
    for path in members:
        seed = trials[path]["seed"]
        mine = path.with_name("metrics.jsonl").read_bytes()
        (kept if numbers.setdefault(seed, mine) == mine else apart).append(path)
    return kept, apart


def _unknown(trials: Mapping[Path, Mapping[str, Any]]) -> list[str]:
    """A line for runs that nobody can compare: what they were trained with is not known."""
    unknown = [
        p.parent.name for p, params in trials.items() if not params["imported"].get("whole", True)
    ]
    if len(unknown) < 2:
        return []
    names = ", ".join(unknown[:4]) + (f" and {len(unknown) - 4} more" if len(unknown) > 4 else "")
    return [f"{names}: not known in full what they were trained with; none is a seed of another"]


def _common(names: Sequence[str]) -> str:
    """What the names of seeds have in common: `act-s0`, `act-s1` are `act`."""
    shared = _SEED.sub("", _prefix(names))
    return shared if len(shared) > 1 else f"{names[0]}-and-{len(names) - 1}-more"


def _prefix(names: Sequence[str]) -> str:
    low, high = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    return low[:same]


def _free(label: str, taken: Iterable[str]) -> str:
    return f"{label}-seeds" if label in taken else label


def differences(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The scalar parameters that every configuration has and that are not the same in all.

    Of those that change together, the first.
    """
    known = [config for config in configs if config]
    if len(known) < 2:
        return []
    shared = [name for name in known[0] if all(name in config for config in known)]
    scalar = [
        name
        for name in shared
        if all(isinstance(config[name], bool | int | float | str) for config in known)
    ]
    columns: dict[tuple[str, ...], str] = {}
    for name in sorted(scalar, key=lambda name: name.count(".")):
        column = tuple(repr(config[name]) for config in known)
        if len(set(column)) > 1:
            columns.setdefault(column, name)
    chosen = set(columns.values())
    return [name for name in scalar if name in chosen] if len(chosen) <= MAX_SEARCHED else []
