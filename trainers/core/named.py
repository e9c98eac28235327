"""What a spec names as `module:Class`, ours or a user's. Imports no torch.

ValueError
    NotThere    the name leads to nothing of the kind
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any


class NotThere(ValueError):  # noqa: N818
    """The name leads to nothing of the kind."""


def class_named(name: str, kind: type, *, own: bool) -> Any:
    """The subclass of `kind` that `module:Class` names; with `own`, the working folder is searched.

    Raises:
        NotThere: there is none; whatever importing the module raises becomes this.
    """
    if own and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # console scripts start without the working folder
    module_name, _, class_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        raise NotThere(
            f"cannot import {module_name or 'a module without a name'}: "
            f"{type(error).__name__}: {error}"
        ) from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, kind)):
        whole = f"{kind.__module__}.{kind.__name__}"
        reason = f"is not a subclass of {whole}" if found else "is not there"
        raise NotThere(f"{class_name or 'the class'} {reason} in {module_name}")
    return found
