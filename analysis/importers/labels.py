"""Which of several processes printed a line of one log, by the label before it; the first counts.

`torchrun` puts `[rank0]:` or `[default0]:` before a line, `srun --label` `0: `, `mpirun
--tag-output` `[1,0]<stdout>:`. All processes report the same steps, each its own share of a batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

_LABELLED = (
    re.compile(r"^\[(?:rank|default)(\d{1,5})\]:? ?"),
    re.compile(r"^\[\d{1,5},(\d{1,5})\]<std(?:out|err)>: ?"),
)
_NUMBERED = re.compile(r"^ *(\d{1,5}): ")

FALLS = 4
"""Bare numbers before lines are steps, unless they go back and forth as often."""


@dataclass(frozen=True)
class Labels:
    """How the lines of a log are labelled."""

    pattern: re.Pattern[str]
    first: int
    processes: int

    def of_the_first(self, lines: Iterable[str]) -> Iterator[str]:
        """The lines of the first process without the label, and those without one."""
        for line in lines:
            found = self.pattern.match(line)
            if not found:
                yield line
            elif int(found[1]) == self.first:
                yield line[found.end() :]

    def __str__(self) -> str:
        return f"{self.processes} processes wrote it: the reports of process {self.first} count"


def labels_of(head: str) -> Labels | None:
    """The labels of a log's beginning; None where one process wrote it."""
    for pattern in _LABELLED:
        if found := _numbers(pattern, head):
            return Labels(pattern, min(found), len({*found})) if len({*found}) > 1 else None
    found = _numbers(_NUMBERED, head)
    numbers = {*found}
    if len(numbers) < 2 or len(found) < sum(map(bool, map(str.strip, head.split("\n")[:-1]))):
        return None
    falls = sum(later < sooner for sooner, later in pairwise(found))
    taken = numbers == set(range(len(numbers))) and falls >= FALLS
    return Labels(_NUMBERED, 0, len(numbers)) if taken else None


def _numbers(pattern: re.Pattern[str], head: str) -> list[int]:
    anywhere = re.compile(pattern.pattern, re.MULTILINE)
    return [int(number) for number in anywhere.findall(head)]
