"""The blocks of the known report, to the character."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ilsweep.analysis.records.curves import curves_of
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.report.run_block import block_en, stage_block_zh, update_block_zh
from ilsweep.analysis.report.runs import run_of
from tests.analysis.known_report import Printed, json_lines, read_blocks


def record(block: Printed) -> TrialRecord:
    head, *rows = (json.loads(line) for line in json_lines(block).splitlines())
    run: dict[str, Any] = head["run"]
    curves = curves_of(rows)
    return TrialRecord(
        id=run["id"],
        config_id=run["id"],
        seed=None,
        params={"policy.type": "act", **run["config"]},
        searched={},
        state="completed",
        steps=max(int(curve.steps[-1]) for curve in curves.values()),
        name=run["name"],
        url=run["url"],
        curves=curves,
    )


def test_the_excerpts_hold_all_known_blocks() -> None:
    files = ("known_stage.md", "known_update_zh.md", "known_update_en.md")
    assert [len(read_blocks(file)) for file in files] == [3, 3, 1]
    assert all(len(b.metrics) == 7 for file in files for b in read_blocks(file))


@pytest.mark.parametrize("block", read_blocks("known_stage.md"), ids=lambda b: b.run["name"])
def test_stage_block(block: Printed) -> None:
    assert stage_block_zh(run_of(record(block))) == block.lines


@pytest.mark.parametrize("block", read_blocks("known_update_zh.md"), ids=lambda b: b.run["name"])
def test_update_block(block: Printed) -> None:
    assert update_block_zh(run_of(record(block)), known=True) == block.lines


def test_english_block() -> None:
    (block,) = read_blocks("known_update_en.md")
    assert block_en(run_of(record(block))) == block.lines
