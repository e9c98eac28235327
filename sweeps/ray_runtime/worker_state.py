"""What a trial's worker does, as the system and Ray see it from outside."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ilsweep.sweeps.processes import proctree
from ilsweep.trainers.core.waiting import long_call

TICKS = os.sysconf("SC_CLK_TCK")
BUSY_S = 1.0
"""A worker that used more of a CPU since it fell silent is at work."""


@dataclass(frozen=True)
class Worker:
    """A worker as it is seen from outside."""

    pid: int = 0
    """0 where it cannot be seen: it is on another machine."""
    words: str = ""
    """What keeps it from working, empty where nothing is known to."""
    cpu_s: float = 0.0
    """What it has used of a CPU, with what it started."""
    call: str = ""
    """The call into the environment that it has long been in."""

    @property
    def broken(self) -> bool:
        return bool(self.words)

    def at_work(self, used_before: float) -> str:
        """What it has done since it had used so many seconds of a CPU."""
        if not self.pid:
            return "its worker lives, on another machine"
        if self.call:
            doing = f"waits for the environment's {self.call}"
        elif self.cpu_s - used_before > BUSY_S:
            return f"its worker (process {self.pid}) is at work"
        else:
            doing = "uses no CPU"
        return (
            f"its worker (process {self.pid}) {doing}; limits: {{silent_s: ...}} in the spec "
            "would end such a trial"
        )


def of(actor: Any) -> Worker:
    """The worker that hosts an actor."""
    pid = _pid(actor._actor_id.hex())
    return seen(pid) if pid else Worker()


def is_gone(actor: Any) -> bool:
    """Whether the process that hosts an actor on this machine has ended."""
    pid = _pid(actor._actor_id.hex())
    now = proctree.look(pid) if pid else None
    return bool(pid) and not (now and now.alive)


def seen(pid: int) -> Worker:
    """The process `pid` of this machine as a worker that has been given a trial."""
    line = _read(pid, "stat").rpartition(")")[2].split()
    if not line or line[0] in "ZX":
        return Worker(pid, f"(process {pid}) is gone")
    if line[0] == "T":
        return Worker(pid, f"(process {pid}) is stopped, as SIGSTOP does")
    title = _read(pid, "cmdline").rstrip("\0")
    if title == "ray::HostedTrainer":
        return Worker(pid, f"(process {pid}) was never given the trial")
    used = _used(pid) + sum(_used(process.pid) for process in proctree.descendants(pid))
    return Worker(pid, cpu_s=used, call=long_call(pid))


def _used(pid: int) -> float:
    """Seconds of a CPU, with those of its children that have ended."""
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""


@lru_cache(maxsize=64)
def _pid(actor_id: str) -> int:
    """The process of a living actor on this machine; 0 for others."""
    import ray
    from ray._private.state import state

    found = state.actor_table(actor_id)
    here = ray.get_runtime_context().get_node_id()
    return int(found["Pid"]) if found and found["Address"]["NodeID"] == here else 0
