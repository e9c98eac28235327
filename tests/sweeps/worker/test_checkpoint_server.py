"""Checkpoints of workers that do not see the sweep's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.spec.trial_config import ServerAddress, SharedConfig
from ilsweep.sweeps.store import checkpoints
from ilsweep.sweeps.worker import checkpoint_server
from ilsweep.sweeps.worker.training_loop import TrainingLoop
from tests.sweeps.alone import alone
from tests.sweeps.specs import REGRESSION, regression

PARAMS: dict[str, Any] = regression()["params"]


class Wired:
    """A trial's checkpoints at a server, without Ray between them."""

    def __init__(self, store: checkpoint_server.CheckpointServer, trial_id: str) -> None:
        self._store, self._trial_id = store, trial_id

    def put(self, step: int, content: bytes, *, last: bool = False) -> None:
        if trouble := self._store.put(self._trial_id, step, content, last):
            raise OSError(*trouble)

    def newest(self) -> bytes | None:
        return self._store.newest(self._trial_id)


def hosting(store: checkpoints.CheckpointStore) -> TrainingLoop:
    return alone(PARAMS, store, seed=3)


def test_a_trial_goes_on_from_the_server_and_leaves_no_file_of_its_own(tmp_path: Path) -> None:
    whole = hosting(checkpoints.CheckpointFolder(tmp_path / "whole"))
    expected = [whole.train_to_report() for _ in range(4)]
    store = checkpoint_server.CheckpointServer(str(tmp_path / "sweep"))
    first = hosting(Wired(store, "c0000-s3"))
    assert [first.train_to_report() for _ in range(3)] == expected[:3]
    elsewhere = hosting(Wired(store, "c0000-s3"))
    assert elsewhere.resume() == 20
    assert [elsewhere.train_to_report() for _ in range(2)] == expected[2:]
    assert not (tmp_path / "nowhere").exists()
    kept = SweepPaths(tmp_path / "sweep").trial("c0000-s3").checkpoints
    assert checkpoints.newest(kept) == checkpoints.path(kept, 40)


def test_what_the_head_cannot_write_is_no_fault_of_the_trial(tmp_path: Path) -> None:
    (tmp_path / "sweep").write_text("a file in the folder's place")
    worker = hosting(Wired(checkpoint_server.CheckpointServer(str(tmp_path / "sweep")), "c0000-s3"))
    worker.train_to_report()
    with pytest.raises(checkpoints.CheckpointError, match="Not a directory"):
        worker.train_to_report()


def test_a_worker_that_sees_the_mark_writes_files(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    here = checkpoints.CheckpointFolder(SweepPaths(tmp_path).trial("c0000-s3").checkpoints)
    for server in (None, ServerAddress("none", str(mark))):
        shared = SharedConfig(REGRESSION, str(tmp_path), ("eval/loss",), server=server)
        assert checkpoint_server.store_of(shared, "c0000-s3") == here
