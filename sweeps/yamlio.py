"""YAML as a spec needs it: safe, no surprises.

Beside PyYAML's safe loader: a key given twice is an error rather than the last one's victory,
`1e-4` is a number as YAML 1.2 has it, and anchors cannot make a small file large.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from sweeps.problems import Problem, SpecError

MAX_BYTES = 1_000_000
MAX_NODES = 200_000


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses duplicate keys and reads `1e-4` as a number."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    seen: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        try:
            duplicate = key in seen
        except TypeError:
            raise yaml.constructor.ConstructorError(
                None, None, "a key must be a name", key_node.start_mark
            ) from None
        if duplicate:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} stands twice", key_node.start_mark
            )
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9][0-9_]*)(?:\.[0-9_]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def parse(text: str, where: str) -> Any:
    """The plain data that a YAML text means.

    Raises:
        SpecError: not YAML, tags, a key twice, or anchors that explode.
    """
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check_size(node)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise SpecError([_problem(error, where)]) from None
    except (RecursionError, ValueError) as error:
        raise SpecError([Problem(where, f"cannot be read as YAML ({error})")]) from None


def read(path: Path) -> Any:
    """The plain data of a YAML file.

    Raises:
        SpecError: the file is missing, is not text, or is not YAML; the line says which.
    """
    where = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(
            [Problem(where, f"cannot be read ({error.strerror})", valid="a YAML file")]
        ) from None
    if len(content) > MAX_BYTES:
        raise SpecError([Problem(where, f"is larger than {MAX_BYTES} bytes", valid="a spec")])
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise SpecError([Problem(where, "is not UTF-8 text", valid="a YAML file")]) from None
    return parse(text, where)


class _Dumper(yaml.SafeDumper):
    """A safe dumper that escapes what YAML takes for the end of a line."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = '"' if any(character in text for character in "\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump(data: Any) -> str:
    """YAML that `parse` reads back as the same data, keys in the order given."""
    return yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None
    )


def _problem(error: yaml.YAMLError, where: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    place = f"{where}:{mark.line + 1}" if mark else where
    reason = getattr(error, "problem", None) or str(error).split("\n")[0]
    if isinstance(error, yaml.constructor.ConstructorError) and "tag" in str(reason):
        return Problem(place, f"tags are not taken ({reason})", valid="plain YAML values")
    return Problem(place, f"is not valid YAML ({reason})")


def _check_size(root: yaml.Node) -> None:
    """Refuse a document whose aliases, written out, would hold more than MAX_NODES nodes."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        known = sizes.get(id(node))
        if known is not None:
            if known == 0:
                raise yaml.YAMLError("an anchor contains itself")
            return known
        sizes[id(node)] = 0
        total = 1
        if isinstance(node, yaml.SequenceNode):
            total += sum(size(item) for item in node.value)
        elif isinstance(node, yaml.MappingNode):
            total += sum(size(key) + size(value) for key, value in node.value)
        if total > MAX_NODES:
            raise yaml.YAMLError(f"holds over {MAX_NODES} values once its anchors are expanded")
        sizes[id(node)] = total
        return total

    size(root)
