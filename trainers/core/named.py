"""What a spec names as `module:Class`, ours or a user's. Imports no torch.

ValueError
    NotThere    the name leads to nothing of the kind
"""

from __future__ import annotations

import difflib
import importlib
import os
import re
import sys
from collections.abc import Callable, Collection
from types import ModuleType
from typing import Any


class NotThere(ValueError):  # noqa: N818
    """The name leads to nothing of the kind."""


def class_named(name: str, kind: type, *, own: bool) -> Any:
    """The subclass of `kind` that `module:Class` names; with `own`, the working folder is searched.

    Raises:
        NotThere: there is none; whatever importing the module raises becomes this.
    """
    found = thing_named(name, own=own)
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise _another_kind(name, found, f"a subclass of {kind.__module__}.{kind.__name__}")
    return found


def instance_named(name: str, kind: type, *, own: bool) -> Any:
    """The object of `kind` that `module:NAME` names.

    Raises:
        NotThere: there is none; whatever importing the module raises becomes this.
    """
    found = thing_named(name, own=own)
    if not isinstance(found, kind):
        raise _another_kind(name, found, f"an {kind.__module__}.{kind.__name__}")
    return found


def _another_kind(name: str, found: Any, kind: str) -> NotThere:
    module_name, _, own_name = name.partition(":")
    reason = f"is not {kind}" if found else "is not there"
    return NotThere(f"{own_name or 'the class'} {reason} in {module_name}")


def callable_named(name: str) -> Callable[..., Any]:
    """What `module:callable` names, the working folder searched too.

    Raises:
        NotThere: there is none; whatever importing the module raises becomes this.
    """
    found = thing_named(name, own=True)
    if not callable(found):
        raise _another_kind(name, found, "callable")
    return found  # type: ignore[no-any-return]


def thing_named(name: str, *, own: bool) -> Any:
    """What `module:NAME` names; None where the module has no such name.

    Raises:
        NotThere: whatever importing the module raises becomes this.
    """
    module_name, _, own_name = name.partition(":")
    return getattr(module_named(module_name, own=own), own_name, None)


def module_named(name: str, *, own: bool) -> ModuleType:
    """A module, imported now; with `own`, the working folder is searched.

    Raises:
        NotThere: whatever importing the module raises becomes this.
    """
    if own and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # console scripts start without the working folder
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        raise NotThere(
            f"cannot import {name or 'a module without a name'}: {type(error).__name__}: {error}"
        ) from error


def near(name: str, names: Collection[str]) -> list[str]:
    """The names that `name` may have been meant for: spelt alike, else with the most of its words.

    So that `open_door` finds `door-open-v3`.
    """
    if alike := difflib.get_close_matches(name, names):
        return alike
    words = _words(name)
    shared = {each: len(words & _words(each)) for each in names}
    return sorted((each for each in names if shared[each]), key=lambda each: -shared[each])[:3]


def _words(name: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    return {word for word in re.findall(r"[a-z]+", spaced) if len(word) > 1}
