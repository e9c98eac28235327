"""`ilsweep run` with a watch that has little patience: SPEC ROOT seconds, as a program."""

from __future__ import annotations

import sys
from pathlib import Path

from ilsweep.sweeps.execution import runner
from ilsweep.sweeps.processes.signals import interruptible
from ilsweep.sweeps.validation.resources import gpus
from ilsweep.sweeps.validation.validate import load_spec
from ilsweep.sweeps.workflow import postprocess

if __name__ == "__main__":
    gpus()  # imports Ray before anything is run, as a spec that asks for GPUs does
    from ilsweep.sweeps.execution.progress_watch import Patience

    spec, root, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    patience = Patience(
        look_s=0.2,
        say_s=seconds,
        report_s=seconds,
        repair_s=2 * seconds,
        slower=3,
        repairs=1,
        still_s=15,
    )
    plan = load_spec(spec, elsewhere=True)
    with interruptible():
        status = postprocess.finish(
            root, lambda: runner.run(plan, root, sys.argv, patience=patience)
        )
    sys.exit(status)
