"""What a policy makes of one frame seen several times: `see_twice.py PROBES CHECKPOINT`.

Run by LeRobot's interpreter; PROBES is the file of our probes. Prints as JSON how far apart the
actions of one batch are at most, in physical units: `same` of a frame that fills the batch, `other`
of different frames.
"""

from __future__ import annotations

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any


def main(file: Path, checkpoint: Path) -> None:
    spec = spec_from_file_location("probes", file)
    assert spec
    assert spec.loader
    probes = module_from_spec(spec)
    spec.loader.exec_module(probes)
    subject = probes.Subject(checkpoint, 4)
    batches = {"same": subject.batch(subject.indices[:1] * 4), "other": subject.data}
    print(json.dumps({name: apart(subject.predict(data)) for name, data in batches.items()}))


def apart(actions: Any) -> float:
    return float((actions - actions[:1]).abs().max())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
