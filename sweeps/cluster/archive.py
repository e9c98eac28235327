"""What travels to a cluster and home again: the project with a spec, and a sweep's folder.

A parcel home is a compressed tar in lines of text, since a job's output is the one thing that the
cluster's address gives back. It holds files of the sweep's folder only, and is unpacked as such.
"""

from __future__ import annotations

import base64
import errno
import gzip
import importlib.util
import io
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from ilsweep.analysis.records.files import read_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import FolderError, shorten
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store import checkpoints, sweep_dir
from ilsweep.sweeps.workflow.postprocess import analysed

PACKAGE = "ilsweep"
PARTS = ("sweeps", "trainers", "analysis")
SPEC = "sweep.yaml"
MARK = "ilsweep-parcel:"
STATUS_MARK = "ilsweep-status:"
MOST_BYTES = 16 << 30
"""Of a sweep that comes home, unpacked; a sweep with its best checkpoints has a few hundred MB."""
MOST_FILES = 200_000
"""A sweep has at most 10 000 trials of some ten files each."""
PIECE = 1 << 20
IMPOSSIBLE = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL)
"""What a disk says of names that cannot be."""
_LINE = 60_000
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "*.pyc")


def status_line(facts: Mapping[str, Any]) -> str:
    """The facts of `ilsweep status` as a line of a job's output."""
    return STATUS_MARK + json.dumps(facts)


def read_status(output: str) -> dict[str, Any]:
    """The facts of `ilsweep status` in a job's output."""
    (line,) = [line for line in output.splitlines() if line.startswith(STATUS_MARK)]
    facts: dict[str, Any] = json.loads(line[len(STATUS_MARK) :])
    return facts


def best_trials(root: Path) -> list[str]:
    """The trials of the best configuration, a healthy one if any; none before any was ranked."""
    rows = analysed(root).ranking.rows
    best = next((row for row in rows if row.healthy), rows[0] if rows else None)
    return list(best.trial_ids) if best else []


def pack_project(plan: Plan, target: Path) -> None:
    """Copy what a cluster must have to run a plan: this project, the user's trainer, the spec."""
    pack_code(target)
    module = plan.spec.trainer.partition(":")[0].partition(".")[0]
    if ":" in plan.spec.trainer and module != PACKAGE:
        _copy_own(module, target)
    spec = plan.spec.model_dump(mode="json", exclude_unset=True)
    write_atomic(target / SPEC, yamlio.dump(spec))


def pack_code(target: Path) -> None:
    """Copy this project's packages, so that a cluster runs the same code as its user."""
    here = Path(__file__).parents[2]
    for part in PARTS:
        shutil.copytree(here / part, target / PACKAGE / part, ignore=_LEFT_OUT)


def _copy_own(module: str, target: Path) -> None:
    """Copy a module or package of the working folder; an installed one is the cluster's affair."""
    found = importlib.util.find_spec(module)
    origin = Path(found.origin).resolve() if found and found.origin else None
    if origin is None or Path.cwd().resolve() not in origin.parents or ".venv" in origin.parts:
        return
    if origin.name == "__init__.py":
        shutil.copytree(origin.parent, target / module, ignore=_LEFT_OUT)
    else:
        shutil.copy(origin, target / origin.name)


def pack_sweep(paths: SweepPaths, best: Collection[str]) -> Iterator[str]:
    """Lines of text with the whole folder, of checkpoints only the newest of the trials `best`."""
    kept = {checkpoints.newest(paths.trial(trial).checkpoints) for trial in best}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as archive:
        for path in sweep_dir.files(paths.root):
            if path.parent.name == "checkpoints" and path not in kept:
                continue
            with suppress(FileNotFoundError):  # taken away meanwhile, where the sweep still runs
                content = path.read_bytes()
                known = archive.gettarinfo(path, str(path.relative_to(paths.root)))
                known.size = len(content)  # one that is written to has grown since
                archive.addfile(known, io.BytesIO(content))
    text = base64.b64encode(buffer.getvalue()).decode()
    for start in range(0, len(text), _LINE):
        yield MARK + text[start : start + _LINE]


def unpack_sweep(output: str, root: Path) -> None:
    """Write the folder that is in a job's output; files that are there already are replaced whole.

    Raises:
        FolderError: `root` holds another sweep, or there is no whole parcel in the output, or one
            that holds something else than a sweep's files, or more than MOST_BYTES or MOST_FILES.
        OSError: it cannot be written.
    """
    lines = [line[len(MARK) :] for line in output.splitlines() if line.startswith(MARK)]
    with tempfile.TemporaryDirectory(prefix=".parcel-", dir=_nearest(root)) as made:
        staged = Path(made)
        try:
            packed = io.BytesIO(base64.b64decode("".join(lines), validate=True))
            names = list(dict.fromkeys(_unpacked(_Measured(packed), staged, str(root))))
        except (ValueError, EOFError, tarfile.TarError, gzip.BadGzipFile, zlib.error) as error:
            line = f"{root}: what came from the cluster is not whole ({error})"
            raise FolderError(line) from None
        manifest = read_json(staged / "manifest.json")
        if not _begun(manifest):
            raise FolderError(f"{root}: what came from the cluster has no manifest of a sweep")
        sweep_dir.check_same(root, manifest)
        for name in names:
            _check_place(root, name)
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staged / name, root / name)


def _nearest(root: Path) -> Path:
    """The folder itself, or what is there already of the way to it: the same disk."""
    return next(path for path in (root.absolute(), *root.absolute().parents) if path.is_dir())


class _Measured(gzip.GzipFile):
    """What is compressed, in pieces that fit into memory and no more than MOST_BYTES in all."""

    def __init__(self, packed: io.BytesIO) -> None:
        super().__init__(fileobj=packed, mode="rb")

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= PIECE:
            raise ValueError("it has a header of impossible size")
        if self.tell() + size > MOST_BYTES + PIECE:
            raise ValueError(f"it holds over {MOST_BYTES >> 30} GiB")
        return super().read(size)


def _unpacked(stream: _Measured, into: Path, where: str) -> Iterator[Path]:
    """Write the files of a tar into an empty folder; their names."""
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        for count, member in enumerate(archive):
            name = PurePosixPath(member.name)
            shown = f"the cluster sent {shorten(repr(member.name))}"
            if name.is_absolute() or not name.parts or any(p.startswith(".") for p in name.parts):
                raise FolderError(f"{where}: {shown}, which lies outside of a sweep")
            source = archive.extractfile(member) if member.isreg() else None
            if source is None:
                raise FolderError(f"{where}: {shown}, which is no regular file")
            if count >= MOST_FILES:
                raise ValueError(f"it holds over {MOST_FILES} files")
            if archive.offset > MOST_BYTES or member.size > MOST_BYTES:
                raise ValueError(f"it holds over {MOST_BYTES >> 30} GiB")
            try:
                (into / name).parent.mkdir(parents=True, exist_ok=True)
                with (into / name).open("wb") as file:
                    shutil.copyfileobj(source, file, PIECE)
            except OSError as error:
                if error.errno not in IMPOSSIBLE:
                    raise
                raise FolderError(f"{where}: {shown} ({error.strerror})") from None
            yield Path(name)


def _begun(manifest: Mapping[str, Any]) -> bool:
    """Whether it is the manifest of a sweep that was started."""
    sessions = manifest.get("sessions")
    return isinstance(sessions, list) and all(isinstance(session, dict) for session in sessions)


def _check_place(root: Path, name: Path) -> None:
    """Refuse what would be written over a folder, below a file, or through a link to elsewhere."""
    place = root / name
    above = [root / parent for parent in name.parents]
    if not place.resolve().is_relative_to(root.resolve()):
        raise FolderError(f"{place}: lies outside of the sweep, behind a link")
    if place.is_dir() or any(path.exists() and not path.is_dir() for path in above):
        raise FolderError(f"{place}: cannot be a file here: it is a folder, or below a file")
