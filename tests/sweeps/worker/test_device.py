"""Where trials train, and how much of a GPU is theirs."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from ilsweep.sweeps.worker.device import take_device


def test_no_gpu_is_the_cpu() -> None:
    assert take_device(0) == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_part_of_a_gpu_is_a_part_of_its_memory() -> None:
    code = """
import torch
from ilsweep.sweeps.worker.device import take_device
device, total = take_device(0.1), torch.cuda.mem_get_info()[1]
torch.zeros(total // 20, dtype=torch.uint8, device=device)
try:
    torch.zeros(total // 5, dtype=torch.uint8, device=device)
except torch.OutOfMemoryError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "out of memory" in done.stdout, done.stderr
