"""The address of a cluster, and who answers there."""

from __future__ import annotations

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from ilsweep.sweeps.ray_runtime.reach import REACH_S, reach, speaks_http2
from tests.sweeps.as_typed import ilsweep, write_spec
from tests.sweeps.killing import driving


def test_a_server_of_grpc_is_one_that_ray_may_be() -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        reach(f"127.0.0.1:{port}")
    finally:
        server.stop(0).wait()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0", b""])
@pytest.mark.parametrize("closed", [True, False])
def test_anything_else_is_not(answer: bytes, closed: bool) -> None:
    ours, other = socket.socketpair()
    with ours, other:
        ours.settimeout(0.1)
        other.sendall(answer)
        if closed:
            other.shutdown(socket.SHUT_WR)
        assert not speaks_http2(ours)


@pytest.mark.ray
@pytest.mark.parametrize(
    ("listening", "reason"),
    [(False, "Connection refused"), (True, "something else listens there")],
)
def test_an_address_where_no_ray_answers_is_one_line_and_no_folder(
    tmp_path: Path, listening: bool, reason: str
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        if listening:
            other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        began = time.monotonic()
        done = ilsweep("run", write_spec(tmp_path), "--storage", tmp_path, RAY_ADDRESS=address)
    assert time.monotonic() - began < 60  # 13 on a quiet machine; Ray itself asks for minutes
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"RAY_ADDRESS in the environment: no Ray cluster answers at {address} ({reason}); "
        "unset RAY_ADDRESS to run on this machine; nothing was started"
    )
    assert not (tmp_path / "small").exists()


def test_looking_for_a_cluster_is_left_at_once(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        args = ("run", write_spec(tmp_path), "--storage", tmp_path)
        with driving(*args, RAY_ADDRESS=address) as driver, other.accept()[0]:
            driver.send(signal.SIGTERM)
            began = time.monotonic()
            status, errors = driver.ended()
    assert time.monotonic() - began < REACH_S
    assert (status, errors) == (130, "interrupted; nothing was started\n")
    assert not (tmp_path / "small").exists()
