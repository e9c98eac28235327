"""Fresh episodes: no seed twice, the same for all, early ends, kept and reported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.regression import RegressionConfig
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.curves import read_lines
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.store.sweep_dir import plan_of
from ilsweep.sweeps.workflow import confirm, postprocess
from ilsweep.trainers.evaluation.rollout import EVALUATION_SEEDS
from tests.analysis.strategies import trial
from tests.sweeps.coins import Coin, coins, finished

ROOT = Path(__file__).parents[3]


@contextmanager
def at_home(count: int, threads: int) -> Iterator[Executor]:
    """One thread of this process in the place of the workers."""
    confirm._loaded.clear()
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "process_pool", at_home)


def seeds_of(paths: SweepPaths) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in read_lines(paths.confirm):
        found.setdefault(row["config_id"], []).extend(map(int, row["episodes"]))
    return found


@pytest.mark.usefixtures("_at_home")
def test_a_clear_answer_ends_early_and_stands_in_the_reports(tmp_path: Path) -> None:
    paths = finished(tmp_path / "coins", coins())
    found = postprocess.confirm(paths.root, 2, 200)
    good, bad = (next(row for row in found.rows if row.config_id == c) for c in ("c0000", "c0001"))
    assert bad.beaten_by == ("c0000",)
    assert found.standing == ("c0000",)
    assert good.n == bad.n < 60
    assert 0.9 in good.interval
    assert 0.3 in bad.interval
    assert bad.chosen is not None
    assert (bad.chosen.k, bad.chosen.n) == (20, 20)
    assert bad.change == pytest.approx(bad.rate - 1)
    content = json.loads(paths.report_json.read_text())
    rows = {row["config_id"]: row for row in content["confirmation"]["rows"]}
    assert (rows["c0001"]["k"], rows["c0001"]["n"]) == (bad.k, bad.n)
    for lang, title in (("en", "## Confirmed on fresh episodes"), ("zh", "## 全新回合的验证")):
        text = paths.report(lang).read_text()
        assert title in text
        assert f"{bad.k}/{bad.n}" in text
        assert "20/20" in text


@pytest.mark.usefixtures("_at_home")
def test_no_seed_is_ever_tried_twice_and_all_meet_the_same(tmp_path: Path) -> None:
    paths = finished(tmp_path / "coins", coins(space={"width": {"choice": [50, 51]}}))
    for calls in (1, 2):
        found = postprocess.confirm(paths.root, 2, 25)
        seeds = seeds_of(paths)
        assert seeds["c0000"] == seeds["c0001"] == sorted(set(seeds["c0000"]))
        assert len(seeds["c0000"]) == 25 * calls
        assert not set(seeds["c0000"]) & set(EVALUATION_SEEDS)
        assert min(seeds["c0000"]) > max(EVALUATION_SEEDS)
        assert found.rows[0].n == 25 * calls
    tried = {e["trial"] for row in read_lines(paths.confirm) for e in row["episodes"].values()}
    assert tried == {"c0000-s0", "c0000-s1", "c0001-s0", "c0001-s1"}


@pytest.mark.usefixtures("_at_home")
def test_a_seed_that_a_trial_logged_is_not_fresh(tmp_path: Path) -> None:
    paths = finished(tmp_path / "coins", coins())
    used = confirm.BEYOND + 7
    with paths.trial("c0000-s0").metrics.open("a") as file:
        file.write(json.dumps({"step": 2, f"eval/episode/{used}": 1.0}) + "\n")
    assert next(confirm.fresh_seeds(read_sweep(paths.root))) == used + 1


def test_the_draw_of_a_policy_is_even_and_the_same_for_all() -> None:
    trials = tuple(trial(id=f"t{i}") for i in range(3))
    first, second = (confirm.Candidate(c, trials) for c in "ab")
    drawn = [first.drawn(seed) for seed in range(confirm.BEYOND, confirm.BEYOND + 3000)]
    assert drawn == [second.drawn(s) for s in range(confirm.BEYOND, confirm.BEYOND + 3000)]
    counts = Counter(policy.id for policy in drawn)
    assert all(900 < counts[policy.id] < 1100 for policy in trials)


def test_a_trainer_without_a_simulator_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = coins(trainer="benchmarks.regression:Regression", space={"width": {"choice": [8]}})
    paths = finished(tmp_path / "plain", spec)
    assert main(["confirm", str(paths.root)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "no simulator" in line
    assert not paths.confirm.exists()


def test_without_checkpoints_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = finished(tmp_path / "coins", coins(space={"width": {"choice": [8]}}, seeds=[0]))
    for file in paths.trial("c0000-s0").checkpoints.iterdir():
        file.unlink()
    assert main(["confirm", str(paths.root)]) == 2
    assert "has a checkpoint" in capsys.readouterr().err


def test_workers_of_their_own_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = finished(tmp_path / "coins", coins())
    assert main(["confirm", str(paths.root), "--rollouts", "3", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    solver = {"c0000": 90, "c0001": 30}
    assert {row["config_id"] for row in rows} == set(solver)
    for row in rows:
        seeds = seeds_of(paths)[row["config_id"]]
        config = RegressionConfig(width=solver[row["config_id"]])
        both = tuple(trial(seed=seed) for seed in (0, 1))
        drawn = [(s, confirm.Candidate(row["config_id"], both).drawn(s).seed or 0) for s in seeds]
        won = [Coin(config, None, seed=seed).solve([s])[s] for s, seed in drawn]
        assert (row["k"], row["n"]) == (sum(won), 3)


@pytest.mark.slow
def test_an_interrupt_ends_the_workers_and_keeps_whole_rounds(tmp_path: Path) -> None:
    paths = finished(tmp_path / "coins", coins(space={"width": {"choice": [50, 51]}}))
    command = [
        sys.executable,
        "-m",
        "ilsweep.sweeps.cli.main",
        "confirm",
        str(paths.root),
        "--json",
    ]
    long = subprocess.Popen(
        [*command, "--rollouts", "100000"], cwd=ROOT, text=True, stderr=subprocess.PIPE
    )
    while len(seeds_of(paths).get("c0000", ())) < 30:
        assert long.poll() is None
        time.sleep(0.05)
    workers = subprocess.run(["pgrep", "-P", str(long.pid)], capture_output=True, text=True).stdout
    assert workers.split()
    long.send_signal(signal.SIGINT)
    _, errors = long.communicate(timeout=60)
    assert long.returncode == 130
    assert errors.strip().splitlines()[-1].startswith("interrupted")
    until = time.monotonic() + 20
    while any(os.path.exists(f"/proc/{pid}") for pid in workers.split()):
        assert time.monotonic() < until, "a worker outlives the interrupt"
        time.sleep(0.1)
    assert all(len(seeds) % 10 == 0 for seeds in seeds_of(paths).values())


@pytest.mark.slow
def test_a_policy_of_act_is_tried_in_the_simulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ILSWEEP_CACHE", str(tmp_path / "cache"))
    spec = {
        "name": "tiny",
        "trainer": "act",
        "data": {"source": "aloha", "episodes": 2, "observation": "state"},
        "params": {"steps": 1, "dim": 8, "heads": 2, "rollouts": 0, "batch_size": 2},
        "space": {"kl_weight": {"choice": [1.0]}},
        "search": {"algorithm": "grid"},
        "wandb": {"mode": "disabled"},
    }
    paths = finished(tmp_path / "tiny", spec)
    plan, sweep = plan_of(paths), read_sweep(paths.root)
    tried = confirm.candidates(plan, sweep, [("c0000", ("c0000-s0",))], 1)
    confirm.confirm(plan, sweep, tried, 4, tuple)
    (row,) = read_lines(paths.confirm)
    assert len(row["episodes"]) == 4
    assert {e["success"] for e in row["episodes"].values()} == {False}  # one step of training
