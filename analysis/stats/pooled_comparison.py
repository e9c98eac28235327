"""All pairs of configurations over shared seeds, under one error rate for the whole table.

The noise is the residual of configuration x seed, pooled over the table; Tukey's studentised
range corrects for all pairs (Tukey 1953; Kramer 1956 for unequal numbers). Where the standard
deviations are plainly unequal (Bartlett 1937), each pair is tested by its own noise, with
Bonferroni's correction over all pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ilsweep.analysis.stats.intervals_and_tests import Interval
from ilsweep.analysis.stats.levels import ALPHA
from ilsweep.analysis.stats.power import noncentrality
from ilsweep.analysis.stats.studentised_range import studentised_range_isf, studentised_range_sf

Array = NDArray[np.float64]

UNEQUAL = 0.1
"""p of Bartlett's test below which standard deviations count as unequal. Few seeds show little:
a large level finds more of them, and an error here costs power alone. The test is made with and
without the seeds' own effects: their estimate mixes the noise of all configurations into each."""


@dataclass(frozen=True)
class Difference:
    """Two means of a table compared."""

    difference: float
    interval: Interval
    """Holds for all pairs of the table at once."""
    p: float
    """Corrected for all pairs of the table."""
    visible: float
    """The difference that would be significant in 80 % of such tables; infinite where no two means
    can differ by so much."""
    freedom: float


@dataclass(frozen=True)
class PairedTable:
    """What the comparisons of one table share. k configurations."""

    means: Array
    """(k,)"""
    counts: Array
    """Seeds of each, (k,)."""
    variances: Array
    """Of a seed's value around its configuration's mean (and its seed's, where shared), (k,)."""
    pooled: float
    freedom: int
    test: Literal["Tukey", "pairwise t"]
    rows: tuple[Array, ...]
    floors: Array
    """Least variance of one seed's value, (k,)."""
    shared: bool
    """Every configuration has the same seeds, in the same order of `rows`."""
    most: float
    """The largest difference that is possible."""

    def compare(self, i: int, j: int) -> Difference:
        """Mean i less mean j."""
        return self._tukey(i, j) if self.test == "Tukey" else self._pairwise(i, j)

    def shrunken(self, i: int) -> float:
        """Mean i as it is to be expected of fresh seeds.

        Drawn to the mean of all, the more the larger the noise is beside the differences (Efron &
        Morris 1973). The best of many is also the luckiest. NaN with fewer than four
        configurations.
        """
        k = len(self.means)
        if k < 4:
            return math.nan
        between = float(self.means.var(ddof=1))
        noise = self.pooled * float((1 / self.counts).mean())
        kept = max(0.0, 1 - (k - 3) / (k - 1) * noise / between) if between > 0 else 0.0
        middle = float(self.means.mean())
        return middle + kept * (float(self.means[i]) - middle)

    def probability(self, i: int, j: int) -> float:
        """That i is larger than j with fresh seeds, as far as these data tell.

        The posterior of their difference where the configurations are normal around a common mean:
        where a share c of the differences is no noise, a difference d of standard error e is c * d,
        with variance c * e^2. c is not known; it is uniform before the data (Strawderman 1971;
        Morris 1983), and integrated out. NaN with fewer than four configurations, or where the
        noise is not known.
        """
        error, freedom = self._error(i, j)
        k = len(self.means)
        if k < 4 or not error > 0 or not freedom > 0:
            return math.nan
        share = (np.arange(200) + 0.5) / 200
        noise = self.pooled * float((1 / self.counts).mean())
        between = float(((self.means - self.means.mean()) ** 2).sum()) / noise
        weight = (k - 1) * np.log(1 - share) - (self.freedom + k - 1) * np.log(
            self.freedom + (1 - share) * between
        )
        weight = np.exp((weight - weight.max()) / 2)
        t = np.sqrt(share) * float(self.means[i] - self.means[j]) / error
        return float(weight @ special.stdtr(freedom, t) / weight.sum())

    def _error(self, i: int, j: int) -> tuple[float, float]:
        """Standard error of a difference, and its degrees of freedom."""
        if self.test == "Tukey":
            error = math.sqrt(self.pooled * float((1 / self.counts[[i, j]]).sum()))
            return error, float(self.freedom)
        if self.shared:
            variance = float((self.rows[i] - self.rows[j]).var(ddof=1)) / len(self.rows[i])
            freedom = float(len(self.rows[i]) - 1)
        else:
            variance, freedom = self._welch(i, j)
        floor = float((self.floors / self.counts)[[i, j]].sum())
        return math.sqrt(max(variance, floor)) if freedom > 0 else math.nan, freedom

    def _tukey(self, i: int, j: int) -> Difference:
        k = len(self.means)
        error, _ = self._error(i, j)
        difference = float(self.means[i] - self.means[j])
        bound = studentised_range_isf(ALPHA, k, self.freedom) / math.sqrt(2)
        p = 1.0 if error == 0 else _tail(abs(difference) / error, k, self.freedom)
        return self._difference(difference, error, bound, p, self.freedom)

    def _pairwise(self, i: int, j: int) -> Difference:
        difference = float(self.means[i] - self.means[j])
        pairs = math.comb(len(self.means), 2)
        error, freedom = self._error(i, j)
        if not freedom > 0 or error == 0:
            return Difference(difference, Interval(-math.inf, math.inf), 1.0, math.inf, 0.0)
        p = min(1.0, pairs * 2 * float(special.stdtr(freedom, -abs(difference) / error)))
        bound = float(special.stdtrit(freedom, 1 - ALPHA / (2 * pairs)))
        return self._difference(difference, error, bound, p, freedom)

    def _difference(
        self, difference: float, error: float, bound: float, p: float, freedom: float
    ) -> Difference:
        """Its interval within what is possible, as far as the difference itself is."""
        half = bound * error
        interval = Interval(difference - half, difference + half)
        if abs(difference) <= self.most:
            interval = interval.within(-self.most, self.most)
        visible = noncentrality(bound, freedom) * error
        return Difference(
            difference, interval, p, visible if visible <= self.most else math.inf, freedom
        )

    def _welch(self, i: int, j: int) -> tuple[float, float]:
        """Variance of the difference and its degrees of freedom (Welch 1947)."""
        if min(self.counts[[i, j]]) < 2:
            return math.nan, 0.0
        parts = (self.variances / self.counts)[[i, j]]
        total = float(parts.sum())
        below = float((parts**2 / (self.counts[[i, j]] - 1)).sum())
        return total, total * total / below if below > 0 else 0.0


def _tail(t: float, means: int, freedom: float) -> float:
    return float(studentised_range_sf(t * math.sqrt(2), means, freedom))


def paired_table(
    rows: Sequence[Array], floors: Sequence[float], *, shared: bool, most: float = math.inf
) -> PairedTable | None:
    """The table of k configurations' values, one array of seeds each.

    Args:
        floors: Least variance of one value of each configuration, such as the binomial one of a
            success rate: equal values by chance are no proof of a small variance.
        shared: All rows are over the same seeds, in the same order; the seeds' own effects cancel.
        most: The largest difference that is possible, of success rates 100 points.

    Returns:
        None with fewer than two configurations, or no degree of freedom.
    """
    k, counts = len(rows), np.array([len(row) for row in rows], np.float64)
    freedom = int(counts.sum()) - k
    if shared and k:
        freedom = (k - 1) * (len(rows[0]) - 1)
    if k < 2 or freedom < 1:
        return None
    rest = [row - row.mean() for row in rows]
    own = np.array([float(row @ row) for row in rest])
    if shared:
        effect = np.mean(rest, axis=0)
        rest = [(row - effect) * math.sqrt(k / (k - 1)) for row in rest]
    squares = np.array([float(row @ row) for row in rest])
    least = np.maximum(np.asarray(floors, np.float64), resolution(rows))
    variances = np.maximum(squares / np.maximum(counts - 1, 1), least)
    pooled = max(float(squares.sum()) / float((counts - 1).sum()), float(least.mean()))
    unequal = k > 2 and any(_bartlett(s, counts, least) < UNEQUAL for s in (own, squares))
    return PairedTable(
        means=np.array([float(row.mean()) for row in rows]),
        counts=counts,
        variances=variances,
        pooled=pooled,
        freedom=freedom,
        test="pairwise t" if unequal else "Tukey",
        rows=tuple(rows),
        floors=least,
        shared=shared,
        most=most,
    )


def resolution(rows: Sequence[Array]) -> float:
    """Variance of rounding to the step of which all differences are multiples, step^2 / 12.

    Counts have such a step, numbers with many digits have none (0).
    """
    distinct = np.unique(np.concatenate(list(rows)))
    if len(distinct) < 2:
        return 0.0
    tiny = 1e-8 * float(distinct[-1] - distinct[0])
    step = 0.0
    for difference in np.diff(distinct).tolist():
        step = _common(step, difference, tiny)
        if step <= tiny:
            return 0.0
    return step * step / 12


def _common(a: float, b: float, tiny: float) -> float:
    """Euclid's greatest common divisor, of numbers that are rounded to `tiny`."""
    while b > tiny:
        rest = a % b
        a, b = b, min(rest, b - rest)
    return a


def _bartlett(squares: Array, counts: Array, least: Array) -> float:
    """p that normal samples with these sums of squares have one variance (Bartlett 1937)."""
    freedom = counts[counts > 1] - 1
    variances = np.maximum(squares[counts > 1] / freedom, least[counts > 1])
    k, total = len(variances), float(freedom.sum())
    if k < 2:
        return 1.0
    if (variances <= 0).any():
        return 1.0 if (variances <= 0).all() else 0.0
    pooled = float(freedom @ variances) / total
    statistic = total * math.log(pooled) - float(freedom @ np.log(variances))
    correction = 1 + (float((1 / freedom).sum()) - 1 / total) / (3 * (k - 1))
    return float(special.chdtrc(k - 1, statistic / correction))
