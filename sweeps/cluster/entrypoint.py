"""What `sweeps/cluster/client.py` runs on the head: `python -m MODULE VERB FOLDER [...]`.

run       the spec beside this file's package, in FOLDER; a folder that was begun is continued.
          With STORE after it, a copy is kept there, and what a lost head left there is continued;
          with --no-controls the controls are not run
status    one line of JSON: what `ilsweep status --json` says
pack      the folder as lines of text (`sweeps/cluster/archive.py`)
"""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path

from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cluster import archive
from ilsweep.sweeps.cluster.object_store import ObjectStoreMirror, mirrored, restore
from ilsweep.sweeps.errors import FolderError, IlsweepError
from ilsweep.sweeps.exit_codes import INTERRUPTED, OK, WRONG_INPUT
from ilsweep.sweeps.processes.signals import heeding, interruptible
from ilsweep.sweeps.progress.status import status
from ilsweep.sweeps.validation.validate import load_spec
from ilsweep.sweeps.workflow.sweep import resume_sweep, run_sweep

NO_CONTROLS = "--no-controls"


def main(verb: str, folder: str, *more: str) -> int:
    """Run one verb; the exit status is that of the command line."""
    try:
        with interruptible(for_good=True), heeding():
            return _main(verb, Path(folder).expanduser(), more)
    except KeyboardInterrupt:
        return INTERRUPTED


def _main(verb: str, root: Path, more: tuple[str, ...]) -> int:
    try:
        if verb == "run":
            stores = [ObjectStoreMirror(part, root.name) for part in more if part != NO_CONTROLS]
            return run(root, *stores, controls=NO_CONTROLS not in more)
        if verb == "status":
            print(archive.status_line(status(root)))
        else:
            for line in archive.pack_sweep(SweepPaths(root), archive.best_trials(root)):
                print(line)
    except IlsweepError as error:
        print(error, file=sys.stderr)
        return WRONG_INPUT
    return OK


def run(root: Path, mirror: ObjectStoreMirror | None = None, *, controls: bool = True) -> int:
    """Run the spec that came along; go on with it where `root` or the store holds the same one.

    Without `controls` they are not run.

    Raises:
        FolderError: they hold another spec's sweep, or the store cannot be used.
    """
    plan = load_spec(Path(archive.SPEC))
    manifest = read_json(SweepPaths(root).manifest) or (mirror.manifest if mirror else {})
    begun = manifest.get("spec")
    if begun not in (None, plan.spec.model_dump(mode="json")):
        raise FolderError(f"{root}: holds a sweep of another spec; choose another --name")
    if mirror:
        restore(root, mirror)
    with redirect_stdout(sys.stderr), mirrored(root, mirror) if mirror else nullcontext():
        return run_sweep(plan, root, controls=controls) if begun is None else resume_sweep(root)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
