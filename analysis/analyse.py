"""A sweep's records to everything that a report says about them."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.findings.finding import SWEEP, Finding, Text
from analysis.findings.transport import OtMovement
from analysis.hypotheses import Verdict
from analysis.importance import Edge, Importance
from analysis.rank import Ranking
from analysis.records import Sweep


@dataclass(frozen=True)
class Analysis:
    """What happened, and what it means; every number of a report comes from here."""

    sweep: Sweep
    ranking: Ranking
    findings: tuple[Finding, ...]
    """Of every trial and of the sweep; the most severe first, then in the order of the ranking."""
    hypotheses: tuple[Verdict, ...]
    importance: Importance | None
    """None where nothing was searched."""
    edges: tuple[Edge, ...]
    ot_movement: dict[str, OtMovement]
    """Why `train/ot_loss` moved as it did, by trial; only trials that logged what it takes."""
    answer: Text
    """The answer to the spec's question, in two or three sentences."""
    notes: tuple[Text, ...] = ()
    """What is missing or damaged in the records."""

    def of_trial(self, trial_id: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.trial == trial_id)

    @property
    def of_sweep(self) -> tuple[Finding, ...]:
        return self.of_trial(SWEEP)
