"""Embeddings that are all alike make transport cheap, and are no reason for more of it."""

from __future__ import annotations

import numpy as np

from ilsweep.analysis.findings.registry import diagnose
from ilsweep.analysis.findings.thresholds import THRESHOLDS
from tests.analysis.strategies import trial

LIMITS = {name: threshold.value for name, threshold in THRESHOLDS.items()}


def ids(variation: float) -> set[str]:
    steady, fallen = np.full(30, 0.9), np.geomspace(10, 1e-3, 30)
    metrics = {
        "train/ot_pi_sum": steady,
        "train/ot_cost/a": fallen,
        "train/ot_variation/a": np.full(30, variation),
    }
    params = {"ot.lambda_ot": 0.1, "ot.weight_embed": 1.0, "ot.weight_label": 0.0005}
    return {finding.id for finding in diagnose(trial(metrics, params=params), LIMITS)}


def test_more_weight_is_advised_only_while_embeddings_differ() -> None:
    assert "ot_ready" in ids(0.02)
    assert "ot_embedding_collapse" not in ids(0.02)
    assert "ot_embedding_collapse" in ids(1e-5)
    assert "ot_ready" not in ids(1e-5)
