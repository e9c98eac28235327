"""One thread for torch: tiny nets gain nothing from more, and lose much on a busy machine."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
