"""Training losses of other policies are in no order; with one alone it is said what to log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.headline import headline
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.page.content import drawings
from ilsweep.analysis.ranking.model import Ranking
from ilsweep.analysis.report.data import gather
from ilsweep.analysis.report.output import ranking_text
from ilsweep.analysis.report.rows import trial_rows
from ilsweep.analysis.report.sections.ranking import ranking_table
from ilsweep.analysis.summary_text import lead_and_more
from tests.analysis.importers.logs import (
    eval_info,
    falling,
    imported,
    lerobot_config,
    lerobot_log,
    write,
)


def ranking(folder: Path, *changes: dict[str, Any], success: bool = False) -> tuple[Ranking, str]:
    for i, change in enumerate(changes):
        config = lerobot_config(seed=i, **change)
        write(folder, {f"r{i}/train.log": lerobot_log(falling(scale=i + 1), config)})
        if success:
            write(folder, {f"r{i}/eval_info.json": eval_info([True] * i + [False] * 3)})
    imported(folder, *(f"r{i}" for i in range(len(changes))))
    analysis = analyse(read_sweep(folder / "out"))
    lead, more = lead_and_more(analysis.ranking)
    return analysis.ranking, f"{ranking_text(analysis)}\n{(lead + more).en}"


@pytest.mark.parametrize(
    "change",
    [{"policy__type": "smolvla"}, {"policy__kl_weight": 5.0}, {"policy__use_vae": False},
     {"policy__normalization_mapping": {"ACTION": "MIN_MAX"}}],
)  # fmt: skip
def test_losses_without_a_common_scale_are_in_no_order(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    found, text = ranking(tmp_path, {}, change)
    assert found.no_order is not None
    assert found.best is None
    assert "No order: the runs differ in" in text
    assert "eval/pc_success" in text
    assert not any(line.lstrip().startswith("1 ") for line in text.splitlines())
    assert headline(found).startswith("No order: the runs differ in")
    report = gather(analyse(read_sweep(tmp_path / "out")))
    assert all(row["rank"] == "" for row in drawings(report)["ranking"])
    assert all(row["rank"] is None for row in trial_rows(report.analysis))
    head, _, *rows = ranking_table(report, "en")
    assert rows
    assert "#" not in head, "no rank, none by loss alone"
    assert not any("#" in row for row in rows)


def test_losses_of_one_kind_are_ordered_and_it_is_said_what_they_lack(tmp_path: Path) -> None:
    found, text = ranking(tmp_path, {}, {"optimizer__lr": 1e-3})
    assert found.no_order is None
    assert "nothing here tells what the robot does" in text


def test_success_has_a_scale_whatever_the_policy(tmp_path: Path) -> None:
    found, text = ranking(tmp_path, {}, {"policy__type": "smolvla"}, success=True)
    assert (found.metric, found.no_order) == ("eval/pc_success", None)
    assert "nothing here tells" not in text


def test_one_run_by_a_training_loss_says_nothing_of_the_robot_either(tmp_path: Path) -> None:
    found, text = ranking(tmp_path, {})
    assert found.best is not None
    assert "train/loss is all that was logged" in text
    assert "all that was logged" not in ranking(tmp_path / "b", {}, success=True)[1]
