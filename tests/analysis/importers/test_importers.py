"""Foreign runs become records: by content, under safe ids, later looks joined to earlier ones."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.importers import FORMATS, NoReports, UnknownFormat, import_runs
from ilsweep.analysis.importers.params import canonical
from ilsweep.analysis.importers.store import safe_id
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.report import write_reports
from tests.analysis.known_report import json_lines, read_blocks

HEAD = {"run": {"id": "m55wsgj6", "name": "R1", "url": "https://wandb.ai/x/y/runs/m55wsgj6"}}


def lines(*objects: Any) -> str:
    return "".join(json.dumps(item) + "\n" for item in objects)


def imported(tmp_path: Path, text: str | bytes, name: str = "run.txt") -> TrialRecord:
    """The only run in a file."""
    file = tmp_path / "in" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    (trial_id,) = import_runs([file], tmp_path / "sweep")
    return next(t for t in read_sweep(tmp_path / "sweep").trials if t.id == trial_id)


def points(trial: TrialRecord, metric: str) -> dict[int, float]:
    curve = trial.curve(metric)
    return dict(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def test_json_lines(tmp_path: Path) -> None:
    rows = [{"step": 50, "train/loss": 2.5, "ot_pi_sum": 0.5}, {"step": 100, "train/loss": None}]
    trial = imported(tmp_path, lines(HEAD, *rows))
    assert (trial.id, trial.name, trial.state) == ("m55wsgj6", "R1", "completed")
    assert trial.url == HEAD["run"]["url"]
    assert points(trial, "train/ot_pi_sum") == {50: 0.5}
    assert trial.curve("train/loss").values[0] == 2.5
    assert math.isnan(trial.curve("train/loss").values[1])


def test_several_runs_in_one_file(tmp_path: Path) -> None:
    text = lines({"run": {"id": "a"}}, {"step": 1, "train/loss": 1}, {"run": {"id": "b"}})
    file = tmp_path / "two.jsonl"
    file.write_text(text + lines({"step": 1, "train/loss": 2}))
    assert import_runs([file], tmp_path / "sweep") == ["a", "b"]


def test_bare_metrics_of_a_trial(tmp_path: Path) -> None:
    trial = imported(tmp_path, lines({"step": 5, "attempt": 1, "train/loss": 1.5}), "metrics.jsonl")
    assert trial.id == "in"
    assert points(trial, "train/loss") == {5: 1.5}


def test_a_longer_look_continues_the_run_and_a_shorter_one_changes_nothing(tmp_path: Path) -> None:
    rows = [{"step": s, "train/loss": 1 / s} for s in (50, 100, 150)]
    for part in (rows[:2], rows, rows[:1]):
        trial = imported(tmp_path, lines(HEAD, *part))
    assert points(trial, "train/loss") == {50: 1 / 50, 100: 1 / 100, 150: 1 / 150}


def test_another_run_of_the_same_id_is_kept_apart(tmp_path: Path) -> None:
    first = imported(tmp_path, lines({"step": 1, "train/loss": 1.0}), "a.jsonl")
    (tmp_path / "other").mkdir()
    file = tmp_path / "other" / "a.jsonl"
    file.write_text(lines({"step": 1, "train/loss": 2.0}))
    assert first.id == "a"
    assert import_runs([file], tmp_path / "sweep") == ["a-2"]


@given(st.text(max_size=200))
def test_ids_are_safe_file_names(text: str) -> None:
    name = safe_id(text)
    assert name.isascii()
    assert 0 < len(name) <= 80
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert not name.startswith(".")
    assert safe_id(name) == name


@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "what.log"
    file.write_bytes(content)
    with pytest.raises(UnknownFormat, match="is empty; valid: a log"):
        import_runs([file], tmp_path / "sweep")


@pytest.mark.parametrize("content", [b"hello\n", b"\x00\xff" * 99, b'{"a": 1}', b"[1, 2]"])
def test_an_unknown_format_names_the_known_ones(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "what.bin"
    file.write_bytes(content)
    with pytest.raises(UnknownFormat) as caught:
        import_runs([file], tmp_path / "sweep")
    assert all(entry.title in str(caught.value) for entry in FORMATS)
    assert not (tmp_path / "sweep").exists()


def test_a_known_format_without_reports_says_so(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text(lines(HEAD))
    with pytest.raises(NoReports, match=r"r\.jsonl: looks like JSON lines"):
        import_runs([file], tmp_path / "sweep")


def test_a_torn_list_gives_what_it_holds(tmp_path: Path) -> None:
    text = json.dumps([{"_step": i, "train/loss": float(i)} for i in range(9)])
    trial = imported(tmp_path, text[:-30], "h.json")
    assert 5 < len(points(trial, "train/loss")) < 9


def test_nothing_is_written_where_one_file_is_unknown(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.txt"
    good.write_text(lines(HEAD, {"step": 1, "train/loss": 1}))
    bad.write_text("nothing\n")
    with pytest.raises(UnknownFormat):
        import_runs([good, bad], tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


def test_parameters_get_the_contracts_names() -> None:
    config = {"policy": {"kl_weight": 10, "optimizer_lr_backbone": 1e-5}, "ot": {"reg": 2}}
    assert canonical(config) == {"kl_weight": 10, "lr_backbone": 1e-5, "ot.reg": 2}
    assert canonical({"lambda_ot": 0.1, "ot_tau": 5}) == {"ot.lambda_ot": 0.1, "ot.tau": 5}


def test_runs_that_differ_in_their_seed_are_one_configuration(tmp_path: Path) -> None:
    files = []
    for i, (kl, seed) in enumerate([(1, 0), (1, 1), (10, 0)]):
        config = {"kl_weight": kl, "seed": seed, "output_dir": f"out/{i}"}
        file = tmp_path / f"r{i}.jsonl"
        run = {"run": {"id": f"r{i}", "config": config}}
        file.write_text(lines(run, {"step": 1, "train/loss": 1.0 + i}))
        files.append(file)
    import_runs(files, tmp_path / "sweep")
    a, b, c = read_sweep(tmp_path / "sweep").trials
    assert a.config_id == b.config_id != c.config_id
    assert [t.seed for t in (a, b, c)] == [0, 1, 0]
    assert [t.searched for t in (a, b, c)] == [
        {"kl_weight": 1},
        {"kl_weight": 1},
        {"kl_weight": 10},
    ]


def test_a_csv_of_the_web_page(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text(
        '"Step","act-1 - train/loss","act-1 - train/loss__MIN","b | c - train/loss"\n'
        '"50","2.5","2.5",""\n"100","1.5","1.5","7"\n'
    )
    ids = import_runs([file], tmp_path / "sweep")
    trials = {t.id: t for t in read_sweep(tmp_path / "sweep").trials}
    assert ids == ["act-1", "b-c"]
    assert points(trials["act-1"], "train/loss") == {50: 2.5, 100: 1.5}
    assert points(trials["b-c"], "train/loss") == {100: 7.0}


@pytest.mark.parametrize("as_list", [True, False])
def test_history_of_the_api(tmp_path: Path, as_list: bool) -> None:
    rows = [
        {"_step": 0, "_timestamp": 1.7e9, "train/loss": 2.0, "eval": {"pc_success": None}},
        {"_step": 10, "train/loss": "NaN", "eval": {"pc_success": 40}},
    ]
    trial = imported(tmp_path, json.dumps(rows) if as_list else lines(*rows), "h.json")
    assert points(trial, "eval/pc_success") == {10: 40.0}
    assert list(trial.curves) == ["train/loss", "eval/pc_success"]


def test_the_known_report_from_json_lines(tmp_path: Path) -> None:
    """First looks, later looks at the same runs: every block as printed, in both languages."""
    first, later = read_blocks("known_stage.md"), read_blocks("known_update_zh.md")
    (english,) = read_blocks("known_update_en.md")
    looks = [(first, "2025-12-23T01:02:03"), (later, "2025-12-24T07:47:59")]
    for blocks, time in looks:
        files = []
        for block in blocks:
            files.append(tmp_path / f"{block.run['name']}.jsonl")
            head, _, rows = json_lines(block).partition("\n")
            run = json.loads(head)["run"] | {"ended": time}
            files[-1].write_text(json.dumps({"run": run}) + "\n" + rows)
        import_runs(files, tmp_path / "sweep")
        write_reports(analyse(read_sweep(tmp_path / "sweep")))
    other = tmp_path / "act.jsonl"
    other.write_text(json_lines(english))
    import_runs([other], tmp_path / "other")
    write_reports(analyse(read_sweep(tmp_path / "other")), langs=("en",))

    report = (tmp_path / "sweep" / "report.zh.md").read_text()
    assert report.startswith("# ACT-OT 实验阶段性报告\n")
    assert "## 实验记录更新（2025-12-24 07:47）\n" in report
    for block in (*first, *later):
        assert "\n".join(block.lines) + "\n" in report
    text = (tmp_path / "other" / "report.en.md").read_text()
    assert "\n".join(english.lines) + "\n" in text


def test_the_time_of_a_run_is_its_files(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text(lines(HEAD, {"step": 1, "train/loss": 1}))
    os.utime(file, (1.7e9, 1.7e9))
    import_runs([file], tmp_path / "sweep")
    (trial,) = read_sweep(tmp_path / "sweep").trials
    assert trial.ended == "2023-11-14T22:13:20+00:00"


def test_a_secret_in_a_foreign_configuration_is_not_kept(tmp_path: Path) -> None:
    config = {
        "lr": 1e-4, "wandb": {"api_key": "x1y2z3"}, "hub": {"hf_token": "abc"},
        "image_key": "top", "cls_token": True, "db_password": "a", "max_tokens": 5,
    }  # fmt: skip
    head = {"run": {"id": "r", "config": config}}
    trial = imported(tmp_path, lines(head, {"step": 1, "train/loss": 1.0}))
    assert trial.params == {
        "lr": 1e-4, "wandb.api_key": "***", "hub.hf_token": "***", "image_key": "top",
        "cls_token": True, "db_password": "***", "max_tokens": 5,
    }  # fmt: skip
