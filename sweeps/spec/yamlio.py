"""YAML as a spec needs it: safe, no surprises.

Values are those of YAML 1.2's core schema, whatever PyYAML (1.1) makes of them: `010` is ten,
`1:30` and `2026-11-25` are text, `1e-4` and `0o10` are numbers. Two things are otherwise. `1_000`
is a number, as in Python. `yes`, `no`, `on` and `off`, which are booleans in 1.1 and text in 1.2,
are refused: whoever writes one means the one or the other. Beside this a key is text and stands
once, and anchors cannot make a small file large.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import yaml

from ilsweep.sweeps.errors import Problem, SpecError

MAX_BYTES = 1_000_000
MAX_NODES = 200_000
MAX_DIGITS = 4300
"""Python reads no longer number."""

_TAG = "tag:yaml.org,2002:"
_UNCLEAR = "!unclear"
_GROUPS = r"[0-9]{1,3}(?:_[0-9]{3})+|[0-9]+"
SCALARS = {
    f"{_TAG}null": r"~|null|Null|NULL|",
    f"{_TAG}bool": r"true|True|TRUE|false|False|FALSE",
    f"{_TAG}int": rf"[-+]?(?:{_GROUPS})|0o[0-7]+|0x[0-9a-fA-F]+",
    f"{_TAG}float": rf"[-+]?(?:\.[0-9]+|(?:{_GROUPS})(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    f"{_TAG}merge": r"<<",
    _UNCLEAR: r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF",
}
"""What a scalar without quotes is: YAML 1.2.2, 10.3.2."""


class _Loader(yaml.SafeLoader):
    """A safe loader of the core schema that refuses duplicate keys."""


_Loader.yaml_implicit_resolvers = {}
_Loader.yaml_constructors = {}


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    own = [key for key, _ in node.value if key.tag != f"{_TAG}merge"]
    names = [(loader.construct_object(key, deep=True), key) for key in own]
    seen: set[str] = set()
    for name, key in names:
        if not isinstance(name, str):
            written = f", as {key.value!r} in quotes" if isinstance(key.value, str) else ""
            raise _refused(f"a key must be a name{written}", key)
        if name in seen:
            raise _refused(f"the key {name!r} stands twice", key)
        seen.add(name)
    loader.flatten_mapping(node)
    return {
        loader.construct_object(key, deep=True): loader.construct_object(value, deep=True)
        for key, value in node.value
    }


def _number(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(node.value).replace("_", "")
    if len(text) > MAX_DIGITS:
        raise _refused(f"a number of {len(text)} digits is beyond all numbers", node)
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _float(loader: _Loader, node: yaml.ScalarNode) -> float:
    text = str(node.value).replace("_", "").lower()
    number = float(text.replace(".inf", "inf").replace(".nan", "nan"))
    if math.isinf(number) and "inf" not in text:
        raise _refused(f"{node.value} is beyond all numbers", node)
    return number


def _unclear(loader: _Loader, node: yaml.ScalarNode) -> None:
    meant = "true" if node.value.lower() in ("yes", "on") else "false"
    raise _refused(f"{node.value} is a boolean to some and text to others; write {meant}, or "
                   f"'{node.value}' in quotes", node)  # fmt: skip


def _refused(rule: str, node: yaml.Node) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, rule, node.start_mark)


CONSTRUCTORS: dict[str | None, Any] = {
    f"{_TAG}null": yaml.SafeLoader.construct_yaml_null,
    f"{_TAG}bool": yaml.SafeLoader.construct_yaml_bool,
    f"{_TAG}str": yaml.SafeLoader.construct_yaml_str,
    f"{_TAG}seq": yaml.SafeLoader.construct_yaml_seq,
    f"{_TAG}map": _mapping,
    f"{_TAG}int": _number,
    f"{_TAG}float": _float,
    _UNCLEAR: _unclear,
    None: yaml.SafeLoader.construct_undefined,
}
"""Plain data and nothing else."""
for _tag, _constructor in CONSTRUCTORS.items():
    _Loader.add_constructor(_tag, _constructor)


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
for _tag, _form in SCALARS.items():
    for _class in (_Loader, _Dumper):  # text that either version takes for something else is quoted
        _class.add_implicit_resolver(_tag, re.compile(rf"(?:{_form})\Z"), None)


def dump(data: Any) -> str:
    """YAML that `parse` reads back as the same data, keys in the order given."""
    return yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None
    )


def _problem(error: yaml.YAMLError, where: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    place = f"{where}:{mark.line + 1}" if mark else where
    reason = getattr(error, "problem", None) or str(error).split("\n")[0]
    if "determine a constructor for the tag" in str(reason):
        return Problem(place, f"tags are not taken ({reason})", valid="plain YAML values")
    valid = next((valid for part, valid in CURES.items() if part in str(reason)), "")
    return Problem(place, f"is not valid YAML ({reason})", valid=valid)


CURES = {
    r"'\t'": "spaces in place of the tab",
    "cannot start any token": "the text in quotes",
    "mapping values are not allowed": "a text with a colon in quotes; keys indented alike",
    "another document": "one document, without a second ---",
    "undefined alias": "a name that stands before, as &name",
}
"""What would be valid, by what PyYAML says."""


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
