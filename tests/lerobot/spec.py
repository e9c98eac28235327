"""A sweep of a real `lerobot-train`, offline and on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ilsweep.sweeps.spec import yamlio


def written(folder: Path, environment: Path, dataset: Path, *words: str, **sections: Any) -> Path:
    """The spec's file in `folder`: its `sections`, the data set and further words of arguments."""
    data: dict[str, Any] = {
        "trainer": "lerobot",
        "command": {
            "environment": str(environment),
            "args": [
                "--dataset.repo_id=ilsweep/cube", f"--dataset.root={dataset}",
                "--policy.device=cpu", *words,
            ],
            "env": {"HF_HUB_OFFLINE": "1", "WANDB_SILENT": "true"},
        },
        **sections,
    }  # fmt: skip
    path = folder / "spec.yaml"
    path.write_text(yamlio.dump(data))
    return path
