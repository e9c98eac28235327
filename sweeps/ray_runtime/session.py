"""Ray for the length of a sweep: a lean local one, or the cluster that RAY_ADDRESS names."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from ilsweep.sweeps.errors import RayFailedError, RunAbortedError, StalledError, reason
from ilsweep.sweeps.processes.machine import cpus, joined
from ilsweep.sweeps.processes.ray_environment import prepare
from ilsweep.sweeps.processes.signals import ending, interrupt, look, signals_ignored, why
from ilsweep.sweeps.processes.watchdog import Guard
from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.ray_runtime import folder as ray_folder
from ilsweep.sweeps.ray_runtime.reach import reach
from ilsweep.sweeps.ray_runtime.worker_startup import PATIENCE_S, Started, listen

LEAN = {
    # Ray starts one worker a CPU at once; they import while the driver still gets ready.
    "preload_python_modules": [
        "torch",
        "ilsweep.sweeps.worker.trainable",
        "ilsweep.sweeps.ray_runtime.worker_startup",
    ],
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
TOKEN_PATH = "RAY_AUTH_TOKEN_PATH"


def load_ray() -> None:
    """Import it, which takes a second, before there is anything to put away."""
    prepare()
    import ray  # noqa: F401


@contextmanager
def session() -> Iterator[Started]:
    """Ray, started or joined; where it was started here it ends, with all that began in it.

    Yields the workers that Ray starts by itself, for `take_started_workers`.

    Raises:
        RunAbortedError: Ray did not start, or a process of its own died.
        FolderError: no temporary folder can be used.
    """
    load_ray()
    look()
    if joined():
        with _session(None) as started:
            yield started
    else:
        with _token_as_before(), ray_folder.private() as folder, _session(folder) as started:
            yield started


@contextmanager
def _token_as_before() -> Iterator[None]:
    """The token of our own Ray is gone with its folder; another Ray would ask for it in vain."""
    before = os.environ.get(TOKEN_PATH)
    try:
        yield
    finally:
        os.environ.pop(TOKEN_PATH, None)
        if before is not None:
            os.environ[TOKEN_PATH] = before


@contextmanager
def _session(folder: Path | None) -> Iterator[Started]:
    import ray
    from ray._private import worker

    # ray.init mostly waits for its processes; what the driver needs next is imported meanwhile.
    ahead = threading.Thread(target=_import, args=(NEEDED_NEXT,))
    guard = Guard() if folder else None
    watch = Watch()
    try:
        ahead.start()
        with listen() if folder else nullcontext(Started()) as started:
            _begin(folder)
            if guard:
                watch.start()
            # What goes wrong in a trial is in its record; Ray would print it, with pages of advice.
            for name in ("ray", "ray.tune", "ray.air"):
                logging.getLogger(name).setLevel(logging.CRITICAL)
            worker.print_to_stdstream = lambda *_, **__: None  # of each dead worker, a page
            look()
            yield started
    except StalledError:
        watch.stop()
        if guard:
            end_processes()
        raise
    except KeyboardInterrupt:
        if why():
            raise RayFailedError(f"Ray broke off: {why()}") from None
        raise
    finally:
        with signals_ignored(), garbage_kept():
            watch.stop()
            # Ray's end is waiting too; the reports come next.
            needed = () if ending() else NEEDED_AFTER
            reports = threading.Thread(target=_import, args=(needed,))
            reports.start()
            ray.shutdown()
            if guard:
                guard.close()
            reports.join()
            ahead.join()  # what is half loaded when Python ends fails with a traceback


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


def end_processes() -> None:
    """End a Ray of our own, which does not answer: its orderly end would wait for ever."""
    from ray._private import worker

    for started in worker._global_node.all_processes.values():
        for info in started:
            info.process.kill()


class Watch:
    """Interrupts the main thread when a process of Ray's own dies; Tune would wait for ever."""

    PARTS = ("raylet", "gcs_server")

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Back when it looks no more: Ray's end is no death."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        from ray._private import worker

        started = worker._global_node.all_processes
        while not self._over.wait(WATCH_S):
            for part in self.PARTS:
                if any(info.process.poll() is not None for info in started[part]):
                    if not ending():  # else Ray is ending with us
                        interrupt(f"its {part} was killed")
                    return


def _begin(folder: Path | None) -> None:
    try:
        if folder:
            _start(folder)
        else:
            _join()
    except RunAbortedError:
        raise
    except Exception as error:  # noqa: BLE001 - Ray raises whatever it comes across
        raise RayFailedError(f"Ray did not start: {reason(error)}") from None


def _join() -> None:
    import ray

    address = os.environ["RAY_ADDRESS"]
    reach(address)
    say(f"on the Ray cluster at {address}, from RAY_ADDRESS in the environment")
    ray.init(log_to_driver=False, logging_level=logging.ERROR)
    slots = int(ray.cluster_resources().get("CPU", 1))
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(max(slots, cpus()))


def _start(folder: Path) -> None:
    import ray

    os.environ[TOKEN_PATH] = str(ray_folder.token(folder))
    # Both were read already where a trainer imports ray, or in an earlier stage of a chain.
    ray._raylet.Config.initialize("")
    ray._raylet.AuthenticationTokenLoader.instance().reset_cache()
    ray._private.ray_constants.ENABLE_RAY_CLUSTER = False
    ray.init(
        address="local",
        num_cpus=cpus(),
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _temp_dir=str(folder / ray_folder.RAYS),
        _system_config=LEAN,
    )


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

NEEDED_AFTER = ("ilsweep.sweeps.workflow.postprocess", "matplotlib.backends.backend_agg")


def _import(names: tuple[str, ...]) -> None:
    """One after the other, as long as this process is not asked to end."""
    for name in names:
        if ending():
            return
        importlib.import_module(name)
