"""`predictions.json`: read whole, or what of it is sound."""

from __future__ import annotations

from pathlib import Path

from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.analysis.records.predictions import Predictions, read_predictions
from tests.analysis.page.filmed import PREDICTED


def test_what_is_written_is_read(tmp_path: Path) -> None:
    paths = TrialPaths(tmp_path)
    assert read_predictions(paths) == Predictions()
    write_atomic(paths.predictions, to_json(PREDICTED))
    found = read_predictions(paths)
    assert [path.points for path in found.paths] == [((0.0, 0.0, 0.0), (0.1, 0.1, 0.1))]
    assert [number.predicted[-1] for number in found.actions] == [0.9, 3.0]
    assert found.plan == ((0.5, 0.0), (0.0, 0.5))


def test_damaged_entries_are_left_out(tmp_path: Path) -> None:
    paths = TrialPaths(tmp_path)
    sound = {"seed": 1, "frame": 0, "points": [[0, 1], [2, 3]]}
    damaged = [
        {**sound, "points": [[0, 1], ["x", 3]]}, {**sound, "points": [[0, 1]]},
        {**sound, "points": [[0, None], [1, 1]]}, {**sound, "seed": "</script>"}, None, 7,
    ]  # fmt: skip
    ranges = [{"name": "x", "unit": "m", "shown": [0, 1, 2], "predicted": [0, 1, 2, 3]}]
    kept = {"paths": [*damaged, sound], "actions": ranges, "plan": [[1, 2], [3]]}
    write_atomic(paths.predictions, to_json(kept))
    found = read_predictions(paths)
    assert [path.points for path in found.paths] == [((0.0, 1.0), (2.0, 3.0))]
    assert (found.actions, found.plan) == ((), ())
    for text in ("[]", "{", '{"paths": 3, "actions": {}, "plan": [1]}'):
        paths.predictions.write_text(text)
        assert read_predictions(paths) == Predictions()
