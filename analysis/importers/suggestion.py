r"""What would read a log in no known format: its nearest format, and expressions for its own lines.

A log's line `Step 300 - grad_norm: 1.2, loss: 0.25` is nearest to openpi's, and
`--pattern '\bloss[:= ]+(?P<loss>\S+)' --step '\bStep[:= ]+(\d\S*)'` reads it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.metric_names import TABLE, is_success, known, last_words
from ilsweep.analysis.importers.numbers import COLOUR, as_number
from ilsweep.analysis.importers.patterns import from_arguments
from ilsweep.analysis.importers.registry import FORMATS
from ilsweep.analysis.importers.source import Source

ALIKE = 0.7
"""So much of a format's line has to stand in a line of the file, in about as many tokens."""

MOST_LINES, MOST_SHAPES, LONGEST = 2000, 60, 400
"""Lines that are looked at, different ones among them, and characters of each."""

MOST_METRICS = 3
"""Expressions that are suggested."""

WIDER = 1.5
"""A line that has a format's tokens among so many times as many others is less like it."""

WORD, NUMBER, SIGN = 2.0, 1.0, 0.5
"""What a token of a format's line weighs."""

UNKNOWN = len(TABLE) + 1
"""What a name is worth that the table does not know."""

STEPS = ("step", "global_step", "steps", "iteration", "iter", "it", "update", "epoch")

_TOKEN = re.compile(r"[A-Za-z_]+|\d[\d.,]*(?:[eE][-+]?\d+)?|[^\sA-Za-z_\d]")
_PAIR = re.compile(r"""\b([A-Za-z_][\w/.]{0,60}+)(["']?)[:= ]{1,4}(?=(\S{1,60}))""")
_BEFORE = 40
"""Characters before a name's last word in which its first stands."""


def nearest(source: Source) -> LogFormat | None:
    """The format of which a line looks most like one of the file's; None where none does."""
    lines = [_tokens(line) for line in _shapes(source)]
    best, most = None, ALIKE
    for entry in FORMATS:
        for looks in re.split(" above | then ", entry.looks):
            wanted = _tokens(looks)
            if "0" not in wanted or sum(map(_is_word, wanted)) < 2:
                continue
            share = max((_share(wanted, line) for line in lines), default=0.0)
            if share > most:
                best, most = entry, share
    return best


@dataclass(frozen=True)
class _Name:
    """A name that stands before a number."""

    words: str
    quote: bool
    bracket: bool

    @property
    def head(self) -> str:
        """What stands before the number; a quote is any sign, since a shell has its own."""
        bracket = r"[\[(]*" if self.bracket else ""
        return rf"\b{re.escape(self.words)}{'.' if self.quote else ''}[:= ]+{bracket}".replace(
            r"\ ", " "
        )


def own_patterns(source: Source) -> str:
    """Options of `ilsweep import` that read the file's own lines; empty where none are found."""
    lines = list(_lines(source))
    found = [{pair.words: pair for pair, _ in _names(line)} for line in lines]
    counts = Counter(words for names in found for words in names)
    often = {n: pair for names in found for n, pair in names.items() if counts[n] > 1}
    by = _step_of(often, counts, found) or _rising(often, lines)
    metrics = [pair for n, pair in often.items() if n.lower() not in STEPS and pair not in by]
    ranked = sorted(metrics, key=_worth)
    chosen = [pair for pair in ranked if _worth(pair) < UNKNOWN] or ranked
    texts = [_expression(pair, often) for pair in chosen[:MOST_METRICS]]
    step = rf"{_either(by)}(\d\S*)" if by else ""
    if step and _falls(from_arguments(texts, step).rows(lines)):
        epochs = [pair for name, pair in often.items() if name.lower() == "epoch"]
        texts += [rf"{pair.head}(?P<epoch>\d+)" for pair in epochs]
    if not texts or len((read := from_arguments(texts, step)).rows(lines)) < 2:
        return ""
    options = [f"--pattern '{text}'" for text in texts]
    return " ".join([*options, *([f"--step '{step}'"] if step and not read.lost else [])])


def _falls(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether steps begin anew, as those that are counted within an epoch."""
    return any(later["step"] < sooner["step"] for sooner, later in pairwise(rows))


def _step_of(
    often: Mapping[str, _Name], counts: Counter[str], found: Sequence[Mapping[str, _Name]]
) -> list[_Name]:
    """The name of a step that stands most often, and those that stand in its place elsewhere."""
    names = [name for name in often if name.lower() in STEPS]
    names.sort(key=lambda name: (-counts[name], STEPS.index(name.lower())))
    apart = [name for name in names[1:] if name.lower() != "epoch" != names[0].lower()
             and not any(name in line and names[0] in line for line in found)]  # fmt: skip
    return [often[name] for name in [*names[:1], *apart]]


def _rising(often: Mapping[str, _Name], lines: Sequence[str]) -> list[_Name]:
    """A name that no table knows, behind which whole numbers rise from line to line."""
    numbers: dict[str, list[float]] = {}
    for line in lines:
        for pair, number in _names(line):
            numbers.setdefault(pair.words, []).append(number)
    for name, pair in often.items():
        steps = numbers[name]
        rises = all(a < b for a, b in pairwise(steps)) and all(n % 1 == 0 for n in steps)
        if len(steps) > 2 and rises and _worth(pair) == UNKNOWN:
            return [pair]
    return []


def _either(pairs: Sequence[_Name]) -> str:
    heads = [pair.head for pair in pairs]
    return heads[0] if len(heads) == 1 else f"(?:{'|'.join(heads)})"


def _expression(pair: _Name, others: Iterable[str]) -> str:
    r"""`\bloss[:= ]+(?P<loss>\S+)`; of a name that no group can have, `train/l1=...(\S+)`.

    `loss` is not found in `val loss` where that is another.
    """
    firsts = sorted(
        {n.split()[0] for n in others if n != pair.words and n.endswith(f" {pair.words}")}
    )
    head = "".join(f"(?<!{re.escape(first)} )" for first in firsts) + pair.head
    name = pair.words.replace(" ", "_")
    return rf"{head}(?P<{name}>\S+)" if name.isidentifier() else rf"{name}={head}(\S+)"


def _worth(pair: _Name) -> int:
    """A success rate first, then what the table knows, then the rest."""
    if is_success(pair.words):
        return 0
    ours = known(pair.words)
    return list(TABLE).index(ours) + 1 if ours in TABLE else UNKNOWN


def _names(line: str) -> Iterator[tuple[_Name, float]]:
    """Names that stand before a number, and the number."""
    for found in _PAIR.finditer(line):
        number = as_number(found[3])
        if number is not None:
            words = last_words(line[max(0, found.start(1) - _BEFORE) : found.end(1)]) or found[1]
            yield _Name(words, bool(found[2]), found[3][0] in "[("), number


def _lines(source: Source) -> Iterator[str]:
    if b"\x00" in source.content[:4096]:
        return
    for line in source.head.split("\n")[:MOST_LINES]:
        yield COLOUR.sub("", line[:LONGEST])


def _shapes(source: Source) -> list[str]:
    """Lines that differ in more than their numbers."""
    found: dict[str, str] = {}
    for line in _lines(source):
        found.setdefault(re.sub(r"\d+", "0", line), line)
        if len(found) == MOST_SHAPES:
            break
    return list(found.values())


def _tokens(line: str) -> list[str]:
    return ["0" if token[0].isdigit() else token.lower() for token in _TOKEN.findall(line)]


def _share(wanted: Sequence[str], line: Sequence[str]) -> float:
    """The weight of the wanted tokens that stand in a line in their order, and close together."""
    blocks = SequenceMatcher(None, wanted, line, autojunk=False).get_matching_blocks()[:-1]
    if not blocks:
        return 0.0
    met = (token for block in blocks for token in wanted[block.a : block.a + block.size])
    length = blocks[-1].b + blocks[-1].size - blocks[0].b
    return (
        min(1.0, WIDER * len(wanted) / length) * sum(map(_weight, met)) / sum(map(_weight, wanted))
    )


def _weight(token: str) -> float:
    return NUMBER if token == "0" else WORD if _is_word(token) else SIGN


def _is_word(token: str) -> bool:
    return token.replace("_", "a").isalpha()
