"""The metrics of every optimiser step, each with its sentence. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

METRICS: Mapping[str, str] = {
    "train/loss": "What the optimiser descends.",
    "train/grad_norm": "L2 norm of the gradient before clipping.",
    "train/lr": "Learning rate.",
    "train/update_s": "Seconds of an optimiser step, its batch included.",
    "train/dataloading_s": "Seconds that the batch took.",
}
