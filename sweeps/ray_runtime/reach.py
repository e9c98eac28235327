"""Whether a Ray cluster answers at an address; Ray itself would ask for minutes."""

from __future__ import annotations

import os
import socket

from ilsweep.sweeps.errors import RunAbortedError
from ilsweep.sweeps.processes.signals import waiting

REACH_S = 10.0
"""For the cluster to answer."""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""How a client of HTTP/2 begins, with an empty frame of settings (RFC 9113, 3.4)."""
SETTINGS = 4
"""The type of the frame that a server begins with."""


def reach(address: str) -> None:
    """Look whether Ray's protocol is spoken at `host:port`.

    Raises:
        RunAbortedError: nobody does.
    """
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or "://" in address:
        return  # Ray knows what else there may be
    try:
        with (
            waiting(),
            socket.create_connection((host.strip("[]"), int(port)), REACH_S) as connection,
        ):
            if os.environ.get("RAY_USE_TLS", "0") in ("", "0") and not speaks_http2(connection):
                raise OSError("something else listens there")
    except OSError as error:
        raise RunAbortedError(
            f"RAY_ADDRESS in the environment: no Ray cluster answers at {address} "
            f"({error.strerror or error}); unset RAY_ADDRESS to run on this machine"
        ) from None


def speaks_http2(connection: socket.socket) -> bool:
    """Whether the other end answers as a server of HTTP/2, on which gRPC stands.

    Not by gRPC's own client: its threads outlive an interrupt, and fail with a traceback.
    """
    try:
        connection.sendall(PREFACE)
        with connection.makefile("rb") as answer:
            head = answer.read(9)
    except OSError:
        return False
    return len(head) == 9 and head[3] == SETTINGS
