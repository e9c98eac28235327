"""The sentence under each field of a configuration, read from its source when somebody asks.

Pydantic can do the same at class creation, which every start-up would pay for.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import lru_cache

from pydantic import BaseModel


def sentences(model: type[BaseModel]) -> dict[str, str]:
    """Field name to the string literal under it, inherited fields included, on one line each.

    Fields of classes whose source cannot be had (made at run time) are left out.
    """
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if issubclass(cls, BaseModel) and cls is not BaseModel:
            found |= _own(cls)
    return {name: found[name] for name in model.model_fields if name in found}


@lru_cache(maxsize=256)
def _own(cls: type) -> dict[str, str]:
    """Of the class itself; finding its source takes milliseconds."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return {}
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id: " ".join(str(text.value.value).split())
        for field, text in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
