"""What must not be kept: texts that look like keys and tokens, values that the environment hides.

Shapes of tokens are those
that their makers document; a name such as `token` or `key` counts only with a value that nobody
would choose for a parameter, since models have tokens and dictionaries keys.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ilsweep.sweeps.security.masking import HIDDEN

NAME = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)$", re.IGNORECASE)
"""A variable of this name holds a secret; it may not stand in a spec."""

SHORTEST = 8
"""Shorter values of the environment are not hidden: `1` would hide every one."""

PIECE = 1024
"""A long value is hidden in pieces of so many bytes."""

MOST_LOOKED_AT = 100_000
"""Characters of a text that are looked at; a spec's whole file has a million."""

_WORDS = frozenset({"KEY", "KEYS", "APIKEY", "TOKEN", "TOKENS", "SECRET", "SECRETS", "PASSWORD",
                    "PASSWD", "PASS", "PASSPHRASE", "PAT", "CREDENTIAL",
                    "CREDENTIALS"})  # fmt: skip
"""A variable with one of these in its name hides its value."""
_SHAPES = {
    "a Hugging Face token": r"(?:hf|api_org)_[A-Za-z0-9]{30,}",
    "a key of wandb's": r"(?:wandb_v\d_\w{40,}|local-[0-9a-f]{40})",
    "a GitHub token": r"(?:gh[opsur]_[A-Za-z0-9]{30,}|github_pat_\w{22,})",
    "a GitLab token": r"gl(?:pat|rt|ptt|dt|cbt)-[\w-]{20,}",
    "an API key": r"sk[-_](?=[\w-]*\d)[\w-]*[A-Za-z0-9]{20}[\w-]*",
    "a key of Amazon's": r"(?:AKIA|ASIA)[0-9A-Z]{16}",
    "a key of Google's": r"AIza[\w-]{35}",
    "a Slack token": r"xox[a-z]-(?=[\w-]*\d)[A-Za-z0-9-]{10,}",
    "a package index's token": r"(?:npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,})",
    "a JSON web token": r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*",
}
_SHAPE = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    + "|".join(f"({shape})" for shape in _SHAPES.values())
    + r")(?![A-Za-z0-9])"
)
_PRIVATE = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]*")
_LOGIN = re.compile(r"(?<=://)[^\s/@:'\"{}]{1,100}:[^\s/@'\"{}$]{1,100}(?=@)")
_BEARER = re.compile(r"(?i)\b(?:bearer|basic) (?=[\w.~+/=-]*\d)[\w.~+/=-]{16,}")
_GIVEN = re.compile(
    r"(?<![A-Za-z0-9])(?P<name>[A-Za-z][\w.-]{0,60})(?:=|[\"']\s{0,3}:\s{0,3})"
    r"[\"']?(?P<value>[^\s\"',;&(){}\[\]<>]{3,})"
)
_STRONG = re.compile(
    r"(?:^|[._-])(?:password|passwd|passphrase|secret|"
    r"(?:api|access|private|secret|account|wandb|openai)[_-]?key|"
    r"(?:api|access|auth|bearer|hub|hf|huggingface|wandb|github|gitlab)[_-]?token)$",
    re.IGNORECASE,
)
_WEAK = re.compile(r"(?:^|[._-])(?:key|token|pat|credentials?)$", re.IGNORECASE)
_NO_SECRET = re.compile(
    r"none|null|true|false|yes|no|on|off|[-+\d.e]+"
    r"|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[./~].*|[\w./-]+\.\w{1,5}|.*[(){}\[\]<>$\\|].*",
    re.DOTALL,
)
"""Words, numbers, names of variables, paths, places and patterns."""
_LISTS = ("choice", "grid_search", "value", "values")
"""Keys under which a parameter's values stand."""


def why_secret(text: str) -> str:
    """What kind of secret a text seems to hold; empty for an ordinary one."""
    text = text[:MOST_LOOKED_AT]
    if found := _SHAPE.search(text):
        return list(_SHAPES)[(found.lastindex or 1) - 1]
    if _PRIVATE.search(text):
        return "a private key"
    if _LOGIN.search(text):
        return "an address with a password"
    if _BEARER.search(text):
        return "a header with a token"
    for found in _GIVEN.finditer(text):
        if why := why_given(found["name"], found["value"]):
            return why
    return ""


def why_given(name: str, value: str) -> str:
    """The same for a value by its name, such as `--api_key` and what stands after it."""
    if len(value) < 3 or not (_STRONG.search(name) or _WEAK.search(name)):
        return ""
    if _NO_SECRET.fullmatch(value) or not (_STRONG.search(name) or _random(value, name)):
        return ""
    return f"what {name.lstrip('-')} is given"


def _random(value: str, name: str) -> bool:
    """Whether a value is none that people choose: letters and digits in a row, mixed.

    Of a `token` that is no part of a model (`cls_token`) fewer are enough.
    """
    least = 8 if name.lstrip("-") == "token" else 20
    return any(
        re.search(r"\d", run) and re.search(r"[A-Za-z]", run)
        for run in re.findall(rf"[A-Za-z0-9+=]{{{least},}}", value)
    )


def secrets_in(data: Any, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Where plain data (of a spec, say) holds secrets, and of what kind each is."""
    hidden = [value for value in values(environment) if len(value) >= 2 * SHORTEST]
    for where, text, name in _texts(data, "", ""):
        why = why_secret(text) or why_given(name, text)
        if not why and any(value in text for value in hidden):
            why = "a value that the environment has under a secret's name"
        if why:
            yield where, why


def _texts(value: Any, where: str, name: str) -> Iterator[tuple[str, str, str]]:
    """Every text: where it stands, and the name that it goes by."""
    if isinstance(value, str):
        yield where, value, name
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key, where, "")
            shown = HIDDEN if isinstance(key, str) and why_secret(key) else str(key)
            below = name if key in _LISTS else str(key)
            yield from _texts(item, f"{where}.{shown}" if where else shown, below)
    elif isinstance(value, list | tuple):
        before = ""
        for i, item in enumerate(value):
            option = isinstance(before, str) and before.startswith("--") and "=" not in before
            yield from _texts(item, f"{where}.{i}", before if option else name)
            before = item


def values(environment: Mapping[str, str]) -> list[str]:
    """What is to be hidden of an environment: values by their names, and those that look so."""
    found = set()
    for name, value in environment.items():
        named = not _WORDS.isdisjoint(name.upper().split("_"))
        if len(value) < SHORTEST or not (named or why_secret(value)) or os.path.exists(value):
            continue
        for line in value.splitlines():
            found |= {line[i : i + PIECE] for i in range(0, len(line), PIECE)}
    return sorted((v for v in found if len(v) >= SHORTEST), key=len, reverse=True)


def concealed(text: str) -> str:
    """The text with `***` for what looks like a secret by itself."""
    for pattern in (_SHAPE, _PRIVATE, _LOGIN, _BEARER):
        text = pattern.sub(HIDDEN, text)
    return _GIVEN.sub(_without_value, text)


def _without_value(found: re.Match[str]) -> str:
    if not why_given(found["name"], found["value"]):
        return found[0]
    return found[0].removesuffix(found["value"]) + HIDDEN


def hidden(text: str, environment: Mapping[str, str]) -> str:
    """The text without secrets: neither what looks like one nor what the environment hides."""
    for value in values(environment):
        text = text.replace(value, HIDDEN)
    return concealed(text)
