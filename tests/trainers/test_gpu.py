"""What every ready trainer owes a sweep on a GPU."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from tests.trainers import test_contract_suite as suite
from tests.trainers.test_contract_suite import Case, run, through_a_file

case = suite.case
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@needs_gpu
@pytest.mark.filterwarnings("ignore:Synchronization debug mode")  # a prototype, it says once
def test_a_step_on_a_gpu_waits_for_nothing(case: Case) -> None:
    trainer = case.build(device="cuda")
    run(trainer, 2)
    # The plan of optimal transport is solved on the CPU.
    waits = pytest.raises(RuntimeError) if case.trainer.__name__ == "ACTOT" else nullcontext()
    try:
        torch.cuda.set_sync_debug_mode("error")
        with waits:
            trainer.train_step()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@needs_gpu
def test_runs_unchanged_on_a_gpu(case: Case) -> None:
    trainer, resumed = case.build(device="cuda"), case.build(device="cuda")
    run(trainer, 2)
    resumed.load_state_dict(through_a_file(trainer.state_dict()))
    assert np.isfinite(run(resumed, 1)[0]["train/loss"])
    assert all(np.isfinite(value) for value in {**trainer.evaluate(), **trainer.probe()}.values())
