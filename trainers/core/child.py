"""What a process that this library starts for a while does first."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import connection, parent_process


def begin() -> None:
    """Leave Ctrl-C to the parent, and end with it, whatever this process is doing then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, name="parent", daemon=True).start()
