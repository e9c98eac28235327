"""Ray's end, with other threads at work beside it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from ilsweep.sweeps.errors import RunAbortedError
from ilsweep.sweeps.ray_runtime import session
from tests.sweeps.as_typed import ROOT

ENDS = """
import os
import time
import ray
from ilsweep.sweeps.ray_runtime import session

class Garbage:
    "Only Python's search for garbage frees it, in whatever thread that begins."

def busy(names):
    "As an import is: makes so many objects that Python searches for garbage."
    until = time.monotonic() + 4
    while refs and time.monotonic() < until:
        dropped = Garbage()
        dropped.itself, dropped.ref = dropped, refs.pop()
        made = [[i] for i in range(1000)]

before = os.environ.get("RAY_AUTH_TOKEN_PATH")
with session.session():
    refs = [ray.put(1) for _ in range(20000)]
    session._import = busy
assert os.environ.get("RAY_AUTH_TOKEN_PATH") == before
print("after")
"""


@pytest.mark.ray
def test_garbage_that_holds_something_of_rays_does_not_end_the_process() -> None:
    """Ray ends a process that touches it while it shuts down, with status 1 and no traceback."""
    done = subprocess.run(
        [sys.executable, "-c", ENDS], cwd=ROOT, capture_output=True, text=True, timeout=90
    )
    assert (done.returncode, done.stdout) == (0, "after\n"), done.stderr[-2000:]


def test_rays_orderly_end_is_no_death_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the watch has just begun to look."""
    looking, ended = threading.Event(), threading.Event()

    def poll() -> int | None:
        looking.set()
        return 0 if ended.wait(0.3) else None

    raylet = SimpleNamespace(process=SimpleNamespace(poll=poll))
    node = SimpleNamespace(all_processes={"raylet": [raylet], "gcs_server": []})
    monkeypatch.setattr("ray._private.worker._global_node", node)
    monkeypatch.setattr(session, "WATCH_S", 0.01)
    said: list[str] = []
    monkeypatch.setattr(session, "interrupt", said.append)
    watch = session.Watch()
    watch.start()
    assert looking.wait(10)
    watch.stop()
    ended.set()  # as `ray.shutdown` does
    watch._thread.join()
    assert said == []


def test_nothing_is_still_being_loaded_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own end would make a traceback of it."""
    loaded: list[tuple[str, ...]] = []

    def slowly(names: tuple[str, ...]) -> None:
        time.sleep(0.3 if names == session.NEEDED_NEXT else 0)
        loaded.append(names)

    def out_of_reach(folder: object) -> None:
        raise RunAbortedError("no cluster answers")

    monkeypatch.setattr(session, "_import", slowly)
    monkeypatch.setattr(session, "_begin", out_of_reach)
    with pytest.raises(RunAbortedError), session._session(None):
        pass
    assert session.NEEDED_NEXT in loaded


IMPORTS = """
import gc
import ray, ray.tune
from ilsweep.sweeps.ray_runtime import session
searches = []
with session.garbage_kept():
    gc.callbacks.append(lambda phase, info: searches.append(phase))
    session._import(session.NEEDED_AFTER)
    found = len(searches)
print(found, gc.isenabled())
"""


def test_what_is_imported_beside_rays_end_looks_for_no_garbage_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "0 True\n", done.stderr[-2000:]
