"""The lines of a table as CSV has them: without comments, and parted by tabs where spaces part.

Scripts write settings above a table, a header behind a `#` (as numpy does), or columns for the eye:
`step   loss` and `| step | loss |`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from ilsweep.analysis.importers.numbers import as_number

DELIMITERS = (",", ";", "\t")

MOST_COMMENTS = 1000
"""Lines above a table, at most."""

_RULE = re.compile(r"^[\s|:+=-]+$")
"""A line between a header and its rows, or a blank one."""

_OF_EXCEL = re.compile(r'^"?sep=.?"?\s*$')
"""The line by which Excel is told what parts the columns."""


def table_lines(lines: Iterable[str]) -> Iterator[str]:
    """The header and the rows."""
    text = (line for line in lines if not _RULE.match(line) and not _OF_EXCEL.match(line))
    comments = []
    first = ""
    for line in itertools.islice(text, MOST_COMMENTS):
        if not line.lstrip().startswith("#"):
            first = line
            break
        comments.append(line.lstrip("# "))
    apart = not any(map(first.count, DELIMITERS))
    cells = [cells_of(line, apart) for line in (*comments[-1:], first)]
    if len(cells) == 2 and len(cells[0]) == len(cells[1]) and all(map(_is_number, cells[1])):
        yield "\t".join(cells[0]) if apart else comments[-1]
    rows = (row for row in itertools.chain([first], text) if not row.lstrip().startswith("#"))
    yield from ("\t".join(cells_of(row, apart)) for row in rows) if apart else rows


def cells_of(line: str, apart: bool) -> list[str]:
    """The cells of a line: parted by bars or spaces where they stand `apart`, else by commas."""
    if not apart:
        return [cell.strip() for cell in line.split(delimiter_of(line))]
    if "|" in line:
        return [cell.strip() for cell in line.strip().strip("|").split("|")]
    return line.split()


def delimiter_of(header: str) -> str:
    return max(DELIMITERS, key=header[:100_000].count)


def _is_number(cell: str) -> bool:
    return as_number(cell) is not None
