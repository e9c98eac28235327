"""LeRobot's own reader on what we write, and our reader on what LeRobot's own writer writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.trainers.data.dataset import Demonstrations, chunk
from ilsweep.trainers.data.lerobot.config import LeRobotDataConfig
from tests.lerobot.conftest import Script

pytestmark = pytest.mark.lerobot


def test_lerobot_reads_what_we_write(
    run: Script, dataset: Path, demonstrations: Demonstrations, tmp_path: Path
) -> None:
    run("read_dataset.py", dataset, tmp_path / "read.npz")
    read, ours = np.load(tmp_path / "read.npz"), demonstrations.source
    np.testing.assert_array_equal(read["state"], ours["observation.state"])
    np.testing.assert_array_equal(read["action"], ours["action"])
    np.testing.assert_array_equal(read["images"], ours["observation.images.top"])
    np.testing.assert_array_equal(read["starts"], ours.episode_starts)
    third = chunk(ours, np.arange(len(ours["action"])), 3)[0][:, 2]
    np.testing.assert_array_equal(read["next"], third)
    np.testing.assert_allclose(read["mean"], ours["action"].astype(float).mean(0), rtol=1e-6)
    np.testing.assert_allclose(read["std"], ours["action"].astype(float).std(0), rtol=1e-6)
    assert float(read["fps"]) == 12.5
    assert "hand the cube over" in str(read["task"])


@pytest.mark.parametrize(("dtype", "mean_error"), [("image", 0.0), ("video", 6.0)])
def test_we_read_what_lerobot_writes(
    run: Script, demonstrations: Demonstrations, tmp_path: Path, dtype: str, mean_error: float
) -> None:
    """Numbers and embedded images to the bit; of videos the frames that LeRobot decodes."""
    ours = demonstrations.source
    given: dict[str, Any] = {
        "images": ours["observation.images.top"],
        "state": ours["observation.state"],
    }
    given |= {"action": ours["action"], "starts": ours.episode_starts}
    np.savez(tmp_path / "cube.npz", **given)
    root = tmp_path / "data"
    run("make_dataset.py", tmp_path / "cube.npz", root, dtype)
    read = LeRobotDataConfig(root=root).load(tmp_path / "cache").source
    np.testing.assert_array_equal(read["observation.state"], ours["observation.state"])
    np.testing.assert_array_equal(read["action"], ours["action"])
    np.testing.assert_array_equal(read.episode_starts, ours.episode_starts)
    pixels = read["observation.images.top"].astype(np.int16)
    assert np.abs(pixels - ours["observation.images.top"]).mean() <= mean_error
    run("read_dataset.py", root, tmp_path / "read.npz")
    theirs = np.load(tmp_path / "read.npz")["images"].astype(np.int16)
    assert np.abs(pixels - theirs).max() <= 2
