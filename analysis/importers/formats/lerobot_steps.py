"""The steps behind `999`, `1K`, `2K`: lerobot rounds them, but reports at a fixed distance."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from ilsweep.analysis.records.curves import MAX_STEP

DEFAULT_DISTANCE = 200
"""lerobot's `log_freq`."""

MOST_FITTED = 300
"""So many reports are enough to tell one start or distance from another."""

SUFFIXES = ("", "K", "M", "B", "T", "Q")


def big_number(value: int) -> str:
    """A number as lerobot prints it: 999 is `999`, 1200 `1K`, 1500 `2K`, 999999 `1000K`."""
    scaled = float(value)
    for suffix in SUFFIXES[:-1]:
        if abs(scaled) < 1000:
            return f"{scaled:.0f}{suffix}"
        scaled /= 1000
    return f"{scaled:.0f}{SUFFIXES[-1]}"


def about(text: str | int) -> int:
    """The middle of the numbers that print as `text`; 0 for what is no such number."""
    if isinstance(text, int):
        return text
    suffix = text[-1:] if text[-1:] in SUFFIXES[1:] else ""
    try:
        return round(float(text.removesuffix(suffix)) * 1000.0 ** SUFFIXES.index(suffix))
    except (ValueError, OverflowError):
        return 0


def rebuild(printed: Sequence[str | int], distance: int | None = None) -> list[int]:
    """The exact step of each report.

    Reports may be missing. Where the numbers fall, a resumed run's log begins.

    Args:
        printed: In the order of the log, the rounded step of a report, or an exact step that
            another line of the log names; reports before it are not later, those after it are.
        distance: Steps between two reports, where the log says it.
    """
    reports = [item for item in printed if isinstance(item, str)]
    step = distance or (_distance(reports) if reports else DEFAULT_DISTANCE)
    cuts = [i for i in range(1, len(printed)) if about(printed[i]) < about(printed[i - 1])]
    steps: list[int] = []
    for low, high in pairwise([0, *cuts, len(printed)]):
        steps += _rising(printed[low:high], step)
    return steps


def _rising(printed: Sequence[str | int], distance: int) -> list[int]:
    """The steps of a log without a restart: each report at least `distance` after the last."""
    bounds = [_bounds(item, distance) for item in printed]
    latest = [high for _, high in bounds]
    for i in range(len(printed) - 2, -1, -1):
        if isinstance(printed[i], str):
            gap = distance if isinstance(printed[i + 1], str) else 0
            latest[i] = min(latest[i], latest[i + 1] - gap)
    reports = [item for item in printed if isinstance(item, str)]
    floor = _start(reports, distance) if reports else 0
    steps: list[int] = []
    for item, (low, _), last in zip(printed, bounds, latest, strict=True):
        exact = isinstance(item, int)
        steps.append(low if exact else max(low, min(_round_up(floor, distance), last)))
        floor = steps[-1] + (1 if exact else distance)
    return steps


def _bounds(item: str | int, distance: int) -> tuple[int, int]:
    """The first and the last step that a report can be of."""
    if isinstance(item, int) or item.isdecimal():
        return int(item), int(item)
    return _fitting(item, distance) or (about(item), about(item))


def _round_up(value: int, distance: int) -> int:
    return -(-value // distance) * distance


@lru_cache(maxsize=4096)
def _fitting(printed: str, distance: int) -> tuple[int, int] | None:
    """The first and the last multiple of `distance` that print so; None where none does."""
    wanted = _order(printed)
    if wanted[0] > MAX_STEP:
        return None
    most = about(printed) // distance * 2 + 2
    first = distance * max(1, bisect_left(range(most), wanted, key=lambda n: _shown(n, distance)))
    last = distance * (bisect_right(range(most), wanted, key=lambda n: _shown(n, distance)) - 1)
    return (first, last) if first <= last and big_number(first) == printed else None


def _shown(multiple: int, distance: int) -> tuple[int, int]:
    return _order(big_number(multiple * distance))


def _order(printed: str) -> tuple[int, int]:
    """Printed numbers in the order of what prints so: `1000K` comes before `1M`."""
    return about(printed), SUFFIXES.index(printed[-1:]) if printed[-1:] in SUFFIXES else 0


def _distance(reports: Sequence[str]) -> int:
    """From two exact steps, else from the slope of the rounded ones, else lerobot's default."""
    exact = [int(text) for text in reports if text.isdecimal()]
    gaps = [b - a for a, b in pairwise(exact) if b > a]
    if gaps:
        return min(gaps)
    if exact and exact[0] > 0:
        return exact[0]
    slope = (about(reports[-1]) - about(reports[0])) / max(1, len(reports) - 1)
    candidates = [DEFAULT_DISTANCE, *(round(slope, -digits) for digits in (3, 2, 1))]
    possible = [int(c) for c in candidates if c >= 1]
    return max(possible, key=lambda c: _fit(reports, _start(reports, c), c))


def _start(reports: Sequence[str], distance: int) -> int:
    """The first report's step: the one from which most of the others print as they do."""
    if reports[0].isdecimal():
        return int(reports[0])
    low, high = _fitting(reports[0], distance) or (max(about(reports[0]), distance),) * 2
    near = about(reports[0]) + distance  # a resumed run reports one distance after a round step
    bounds = [_bounds(text, distance) for text in reports[:MOST_FITTED]]
    begins = sorted(first - i * distance for i, (first, _) in enumerate(bounds))
    ends = sorted(last - i * distance for i, (_, last) in enumerate(bounds))
    # Where most intervals overlap, one begins and one ends; `near` lies between them, or not.
    around = (near // distance * distance, _round_up(near, distance))
    points = {c for c in (low, high, *begins, *ends, *around) if low <= c <= high}
    return max(
        sorted(points),
        key=lambda c: (bisect_right(begins, c) - bisect_left(ends, c), -abs(c - near)),
    )


def _fit(reports: Sequence[str], start: int, distance: int) -> int:
    """How many reports print as they do when the first is at `start`."""
    shown = reports[:MOST_FITTED]
    return sum(big_number(start + i * distance) == text for i, text in enumerate(shown))
