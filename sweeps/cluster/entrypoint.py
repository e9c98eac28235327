"""What `sweeps/cluster/client.py` runs on the head: `python -m MODULE VERB FOLDER [STORE]`.

run       the spec beside this file's package, in FOLDER; a folder that was begun is continued.
          With STORE, a copy is kept there, and what a lost head left there is continued
status    one line of JSON: what `ilsweep status --json` says
pack      the folder as a parcel
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ilsweep.sweeps.exit_codes import INTERRUPTED
from ilsweep.sweeps.processes.signals import heeding, interruptible

if TYPE_CHECKING:
    from ilsweep.sweeps.cluster.object_store import Mirror

STATUS_MARK = "ilsweep-status:"


def main(verb: str, folder: str, store: str = "") -> int:
    """Run one verb; the exit status is that of the command line."""
    try:
        with interruptible(for_good=True), heeding():
            return _main(verb, Path(folder).expanduser(), store)
    except KeyboardInterrupt:
        return INTERRUPTED


def _main(verb: str, root: Path, store: str) -> int:
    from ilsweep.sweeps.errors import IlsweepError

    try:
        if verb == "run":
            from ilsweep.sweeps.cluster.object_store import Mirror

            return run(root, Mirror(store, root.name) if store else None)
        if verb == "status":
            import json

            from ilsweep.sweeps.progress.status import status

            print(STATUS_MARK + json.dumps(status(root)))
        else:
            from ilsweep.analysis.records.paths import SweepPaths
            from ilsweep.sweeps.cluster import archive

            for line in archive.pack_sweep(SweepPaths(root), best_trials(root)):
                print(line)
    except IlsweepError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def run(root: Path, mirror: Mirror | None = None) -> int:
    """Run the spec that came along; go on with it where `root` or the store holds the same one.

    Raises:
        FolderError: they hold another spec's sweep, or the store cannot be used.
    """
    from contextlib import redirect_stdout

    from ilsweep.analysis.records.files import read_json
    from ilsweep.analysis.records.paths import SweepPaths
    from ilsweep.sweeps.cli import main as cli
    from ilsweep.sweeps.cluster import archive
    from ilsweep.sweeps.cluster.object_store import mirrored, restore
    from ilsweep.sweeps.errors import FolderError
    from ilsweep.sweeps.validation.validate import load_spec

    spec = Path(archive.SPEC)
    manifest = read_json(SweepPaths(root).manifest) or (mirror.manifest if mirror else {})
    begun = manifest.get("spec")
    if begun not in (None, load_spec(spec).spec.model_dump(mode="json")):
        raise FolderError(f"{root}: holds a sweep of another spec; choose another --name")
    command = ["resume", str(root)]
    if begun is None:
        command = ["run", str(spec), "--storage", str(root.parent), "--name", root.name]
    with redirect_stdout(sys.stderr):
        if mirror is None:
            return cli.main(command)
        restore(root, mirror)
        with mirrored(root, mirror):
            return cli.main(command)


def best_trials(root: Path) -> list[str]:
    """The trials of the best configuration, a healthy one if any; none before any was ranked."""
    from ilsweep.sweeps.workflow.postprocess import analysed

    rows = analysed(root).ranking.rows
    best = next((row for row in rows if row.healthy), rows[0] if rows else None)
    return list(best.trial_ids) if best else []


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
