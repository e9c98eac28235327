"""Ray for the length of a sweep: a lean local one, or the cluster that RAY_ADDRESS names."""

from __future__ import annotations

import ctypes
import gc
import importlib
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress

from sweeps.guard import Guard
from sweeps.interrupts import kept, undisturbed
from sweeps.machine import cpus
from sweeps.problems import BrokenOff, reason
from sweeps.started import PATIENCE_S, Started, heard

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
    "preload_python_modules": ["torch", "sweeps.trainable", "sweeps.started"],
    # Ray would end them after a second without work, while their imports take four; those that no
    # trial needs are ended later.
    "idle_worker_killing_time_threshold_ms": int(2000 * PATIENCE_S),
    "enable_metrics_collection": False,
    # Ray would kill trials because of what other programs take of the machine's memory, and Tune
    # 2.60 breaks off on it (it takes OutOfMemoryError for a bug of its own).
    "memory_monitor_refresh_ms": 0,
    "worker_niceness": 0,
}

WATCH_S = 0.5


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
def session() -> Iterator[Started]:
    """Ray, started or joined; where it was started here it ends, with all that began in it.

    Yields the workers that Ray starts by itself, for `take_started_workers`.

    Raises:
        BrokenOff: Ray did not start, or a process of its own died.
    """
    prepare()
    import ray
    from ray._private import worker

    # ray.init mostly waits for its processes; what the driver needs next is imported meanwhile.
    threading.Thread(target=_import, args=(NEEDED_NEXT,), daemon=True).start()
    guard = None if joined() else Guard()
    watch = Watch()
    try:
        with nullcontext(Started()) if joined() else heard() as started:
            _begin()
            if guard:
                watch.start()
            # What goes wrong in a trial is in its record; Ray would print it, with pages of advice.
            for name in ("ray", "ray.tune", "ray.air"):
                logging.getLogger(name).setLevel(logging.CRITICAL)
            worker.print_to_stdstream = lambda *_, **__: None  # of each dead worker, a page
            yield started
    except KeyboardInterrupt:
        if watch.lost:
            raise BrokenOff(f"Ray broke off: its {watch.lost} was killed") from None
        raise
    finally:
        with undisturbed(), garbage_kept():
            watch.stop()
            # Ray's end is waiting too; the reports come next.
            reports = threading.Thread(target=_import, args=(NEEDED_AFTER,))
            reports.start()
            ray.shutdown()
            if guard:
                guard.close()
            reports.join()


@contextmanager
def garbage_kept() -> Iterator[None]:
    """Nobody looks for garbage in here, whatever thread makes it.

    Some holds objects of Ray's. Letting one go while Ray ends, as a thread that imports would,
    makes Ray's C++ part end the whole process.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Watch:
    """Interrupts the main thread when a process of Ray's own dies; Tune would wait for ever."""

    PARTS = ("raylet", "gcs_server")

    def __init__(self) -> None:
        self.lost = ""
        """What died; empty while all are well."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()

    def _run(self) -> None:
        from ray._private import worker

        started = worker._global_node.all_processes
        while not self._over.wait(WATCH_S):
            for part in self.PARTS:
                if any(info.process.poll() is not None for info in started[part]):
                    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
                        return  # we are ending already, and so is Ray
                    self.lost = part
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                    return


def _begin() -> None:
    try:
        with kept():
            if joined():
                _join()
            else:
                _start()
            _forget_signals()
    except Exception as error:  # Ray raises whatever it comes across, Exception itself included
        raise BrokenOff(f"Ray did not start: {reason(error)}") from None


def _join() -> None:
    import ray

    ray.init(log_to_driver=False, logging_level=logging.ERROR)
    slots = int(ray.cluster_resources().get("CPU", 1))
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(max(slots, cpus()))


def _start() -> None:
    import ray

    ray.init(
        address="local",
        num_cpus=cpus(),
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _system_config=LEAN,
    )


def _forget_signals() -> None:
    """Take back what Ray's C++ part does at a signal, before its end does.

    That end leaves SIGTERM as it was when the process began, a second before Ray's processes have
    ended, and a second SIGTERM would kill us. What it calls does nothing when called again.
    """
    import ray

    library = ctypes.CDLL(ray._raylet.__file__)
    with suppress(AttributeError):  # another Ray's C++ part
        library._ZN3ray6RayLog21UninstallSignalActionEv()


def take_started_workers(started: Started, slots: int) -> None:
    """Let Tune's trials run in the workers that Ray starts at once, as soon as `slots` are ready.

    Tune gives each trial an environment of its own (`PL_DISABLE_FORK`, for PyTorch Lightning), so
    that none of those workers fits, and each slot waits for a second one.
    """
    import ray
    from ray.tune.execution.class_cache import _ActorClassCache

    def get(cache: _ActorClassCache, trainable: type) -> object:
        if trainable not in cache._cache:
            started.wait(min(slots, cpus()))
            cache._cache[trainable] = ray.remote(trainable)
        return cache._cache[trainable]

    _ActorClassCache.get = get


NEEDED_NEXT = ("optuna.samplers", "pandas", "pyarrow.fs", "wandb")
"""Nothing of Ray's own, so that no import waits for another thread's. Tune imports pandas, pyarrow
and wandb whether it uses them or not."""

NEEDED_AFTER = ("sweeps.afterwards", "matplotlib.backends.backend_agg")


def _import(names: tuple[str, ...]) -> None:
    for name in names:
        importlib.import_module(name)
