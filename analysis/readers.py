"""Many trials read at once: other processes take a share where there are enough to be worth it.

Numbers in text take most of the time of reading a sweep. The helpers are fresh interpreters
(no fork: the caller may have threads), and whatever goes wrong with one
its share is read here.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.diagnosed import Diagnosed
    from analysis.findings.thresholds import Limits
    from analysis.records import TrialRecord

    Read = tuple[TrialRecord, Diagnosed | None]

WORTH = 400
"""Trials that a process more is worth."""
MOST = 4
"""Processes in all."""
OWN_SHARE = 1.15
"""What this process takes for each trial of a helper, which has to start and to hand over."""


def read_trials(folders: Sequence[Path]) -> list[TrialRecord]:
    """The trials in `folders`, in their order."""
    return [trial for trial, _ in _shared(folders, None)]


def read_and_diagnose(
    folders: Sequence[Path], limits: Limits
) -> tuple[list[TrialRecord], dict[str, Diagnosed]]:
    """The trials in `folders`, in their order, and what each says by itself."""
    read = _shared(folders, limits)
    known = {trial.id: told for trial, told in read if told is not None}
    return [trial for trial, _ in read], known


def _shared(folders: Sequence[Path], limits: Limits | None) -> list[Read]:
    count = max(1, min(MOST, os.cpu_count() or 1, len(folders) // WORTH))
    mine = int(len(folders) * OWN_SHARE / (count - 1 + OWN_SHARE))
    rest = len(folders) - mine
    cuts = [0, *(mine + rest * i // max(1, count - 1) for i in range(count))]
    shares = [folders[a:b] for a, b in pairwise(cuts)]
    helpers = [_start(share, limits) for share in shares[1:]]
    with _no_collection():
        read = _read(shares[0], limits)
        for share, helper in zip(shares[1:], helpers, strict=True):
            theirs = _result(helper)
            whole = theirs is not None and len(theirs) == len(share)
            read += theirs if theirs is not None and whole else _read(share, limits)
    return read


def _read(folders: Sequence[Path], limits: Limits | None) -> list[Read]:
    from analysis.records import TrialPaths, read_trial

    trials = [read_trial(TrialPaths(folder)) for folder in folders]
    if limits is None:
        return [(trial, None) for trial in trials]
    from analysis.diagnosed import diagnosed

    return [(trial, diagnosed(trial, limits)) for trial in trials]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Parsing makes many objects and no cycles: looking for them takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _start(folders: Sequence[Path], limits: Limits | None) -> subprocess.Popen[bytes] | None:
    here = str(Path(__file__).resolve().parent.parent)
    search = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    try:
        helper = subprocess.Popen(
            [sys.executable, "-m", "analysis.readers"],
            env={**os.environ, "PYTHONPATH": search},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert helper.stdin is not None
        with helper.stdin as pipe:
            pipe.write(pickle.dumps(([str(folder.resolve()) for folder in folders], limits)))
    except OSError:
        return None
    return helper


def _result(helper: subprocess.Popen[bytes] | None) -> list[Read] | None:
    if helper is None or helper.stdout is None:
        return None
    with helper, helper.stdout as pipe:
        try:
            read: list[Read] = pickle.load(pipe)
        except (EOFError, pickle.UnpicklingError):
            return None
    return read if helper.returncode == 0 else None


def _help() -> None:
    folders, limits = pickle.load(sys.stdin.buffer)
    with _no_collection():
        read = _read([Path(folder) for folder in folders], limits)
        pickle.dump(read, sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    _help()
