"""A trial as its block in the report shows it: name, link, configuration, metrics in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ilsweep.analysis.formatting import show
from ilsweep.analysis.metrics.catalog import PER_EPISODE
from ilsweep.analysis.metrics.lookup import KNOWN, Catalog
from ilsweep.analysis.metrics.objectives import Objective
from ilsweep.analysis.metrics.summary import NEVER_LOGGED, Summary, summarize, up_to
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.schedule import schedule, setting_text
from ilsweep.analysis.report.labels import shown_metrics
from ilsweep.analysis.text import Text

OT_CONFIG = (
    ("window_size", "reg", "tau", "heuristic"),
    ("weight_embed", "weight_label", "lambda_ot"),
)
"""The two configuration lines of a run with optimal transport, as in the known report."""

COMMON_CONFIG = (
    "kl_weight",
    "lr",
    "lr_backbone",
    "batch_size",
    "batch_fraction",
    "position_scale",
    "steps",
)
"""Shown for a run whose searched parameters are not known."""

POLICY_KEYS = ("policy.type", "policy_type", "policy", "trainer", "job_name", "policy_class")
"""Where the configurations of foreign runs name the policy."""

ITEMS_A_LINE = 4


@dataclass(frozen=True)
class Line:
    """One metric of a run."""

    metric: str
    label: Text
    """What reports call it."""
    summary: Summary


@dataclass(frozen=True)
class Run:
    """One trial's block: every number and name in it."""

    id: str
    name: str
    """What its owner calls it; empty where it has no name of its own."""
    policy: str
    """The trainer, or what a foreign run says it trained; may be empty."""
    url: str
    """Its page at wandb; empty where it has none."""
    folder: str
    """Where its records are, seen from the report."""
    steps: int
    config: tuple[tuple[tuple[str, str], ...], ...]
    """The configuration's lines, each of (name, value)."""
    metrics: tuple[Line, ...]

    @property
    def kind(self) -> str:
        """The policy's name; `act_ot` for an ACT run with optimal transport, as it may be named."""
        has_ot = any(line.metric == "train/ot_loss" for line in self.metrics)
        return "act_ot" if has_ot and self.policy in ("", "act") else self.policy

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "policy": self.policy,
            "url": self.url,
            "steps": self.steps,
            "config": {name: value for line in self.config for name, value in line},
            "metrics": {line.metric: line.summary.to_json() for line in self.metrics},
        }


def policy_of(trial: TrialRecord, trainer: str) -> str:
    """The sweep's trainer, or what a foreign run's configuration says."""
    named = (trial.params.get(key) for key in POLICY_KEYS)
    return trainer or next((name for name in named if isinstance(name, str) and name), "")


def summaries(
    trial: TrialRecord,
    until: int | None,
    objectives: Sequence[Objective],
    catalog: Catalog,
) -> dict[str, Summary]:
    """Everything that a trial logged but single episodes; with `until`, up to that step.

    What is best is the objective's own mode's, of other metrics what the catalog says.
    """
    modes = {objective.metric: objective.mode for objective in objectives}
    curves = {name: c for name, c in trial.curves.items() if not name.startswith(PER_EPISODE)}
    if until is not None and until < trial.steps:
        early = {name: up_to(curve, until) for name, curve in curves.items()}
        curves = {name: curve for name, curve in early.items() if len(curve)}
    return {
        name: summarize(curve, modes.get(name) or catalog.direction(name))
        for name, curve in curves.items()
    }


def run_of(
    trial: TrialRecord,
    trainer: str = "",
    until: int | None = None,
    objectives: Sequence[Objective] = (),
    catalog: Catalog = KNOWN,
) -> Run:
    """A trial in short; with `until`, as it was when it had reached that step."""
    policy = policy_of(trial, trainer)
    is_ot = policy == "act_ot" or any(name.startswith("train/ot_") for name in trial.curves)
    seen = summaries(trial, until, objectives, catalog)
    return Run(
        id=trial.id,
        name=trial.name,
        policy=policy,
        url=trial.url,
        folder=f"trials/{trial.id}",
        steps=trial.steps if until is None else min(until, trial.steps),
        config=tuple(_config(trial, is_ot)),
        metrics=tuple(
            Line(metric, catalog.label(metric), seen.get(metric, NEVER_LOGGED))
            for metric in shown_metrics(seen, is_ot, catalog)
        ),
    )


def _config(trial: TrialRecord, is_ot: bool) -> list[tuple[tuple[str, str], ...]]:
    lines = []
    course = schedule(trial)
    shown: set[str] = set()
    if is_ot:
        for names in OT_CONFIG:
            found = [(name, _ot_value(trial.params, name)) for name in names]
            lines.append(
                tuple(
                    (name, setting_text(f"ot.{name}", v, course))
                    for name, v in found
                    if v is not None
                )
            )
            shown.update(names)
        shown.update(("tau_src", "tau_tgt"))
    rest = [
        (name, setting_text(name, value, course))
        for name, value in trial.searched.items()
        if name.rpartition(".")[2] not in shown
    ]
    if not is_ot and not rest:
        found = [(name, find(trial.params, name)) for name in COMMON_CONFIG]
        rest = [(name, show(value)) for name, value in found if value is not None]
    return [line for line in [*lines, *_by_line(rest)] if line]


def _by_line(items: Sequence[tuple[str, str]]) -> list[tuple[tuple[str, str], ...]]:
    return [tuple(items[i : i + ITEMS_A_LINE]) for i in range(0, len(items), ITEMS_A_LINE)]


def find(params: Mapping[str, Any], name: str) -> Any:
    """A parameter by its own name or by the last part of its dotted one; None where it is not."""
    if params.get(name) is not None:
        return params[name]
    ends = (value for key, value in params.items() if key.rpartition(".")[2] == name)
    return next((value for value in ends if value is not None), None)


def _ot_value(params: Mapping[str, Any], name: str) -> Any:
    if name != "tau":
        return params.get(f"ot.{name}", find(params, name))
    tau = params.get("ot.tau", find(params, "tau"))
    if isinstance(tau, list | tuple):
        return tau
    sides = [find(params, side) for side in ("tau_src", "tau_tgt")]
    both = [tau if side is None else side for side in sides]
    return None if None in both else both
