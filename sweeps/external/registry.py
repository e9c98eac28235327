"""The ready commands by name; a spec names one, or `module:NAME` of an `Adapter` of one's own.

ValueError
    UnknownAdapterError    a name that leads to no adapter
"""

from __future__ import annotations

from collections.abc import Mapping

from ilsweep.sweeps.external.adapters.base import Adapter
from ilsweep.trainers.core.contract import Params, param
from ilsweep.trainers.core.named import NotThere, instance_named

PLAIN = "command"
"""Any command line, by its arguments."""

ADAPTERS: Mapping[str, str] = {
    "lerobot": "ilsweep.sweeps.external.adapters.lerobot:LEROBOT",
    "act_repository": "ilsweep.sweeps.external.adapters.repositories:ACT_REPOSITORY",
    "rdt_repository": "ilsweep.sweeps.external.adapters.repositories:RDT_REPOSITORY",
    "hil_serl_repository": "ilsweep.sweeps.external.adapters.repositories:HIL_SERL_REPOSITORY",
}
"""Name to `module:NAME`; one line adds an adapter."""
COMMANDS = (PLAIN, *ADAPTERS)
"""Trainers that are commands."""

ABOUT_PLAIN = "Any training command: arguments with places for parameters, metrics from its output."


class UnknownAdapterError(ValueError):
    """The name is neither a ready command's nor a `module:NAME` that leads to an adapter."""


class PlainParams(Params):
    """What the sweep itself has to know of a command; the rest is what its places are called."""

    steps: int = param(1, gt=0, unit="steps of the command's own")
    """Last step that the command reports; need not have a place."""


def find_adapter(name: str) -> Adapter | None:
    """The adapter of a command; None for `command`, which has none.

    Raises:
        UnknownAdapterError: there is none; the message says what would be valid.
    """
    if name == PLAIN:
        return None
    try:
        found: Adapter = instance_named(ADAPTERS.get(name, name), Adapter, own=name not in ADAPTERS)
    except NotThere as error:
        valid = f"{', '.join(ADAPTERS)}, or module:NAME of your own"
        raise UnknownAdapterError(f"{name!r}: {error}; valid: {valid}") from error
    return found


def config_of(adapter: Adapter | None) -> type[Params]:
    """The parameters that a command has whatever its spec says."""
    return adapter.Config if adapter else PlainParams
