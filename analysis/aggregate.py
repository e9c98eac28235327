"""One number for a configuration: the table's order, the search and the screen go by the same.

A configuration is as good as the centre of its seeds; a seed that failed counts as the worst value
that any trial of the sweep ended with, so that a configuration gains nothing by failing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from analysis.statistics import centre


def worst_of(values: Iterable[float], sign: int) -> float:
    """The worst of the finite `values`; NaN of none. `sign` times a value is better where it is
    smaller: 1 for an objective that is minimised, -1 for one that is maximised."""
    known = [value for value in values if math.isfinite(value)]
    return max(known, key=lambda value: sign * value, default=math.nan)


def configuration_value(values: Sequence[float], failed: int, worst: float, sign: int) -> float:
    """The number by which a configuration is ordered, in the metric's own unit.

    The mean below eight seeds, the interquartile mean from eight on (`statistics.centre`).

    Args:
        values: The last values of the seeds that gave one; what is not finite is left out.
        failed: Seeds that failed.
        worst: The worst value that any trial of the sweep ended with; a worse one among `values`
            counts in its place.
        sign: 1 where the metric is minimised, -1 where it is maximised.

    Returns:
        NaN where no seed gave a value: of nothing but failures no number is made up.
    """
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return math.nan
    return centre([*known, *[worst_of([worst, *known], sign)] * failed])[0]
