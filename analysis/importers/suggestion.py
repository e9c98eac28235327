r"""What would read a log in no known format: its nearest format, and expressions for its own lines.

A log's line `Step 300 - grad_norm: 1.2, loss: 0.25` is nearest to openpi's, and
`--pattern '\bloss[:= ]+(?P<loss>\S+)' --step '\bStep[:= ]+(\d\S*)'` reads it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.metric_names import TABLE, is_success, known
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

STEPS = ("step", "global_step", "iteration", "iter", "it", "update", "epoch")

_TOKEN = re.compile(r"[A-Za-z_]+|\d[\d.,]*(?:[eE][-+]?\d+)?|[^\sA-Za-z_\d]")
_PAIR = re.compile(r"""\b([A-Za-z_][\w/.]{0,60}+)(["']?)[:= ]{1,4}(?=(\S{1,60}))""")


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


def own_patterns(source: Source) -> str:
    """Options of `ilsweep import` that read the file's own lines; empty where none are found."""
    lines = list(_lines(source))
    found = [pair for line in lines for pair in set(_names(line))]
    counts = Counter(found)
    often = [pair for pair in dict.fromkeys(found) if counts[pair] > 1]
    metrics = sorted((pair for pair in often if pair[0].lower() not in STEPS), key=_worth)
    steps = [pair for pair in often if pair[0].lower() in STEPS]
    chosen = [pair for pair in metrics if _worth(pair) < UNKNOWN] or metrics
    texts = [_expression(*pair) for pair in chosen[:MOST_METRICS]]
    step = min(steps, key=lambda pair: STEPS.index(pair[0].lower()), default=None)
    by = rf"{_head(*step)}(\d\S*)" if step else ""
    if not texts or len(from_arguments(texts, by).rows(lines)) < 2:
        return ""
    options = [f"--pattern '{text}'" for text in texts] + ([f"--step '{by}'"] if by else [])
    return " ".join(options)


def _expression(name: str, quote: str) -> str:
    r"""`\bloss[:= ]+(?P<loss>\S+)`; of a name that no group can have, `train/l1=...(\S+)`."""
    head = _head(name, quote)
    return rf"{head}(?P<{name}>\S+)" if name.isidentifier() else rf"{name}={head}(\S+)"


def _head(name: str, quote: str) -> str:
    """What stands before a number; a quote is any sign, since a shell has its own."""
    return rf"\b{re.escape(name)}{'.' if quote else ''}[:= ]+"


def _worth(pair: tuple[str, str]) -> int:
    """A success rate first, then what the table knows, then the rest."""
    if is_success(pair[0]):
        return 0
    ours = known(pair[0])
    return list(TABLE).index(ours) + 1 if ours in TABLE else UNKNOWN


def _names(line: str) -> Iterator[tuple[str, str]]:
    """Names that stand before a number, each with the quote behind it."""
    for name, quote, text in _PAIR.findall(line):
        if as_number(text) is not None:
            yield name, quote


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
