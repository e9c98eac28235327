"""What a finding said of a run, and whether it was right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

from benchmarks.faults.case import Case, Half, half_of
from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.findings.registry import RULES, diagnose
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.metrics.objectives import successes
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.spec.params import nested

_RULES = {rule.id: rule for rule in RULES}

LIMITS = resolve({})
SHARED = {"still_improving": ("trend.p",)}
"""Thresholds that a rule takes beside those of its own name."""
WORKS = 0.8
"""Share of the episodes in which a healthy policy must succeed."""
FAILS = 0.5
"""Largest share in which one may succeed that means to fail."""


@dataclass(frozen=True)
class Look:
    """One finding on one run whose truth is known."""

    finding: str
    case: str
    world: str
    seed: int
    planted: bool
    found: bool
    evidence: Mapping[str, Any]
    """Of the finding; where there was none, what it would have said had its thresholds let it."""

    @property
    def half(self) -> Half:
        """Whether thresholds were set on runs like it."""
        return half_of(self.world, self.seed)

    @property
    def right(self) -> bool:
        """Found where planted, quiet where not."""
        return self.found == self.planted

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


class NotAsSaid(Exception):  # noqa: N818
    """A run is not what its case says, so that neither a finding nor its absence counts."""


def looks(case: Case, seed: int, trial: TrialRecord) -> list[Look]:
    """What each finding that the case knows the truth about says of one of its trials.

    Raises:
        NotAsSaid: it did not train to its end, is healthy and did not learn or does not succeed,
            means to fail and does not, or a rule that must keep quiet had nothing to go by.
    """
    if trouble := _trouble(case, trial):
        raise NotAsSaid(f"{case.name}, seed {seed}: {trouble}")
    found = {finding.id: finding for finding in diagnose(trial, LIMITS)}
    return [
        Look(
            finding=name,
            case=case.name,
            world=case.world,
            seed=seed,
            planted=name in case.plants,
            found=name in found and (name in case.plants or not _excused(found[name])),
            evidence=short(found[name].evidence if name in found else evidence(name, trial)),
        )
        for name in sorted(case.findings)
    ]


def _excused(finding: Finding) -> bool:
    """Whether it only informs, since the policy works; what always informs accuses."""
    return finding.severity == "info" and _RULES[finding.id].unless_it_works


def _trouble(case: Case, trial: TrialRecord) -> str:
    """Why nothing can be said by this trial; empty where something can."""
    steps = case.trainer_class.Config(**nested(case.params)).steps
    if "diverged" not in case.plants and (trial.state, trial.steps) != ("completed", steps):
        last = (trial.error.strip().splitlines() or ["no error"])[-1]
        return f"{trial.state} at step {trial.steps} of {steps} ({last})"
    loss = trial.curve("train/loss").values
    third = len(loss) // 3
    if not case.plants and not (third and loss[-third:].mean() < loss[:third].mean()):
        return "means to be healthy, but its loss did not fall"
    if trouble := _behaviour(case, trial):
        return trouble
    blind = [name for name in sorted(case.clean) if not measured(name, trial)]
    return f"logged nothing that {', '.join(blind)} goes by" if blind else ""


def _behaviour(case: Case, trial: TrialRecord) -> str:
    """Why it is not the policy that its case means; empty where it did not act, or is."""
    counted = successes(trial)
    if counted is None:
        return ""
    k, n = counted
    if not case.plants and k < WORKS * n:
        return f"means to be healthy, but succeeds in {k} of {n} episodes"
    if case.fails and k > FAILS * n:
        return f"means to fail, but succeeds in {k} of {n} episodes"
    return ""


class _Asked(dict[str, Any]):
    """Notes which of the names that it is asked for it has."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__(content)
        self.had: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.had |= {name} & self.keys()
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.had.add(name)
        return super().__getitem__(name)


def measured(name: str, trial: TrialRecord) -> bool:
    """Whether the trial logged or was given something that the rule asks for."""
    curves, params = _Asked(trial.curves), _Asked(trial.params)
    _RULES[name](replace(trial, curves=curves, params=params), LIMITS)
    return bool(curves.had or params.had)


def evidence(name: str, trial: TrialRecord) -> Mapping[str, Any]:
    """What the rule goes by in this trial, whatever its thresholds say: they are moved out of its
    way. Empty where the trial did not log what the rule needs."""
    own = [limit for limit in LIMITS if limit.startswith(f"{name}.")] + list(SHARED.get(name, ()))
    for values in product((-math.inf, math.inf), repeat=len(own)):
        finding = _RULES[name](trial, {**LIMITS, **dict(zip(own, values, strict=True))})
        if finding is not None:
            return finding.evidence
    return {"error": trial.error[-200:]} if trial.error else {}


def short(values: Mapping[str, Any]) -> dict[str, Any]:
    """Four digits of each number."""
    return {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in values.items()}


def wrong(all_looks: Sequence[Look]) -> list[Look]:
    """The misses and the false alarms, by finding."""
    return sorted((look for look in all_looks if not look.right), key=lambda look: look.finding)
