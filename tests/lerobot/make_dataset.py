"""Turns arrays into a LeRobotDataset, with LeRobot's own writer: `make_dataset.py NPZ ROOT DTYPE`.

Run by LeRobot's interpreter. DTYPE is `image` or `video`. The file holds `images` (N, H, W, 3),
`state` and `action` (N, D) and `starts` (E + 1), the first frame of each episode and the end of the
last.
"""

from __future__ import annotations

import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import numpy as np


def main(arrays: Path, root: Path, dtype: str) -> None:
    found = np.load(arrays)
    images, numbers = found["images"], {n: found[n].astype(np.float32) for n in ("state", "action")}
    vector = {"dtype": "float32", "shape": (numbers["state"].shape[1],), "names": None}
    features = {
        "observation.images.top": {
            "dtype": dtype,
            "shape": images.shape[1:],
            "names": ["height", "width", "channels"],
        },
        "observation.state": vector,
        "action": vector,
    }
    kind = import_module("lerobot.datasets.lerobot_dataset").LeRobotDataset
    films = dtype == "video"
    dataset = kind.create("ilsweep/cube", fps=10, features=features, root=root, use_videos=films)
    for start, stop in pairwise(found["starts"]):
        for i in range(start, stop):
            dataset.add_frame(
                {
                    "observation.images.top": images[i],
                    "observation.state": numbers["state"][i],
                    "action": numbers["action"][i],
                    "task": "transfer the cube",
                }
            )
        dataset.save_episode()
    dataset.finalize()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
