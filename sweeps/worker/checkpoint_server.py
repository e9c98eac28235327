"""The way of checkpoints to the sweep's folder from machines that do not see it.

The driver's machine holds the folder. A worker that finds the driver's mark in it (the same
machine, a shared file system) reads and writes files. Any other hands the bytes to the depot, a
process beside the driver, through Ray. Nothing else of a trial has to travel: metrics do as Tune's
results, demonstrations are recorded once on each machine.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.processes.machine import joined
from ilsweep.sweeps.store import checkpoints

AT_ONCE = 8
"""Checkpoints that the depot takes in at the same time."""

Trouble = tuple[int | None, str | None]
"""`errno` and what it means; an `OSError` loses both on its way through Ray."""


class Depot:
    """A sweep's checkpoints by trial; an actor."""

    def __init__(self, root: str) -> None:
        self._paths = SweepPaths(Path(root))

    def put(self, trial_id: str, step: int, content: bytes) -> Trouble | None:
        """Keep a checkpoint; what went wrong, if anything did."""
        try:
            self._folder(trial_id).put(step, content)
        except OSError as error:
            return error.errno, error.strerror
        return None

    def newest(self, trial_id: str) -> bytes | None:
        return self._folder(trial_id).newest()

    def _folder(self, trial_id: str) -> checkpoints.Folder:
        return checkpoints.Folder(self._paths.trial(trial_id).checkpoints)


class Sent:
    """A trial's shelf in the depot, as its worker sees it."""

    def __init__(self, depot: str, trial_id: str) -> None:
        self._depot, self._trial_id = ray.get_actor(depot), trial_id

    def put(self, step: int, content: bytes) -> None:
        trouble = ray.get(self._depot.put.remote(self._trial_id, step, content))
        if trouble:
            raise OSError(*trouble)

    def newest(self) -> bytes | None:
        found: bytes | None = ray.get(self._depot.newest.remote(self._trial_id))
        return found


@contextmanager
def opened(paths: SweepPaths) -> Iterator[dict[str, str] | None]:
    """Open a depot for a sweep on a cluster; what workers need to find it.

    On a Ray of our own, which is this machine, there is nothing to open.
    """
    if not joined():
        yield None
        return
    name = f"ilsweep-depot-{secrets.token_hex(8)}"
    mark = paths.root / f".{name}"
    mark.touch()
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = ray.remote(Depot).options(
        name=name,
        num_cpus=0,
        max_restarts=-1,
        max_task_retries=-1,
        max_concurrency=AT_ONCE,
        scheduling_strategy=here,
    )
    depot = actor.remote(str(paths.root))
    try:
        yield {"name": name, "mark": str(mark)}
    finally:
        ray.kill(depot)
        with suppress(OSError):
            mark.unlink()


def seen_by_all(found: Mapping[str, str]) -> bool:
    """Whether every machine of the cluster sees the sweep's folder."""
    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    sees = ray.remote(_sees)
    asked = [
        sees.options(
            num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
        ).remote(found["mark"])
        for node in nodes
    ]
    return all(ray.get(asked))


def _sees(mark: str) -> bool:
    return Path(mark).exists()


def shelf(config: Mapping[str, Any]) -> checkpoints.Shelf | None:
    """Where the worker of a trial keeps its checkpoints; None for the assignment's folder."""
    depot = config["shared"].get("depot")
    if not depot or Path(depot["mark"]).exists():
        return None
    return Sent(depot["name"], config["id"])
