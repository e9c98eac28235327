"""What a trial reports: numbers by name, checked where they come in.

A trainer's own code decides what is in them, so nothing here trusts a name or a value; the words by
which worker and driver talk never stand beside them.

ValueError
    MetricsError    what a trainer returned is not numbers by name
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ilsweep.sweeps.errors import shorten
from ilsweep.trainers.core.contract import Metrics

GROUPS = {"train_step": "train", "evaluate": "eval", "finish": "eval", "probe": "probe"}
"""The group of a metric whose name has none, by the verb that returned it."""

LONGEST_NAME = 200


class MetricsError(ValueError):
    """What a trainer returned is not numbers by name. Its text is one line for the user."""


def full_name(metric: str, group: str = "train") -> str:
    """A metric's name in the records: one without a slash gets the group before it."""
    return metric if "/" in metric else f"{group}/{metric}"


def grouped(metric: str) -> list[str]:
    """The names under which a trainer's metric can be recorded."""
    groups = dict.fromkeys(GROUPS.values())
    return list(dict.fromkeys(full_name(metric, group) for group in groups))


def is_name(name: str) -> bool:
    """Whether a metric can be called so: 1 to LONGEST_NAME printable characters."""
    return bool(name.strip()) and len(name) <= LONGEST_NAME and name.isprintable()


def never_reported(missing: Iterable[str], names: Collection[str]) -> str:
    """What is wrong with a trial that lacks objectives, and what it reported instead."""
    shown = sorted(names)[:12]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"never reported {', '.join(missing)}; it reported {', '.join(shown) or 'nothing'}{more}"


class Returned:
    """Everything that one verb of a trainer returns until the next report, as means by name."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._names: dict[Any, str] = {}
        self._totals: dict[str, Any] = {}
        self._counts: dict[str, int] = {}

    def add(self, returned: Any) -> None:
        """Take in what one call returned. Tensors stay where they are.

        Raises:
            MetricsError: it is no mapping, or a name or a value in it is wrong.
        """
        if not isinstance(returned, Mapping):
            kind = "None" if returned is None else f"a {type(returned).__name__}"
            raise self._wrong(f"returned {kind}; valid: a mapping of names to numbers")
        for key, value in returned.items():
            name = self._names.get(key) or self._name(key)
            if isinstance(value, str | bytes) or not hasattr(value, "__float__"):
                raise self._no_number(name, value)
            try:
                # Adding makes a new tensor: a trainer may use the returned one again.
                total = self._totals[name] + value if name in self._totals else value + 0
            except Exception:  # noqa: BLE001 - a user's type may raise anything
                raise self._no_number(name, value) from None
            self._totals[name] = total
            self._counts[name] = self._counts.get(name, 0) + 1

    def means(self) -> Metrics:
        """The mean of each metric over the calls that returned it.

        Raises:
            MetricsError: a value is no number.
        """
        found: Metrics = {}
        for name, total in self._totals.items():
            try:
                found[name] = float(total) / self._counts[name]
            except Exception:  # noqa: BLE001 - as above
                raise self._no_number(name, total) from None
        return found

    def _name(self, key: Any) -> str:
        if not isinstance(key, str):
            raise self._wrong(f"returned a metric called {_shown(key)}; valid: a name that is text")
        plain = str.__str__(key)
        if not is_name(plain):
            valid = f"1 to {LONGEST_NAME} printable characters"
            raise self._wrong(f"returned a metric called {_shown(plain)}; valid: {valid}")
        name = full_name(plain, GROUPS[self._verb])
        if name in self._names.values():
            raise self._wrong(f"returned both {_shown(plain)} and {_shown(name)}, which are one")
        self._names[key] = name
        return name

    def _no_number(self, name: str, value: Any) -> MetricsError:
        return self._wrong(f"returned {name} = {_shown(value)}; valid: a number")

    def _wrong(self, what: str) -> MetricsError:
        return MetricsError(f"{self._verb} {what}")


def returned(verb: str, value: Any) -> Metrics:
    """What one call of a verb returned, as numbers by their full names.

    Raises:
        MetricsError: it is no mapping, or a name or a value in it is wrong.
    """
    once = Returned(verb)
    once.add(value)
    return once.means()


def _shown(value: Any) -> str:
    try:
        return shorten(" ".join(ascii(value).split()), 80)
    except Exception:  # noqa: BLE001 - as above
        return f"a {type(value).__name__}"
