"""The report as files: the same twice, the reader's own text kept, later looks appended."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis import report
from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.planning.next_stage import next_stage
from ilsweep.analysis.records.files import append_line, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.report import (
    append_update,
    findings_json,
    ranking_json,
    ranking_text,
    write_reports,
)
from ilsweep.analysis.report.data import gather
from ilsweep.analysis.report.document import put_part
from ilsweep.analysis.report.history import read_snapshots, take_snapshot
from ilsweep.analysis.report.json_form import content_of, json_text
from ilsweep.analysis.report.render import render
from ilsweep.analysis.text import Lang
from tests.analysis.made_up import write_sweep, write_trial


def files_in(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def small(root: Path, steps: int = 100, ended: str = "2025-12-24T07:47:30+00:00") -> None:
    """Two imported runs of one metric."""
    for name, rate in (("r1", 1.0), ("r2", 2.0)):
        rows = [{"step": s, "train/loss": 10 / (rate * s)} for s in range(50, steps + 1, 50)]
        write_trial(root, name, rows, params={"name": name.upper()}, ended=ended)


def test_the_same_records_give_the_same_files(tmp_path: Path) -> None:
    write_sweep(tmp_path / "a", configs=3, seeds=1, steps=250)
    write_sweep(tmp_path / "b", configs=3, seeds=1, steps=250)
    write_reports(analyse(read_sweep(tmp_path / "a")))
    first = files_in(tmp_path / "a")
    write_reports(analyse(read_sweep(tmp_path / "a")))
    assert files_in(tmp_path / "a") == first
    write_reports(analyse(read_sweep(tmp_path / "b")))
    assert files_in(tmp_path / "b") == first
    for name in ("report.zh.md", "report.en.md", "report.json"):
        assert str(tmp_path) not in first[name].decode()


def test_curves_drawn_beside_the_rest_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sweep(tmp_path)
    analysis = analyse(read_sweep(tmp_path))
    plots = analysis.sweep.paths.plots
    write_reports(analysis)
    alone = files_in(plots)
    assert "curves.png" in alone
    for name in alone:
        (plots / name).unlink()
    monkeypatch.setattr(report.render, "MANY", 1)
    write_reports(analysis)
    assert files_in(plots) == alone


def test_a_report_has_its_parts_in_order(tmp_path: Path) -> None:
    report = gather(analyse(write_sweep(tmp_path, configs=12, seeds=3, steps=500)))
    headings = [line for line in render(report, "en").splitlines() if re.match("##? ", line)]
    assert headings == [
        "## Ranking",
        "## Runs",
        "## Findings",
        "## Why is ot_loss not falling steadily?",
        "## Hypotheses",
        "## Importance of the parameters",
        "## Next steps",
        "## How to reproduce",
    ]
    assert render(report, "en").startswith("**Question**: Which OT strength")
    assert "**问题**：Which OT strength" in render(report, "zh")


def test_every_picture_is_shown_once_and_exists(tmp_path: Path) -> None:
    write_reports(analyse(write_sweep(tmp_path, configs=12, seeds=1, steps=250)), langs=("en",))
    text = (tmp_path / "report.en.md").read_text()
    shown = re.findall(r"!\[[^]]*\]\(plots/([^)]+)\)", text)
    assert shown
    assert sorted(shown) == sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert all((tmp_path / "plots" / f).read_bytes()[:4] == b"\x89PNG" for f in shown)


NUMBER = re.compile(r"(?<![\w.#])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w|\.\d)", re.ASCII)


def numbers_in(value: Any) -> Iterator[float]:
    """All numbers of a JSON value: in texts, as keys and as lengths of lists, too."""
    if isinstance(value, dict):
        for item in (*value.keys(), *value.values()):
            yield from numbers_in(item)
    elif isinstance(value, list):
        yield len(value)
        for item in value:
            yield from numbers_in(item)
    elif isinstance(value, str):
        yield from map(float, NUMBER.findall(value))
    elif isinstance(value, int | float):
        yield value


def half_digit(shown: str) -> float:
    """How far a number may be from what is shown, rounded."""
    mantissa, _, power = shown.partition("e")
    return 0.5 * 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2])) * (1 + 1e-9)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_report_json_holds_every_number(tmp_path: Path, lang: Lang) -> None:
    """As it is shown, or as a share for a percentage; n reports have n - 1 changes."""
    report = gather(analyse(write_sweep(tmp_path, configs=5, seeds=3, steps=500)))
    known = np.array([*numbers_in(json.loads(json_text(content_of(report)))), 95])
    changes = [len(trial.curve("train/ot_loss")) - 1 for trial in report.analysis.sweep.trials]
    known = np.concatenate([known, 100 * known, changes])
    known = np.concatenate([known, -known])
    shown = 0
    for line in render(report, lang).splitlines():
        for number in NUMBER.findall(re.sub(r"`[^`]*`|\]\([^)]*\)", "", line)):
            assert np.abs(known - float(number)).min() <= half_digit(number), (number, line)
            shown += 1
    assert shown > 300


def test_own_text_around_and_between_survives(tmp_path: Path) -> None:
    small(tmp_path)
    write_reports(analyse(read_sweep(tmp_path)), langs=("zh",))
    path = tmp_path / "report.zh.md"
    text = path.read_text()
    path.write_text("preface\n\n" + text + "\n## 我们的看法\n- R1 更稳。\n")
    small(tmp_path, steps=200)
    write_reports(analyse(read_sweep(tmp_path)), langs=("zh",))
    after = path.read_text()
    assert after.startswith("preface\n\n# 实验阶段性报告\n")
    assert "## 我们的看法\n- R1 更稳。\n" in after
    assert after.count("ilsweep:begin report ") == 1


def test_a_run_that_went_on_is_appended_and_its_first_block_stays(tmp_path: Path) -> None:
    small(tmp_path)
    write_reports(analyse(read_sweep(tmp_path)))
    small(tmp_path, steps=200, ended="2025-12-25T10:11:00+00:00")
    for _ in range(2):  # the second time changes nothing
        write_reports(analyse(read_sweep(tmp_path)))
    zh, en = ((tmp_path / f"report.{lang}.md").read_text() for lang in ("zh", "en"))
    assert "- 训练总损失: 首=0.2, 末=0.1, 最优=0.1@100, Δ=-0.1 (-50.00%)" in zh
    update = zh.partition("## 实验记录更新（2025-12-25 10:11）")[2]
    assert "### R1_latest  [R1](trials/r1)" in update
    assert "  - 训练总损失: 首=0.2, 末=0.05, 最优=0.05@200\n" in update
    update = en.partition("## Report Update (2025-12-25 10:11)")[2]
    assert "### R2 (r2)\n- Link: trials/r2\n- Metrics:\n" in update
    assert "  - train/loss: first=0.1, last=0.025, best=0.025@200\n" in update
    assert zh.count("实验记录更新") == 1
    assert len(read_snapshots(SweepPaths(tmp_path))) == 2


def test_the_next_stage_is_told(tmp_path: Path) -> None:
    analysis = analyse(write_sweep(tmp_path, configs=6, seeds=1, steps=500))
    changes = next_stage(analysis).changes
    assert changes
    report = replace(gather(analysis), changes=changes)
    rows = render(report, "zh").partition("`ilsweep next` 所做的修改：\n\n")[2].splitlines()
    assert [row.split(" | ")[0] for row in rows[2 : 2 + len(changes)]] == [
        f"| `{change.path}`" for change in changes
    ]


def test_a_run_under_way_is_not_frozen(tmp_path: Path) -> None:
    small(tmp_path)
    write_atomic(SweepPaths(tmp_path).trial("r1").record, to_json({"state": "running"}))
    sweep = read_sweep(tmp_path)
    (look,) = take_snapshot(sweep.paths, sweep.trials)
    assert look.reached == {"r2": 100}


def test_a_later_stage_is_appended(tmp_path: Path) -> None:
    write_sweep(tmp_path / "one", configs=2, seeds=1, steps=250)
    later = analyse(write_sweep(tmp_path / "two", configs=2, seeds=1, steps=250, seed=7))
    path = tmp_path / "one" / "report.en.md"
    path.write_text("# Ours\n")
    note = "embedOnly (reg=1.0,tau=5,λ=0.1) <b>"
    for _ in range(2):
        append_update(path, later, lang="en", time="2025-12-24T10:11:00+00:00", note=note)
    text = path.read_text()
    assert text.startswith("# Ours\n")
    assert (
        text.count("## ACT-OT Report Update (2025-12-24 10:11)\n- Note: embedOnly (reg=1.0,") == 1
    )
    assert "λ=0.1) &lt;b&gt;\n" in text
    assert (
        "### act_ot (c000-s0)\n- Link: ../two/trials/c000-s0\n- Config:\n  - window_size=20, "
        in text
    )


@pytest.mark.parametrize("damage", ["begin", "end"])
def test_a_lost_marker_costs_no_text(damage: str) -> None:
    document = put_part("# Title\n", "report", ["old"]) + "\nmine\n"
    lines = [line for line in document.splitlines() if f"ilsweep:{damage}" not in line]
    after = put_part("\n".join(lines) + "\n", "report", ["new"])
    assert after == put_part(after, "report", ["new"])
    assert "mine" in after
    assert "new" in after


def test_an_empty_sweep_and_a_failed_one_are_reported(tmp_path: Path) -> None:
    (tmp_path / "empty" / "trials").mkdir(parents=True)
    write_trial(tmp_path / "failed", "t", [], state="failed", error="boom\n`x` | y")
    for name in ("empty", "failed"):
        write_reports(analyse(read_sweep(tmp_path / name)))
    text = (tmp_path / "failed" / "report.zh.md").read_text()
    assert "- 失败: `` `x` | y ``\n" in text


def test_what_the_commands_print(tmp_path: Path) -> None:
    analysis = analyse(write_sweep(tmp_path, configs=3, seeds=3, steps=500))
    rows = json.loads(ranking_json(analysis))["rows"]
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert ranking_text(analysis).splitlines()[1].lstrip().startswith("1  0.")
    (keys,) = {tuple(finding) for finding in json.loads(findings_json(analysis))["findings"]}
    assert {"id", "trial", "severity", "evidence", "explanation", "suggestions"} <= set(keys)


def test_torn_lines_of_looks_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    append_line(path, {"time": "2025-01-01", "reached": {"a": 5}})
    with path.open("a") as file:
        file.write('{"time": "2025-01-02", "reach')
    assert [look.reached for look in read_snapshots(SweepPaths(tmp_path))] == [{"a": 5}]
