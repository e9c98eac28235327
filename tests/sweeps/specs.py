"""Specs for tests, small enough to read."""

from __future__ import annotations

from typing import Any

from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.validation.validate import check

REGRESSION = "benchmarks.regression:Regression"


def regression(**changes: Any) -> dict[str, Any]:
    """A sweep of the small regression trainer: seconds, no data."""
    return {
        "name": "small",
        "question": "Which rate fits best?",
        "trainer": REGRESSION,
        "params": {"steps": 40, "log_every": 10, "eval_every": 20, "save_every": 20, "width": 16},
        "space": {"lr": {"loguniform": [1e-3, 0.3]}},
        "objective": {"metric": "eval/loss", "mode": "min"},
        "search": {"num_trials": 3},
        "wandb": {"mode": "disabled"},
        **changes,
    }


def regression_plan(**changes: Any) -> Plan:
    return check(regression(**changes))
