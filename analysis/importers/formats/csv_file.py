"""A CSV of metrics: Lightning's `metrics.csv`, a script's own, wandb's and TensorBoard's export.

wandb's page writes the x axis first, by its name, and for each run and metric a column `RUN -
METRIC` beside its `__MIN` and `__MAX`; its `DataFrame.to_csv` has `_step`. TensorBoard's has `Wall
time,Step,Value`, and the metric is in the file's name (`run-act-tag-loss.csv`).
The index that pandas writes first has no name.
"""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ilsweep.analysis.importers.formats.table_lines import DELIMITERS, delimiter_of, table_lines
from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.numbers import as_metric, as_number, counted_in
from ilsweep.analysis.importers.same_run import TAGGED
from ilsweep.analysis.importers.source import MOST_NAMES, ForeignRun, Source, TooWide
from ilsweep.analysis.importers.step_column import STEP_NAMES, plain
from ilsweep.analysis.importers.tables import ANY, NO_VALUE, Choice, Table

BOUNDS = ("__MIN", "__MAX")
OF_TENSORBOARD = ["wall_time", "step", "value"]


def detect(source: Source) -> bool:
    start = source.head.lstrip()
    header, *first = itertools.islice(table_lines(start.split("\n")), 2)
    names = next(table_rows([header], delimiter_of(header)), [])
    numbers = next(table_rows(first, delimiter_of(header)), [])
    if len(names) < 2 or start[:1] in "[{":
        return False
    if not names[0].strip() and not (numbers and numbers[0].strip().isdecimal()):
        return False  # no index of a DataFrame
    if any(" - " in name for name in names[1:]) and plain(names[0]) in (*STEP_NAMES, *_TIMES):
        return True
    parted = any(map(start.partition("\n")[0].count, DELIMITERS))
    if parted and any(plain(name) in STEP_NAMES for name in names):
        return True
    named = not any(as_number(name) is not None for name in names)
    alike = len(numbers) == len(names) and any(as_number(cell) is not None for cell in numbers)
    if any(plain(name) in STEP_NAMES for name in names):  # words, unless numbers stand below them
        return named and len(numbers) == len(names) and all(map(_is_cell, numbers))
    return source.path.name.lower().endswith((".csv", ".tsv", ".csv.gz")) and named and alike


def _is_cell(text: str) -> bool:
    return as_number(text) is not None or text.strip().lower() in NO_VALUE


_TIMES = ("relative_time_(process)", "relative_time_(wall)", "wall_time", "relative_time")


def read(source: Source, choice: Choice = ANY) -> list[ForeignRun]:
    """The runs of the file.

    Raises:
        TooWide: it has more columns than `MOST_NAMES`.
    """
    lines = table_lines(source.lines)
    first = next(lines, "")
    delimiter = delimiter_of(first)
    table = table_rows(itertools.chain([first], lines), delimiter)
    header = [name.strip() for name in next(table, [])]
    if len(header) > MOST_NAMES:
        columns = f"has {len(header)} columns; valid: at most {MOST_NAMES}"
        raise TooWide(f"{source.path}: {columns}")
    if [plain(name) for name in header] == OF_TENSORBOARD:
        return _of_tensorboard(source, table)
    if any(" - " in name for name in header[1:]):
        return _of_the_page(header, table)
    names, notes = _once(header)
    decimal_comma = delimiter == ";"
    own = [cell.strip() for cell in header]
    cells = [row for row in table if [cell.strip() for cell in row] != own]  # a restart's header
    if source.open_end and cells and len(cells[-1]) < len(header):
        cells[-1] = cells[-1][:-1]  # the last cell may be the half of a number
    rows = [_row(names, row, decimal_comma) for row in cells]
    return Table(rows, notes).runs(source.run_id, choice)


def table_rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """The rows of a CSV, up to where it is none: an unclosed quote makes one cell of the rest."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except (csv.Error, StopIteration):
            return
        yield row


def _once(header: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names that are there once; of a name that is there twice, the first column counts."""
    counts = Counter(header)
    notes = [f"the column {name} is there {n} times: the first counts" for name, n in counts.items()
             if n > 1 and name]  # fmt: skip
    seen: set[str] = set()
    names = []
    for name in header:
        names.append("" if name in seen else name)
        seen.add(name)
    return names, notes[:5]


def _row(names: Sequence[str], cells: Sequence[str], decimal_comma: bool) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=False):
        if name and cell.strip():
            text = cell.replace(",", ".") if decimal_comma else cell
            number = int(text) if text.isdecimal() and len(text) < 19 else as_number(text)
            kept = number is None or counted_in(text) is not None  # it tells of how many, too
            row[name] = cell.strip() if kept else number
    return row


def _of_tensorboard(source: Source, table: Iterable[list[str]]) -> list[ForeignRun]:
    found = TAGGED.match(source.path.name)
    run, tag = (found[1].strip("."), found[2]) if found else ("", source.stem)
    tag = tag.replace("__", "/").replace("_", "/", 1) if found and "/" not in tag else tag
    rows = [{"step": row[1], tag: row[2]} for row in table if len(row) > 2]
    return Table([{k: as_number(str(v)) for k, v in row.items()} for row in rows]).runs(
        run or source.path.resolve().parent.name
    )


def _of_the_page(header: Sequence[str], table: Iterable[list[str]]) -> list[ForeignRun]:
    """The runs of a panel; of two that have one name, the second gets a number."""
    columns: dict[int, tuple[str, str]] = {}
    times: Counter[str] = Counter()
    for i, column in enumerate(header[1:], 1):
        run, _, metric = column.rpartition(" - ")
        if run and not metric.startswith("_") and not column.endswith(BOUNDS):
            times[column] += 1
            columns[i] = (run if times[column] == 1 else f"{run}-{times[column]}", metric)
    cells = list(table)
    steps, note = _axis(header[0], [row[0] for row in cells if row])
    runs: dict[str, list[dict[str, Any]]] = {}
    for step, row in zip(steps, (row for row in cells if row), strict=True):
        for i, cell in enumerate(row):
            number = as_metric(cell) if i in columns and cell else None
            if number is not None and step is not None:
                run, metric = columns[i]
                runs.setdefault(run, []).append({"step": step, metric: number})
    return [
        ForeignRun(id=run, name=run, rows=rows, own_id=True, notes=note)
        for run, rows in runs.items()
    ]


def _axis(name: str, cells: Sequence[str]) -> tuple[list[int | None], tuple[str, ...]]:
    """The steps of a panel's x axis; a time that is no whole number is counted."""
    numbers = [as_number(cell) for cell in cells]
    known = [n for n in numbers if n is not None and n == n and abs(n) < 2**62]
    if all(n == int(n) for n in known):
        steps = [int(n) if n is not None and n == n and abs(n) < 2**62 else None for n in numbers]
        said = () if plain(name) in ("step", "_step") else (f"the step is the axis {name}",)
        return steps, said
    return list(range(1, len(cells) + 1)), (
        f"the axis {name} is no whole number: rows are counted",
    )


FORMAT = LogFormat(
    name="csv",
    title="CSV with a step (Lightning, wandb, TensorBoard, own)",
    detect=detect,
    read=read,
    lines=r"[,;\t|]|^\s*(?:#\s*)?[\w./-]+(?:\s+[\w.%+-]+)+\s*$",
    looks="step,loss above 10,0.5",
)
