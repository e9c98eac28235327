"""A cluster as its user has it: hosts, `ray up` with the shipped cluster.yaml, a tunnel."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.hosts import ROOT, Hosts

PROJECT = ROOT / "tests/cluster/project"
ADDRESS = "http://127.0.0.1:8265"
PORT_S = 30.0
"""For the head to answer at it."""
JOIN_S = 180.0
"""For all workers to join, which takes half a minute on a quiet machine."""
COUNT_NODES = """
import ray, time
ray.init(address="auto", log_to_driver=False)
while sum(node["Alive"] for node in ray.nodes()) < {count}: time.sleep(0.5)
"""


@dataclass
class Cluster:
    """Hosts under Ray."""

    hosts: Hosts
    config: Path
    """The cluster.yaml that it was started with."""
    up_s: float
    """How long `ray up` took."""
    up_at: float
    """When that was done, on the monotonic clock."""
    joined_s: float = 0.0
    """How long after it the last worker was there."""

    @property
    def token(self) -> str:
        return (self.hosts.home / ".ray/auth_token").read_text().strip()

    def ilsweep(
        self, *args: object, folder: Path = PROJECT, **env: str
    ) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "ilsweep.sweeps.cli.main", *map(str, args)]
        return typed(self.hosts.client(*line, PYTHONPATH=str(ROOT), **env), folder)

    def wait_for_workers(self) -> None:
        count = COUNT_NODES.format(count=len(self.hosts.names))
        try:
            self.hosts.ssh("node-0", f". ~/.ilsweep/env; python -c '{count}'", JOIN_S)
        except subprocess.SubprocessError:
            logs = self.hosts.ssh("node-0", "tail -n 100 /tmp/ray/session_latest/logs/monitor.*")
            raise AssertionError(f"the workers did not join\n{logs}") from None
        self.joined_s = time.monotonic() - self.up_at

    def wait_for_tunnel(self) -> None:
        """Until the head answers at ADDRESS."""
        host, port = ADDRESS.removeprefix("http://").split(":")
        probe = f"import socket; socket.create_connection(({host!r}, {port}))"
        until = time.monotonic() + PORT_S
        while typed(self.hosts.client(sys.executable, "-S", "-c", probe), ROOT).returncode:
            assert time.monotonic() < until, "no tunnel to the head"

    def down(self) -> None:
        ray(self.hosts, "down", "--yes", self.config)


def typed(line: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=600)


def ray(hosts: Hosts, *args: object) -> str:
    program = Path(sys.prefix) / "bin" / "ray"
    done = typed(hosts.client(program, *args), ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def filled_in(hosts: Hosts, change: Callable[[dict[str, Any]], None]) -> Path:
    """The shipped cluster.yaml with addresses, user and key."""
    config = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    config["provider"]["head_ip"] = hosts.addresses[0]
    config["provider"]["worker_ips"] = hosts.addresses[1:]
    config["auth"] = {"ssh_user": "root", "ssh_private_key": str(hosts.key)}
    change(config)
    path = hosts.home / "cluster.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@contextmanager
def started(
    count: int, home: Path, change: Callable[[dict[str, Any]], None] = lambda config: None
) -> Iterator[Cluster]:
    """`count` hosts after `ray up`, the first the head; `change` edits what was filled in."""
    with Hosts(count, home) as hosts:
        ray(hosts, "get-auth-token", "--generate")
        config = filled_in(hosts, change)
        began = time.monotonic()
        ray(hosts, "up", "--yes", "--no-config-cache", config)
        up = time.monotonic()
        tunnel = subprocess.Popen(
            hosts.client("ssh", "-N", "-L", "8265:127.0.0.1:8265", "-i", hosts.key,
                         "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                         f"root@{hosts.addresses[0]}"),
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield Cluster(hosts, config, up - began, up)
        finally:
            tunnel.kill()
            tunnel.wait()
