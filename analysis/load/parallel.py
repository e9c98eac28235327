"""Many trials read at once: other processes take a share where there are enough to be worth it.

Numbers in text take most of the time of reading a sweep.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from ilsweep.analysis.findings.thresholds import Limits
from ilsweep.analysis.findings.trial_diagnosis import TrialDiagnosis, diagnose_trial
from ilsweep.analysis.load.subprocess_call import BackgroundCall
from ilsweep.analysis.records.model import TrialRecord, read_trial
from ilsweep.analysis.records.paths import TrialPaths

Read = tuple[TrialRecord, TrialDiagnosis | None]

WORTH = 400
"""Trials that a process more is worth."""
MOST = 4
"""Processes in all."""
OWN_SHARE = 1.15
"""What this process takes for each trial of a helper, which has to start and to hand over."""


def read_trials(
    folders: Sequence[Path], limits: Limits | None = None
) -> tuple[list[TrialRecord], dict[str, TrialDiagnosis]]:
    """The trials in `folders`, in their order, and with `limits` what each says by itself."""
    read = _shared(folders, limits)
    known = {trial.id: found for trial, found in read if found is not None}
    return [trial for trial, _ in read], known


def _shared(folders: Sequence[Path], limits: Limits | None) -> list[Read]:
    count = max(1, min(MOST, os.cpu_count() or 1, len(folders) // WORTH))
    mine = int(len(folders) * OWN_SHARE / (count - 1 + OWN_SHARE))
    rest = len(folders) - mine
    cuts = [0, *(mine + rest * i // max(1, count - 1) for i in range(count))]
    shares = [folders[a:b] for a, b in pairwise(cuts)]
    helpers = [BackgroundCall(_read, share, limits) for share in shares[1:]]
    read = _read(shares[0], limits)
    with _no_collection():
        for helper in helpers:
            read += helper.result()
    return read


def _read(folders: Sequence[Path], limits: Limits | None) -> list[Read]:
    with _no_collection():
        trials = [read_trial(TrialPaths(folder)) for folder in folders]
        if limits is None:
            return [(trial, None) for trial in trials]
        return [(trial, diagnose_trial(trial, limits)) for trial in trials]


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
