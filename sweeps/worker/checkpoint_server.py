"""Checkpoint transfer to the sweep's folder from machines that do not see it.

The driver's machine holds the folder. A worker that finds the driver's mark in it (the same
machine, a shared file system) reads and writes files. Any other sends the bytes through Ray to the
checkpoint server, a process beside the driver. Nothing else of a trial has to travel: metrics come
as Tune's results, demonstrations are recorded once on each machine.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.processes.machine import joined
from ilsweep.sweeps.spec.trial_config import ServerAddress, SharedConfig
from ilsweep.sweeps.store import checkpoints

AT_ONCE = 8
"""Checkpoints that the server takes in at the same time."""

Trouble = tuple[int | None, str | None]
"""`errno` and what it means; an `OSError` loses both on its way through Ray."""


class CheckpointServer:
    """A sweep's checkpoints by trial; an actor."""

    def __init__(self, root: str) -> None:
        self._paths = SweepPaths(Path(root))

    def put(self, trial_id: str, step: int, content: bytes, last: bool) -> Trouble | None:
        """Keep a checkpoint; what went wrong, if anything did."""
        try:
            self._folder(trial_id).put(step, content, last=last)
        except OSError as error:
            return error.errno, error.strerror
        return None

    def newest(self, trial_id: str) -> bytes | None:
        return self._folder(trial_id).newest()

    def _folder(self, trial_id: str) -> checkpoints.CheckpointFolder:
        return checkpoints.CheckpointFolder(self._paths.trial(trial_id).checkpoints)


class RemoteCheckpointStore:
    """A trial's checkpoints at the server, as its worker sees them."""

    def __init__(self, actor: str, trial_id: str) -> None:
        self._server, self._trial_id = ray.get_actor(actor), trial_id

    def put(self, step: int, content: bytes, *, last: bool = False) -> None:
        trouble = ray.get(self._server.put.remote(self._trial_id, step, content, last))
        if trouble:
            raise OSError(*trouble)

    def newest(self) -> bytes | None:
        found: bytes | None = ray.get(self._server.newest.remote(self._trial_id))
        return found


@contextmanager
def opened(paths: SweepPaths) -> Iterator[ServerAddress | None]:
    """Open a checkpoint server for a sweep on a cluster; where workers find it.

    On a Ray of our own, which is this machine, there is nothing to open.
    """
    if not joined():
        yield None
        return
    name = f"ilsweep-checkpoints-{secrets.token_hex(8)}"
    mark = paths.root / f".{name}"
    mark.touch()
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = ray.remote(CheckpointServer).options(
        name=name,
        num_cpus=0,
        max_restarts=-1,
        max_task_retries=-1,
        max_concurrency=AT_ONCE,
        scheduling_strategy=here,
    )
    server = actor.remote(str(paths.root))
    try:
        yield ServerAddress(name, str(mark))
    finally:
        ray.kill(server)
        with suppress(OSError):
            mark.unlink()


def seen_by_all(server: ServerAddress) -> bool:
    """Whether every machine of the cluster sees the sweep's folder."""
    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    sees = ray.remote(_sees)
    answers = [
        sees.options(
            num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
        ).remote(server.mark)
        for node in nodes
    ]
    return all(ray.get(answers))


def _sees(mark: str) -> bool:
    return Path(mark).exists()


def store_of(shared: SharedConfig, trial_id: str) -> checkpoints.CheckpointStore:
    """Where the worker of a trial keeps its checkpoints."""
    server = shared.server
    if server is None or Path(server.mark).exists():
        return checkpoints.CheckpointFolder(shared.paths(trial_id).checkpoints)
    return RemoteCheckpointStore(server.actor, trial_id)
