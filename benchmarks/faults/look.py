"""What a finding said of a run, and whether it was right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from analysis.findings.rules import RULES, diagnose
from analysis.findings.thresholds import resolve
from analysis.records import TrialRecord
from benchmarks.faults.case import Case

LIMITS = resolve({})
SHARED = {"still_improving": ("trend.p",)}
"""Thresholds that a rule takes beside those of its own name."""


@dataclass(frozen=True)
class Look:
    """One finding on one run whose truth is known."""

    finding: str
    case: str
    seed: int
    planted: bool
    found: bool
    evidence: Mapping[str, Any]
    """Of the finding; where there was none, what it would have said had its thresholds let it."""

    @property
    def right(self) -> bool:
        """Found where planted, quiet where not."""
        return self.found == self.planted

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def looks(case: Case, seed: int, trial: TrialRecord) -> list[Look]:
    """What each finding that the case knows the truth about says of one of its trials."""
    found = {finding.id: finding for finding in diagnose(trial, LIMITS)}
    return [
        Look(
            finding=name,
            case=case.name,
            seed=seed,
            planted=name in case.plants,
            found=name in found,
            evidence=short(found[name].evidence if name in found else evidence(name, trial)),
        )
        for name in sorted(case.findings)
    ]


def evidence(name: str, trial: TrialRecord) -> Mapping[str, Any]:
    """What the rule goes by in this trial, whatever its thresholds say: they are moved out of its
    way. Empty where the trial did not log what the rule needs."""
    (rule,) = [rule for rule in RULES if rule.__name__ == name]
    own = [limit for limit in LIMITS if limit.startswith(f"{name}.")] + list(SHARED.get(name, ()))
    for values in product((-math.inf, math.inf), repeat=len(own)):
        finding = rule(trial, {**LIMITS, **dict(zip(own, values, strict=True))})
        if finding is not None:
            return finding.evidence
    return {"error": trial.error[-200:]} if trial.error else {}


def short(values: Mapping[str, Any]) -> dict[str, Any]:
    """Four digits of each number."""
    return {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in values.items()}


def wrong(all_looks: Sequence[Look]) -> list[Look]:
    """The misses and the false alarms, by finding."""
    return sorted((look for look in all_looks if not look.right), key=lambda look: look.finding)
