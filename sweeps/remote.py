"""What runs on the cluster's head for `sweeps.submit`: `python -m sweeps.remote VERB FOLDER`.

run       the spec beside this file's package, in FOLDER; a folder that was begun is continued
status    one line of JSON: what `ilsweep status --json` says
pack      the folder as a parcel
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

from analysis.records import SweepPaths, read_json
from sweeps import parcel
from sweeps.problems import FolderError, IlsweepError

STATUS_MARK = "ilsweep-status:"


def main(verb: str, folder: str) -> int:
    """Run one verb; the exit status is that of the command line."""
    root = Path(folder).expanduser()
    try:
        if verb == "run":
            return run(root)
        if verb == "status":
            from sweeps.status import status

            print(STATUS_MARK + json.dumps(status(root)))
        else:
            for line in parcel.pack_sweep(SweepPaths(root), best_trials(root)):
                print(line)
    except IlsweepError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def run(root: Path) -> int:
    """Run the spec that came along; go on with it where `root` holds the same one.

    Raises:
        FolderError: `root` holds another spec's sweep.
    """
    from sweeps import cli
    from sweeps.check import load_spec

    spec = Path(parcel.SPEC)
    begun = read_json(SweepPaths(root).manifest).get("spec")
    with redirect_stdout(sys.stderr):
        if begun is None:
            return cli.main(["run", str(spec), "--storage", str(root.parent), "--name", root.name])
        if begun != load_spec(spec).spec.model_dump(mode="json"):
            raise FolderError(f"{root}: holds a sweep of another spec; choose another --name")
        return cli.main(["resume", str(root)])


def best_trials(root: Path) -> list[str]:
    """The trials of the best configuration, a healthy one if any; none before any was ranked."""
    from sweeps.afterwards import analysed

    rows = analysed(root).ranking.rows
    best = next((row for row in rows if row.healthy), rows[0] if rows else None)
    return list(best.trial_ids) if best else []


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
