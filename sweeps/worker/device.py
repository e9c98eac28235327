"""Where a trial trains, and how much of it is the trial's."""

from __future__ import annotations


def take_device(gpus: float) -> str:
    """The device of a trial with so many GPUs; of a part of one it can take no more memory."""
    if gpus <= 0:
        return "cpu"
    import torch

    if not torch.cuda.is_available():
        return "cpu"
    if gpus < 1:
        torch.cuda.set_per_process_memory_fraction(gpus)
    return "cuda"
