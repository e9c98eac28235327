"""What the words of a metric's name say, for metrics that no table knows."""

from __future__ import annotations

import re
from functools import cache

from ilsweep.analysis.metrics.metric import Mode

SMALLER = frozenset({
    "loss", "losses", "error", "errors", "err", "mse", "rmse", "nmse", "mae", "l1", "l2", "nll",
    "kl", "kld", "cost", "costs", "penalty", "regret", "perplexity", "ppl", "failure", "failures",
    "violation",
})  # fmt: skip
LARGER = frozenset({
    "success", "successes", "succeed", "succeeded", "reward", "rewards", "return", "returns",
    "score", "scores", "accuracy", "acc", "coverage", "iou", "precision", "recall", "auc", "f1",
})  # fmt: skip
NEITHER = frozenset({
    "std", "sd", "var", "variance", "stderr", "weight", "coef", "coefficient", "scale",
    "threshold", "lr", "steps", "epochs", "time", "times", "seconds", "duration", "code", "share",
})  # fmt: skip
"""Words of a name that say which end of a metric is good: of a loss the small one, also of a loss
of a score or a return. The standard deviation, the weight or the
duration of something has no good end."""


@cache
def direction_by_name(metric: str) -> Mode | None:
    """Which end of a metric is its best, by the words of its name; None where they do not say."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", metric)
    parts = re.split(r"[^a-z0-9]+", f"{metric} {apart}".lower())
    words = {*parts, *(part.rstrip("0123456789") for part in parts)}
    if words & NEITHER:
        return None
    if words & SMALLER:
        return "min"
    return "max" if words & LARGER else None
