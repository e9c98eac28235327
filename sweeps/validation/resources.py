"""What a trial asks for, against what this machine has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from ilsweep.sweeps.errors import Problem
from ilsweep.sweeps.processes.machine import cpus
from ilsweep.sweeps.processes.ray_environment import prepare
from ilsweep.sweeps.spec.model import Resources

MPS = "nvidia-cuda-mps-control"
CLUSTER = "or a cluster that has them (ilsweep submit, RAY_ADDRESS)"


def lacking(resources: Resources) -> Iterator[Problem]:
    """What one trial asks for and this machine does not have, so that it would wait for ever."""
    if resources.cpu > cpus():
        rule = f"more CPUs than there are here ({cpus()})"
        yield Problem("resources.cpu", rule, resources.cpu, f"up to {cpus()}, {CLUSTER}")
    if resources.gpu and resources.gpu > (found := gpus()):
        rule = f"more GPUs than there are here ({found})"
        valid = f"up to {found}" if found else "0"
        yield Problem("resources.gpu", rule, resources.gpu, f"{valid}, {CLUSTER}")


def advice(resources: Resources) -> Iterator[str]:
    """A GPU that no trial uses, or that trials share in turns where they need not.

    Without NVIDIA's Multi-Process Service the processes on a GPU take turns (CUDA documentation,
    "Multi-Process Service").
    """
    if not resources.gpu and gpus():
        yield (
            "no trial uses the GPU here, since resources.gpu is 0; `ilsweep validate SPEC --speed` "
            "measures what it would bring"
        )
    if not (0 < resources.gpu < 1 and gpus() and shutil.which(MPS)):
        return
    pipes = os.environ.get("CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps")
    if not os.path.exists(os.path.join(pipes, "control")):
        yield f"trials that share a GPU take turns; `{MPS} -d` before lets them work at once"


def gpus() -> int:
    """GPUs that Ray would find here; asking imports it."""
    prepare()
    from ray._private.accelerators import get_accelerator_manager_for_resource

    manager = get_accelerator_manager_for_resource("GPU")
    count = int(manager.get_current_node_num_accelerators())
    visible = manager.get_current_process_visible_accelerator_ids()
    return count if visible is None else min(count, len(visible))
