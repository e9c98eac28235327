"""Offline wandb runs, written by wandb itself."""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.analysis.importers import UnknownFormat
from ilsweep.analysis.importers.formats.leveldb_log import BLOCK, FILE_HEADER, FULL, MAGIC, records
from ilsweep.analysis.importers.formats.wandb_file import update
from tests.analysis.importers.test_importers import imported, points

STEPS = 400


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A real run with enough reports to fill several blocks."""
    import wandb

    folder = tmp_path_factory.mktemp("wandb")
    settings = wandb.Settings(
        mode="offline", console="off", silent=True, disable_git=True,
        x_disable_stats=True, x_disable_meta=True,
    )  # fmt: skip
    config = {"policy": {"type": "act"}, "ot": {"reg": 2.0, "tau": [10, 10]}, "seed": 3}
    run = wandb.init(
        project="p", id="m55wsgj6", name="R1", dir=folder, config=config, settings=settings
    )
    run.config.update({"ot": {"reg": 3.0, "tau": [10, 10]}}, allow_val_change=True)
    for step in range(0, STEPS, 2):
        row = {"train/loss": 1 / (step + 1), "deep": {"er": step}, "note": "x" * 200}
        if step % 100 == 0:
            row["eval/pc_success"] = math.nan if step == 100 else step / 10
        run.log(row, step=step)
    run.finish()
    wandb.teardown()  # its service writes the end after `finish`, and would serve later tests, too
    (file,) = folder.rglob("*.wandb")
    return file.read_bytes()


def test_a_run_is_read_whole(run_file: bytes, tmp_path: Path) -> None:
    trial = imported(tmp_path, run_file, "run-m55wsgj6.wandb")
    assert (trial.id, trial.name, trial.state, trial.seed) == ("m55wsgj6", "R1", "completed", 3)
    assert trial.params["ot.reg"] == 3
    assert trial.params["ot.tau"] == [10, 10]
    assert points(trial, "train/loss") == {s: 1 / (s + 1) for s in range(0, STEPS, 2)}
    assert trial.last("deep/er") == STEPS - 2
    success = points(trial, "eval/pc_success")
    assert [success[s] for s in (0, 200, 300)] == [0, 20, 30]
    assert math.isnan(success[100])
    assert set(trial.curves) == {"train/loss", "deep/er", "eval/pc_success"}
    assert trial.ended.startswith("20")
    assert len(run_file) > 2 * BLOCK


def test_a_torn_file_gives_what_it_holds(run_file: bytes, tmp_path: Path) -> None:
    trial = imported(tmp_path, run_file[: len(run_file) // 2], "torn.wandb")
    whole = {s: 1 / (s + 1) for s in range(0, STEPS, 2)}
    found = points(trial, "train/loss")
    assert trial.state == "running"
    assert 50 < len(found) < len(whole)
    assert found.items() <= whole.items()


@given(at=st.integers(0, 3 * BLOCK), garbage=st.binary(min_size=1, max_size=50))
def test_damage_costs_no_more_than_two_blocks(run_file: bytes, at: int, garbage: bytes) -> None:
    at = FILE_HEADER.size + at % (len(run_file) - FILE_HEADER.size - len(garbage))
    damaged = run_file[:at] + garbage + run_file[at + len(garbage) :]
    whole, found = records(run_file), records(damaged)
    assert set(found) <= set(whole)
    assert sum(map(len, whole)) - sum(map(len, found)) <= 2 * BLOCK


@pytest.mark.parametrize("start", [0, FILE_HEADER.size])
@given(sizes=st.lists(st.integers(0, 3 * BLOCK), max_size=5))
def test_both_ways_of_counting_blocks_are_read(start: int, sizes: list[int]) -> None:
    payload = [bytes([i % 251]) * size for i, size in enumerate(sizes)]
    assert records(written(payload, start)) == payload


def written(payload: list[bytes], start: int) -> bytes:
    """The records in the log's format, blocks counted from `start`."""
    content = FILE_HEADER.pack(b":W&B", MAGIC, 0)
    for record in payload:
        begin, kind = True, 0
        while begin or record:
            room = BLOCK - (len(content) - start) % BLOCK
            if room < 7:
                content += bytes(room)
                continue
            part, record = record[: room - 7], record[room - 7 :]
            kind = (FULL if not record else 2) if begin else (4 if not record else 3)
            checksum = zlib.crc32(bytes([kind]) + part)
            content += struct.pack("<IHB", checksum, len(part), kind) + part
            begin = False
    return content


def test_an_empty_wandb_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat):
        imported(tmp_path, FILE_HEADER.pack(b":W&B", MAGIC, 0), "run-x.wandb")


def test_a_nested_key_is_removed_alone() -> None:
    from wandb.proto.wandb_internal_pb2 import ConfigRecord

    change = ConfigRecord()
    for keys in (["ot", "tau"], ["gone", "x"], ["seed", "x"], ["lr"]):
        change.remove.add().nested_key.extend(keys)
    config = {"ot": {"reg": 2.0, "tau": 1}, "seed": 3, "lr": 0.1}
    update(config, change)
    assert config == {"ot": {"reg": 2.0}, "seed": 3}
