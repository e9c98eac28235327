"""The unit of ranking and of search: one configuration over its seeds, and the trials it means."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Literal

from analysis.records import State, TrialRecord

Outcome = Literal["COMPLETE", "PRUNED", "FAIL"]


@dataclass(frozen=True)
class TrialPlan:
    """One trial to run: a configuration with a seed."""

    id: str
    config_id: str
    seed: int
    searched: dict[str, Any]
    attempt: int = 1


@dataclass
class Unit:
    """What is known of one configuration's trials; values are of the first objective's metric."""

    config_id: str
    number: int
    """The Optuna trial's number."""
    seeds: list[int]
    states: dict[int, State] = field(default_factory=dict)
    finals: dict[int, list[float]] = field(default_factory=dict)
    """Seed to the objectives' last values."""
    curves: dict[int, dict[int, float]] = field(default_factory=dict)
    """Seed to step to value."""

    @property
    def finished(self) -> bool:
        return all(seed in self.states for seed in self.seeds)

    @property
    def outcome(self) -> Outcome:
        """FAIL when no seed gave a value, PRUNED when the scheduler ended one, else COMPLETE.

        A configuration of which some seeds failed is judged by the others; its failures stand in
        the ranking.
        """
        if not self._judged:
            return "FAIL"
        stopped = any(state == "stopped" for state in self.states.values())
        return "PRUNED" if stopped else "COMPLETE"

    @property
    def _judged(self) -> list[int]:
        return [
            seed
            for seed in self.seeds
            if self.states.get(seed) in ("completed", "stopped")
            and seed in self.finals
            and all(map(math.isfinite, self.finals[seed]))
        ]

    def values(self) -> list[float]:
        """Each objective's mean over the seeds that gave one."""
        finals = [self.finals[seed] for seed in self._judged]
        return [fmean(column) for column in zip(*finals, strict=True)]

    def intermediate(self) -> dict[int, float]:
        """Step to the mean over those seeds, at the steps that all of them reported."""
        curves = [self.curves.get(seed, {}) for seed in self._judged]
        if not curves:
            return {}
        shared = set(curves[0]).intersection(*curves[1:])
        means = {step: fmean(curve[step] for curve in curves) for step in sorted(shared)}
        return {step: mean for step, mean in means.items() if math.isfinite(mean)}


def absorb(unit: Unit, trial: TrialRecord, metrics: list[str]) -> None:
    """Enter a trial's record into its unit; only an ended one has a state there."""
    assert trial.seed is not None
    if trial.finished:
        unit.states[trial.seed] = trial.state
    curve = trial.curve(metrics[0])
    unit.curves[trial.seed] = dict(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
    unit.finals[trial.seed] = [trial.last(metric) for metric in metrics]


def config_id(number: int) -> str:
    return f"c{number:04d}"


def trial_id(config: str, seed: int) -> str:
    return f"{config}-s{seed}"
