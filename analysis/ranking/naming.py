"""What configurations are called in a table or a picture: no two that differ read the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ilsweep.analysis.formatting import printable, show
from ilsweep.analysis.ranking.model import Row

Settings = Mapping[str, str]
"""Searched parameter to what is shown of its value."""

DIGITS = (4, 6, 9, 17)
FEW = 12
"""Values of a parameter that are a list; more of them were drawn."""
LONGEST = 1000
SHORT = 16
"""Characters that are left of a long value, where labels are too long."""


def settings_of(rows: Sequence[Row]) -> list[dict[str, str]]:
    """The searched parameters of each row, each on one line of at most `LONGEST` characters.

    Numbers have as many digits as it takes: for a few values to read differently, and for no two
    rows to read the same.
    """
    different = len({repr(row.searched) for row in rows})
    shown = _settings(rows, FEW)
    read = {tuple(known.items()) for known in shown}
    return shown if len(read) >= different else _settings(rows, len(rows))


def _settings(rows: Sequence[Row], most: int) -> list[dict[str, str]]:
    """With digits by which at most so many values of a parameter differ."""
    shown = [dict(row.settings) for row in rows]
    for name in {name for row in rows for name in row.searched}:
        kept = [i for i, row in enumerate(rows) if name in row.searched and not row.schedule]
        texts = texts_of([rows[i].searched[name] for i in kept], most)
        for i, text in zip(kept, texts, strict=True):
            shown[i][name] = text
    return [{name: printable(text, LONGEST) for name, text in known.items()} for known in shown]


def texts_of(values: Sequence[Any], most: int = FEW) -> list[str]:
    """The values of one parameter; at most so many different ones read differently."""
    texts, different = [show(value) for value in values], len(set(map(repr, values)))
    if len(set(texts)) == different or different > most:
        return texts
    return max(
        ([show(value, digits) for value in values] for digits in DIGITS), key=lambda t: len(set(t))
    )


def differing(settings: Sequence[Settings]) -> list[dict[str, str]]:
    """Without the parameters that all configurations share; all of them of only one."""
    names = list(dict.fromkeys(name for known in settings for name in known))
    varied = [name for name in names if len({known.get(name) for known in settings}) > 1]
    kept = set(varied if len(settings) > 1 else names)
    return [{n: text for n, text in known.items() if n in kept} for known in settings]


def by_last_name(settings: Sequence[Settings]) -> list[dict[str, str]]:
    """`reg` for `ot.reg`, where no other parameter ends so."""
    names = {name for known in settings for name in known}
    ends = [name.rpartition(".")[2] for name in names]
    short = {n: end for n, end in zip(names, ends, strict=True) if ends.count(end) == 1}
    return [{short.get(n, n): text for n, text in known.items()} for known in settings]


def fitted(settings: Sequence[Settings], limit: int) -> list[str]:
    """`reg=2, tau=5` of each configuration in `limit` characters, where that is possible.

    Where it does not fit all of them, without what they share; then with values cut in the middle;
    then with an ellipsis for parameters that are not needed for any two to read differently. Those
    that are needed stay, however long.
    """
    for shorter in _ways(settings):
        texts = [", ".join(f"{name}={text}" for name, text in known.items()) for known in shorter]
        if max(map(len, texts), default=0) <= limit:
            return texts
    return _needed_of(_with_short_values(differing(settings)), limit)


def _ways(settings: Sequence[Settings]) -> Iterator[Sequence[Settings]]:
    yield settings
    yield differing(settings)
    yield _with_short_values(differing(settings))


def _with_short_values(settings: Sequence[Settings]) -> list[dict[str, str]]:
    short = {
        name: dict(zip(texts, shortened(texts, SHORT), strict=True))
        for name in {name for known in settings for name in known}
        for texts in [[known[name] for known in settings if name in known]]
    }
    return [{name: short[name][text] for name, text in known.items()} for known in settings]


def shortened(texts: Sequence[str], limit: int) -> list[str]:
    """Texts cut in their middle at `limit` characters, 3 or more.

    Longer where two would read the same.
    """
    while True:
        cut = [_cut(text, limit) for text in texts]
        if len(set(cut)) == len(set(texts)):
            return cut
        limit += 2 + limit // 8


def _cut(text: str, limit: int) -> str:
    """Two thirds of what is left from its end, where paths and names of classes differ."""
    behind = 2 * limit // 3
    return text if len(text) <= limit else f"{text[: limit - 1 - behind]}…{text[-behind:]}"


def _needed_of(settings: Sequence[Settings], limit: int) -> list[str]:
    """With the parameters that separate all configurations, and as many more as fit."""
    names = list(dict.fromkeys(name for known in settings for name in known))
    kept = _separating(settings, names)
    for name in names:
        if name not in kept and max(map(len, _texts(settings, names, {*kept, name}))) <= limit:
            kept.add(name)
    return list(_texts(settings, names, kept))


def _texts(settings: Sequence[Settings], names: Iterable[str], kept: set[str]) -> Iterator[str]:
    """Each configuration by the parameters in `kept`, an ellipsis for the others."""
    order = [name for name in names if name in kept]
    for known in settings:
        parts = [f"{name}={known[name]}" for name in order if name in known]
        yield ", ".join([*parts, *(["…"] if set(known) - kept else [])])


def _separating(settings: Sequence[Settings], names: Sequence[str]) -> set[str]:
    """Parameters by which all configurations differ that differ at all, each time the best one."""
    kept: list[str] = []
    different = _groups(settings, names)
    while _groups(settings, kept) < different:
        kept.append(max(names, key=lambda name: _groups(settings, [*kept, name])))
    return set(kept)


def _groups(settings: Sequence[Settings], names: Sequence[str]) -> int:
    return len({tuple(known.get(name) for name in names) for known in settings})


def apart(texts: Sequence[str], ids: Sequence[str]) -> list[str]:
    """The texts, with its id before each that is empty, or that another one reads the same as."""
    uses = Counter(texts)
    return [
        text if text and uses[text] == 1 else f"{i} {text}".rstrip()
        for i, text in zip(ids, texts, strict=True)
    ]
