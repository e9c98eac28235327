"""Ray for the length of a sweep: a lean local one, or the cluster that RAY_ADDRESS names."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # records are ours
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # evaluation is rarer than reports
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C must not wait for running trials
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",  # Tune's own state is never restored
    "TUNE_WARN_SLOW_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "1000000",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "PYTHONWARNINGS": "ignore",
}

LEAN = {
    # Ray starts one worker a CPU at once; they import while the driver still gets ready.
    "preload_python_modules": ["torch", "sweeps.trainable"],
    "enable_metrics_collection": False,
    # Ray would kill trials because of what other programs take of the machine's memory, and Tune
    # 2.60 breaks off on it (it takes OutOfMemoryError for a bug of its own).
    "memory_monitor_refresh_ms": 0,
    "worker_niceness": 0,
}


def prepare() -> None:
    """Set what Ray reads from the environment; before ray is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # All slots start at once. One after the other, the second would lose its trial to the first
    # as soon as that is done, be dropped while it still starts, and begin again: for ever, where
    # trials are shorter than a start.
    os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", str(cpus()))


def joined() -> bool:
    """Whether Ray is a cluster that was there before; else it is our own, on this machine."""
    return bool(os.environ.get("RAY_ADDRESS"))


@contextmanager
def session() -> Iterator[None]:
    """Ray, started or joined; stopped where it was started here."""
    prepare()
    import ray

    # ray.init mostly waits for its processes; what the driver needs next is imported meanwhile.
    threading.Thread(target=_import, args=(NEEDED_NEXT,), daemon=True).start()
    if joined():
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
        slots = int(ray.cluster_resources().get("CPU", 1))
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(max(slots, cpus()))
    else:
        ray.init(
            address="local",
            num_cpus=cpus(),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _system_config=LEAN,
        )
    # What goes wrong in a trial is in its record; Ray would print it too, with pages of advice.
    for name in ("ray", "ray.tune", "ray.air"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        with undisturbed():
            # Ray's end is waiting too; the reports come next.
            reports = threading.Thread(target=_import, args=(NEEDED_AFTER,))
            reports.start()
            ray.shutdown()
            reports.join()


def take_started_workers() -> None:
    """Let Tune's trials run in the workers that Ray starts at once.

    Tune gives each trial an environment of its own (`PL_DISABLE_FORK`, for PyTorch Lightning), so
    that none of those workers fits, and each slot waits for a second one.
    """
    import ray
    from ray.tune.execution.class_cache import _ActorClassCache

    def get(cache: _ActorClassCache, trainable: type) -> object:
        return cache._cache.setdefault(trainable, ray.remote(trainable))

    _ActorClassCache.get = get


NEEDED_NEXT = ("optuna.samplers", "pandas", "pyarrow.fs", "wandb")
"""Nothing of Ray's own, so that no import waits for another thread's. Tune imports pandas, pyarrow
and wandb whether it uses them or not."""

NEEDED_AFTER = ("sweeps.afterwards", "matplotlib.backends.backend_agg")


def _import(names: tuple[str, ...]) -> None:
    for name in names:
        importlib.import_module(name)


@contextmanager
def undisturbed() -> Iterator[None]:
    """No Ctrl-C or SIGTERM in here; for the seconds in which things are put away."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    earlier = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, earlier, strict=True):
            signal.signal(number, handler)


def cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0))
