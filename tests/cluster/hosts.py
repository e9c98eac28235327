"""Hosts on one machine: each with an address, an sshd, files and processes of its own.

A host is a network namespace on a bridge, and in it a process tree with private mounts; killing
its first process kills all of it at once, as pulling the plug does. The client, from where a user
works, is one more network namespace.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
NETWORK = "10.217.43."
CLIENT = f"{NETWORK}2"
PROGRAMS = ("ip", "unshare", "sshd", "ssh", "ssh-keygen", "rsync", "mount")


def missing() -> str:
    """Why no hosts can be made here; empty where they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux"
    absent = [
        name for name in PROGRAMS if shutil.which(name, path=f"{os.defpath}:/usr/sbin") is None
    ]
    if absent:
        return f"needs {', '.join(absent)} (apt-get install iproute2 openssh-server rsync)"
    probe = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"])
    return "" if probe.returncode == 0 else "may not make namespaces here"


class Hosts:
    """`count` hosts and a client; `node-0` is the first. To be used once, in a `with`."""

    def __init__(self, count: int, home: Path) -> None:
        self.home = home
        self.key = home / "id"
        self.names = [f"node-{i}" for i in range(count)]
        self.addresses = [f"{NETWORK}{10 + i}" for i in range(count)]
        self._tag = f"ils{os.getpid() % 100000}"
        self._trees: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Hosts:
        try:
            keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)]
            subprocess.run(keygen, check=True)
            _ip("link", "add", self._tag, "type", "bridge")
            _ip("link", "set", self._tag, "up")
            self._connect("client", CLIENT)
            for name, address in zip(self.names, self.addresses, strict=True):
                self._connect(name, address)
                self._boot(name, address)
            self._wait_for_ssh()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        """Remove all of it; also what a failure half way left."""
        for tree in self._trees.values():
            tree.kill()
            tree.wait()
        # A process that is left in a namespace keeps it, and its end of the cable, alive.
        cables = [self._cable(address) for address in (CLIENT, *self.addresses)]
        for name in ["client", *self.names]:
            subprocess.run(["ip", "netns", "del", self._space(name)], stderr=subprocess.DEVNULL)
        for device in (*cables, self._tag):
            subprocess.run(["ip", "link", "del", device], stderr=subprocess.DEVNULL)

    def kill(self, name: str) -> None:
        """Pull the plug: nobody is told that its connections are gone."""
        _ip("netns", "exec", self._space(name), "ip", "link", "set", "eth0", "down")
        self._trees[name].kill()
        self._trees[name].wait()

    def client(self, *args: object, **env: str) -> list[str]:
        """A command as the user types it on a machine that reaches the hosts."""
        settings = {"HOME": self.home, "RAY_TMPDIR": self.home / "tmp", "RAY_AUTH_MODE": "token"}
        assigned = [f"{name}={value}" for name, value in {**settings, **env}.items()]
        return ["ip", "netns", "exec", self._space("client"), "env", *assigned, *map(str, args)]

    def ssh(self, name: str, command: str, seconds: float = 60) -> str:
        """What a command prints on a host, within so many seconds."""
        address = self.addresses[self.names.index(name)]
        options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                   "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5"]  # fmt: skip
        line = self.client("ssh", *options, "-i", self.key, f"root@{address}", command)
        done = subprocess.run(line, check=True, capture_output=True, text=True, timeout=seconds)
        return done.stdout

    def listening(self, name: str) -> list[str]:
        """`address:port` of everything that can be reached from other hosts."""
        line = ["ip", "netns", "exec", self._space(name), "ss", "-Hltn"]
        rows = subprocess.run(line, check=True, capture_output=True, text=True).stdout.splitlines()
        places = [row.split()[3] for row in rows]
        return [
            place for place in places if not place.startswith(("127.", "[::1]", "[::ffff:127."))
        ]

    def _space(self, name: str) -> str:
        return f"{self._tag}-{name}"

    def _cable(self, address: str) -> str:
        """The bridge's end of the cable to a host."""
        return f"{self._tag}v{address.rpartition('.')[2]}"

    def _connect(self, name: str, address: str) -> None:
        """A network namespace with an address on the bridge."""
        space = self._space(name)
        here = self._cable(address)
        there = here.replace("v", "p")
        _ip("netns", "add", space)
        _ip("link", "add", here, "type", "veth", "peer", "name", there)
        _ip("link", "set", here, "master", self._tag, "up")
        _ip("link", "set", there, "netns", space, "name", "eth0")
        inside = ("netns", "exec", space, "ip")
        _ip(*inside, "addr", "add", f"{address}/24", "dev", "eth0")
        _ip(*inside, "link", "set", "eth0", "up")
        _ip(*inside, "link", "set", "lo", "up")
        # Leads nowhere; but a host asks its routes for its own address.
        _ip(*inside, "route", "add", "default", "via", f"{NETWORK}1")

    def _boot(self, name: str, address: str) -> None:
        script = [str(ROOT / "tests/cluster/host.sh"), name, address, str(self.home)]
        unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--mount-proc"]
        line = ["ip", "netns", "exec", self._space(name), *unshare, "bash", *script]
        with (self.home / f"{name}.log").open("wb") as log:
            self._trees[name] = subprocess.Popen(
                [*line, sys.prefix, str(ROOT)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _wait_for_ssh(self) -> None:
        until = time.monotonic() + 30
        for name in self.names:
            while True:
                try:
                    self.ssh(name, "true")
                    break
                except subprocess.SubprocessError:
                    if time.monotonic() > until:
                        raise RuntimeError((self.home / f"{name}.log").read_text()) from None
                    time.sleep(0.3)


def _ip(*args: str) -> None:
    subprocess.run(["ip", *args], check=True, capture_output=True)
