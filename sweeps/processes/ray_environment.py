"""What Ray reads from the environment when it is imported, and the user's token for clusters."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ilsweep.sweeps.processes.machine import cpus, joined

ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # records are ours
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # evaluation is rarer than reports
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C must not wait for running trials
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "PYTHONWARNINGS": "ignore",
    # What a worker prints is kept by Ray, 2 x 10 MB at most.
    "RAY_ROTATION_MAX_BYTES": "10000000",
    "RAY_ROTATION_BACKUP_COUNT": "1",
}

ALONE = {
    "RAY_AUTH_MODE": "token",
    # By this switch for systems whose firewalls ask, all that Ray starts listens on the loopback.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
"""What a Ray of our own takes from the environment, whatever was there before."""


def prepare() -> None:
    """Set what Ray reads from the environment; before ray is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    user_token()
    if not joined():
        os.environ.update(ALONE)
    # All slots start at once. One after the other, the second would lose its trial to the first
    # as soon as that is done, be dropped while it still starts, and begin again: for ever, where
    # trials are shorter than a start.
    os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", str(cpus()))


def user_token() -> Path | None:
    """The user's token for clusters, where there is one: from now on its owner's alone.

    Ray leaves it readable to everybody, and so do copies.
    """
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or os.path.expanduser("~/.ray/auth_token"))
    if not path.exists():
        return None
    with suppress(PermissionError):  # somebody else's
        path.chmod(0o600)
        if path.parent.name == ".ray":
            path.parent.chmod(0o700)
    return path
