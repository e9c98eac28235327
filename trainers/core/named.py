"""What a spec names as `module:Class` or `module:callable`, ours or a user's. Imports no torch.

ValueError
    NotThere    the name leads to nothing of the kind
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


class NotThere(ValueError):  # noqa: N818
    """The name leads to nothing of the kind."""


def class_named(name: str, kind: type, *, own: bool) -> Any:
    """The subclass of `kind` that `module:Class` names; with `own`, the working folder is searched.

    Raises:
        NotThere: there is none; whatever importing the module raises becomes this.
    """
    module_name, _, class_name = name.partition(":")
    found = getattr(module_named(module_name, own=own), class_name, None)
    if not (isinstance(found, type) and issubclass(found, kind)):
        whole = f"{kind.__module__}.{kind.__name__}"
        reason = f"is not a subclass of {whole}" if found else "is not there"
        raise NotThere(f"{class_name or 'the class'} {reason} in {module_name}")
    return found


def callable_named(name: str) -> Callable[..., Any]:
    """What `module:callable` names, the working folder searched too.

    Raises:
        NotThere: there is none; whatever importing the module raises becomes this.
    """
    module_name, _, function = name.partition(":")
    found = getattr(module_named(module_name, own=True), function, None)
    if not callable(found):
        reason = "is not there" if found is None else "cannot be called"
        raise NotThere(f"{function or 'the callable'} {reason} in {module_name}")
    return found  # type: ignore[no-any-return]


def module_named(name: str, *, own: bool) -> ModuleType:
    """A module, imported now; with `own`, the working folder is searched.

    Raises:
        NotThere: there is none; whatever importing it raises becomes this.
    """
    if own and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # console scripts start without the working folder
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        raise NotThere(
            f"cannot import {name or 'a module without a name'}: {type(error).__name__}: {error}"
        ) from error
