"""Checkpoints that nothing needs are removed once a sweep has ended, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import FolderError, SpecError
from ilsweep.sweeps.store import checkpoints
from ilsweep.sweeps.store.sweep_dir import plan_of
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.workflow.confirm import candidates
from ilsweep.sweeps.workflow.postprocess import analysed, tidy
from ilsweep.sweeps.workflow.trained import trained
from tests.sweeps.coins import coins, finished


def left(paths: SweepPaths) -> dict[str, int]:
    """Trial to the number of its checkpoints."""
    folders = sorted(paths.trials.iterdir())
    return {f.name: len(list((f / "checkpoints").glob("*.ckpt"))) for f in folders}


def with_an_earlier_one(paths: SweepPaths) -> SweepPaths:
    """As a scheduler leaves a trial that it stopped, and as earlier versions left all of them."""
    for trial in paths.trials.iterdir():
        last = checkpoints.newest(trial / "checkpoints")
        assert last is not None
        checkpoints.path(trial / "checkpoints", 1).write_bytes(last.read_bytes())
    return paths


def pruned(root: Path, **changes: Any) -> SweepPaths:
    paths = with_an_earlier_one(finished(root, coins(**changes)))
    tidy(analysed(paths.root))
    return paths


def test_the_last_of_each_trial_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = pruned(tmp_path / "coins")
    assert set(left(paths).values()) == {1}
    said = capsys.readouterr().err
    assert said.startswith("checkpoints: 4 files removed, ")
    assert said.strip().endswith(" MB; kept: the last of each trial")
    tidy(analysed(paths.root))
    assert capsys.readouterr().err == ""  # there is nothing more to remove
    assert trained(paths.trials / "c0000-s0").config.steps == 2


def test_with_a_number_those_of_the_first_configurations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = pruned(tmp_path / "coins", keep_checkpoints=1)
    first, second = (row.config_id for row in analysed(paths.root).ranking.rows)
    assert left(paths) == {f"{c}-s{s}": int(c == first) for c in (first, second) for s in (0, 1)}
    assert "6 files removed" in capsys.readouterr().err
    assert main(["best", str(paths.root)]) == 0
    capsys.readouterr()
    with pytest.raises(
        FolderError, match=r"removed when the sweep had ended \(keep_checkpoints: 1"
    ):
        trained(paths.trials / f"{second}-s0")
    order = [(c, [f"{c}-s0", f"{c}-s1"]) for c in (second, first)]
    (only,) = candidates(plan_of(paths), read_sweep(paths.root), order, 2)
    assert only.config_id == first
    said = capsys.readouterr().err
    assert f"{second}: removed when the sweep had ended (keep_checkpoints: 1)" in said
    assert f"training it again: ilsweep run {paths.spec}" in said


def test_a_sweep_that_goes_on_keeps_all(tmp_path: Path) -> None:
    paths = with_an_earlier_one(finished(tmp_path / "coins", coins(keep_checkpoints=1)))
    write_atomic(paths.trial("c0001-s1").record, to_json({"state": "running"}))
    tidy(analysed(paths.root))
    assert set(left(paths).values()) == {2}


def test_a_failed_trial_keeps_what_it_goes_on_from(tmp_path: Path) -> None:
    paths = with_an_earlier_one(finished(tmp_path / "coins", coins(keep_checkpoints=1)))
    first, second = (row.config_id for row in analysed(paths.root).ranking.rows)
    write_atomic(paths.trial(f"{second}-s1").record, to_json({"state": "failed", "error": "x"}))
    tidy(analysed(paths.root))
    found = left(paths)
    assert [found[f"{c}-s{s}"] for c in (first, second) for s in (0, 1)] == [1, 1, 0, 2]


def test_one_that_cannot_be_read_costs_nothing(tmp_path: Path) -> None:
    paths = with_an_earlier_one(finished(tmp_path / "coins", coins()))
    folder = paths.trial("c0000-s0").checkpoints
    checkpoints.path(folder, 2).write_bytes(b"torn")
    tidy(analysed(paths.root))
    assert checkpoints.newest(folder) == checkpoints.path(folder, 1)


@pytest.mark.parametrize("after", range(6))
def test_a_kill_on_the_way_loses_nothing_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    paths = with_an_earlier_one(finished(tmp_path / "coins", coins(keep_checkpoints=1)))
    first = analysed(paths.root).ranking.rows[0].config_id
    unlink = Path.unlink
    done: list[Path] = []

    def killed(path: Path, **options: Any) -> None:
        if path.suffix == ".ckpt" and len(done) == after:
            raise KeyboardInterrupt
        done.append(path)
        unlink(path, **options)

    analysis = analysed(paths.root)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            tidy(analysis)
    for seed in (0, 1):
        assert trained(paths.trials / f"{first}-s{seed}").config.steps == 2
    tidy(analysed(paths.root))  # as `ilsweep resume` does
    assert sorted(left(paths).values()) == [0, 0, 1, 1]


def test_nothing_of_a_command_is_removed() -> None:
    spec = {"name": "x", "trainer": "command", "params": {"steps": 1}, "keep_checkpoints": 1,
            "command": {"argv": ["python"], "metrics": "json_lines"},
            "objective": {"metric": "train/loss", "mode": "min"}}  # fmt: skip
    with pytest.raises(SpecError, match="keep_checkpoints: what a command writes is its own"):
        check(spec)
