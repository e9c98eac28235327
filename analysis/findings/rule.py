"""A finding about one trial, as its file declares it: `@rule` over a function of one record.

    @rule
    def data_bound(trial: TrialRecord, limits: Limits) -> Finding | None:
        ...
        if share <= limits["share"]:      # THRESHOLDS["data_bound.share"]
            return None
        return make_finding(trial, "info", evidence, explanation)

The function's name is the finding's id, and what its own thresholds begin with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import overload

from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.findings.thresholds import Limits
from ilsweep.analysis.metrics.objectives import successes
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.stats.intervals_and_tests import clopper_pearson
from ilsweep.analysis.text import Text

Check = Callable[[TrialRecord, Limits], Finding | None]
"""A pure function of one record; None where it has nothing to say."""


@dataclass(frozen=True)
class Rule:
    """One entry of the registry."""

    id: str
    check: Check
    about: str
    """What it says, in one sentence."""
    of_failed: bool
    """Whether it says something of a trial that failed; the others need one that went on."""
    unless_it_works: bool
    """Whether it warns of a policy that may fail: where most episodes succeed, it is information
    without advice."""

    def __call__(self, trial: TrialRecord, limits: Limits) -> Finding | None:
        """The finding about a trial; `limits` by full name."""
        found = self.check(trial, OwnLimits(self.id, limits))
        if found is None:
            return None
        if self.unless_it_works and (counted := _most_succeed(trial)):
            found = _as_information(found, *counted)
        return replace(found, id=self.id)


def _most_succeed(trial: TrialRecord) -> tuple[int, int] | None:
    """(successes, episodes) where with 95 % confidence more than half succeed."""
    counted = successes(trial)
    return counted if counted and clopper_pearson(*counted).low > 0.5 else None


def _as_information(found: Finding, k: int, n: int) -> Finding:
    text = Text(
        f"But {k} of {n} episodes succeed: the policy works as it is.",
        f"但 {n} 个回合中有 {k} 个成功：策略目前有效。",
    )
    return replace(found, severity="info", explanation=found.explanation + text, suggestions=())


class OwnLimits(Mapping[str, float]):
    """Thresholds as one rule reads them: its own by their short name, others by their full one."""

    __slots__ = ("_limits", "_rule_id")

    def __init__(self, rule_id: str, limits: Limits) -> None:
        self._rule_id, self._limits = rule_id, limits

    def __getitem__(self, name: str) -> float:
        return self._limits[name if "." in name else f"{self._rule_id}.{name}"]

    def __iter__(self) -> Iterator[str]:
        return iter(self._limits)

    def __len__(self) -> int:
        return len(self._limits)


@overload
def rule(check: Check) -> Rule: ...
@overload
def rule(*, of_failed: bool = False, unless_it_works: bool = False) -> Callable[[Check], Rule]: ...
def rule(
    check: Check | None = None, *, of_failed: bool = False, unless_it_works: bool = False
) -> Rule | Callable[[Check], Rule]:
    """Declare a finding about one trial."""

    def declared(check: Check) -> Rule:
        about = (check.__doc__ or "").partition("\n\n")[0]
        words = " ".join(about.split())
        return Rule(check.__name__, check, words, of_failed, unless_it_works)

    return declared if check is None else declared(check)
