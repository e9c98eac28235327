"""Arrays on their way to the device that trains."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def on_device(values: NDArray[np.generic] | Tensor, device: torch.device) -> Tensor:
    """The values as a tensor there.

    To a GPU they go by pinned memory: from any other the copy waits for all that the GPU has still
    to do (CUDA C++ Programming Guide, "Asynchronous Concurrent Execution").
    """
    here = values if isinstance(values, Tensor) else torch.from_numpy(np.ascontiguousarray(values))
    if device.type == "cuda":
        return here.pin_memory().to(device, non_blocking=True)
    return here.to(device)
