"""What torch has once in a process, as `process_state` puts it back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

Item = tuple[str, Callable[[], Any], Callable[[Any], Any] | None]
"""Name, how it is read, how it is written; None where it can only be had by a new process."""


def torch_settings() -> Iterator[Item]:
    """Settings of torch that outlive a trial: the name, how it is read, how it is set."""
    import torch
    from torch.nn.modules import module
    from torch.utils import _device

    cudnn, mkldnn, cuda = torch.backends.cudnn, torch.backends.mkldnn, torch.backends.cuda
    yield "torch's default dtype", torch.get_default_dtype, torch.set_default_dtype
    yield "torch's default device", lambda: _device.CURRENT_DEVICE, torch.set_default_device
    yield "torch's threads", torch.get_num_threads, torch.set_num_threads
    yield "torch's inter-op threads", torch.get_num_interop_threads, None
    yield "autograd", torch.is_grad_enabled, torch._C._set_grad_enabled
    yield "inference mode", torch.is_inference_mode_enabled, None
    yield "anomaly detection", torch.is_anomaly_enabled, torch.set_anomaly_enabled
    yield (
        "deterministic algorithms",
        torch.get_deterministic_debug_mode,
        torch.set_deterministic_debug_mode,
    )
    yield (
        "float32 matmul precision",
        torch.get_float32_matmul_precision,
        torch.set_float32_matmul_precision,
    )
    yield "denormal numbers", _flushes, torch.set_flush_denormal
    for kind in ("cpu", "cuda"):
        yield f"autocast on {kind}", *_autocast(kind)
    for name in ("enabled", "benchmark", "deterministic", "allow_tf32"):
        yield f"cudnn.{name}", *_attribute(cudnn, name)
    for name in ("enabled", "deterministic"):
        yield f"mkldnn.{name}", *_attribute(mkldnn, name)
    for name in ("flash", "mem_efficient", "math", "cudnn"):
        yield (
            f"{name} attention",
            getattr(cuda, f"{name}_sdp_enabled"),
            getattr(cuda, f"enable_{name}_sdp"),
        )
    for name in dir(module):
        hooks = getattr(module, name)
        if name.startswith("_global_") and isinstance(hooks, dict):
            yield f"torch.nn.module.{name}", *_hooks(hooks)
    yield "process group", _has_process_group, None


def _attribute(owner: Any, name: str) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    return lambda: getattr(owner, name), lambda value: setattr(owner, name, value)


def _autocast(kind: str) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    import torch

    def write(value: tuple[bool, Any]) -> None:
        torch.set_autocast_enabled(kind, value[0])
        torch.set_autocast_dtype(kind, value[1])

    return lambda: (torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)), write


def _hooks(hooks: dict[Any, Any]) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    def write(value: dict[Any, Any]) -> None:
        hooks.clear()
        hooks.update(value)

    return lambda: dict(hooks), write


def _flushes() -> bool:
    smallest = sys.float_info.min
    return smallest / 2 == 0


def _has_process_group() -> bool:
    import torch

    return torch.distributed.is_available() and torch.distributed.is_initialized()
