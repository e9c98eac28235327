"""What travels to a cluster and home again: the project with a spec, and a sweep's folder.

A parcel home is a compressed tar in lines of text, since a job's output is the one thing that the
cluster's address gives back. It holds files of the sweep's folder only, and is unpacked as such.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import shutil
import tarfile
from collections.abc import Collection, Iterator
from pathlib import Path

from analysis.records import SweepPaths, write_atomic
from sweeps import checkpoints, folder, yamlio
from sweeps.problems import FolderError
from sweeps.spec import Plan

PACKAGES = ("sweeps", "trainers", "analysis")
SPEC = "sweep.yaml"
MARK = "ilsweep-parcel:"
_LINE = 60_000
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "*.pyc")


def pack_project(plan: Plan, target: Path) -> None:
    """Copy what a cluster must have to run a plan: this project, the user's trainer, the spec."""
    pack_code(target)
    module = plan.spec.trainer.partition(":")[0].partition(".")[0]
    if ":" in plan.spec.trainer and module not in PACKAGES:
        _copy_own(module, target)
    spec = plan.spec.model_dump(mode="json", exclude_unset=True)
    write_atomic(target / SPEC, yamlio.dump(spec))


def pack_code(target: Path) -> None:
    """Copy this project's packages, so that a cluster runs the same code as its user."""
    here = Path(__file__).parents[1]
    for package in PACKAGES:
        shutil.copytree(here / package, target / package, ignore=_LEFT_OUT)


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
        for path in sorted(paths.root.rglob("*")):
            name = path.relative_to(paths.root)
            hidden = any(part.startswith(".") for part in name.parts)
            checkpoint = path.parent.name == "checkpoints" and path not in kept
            if path.is_file() and not path.is_symlink() and not hidden and not checkpoint:
                archive.add(path, str(name), recursive=False)
    text = base64.b64encode(buffer.getvalue()).decode()
    for start in range(0, len(text), _LINE):
        yield MARK + text[start : start + _LINE]


def unpack_sweep(output: str, root: Path) -> None:
    """Write the folder that is in a job's output; files that are there already are replaced whole.

    Raises:
        FolderError: `root` holds another sweep, or there is no whole parcel in the output.
        OSError: it cannot be written.
    """
    lines = [line[len(MARK) :] for line in output.splitlines() if line.startswith(MARK)]
    try:
        buffer = io.BytesIO(base64.b64decode("".join(lines), validate=True))
        with tarfile.open(fileobj=buffer, mode="r:gz") as archive:
            files = {member.name: archive.extractfile(member) for member in archive}
            contents = {name: file.read() for name, file in files.items() if file}
    except (ValueError, EOFError, tarfile.TarError, OSError) as error:
        raise FolderError(f"{root}: what came from the cluster is not whole ({error})") from None
    folder.check_same(root, json.loads(contents.get("manifest.json", b"{}")))
    for name in contents:
        if not (root / name).resolve().is_relative_to(root.resolve()):
            raise FolderError(f"{root}: the cluster sent {name!r}, which lies outside")
    for name, content in contents.items():
        write_atomic(root / name, content)
