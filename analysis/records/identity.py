"""What a configuration is: everything that was trained with, but for the seed.

Names and folders are labels (`c0007`); two trials with one key and one seed are the same training,
whatever they are called. The key is a hash of JSON text, which keeps apart what Python calls equal:
`1`, `1.0` and `true` are three values. A typed trainer's parameters are taken as its configuration
dumped them, so that a `1` written for a float is the `1.0` that was trained with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def configuration_key(
    params: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    trainer: str = "",
    command: Mapping[str, Any] | None = None,
) -> str:
    """The same text for the same training, 16 hexadecimal digits.

    Args:
        params: Every parameter by dotted name, as trained with; without the seed.
        data: The demonstrations' configuration.
        trainer: Name of the trainer, where it is known.
        command: What a command line is made of, where the trainer is one.
    """
    content = {"params": params, "data": data or {}, "trainer": trainer, "command": command or {}}
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def as_json(value: object) -> str:
    """The text by which values are compared: `1`, `1.0` and `true` are three."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def of_record(
    config_id: str,
    params: Mapping[str, Any],
    searched: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
) -> str:
    """The key of a trial whose record holds none; by its label where nothing else is known."""
    varied = {name[5:]: value for name, value in searched.items() if name.startswith("data.")}
    mine = {name: value for name, value in searched.items() if not name.startswith("data.")}
    if not params and not searched:
        return f"unknown-{config_id}"
    return configuration_key({**mine, **params}, {**(data or {}), **varied})
