"""What is wrong with a LeRobotDataset v3, or with what is asked of it, is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from ilsweep.trainers.data.lerobot.config import LeRobotDataConfig
from ilsweep.trainers.data.lerobot.layout import layout
from ilsweep.trainers.data.mistakes import UnusableData
from tests.trainers.data.lerobot_sets import TABLE, change, read, says, written


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"state": "state"}, "data.state: not in the data set, got 'state'; valid: observation.st"),
        ({"action": "actions"}, "data.action: not in the data set"),
        ({"action": "observation.images.top"}, "no vector of numbers (shape [24, 32, 3])"),
        ({"cameras": ["wrist"]}, "data.cameras: not in the data set, got 'wrist'; valid: top"),
        ({"observation": "state"}, "observation.environment_state is not there"),
        ({"image_size": [48, 64]}, "at most 24 x 32"),
        ({"episodes": 7}, "more than the data set has, got '7'; valid: at most 6"),
        ({"holdout": 0.95}, "leaves no episode for training"),
    ],
)
def test_what_is_asked_for_and_not_there(tmp_path: Path, asked: dict[str, Any], what: str) -> None:
    _, root = written(tmp_path)
    assert what in says(root, **asked)


@pytest.mark.parametrize(
    ("version", "what"),
    [("v2.1", "convert_dataset_v21_to_v30"), ("v4.0", "not known here"), ("v3.1", "")],
)
def test_the_version(tmp_path: Path, version: str, what: str) -> None:
    _, root = written(tmp_path)
    change(root / "meta/info.json", lambda info: {**info, "codebase_version": version})
    if what:
        assert what in says(root)
    else:
        read(root)


def _nan(table: pa.Table) -> pa.Table:
    values = table.column("action").to_pylist()
    values[15] = [float("nan")] * len(values[15])  # the first episode has 12 frames
    place = table.schema.get_field_index("action")
    column = pa.array(values, table.schema.field("action").type)
    return table.set_column(place, "action", column)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (_nan, "action is not finite in episode 1, frame 3"),
        (lambda table: table.slice(0, 20), "hold 2 of 6 episodes"),
        (lambda table: table.drop_columns(["action"]), "file-000.parquet cannot be read"),
    ],
)
def test_a_damaged_table_is_said(
    tmp_path: Path, damage: Callable[[pa.Table], pa.Table], what: str
) -> None:
    _, root = written(tmp_path)
    parquet.write_table(damage(parquet.read_table(root / TABLE)), root / TABLE)
    assert what in says(root)


def test_no_data_set_at_all(tmp_path: Path) -> None:
    assert "no data set: meta/info.json is not there" in says(tmp_path)
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/info.json").write_text("{")
    assert "info.json is damaged: it: Invalid JSON" in says(tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_description_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """One value of a sound description, replaced by anything that JSON can say."""
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=4,
    )
    feature: dict[str, Any] = {"dtype": "float32", "shape": [3], "names": None}
    camera: dict[str, Any] = {"dtype": "image", "shape": [32, 32, 3], "names": None}
    features: dict[str, Any] = {
        "observation.state": feature,
        "action": feature,
        "observation.images.top": camera,
    }
    info: dict[str, Any] = {
        "codebase_version": "v3.0",
        "fps": 10,
        "total_episodes": 3,
        "features": features,
    }
    part: dict[str, Any] = dict(data.draw(st.sampled_from([info, feature, features])))
    part[data.draw(st.sampled_from([*part]))] = data.draw(anything)
    if "dtype" in part:
        part = {**features, "action": part}
    changed = part if "fps" in part else {**info, "features": part}
    root = tmp_path_factory.mktemp("any")
    (root / "meta").mkdir()
    (root / "meta/info.json").write_text(json.dumps(changed))
    try:
        found = layout(LeRobotDataConfig(root=root))
    except UnusableData as error:
        assert str(error).startswith("data.")
    else:
        assert found.fps > 0
        assert found.heldout_episodes < found.episodes


def test_a_camera_cannot_lead_out_of_the_cache(tmp_path: Path) -> None:
    _, root = written(tmp_path)
    text = (root / "meta/info.json").read_text()
    (root / "meta/info.json").write_text(text.replace("images.top", "images.a/../../../b"))
    assert "no name for a camera" in says(root)


def test_a_broken_image_is_said(tmp_path: Path) -> None:
    _, root = written(tmp_path)
    table = parquet.read_table(root / TABLE)
    key = "observation.images.top"
    cells = table.column(key).to_pylist()
    cells[3] = {"bytes": cells[3]["bytes"][:60], "path": None}
    place = table.schema.get_field_index(key)
    table = table.set_column(place, key, pa.array(cells, table.schema.field(key).type))
    parquet.write_table(table, root / TABLE)
    assert f"{key} has a broken image" in says(root)
