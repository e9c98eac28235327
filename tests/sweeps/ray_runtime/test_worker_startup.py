"""A worker says that it is ready, and never waits for a driver that does not listen."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ilsweep.sweeps.ray_runtime import worker_startup
from ilsweep.sweeps.ray_runtime.worker_startup import PATIENCE_S, listen


def worker() -> subprocess.Popen[bytes]:
    code = "import ilsweep.sweeps.ray_runtime.worker_startup"
    return subprocess.Popen([sys.executable, "-c", code])


def queue_length() -> int:
    return int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text())


def test_workers_that_replace_dead_ones_start_though_nobody_waits_any_more() -> None:
    with listen() as inbox:
        first = worker()
        inbox.wait(1)
        assert first.wait(timeout=PATIENCE_S) == 0
        for _ in range(queue_length() + 2):
            assert worker().wait(timeout=PATIENCE_S - 1) == 0


def test_every_worker_is_heard_though_more_start_at_once_than_a_socket_holds() -> None:
    count = queue_length() + 5
    with listen() as inbox:
        tellers = [threading.Thread(target=worker_startup._notify_ready) for _ in range(count)]
        for teller in tellers:
            teller.start()
        time.sleep(0.2)
        began = time.monotonic()
        inbox.wait(count)
        assert time.monotonic() - began < PATIENCE_S
        for teller in tellers:
            teller.join()


def test_a_driver_that_never_listens_costs_a_worker_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_startup, "PATIENCE_S", 0.2)
    with listen():
        began = time.monotonic()
        for _ in range(queue_length() + 3):
            worker_startup._notify_ready()
        assert time.monotonic() - began < 5
    assert worker_startup.READY_SOCKET not in os.environ
