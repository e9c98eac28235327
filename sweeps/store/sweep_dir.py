"""A sweep's folder: made, locked, described. Two drivers never write the same one."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ilsweep.analysis.findings.thresholds import unknown_thresholds
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.records.shape import manifest_of
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.processes.signals import signals_ignored
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store.folder_lock import locked
from ilsweep.sweeps.store.provenance import commit, own_version, versions
from ilsweep.sweeps.validation.sections import section_problems
from ilsweep.sweeps.validation.validate import check
from ilsweep.trainers.core.registry import table


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Say in one line that a folder cannot be written: full, read-only, not ours, gone.

    Raises:
        FolderError: instead of OSError.
    """
    try:
        yield
    except OSError as error:
        raise FolderError(f"{folder}: cannot be written ({error.strerror})") from None


@contextmanager
def new(paths: SweepPaths) -> Iterator[None]:
    """Make a new sweep's folder and hold it.

    Raises:
        FolderError: it exists, cannot be created, or another process is making it.
    """
    make(paths)
    with locked(paths):
        if not _is_blank(paths):
            raise _exists(paths)
        yield


def make(paths: SweepPaths) -> None:
    """Create a new sweep's folder. One that a kill left before anything was in it is new.

    Raises:
        FolderError: it exists, or cannot be created.
    """
    check_vacant(paths)
    try:
        paths.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(f"{paths.root}: cannot be created ({error.strerror})") from None


def check_vacant(paths: SweepPaths) -> None:
    """Refuse a folder in which there is something.

    Raises:
        FolderError: it exists.
    """
    if paths.root.exists() and not _is_blank(paths):
        raise _exists(paths)


def _is_blank(paths: SweepPaths) -> bool:
    ours = (paths.lock.name, f".{paths.manifest.name}.")
    return paths.root.is_dir() and all(
        path.name.startswith(ours) and path.is_file() for path in paths.root.iterdir()
    )


def _exists(paths: SweepPaths) -> FolderError:
    return FolderError(
        f"{paths.root}: exists already; continue it with `ilsweep resume {paths.root}`, "
        "or choose another --name or --storage"
    )


def describe(plan: Plan, paths: SweepPaths, command: list[str], started: str) -> None:
    """Write `manifest.json` and `spec.yaml`.

    Raises:
        FolderError: the disk is full or the folder cannot be written.
    """
    manifest = {
        "name": plan.spec.name,
        "spec": plan.spec.model_dump(mode="json"),
        "trials": plan.trials,
        "trainer": table(plan.trainer),
        "versions": {"python": platform.python_version(), **versions()},
        "commit": commit(),
        "host": platform.node(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "sessions": [{"command": command, "started": started}],
    }
    with writable(paths.root):
        write_atomic(paths.manifest, to_json(manifest))
        repair(plan, paths)


def repair(plan: Plan, paths: SweepPaths) -> None:
    """Write `spec.yaml` where a kill came between it and the manifest.

    Raises:
        OSError: it cannot be written.
    """
    if not paths.spec.exists():
        spec = plan.spec.model_dump(mode="json", exclude_unset=True)
        write_atomic(paths.spec, yamlio.dump(spec))


def add_session(paths: SweepPaths, **changes: Any) -> None:
    """Note another session in the manifest, or (`ended`, `interrupted`) the end of the last."""
    manifest = read_json(paths.manifest)
    sessions = manifest["sessions"] = sessions_of(manifest)
    if "started" in changes:
        sessions.append(changes)
    elif sessions:
        sessions[-1].update(changes)
    write_atomic(paths.manifest, to_json(manifest))


def added(paths: SweepPaths) -> int:
    """Configurations that earlier sessions added to what the spec asks for."""
    return _session(read_json(paths.manifest), -1).get("added") or 0


def check_same(root: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse to write what `manifest` is about over anything but an earlier state of it.

    Raises:
        FolderError: `root` holds another sweep, or other files.
    """
    here = sweep_identity(read_json(SweepPaths(root).manifest))
    if root.exists() and here != sweep_identity(manifest) and any(root.iterdir()):
        raise FolderError(f"{root}: holds another sweep; choose another --storage or --name")


def sweep_identity(manifest: Mapping[str, Any]) -> str:
    """When the first session of a sweep began, by which it is known; its end is noted later."""
    return str(_session(manifest, 0).get("started", ""))


def is_finished(paths: SweepPaths) -> bool:
    """Whether the last session came to its end, uninterrupted."""
    return bool(_session(read_json(paths.manifest), -1).get("ended"))


def _session(manifest: Mapping[str, Any], at: int) -> dict[str, Any]:
    """The first (0) or the last (-1) of the sessions; an empty one where none is known."""
    return (sessions_of(manifest) or [{}])[at]


def sessions_of(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each time that the sweep was worked at, as far as its manifest says so."""
    return manifest_of(manifest).get("sessions") or []


def plan_of(paths: SweepPaths) -> Plan:
    """The plan of an existing sweep's folder, from its manifest.

    Raises:
        FolderError: not a sweep's folder.
        SpecError: its spec is not valid (any more).
    """
    manifest = read_json(paths.manifest)
    spec = manifest.get("spec")
    if not isinstance(spec, dict):
        raise FolderError(f"{paths.root}: not a sweep's folder (no manifest.json with a spec)")
    try:
        sound = SweepSpec.model_validate(spec).model_dump(mode="json", exclude_defaults=True)
    except ValidationError as error:
        problem = "; ".join(map(str, section_problems(error)))
        versions = manifest.get("versions")
        wrote = versions.get("ilsweep", "unknown") if isinstance(versions, dict) else "unknown"
        raise FolderError(
            f"{paths.manifest}: its spec is not of this version of ilsweep "
            f"({own_version()}, it was written by {wrote}): {problem}"
        ) from None
    # Earlier versions took a misspelt threshold, which never meant anything.
    for name in unknown_thresholds(sound.get("thresholds")):
        del sound["thresholds"][name]
    return check({"name": spec["name"], "trainer": spec["trainer"], **sound})


def own_trials(paths: SweepPaths) -> list[TrialRecord]:
    """The trials that this sweep has begun; runs that were imported beside them are not its own.

    A folder that a kill left without parameters was never begun, and is removed.

    Raises:
        OSError: the folder cannot be written.
    """
    for folder in paths.trials.iterdir() if paths.trials.is_dir() else ():
        trial = paths.trial(folder.name)
        if folder.is_dir() and not trial.params.exists() and not trial.metrics.exists():
            shutil.rmtree(folder)
    trials = read_sweep(paths.root).trials
    return [trial for trial in trials if trial.seed is not None and not trial.imported]


def rewrite(plan: Plan, paths: SweepPaths) -> None:
    """Enter a changed spec in the manifest: analysis and search go by one.

    Raises:
        OSError: it cannot be written.
    """
    spec = plan.spec.model_dump(mode="json")
    manifest = read_json(paths.manifest)
    if manifest.get("spec") != spec:
        write_atomic(paths.manifest, to_json({**manifest, "spec": spec}))


@contextmanager
def discarded_unless_begun(paths: SweepPaths) -> Iterator[None]:
    """Remove a new folder again where something ends the block before any trial has begun."""
    try:
        yield
    except BaseException:
        if not has_begun(paths):
            with signals_ignored():
                shutil.rmtree(paths.root, ignore_errors=True)
        raise


def has_begun(paths: SweepPaths) -> bool:
    """Whether there is a trial of which anything is known."""
    return any(paths.trials.glob("*/params.json"))


def files(root: Path) -> Iterator[Path]:
    """The files of a folder, hidden ones and links aside; none that is taken away meanwhile."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(folder, name) for name in sorted(names) if not name.startswith(".")):
            if path.is_file() and not path.is_symlink():
                yield path


def now() -> str:
    """The time as records write it: UTC, to the millisecond."""
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
