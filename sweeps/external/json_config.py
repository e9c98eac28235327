"""Hand-made training configurations: JSON files whose values a sweep changes."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ilsweep.analysis.records.files import read_regular
from ilsweep.sweeps.spec.params import flat

MOST_BYTES = 16 << 20
"""Of a configuration."""


def read_config(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        ValueError: it cannot be read, or is no JSON object.
    """
    try:
        value = json.loads(read_regular(path, MOST_BYTES))
    except OSError as error:
        raise ValueError(error.strerror) from None
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    return value


def changed(config: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which the dotted names that it has already stand for other values."""
    known = flat(config)
    result = copy.deepcopy(dict(config))
    for name in known.keys() & values.keys():
        *groups, last = name.split(".")
        inner = result
        for group in groups:
            inner = inner[group]
        inner[last] = values[name]
    return result
