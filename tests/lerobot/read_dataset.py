"""Turns a LeRobotDataset into arrays, with LeRobot's own reader: `read_dataset.py ROOT NPZ`.

Run by LeRobot's interpreter. The file holds `images` (N, H, W, 3) of the camera `top`, `state` and
`action` (N, D), `starts` (E + 1), `next` (N, D), the action that comes 2 frames later and is kept
within the episode, `mean` and `std` of the action, `task` and `fps`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import numpy as np


def main(root: Path, arrays: Path) -> None:
    kind = import_module("lerobot.datasets.lerobot_dataset").LeRobotDataset
    plain = kind("ilsweep/cube", root=root)
    later = kind("ilsweep/cube", root=root, delta_timestamps={"action": [2 / plain.meta.fps]})
    rows = [plain[i] for i in range(len(plain))]
    images = np.stack([row["observation.images.top"].numpy() for row in rows])
    episodes = plain.meta.episodes
    np.savez(
        arrays,
        images=(images.transpose(0, 2, 3, 1) * 255).round().astype(np.uint8),
        state=np.stack([row["observation.state"].numpy() for row in rows]),
        action=np.stack([row["action"].numpy() for row in rows]),
        next=np.stack([later[i]["action"][0].numpy() for i in range(len(plain))]),
        starts=np.array([*episodes["dataset_from_index"], episodes["dataset_to_index"][-1]]),
        mean=plain.meta.stats["action"]["mean"],
        std=plain.meta.stats["action"]["std"],
        task=rows[0]["task"],
        fps=plain.meta.fps,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
