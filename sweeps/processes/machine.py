"""Where a sweep trains: on a cluster that was there before, or on this machine's CPUs and GPUs."""

from __future__ import annotations

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def joined() -> bool:
    """Whether Ray is a cluster that was there before; else it is our own, on this machine."""
    return os.environ.get("RAY_ADDRESS", "") not in ("", "local")


def cpus() -> int:
    """CPUs that this process may use: by its affinity and by its container's quota."""
    affinity = len(os.sched_getaffinity(0))
    return max(1, int(min(affinity, quota(CGROUPS, MEMBERSHIP))))


def quota(root: Path, membership: Path) -> float:
    """CPUs that the control groups below `root` allow who is in `membership`; at least infinity.

    The smallest of a group's own and of all around it counts. A container may see its own group as
    `root` while `membership` still names its path on the host.
    """
    found = [float("inf")]
    for line in _lines(membership):
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not controllers:
            found += [_unified(group) for group in _around(root, path)]
        elif "cpu" in controllers.split(","):
            for name in dict.fromkeys((controllers, "cpu", "cpu,cpuacct")):
                found += [_legacy(group) for group in _around(root / name, path)]
    return min(found)


def _around(root: Path, path: str) -> list[Path]:
    inner = root / path.strip("/")
    return [root, *(group for group in (inner, *inner.parents) if root in group.parents)]


def _unified(group: Path) -> float:
    words = " ".join(_lines(group / "cpu.max")).split()
    return _share(*words) if len(words) == 2 else float("inf")


def _legacy(group: Path) -> float:
    words = [" ".join(_lines(group / f"cpu.cfs_{name}_us")) for name in ("quota", "period")]
    return _share(*words)


def _share(quota: str, period: str) -> float:
    """`max` and -1 are no limit."""
    if not (quota.isdecimal() and period.isdecimal() and int(period)):
        return float("inf")
    return int(quota) / int(period)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
