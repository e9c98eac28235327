"""What is wrong with a trial, and what to change: `Finding`, `Suggestion`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ilsweep.analysis.text import Text

Severity = Literal["critical", "warning", "info"]
"""`critical` keeps a configuration out of the healthy part of the ranking."""

Op = Literal["set", "multiply", "add"]

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")

SWEEP = ""
"""The `trial` of a finding that is about the sweep, not about one trial."""


@dataclass(frozen=True)
class Suggestion:
    """A change of one parameter: `op` applied to its present value."""

    param: str
    op: Op
    value: float | int | bool | str
    reason: Text
    source: str
    """The field note or the paper that it comes from."""

    @property
    def text(self) -> str:
        """`steps × 3`, in any language."""
        sign = {"set": "=", "multiply": "×", "add": "+"}[self.op]
        value = f"{self.value:.4g}" if isinstance(self.value, float) else self.value
        return f"{self.param} {sign} {value}"

    def to_json(self) -> dict[str, Any]:
        return {
            "param": self.param,
            "op": self.op,
            "value": self.value,
            "reason": self.reason.en,
            "reason_zh": self.reason.zh,
            "source": self.source,
        }


@dataclass(frozen=True)
class Finding:
    """One rule that fired on one trial, with the numbers that made it fire."""

    id: str
    trial: str
    """The trial's id; `SWEEP` (empty) for a finding about the whole sweep."""
    severity: Severity
    evidence: dict[str, float | str]
    """Metric or threshold name to its value, in the order in which they are shown."""
    explanation: Text
    suggestions: tuple[Suggestion, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The form that `ilsweep diagnose --json` prints: English, and Chinese beside it."""
        return {
            "id": self.id,
            "trial": self.trial,
            "severity": self.severity,
            "evidence": dict(self.evidence),
            "explanation": self.explanation.en,
            "explanation_zh": self.explanation.zh,
            "suggestions": [suggestion.to_json() for suggestion in self.suggestions],
        }


def critical_of(findings: Iterable[Finding]) -> dict[str, set[str]]:
    """Trial to the ids of its critical findings; trials without any are left out."""
    critical: dict[str, set[str]] = {}
    for finding in findings:
        if finding.severity == "critical":
            critical.setdefault(finding.trial, set()).add(finding.id)
    return critical
