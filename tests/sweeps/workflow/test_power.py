"""What `validate` says that claims could show, against sweeps of such effects."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ilsweep.analysis.inference.noise import between_retrainings
from ilsweep.analysis.inference.noise_atlas import Noise
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.stats.effects import (
    level_effect,
    trend_effect,
)
from ilsweep.analysis.stats.power import visible_over_configurations, visible_over_seeds
from ilsweep.sweeps.validation.validate import check, load_spec
from ilsweep.sweeps.workflow import power as module
from ilsweep.sweeps.workflow.power import _trains, power
from ilsweep.trainers.data.source import DataSource
from ilsweep.trainers.data.sources import parse
from tests.sweeps.coins import coins, finished

SPECS = Path(__file__).parents[3] / "sweeps" / "specs"


@pytest.mark.parametrize(("levels", "seeds"), [(2, 3), (3, 3), (4, 6)])
def test_a_grid_shows_what_is_said_in_four_of_five(levels: int, seeds: int) -> None:
    rng = np.random.default_rng(levels)
    rise = visible_over_seeds(levels, seeds) * np.arange(levels) / (levels - 1)
    tables = rng.normal(size=(400, levels, seeds)) + rise[:, None]
    found = [level_effect(table) for table in tables]
    # The larger the quantile, the more a sum of two of them overstates (few degrees of freedom).
    assert 0.74 < np.mean([f.p < 0.05 for f in found if f]) < 0.95


def test_a_random_search_shows_what_is_said() -> None:
    rng = np.random.default_rng(0)
    slope, seen = visible_over_configurations(18), []
    for _ in range(300):
        x = rng.random(18)
        found = trend_effect(x, slope * x + rng.normal(size=18))
        seen.append(found is not None and found.p < 0.05)
    assert 0.7 < np.mean(seen) < 0.9


def test_one_seed_and_few_configurations_show_nothing() -> None:
    assert math.isinf(visible_over_seeds(4, 1))
    assert math.isinf(visible_over_configurations(5))


def test_the_data_are_looked_at_once_for_all_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def counted(data: dict[str, object]) -> DataSource:
        nonlocal looks
        looks += 1
        return parse(data)

    monkeypatch.setattr(module, "parse", counted)
    claims = [{"claim": f"c{i}", "param": "lr", "metric": "train/loss", "expect": "increase"}
              for i in range(20)]  # fmt: skip
    space = {"lr": {"choice": [0.001, 0.01]}}
    plan = check({"name": "x", "trainer": "bc", "space": space, "hypotheses": claims})
    assert len(power(plan)) == 20
    assert looks == len(plan.ends()) == 2


def test_each_claim_of_a_spec_has_its_line() -> None:
    path = SPECS / "bc_loss_jump.yaml"
    plan = load_spec(path, [])
    told = power(plan)
    assert len(told) == len(plan.spec.hypotheses) > 1
    assert all("shows a change of" in line for line in told)
    alone = power(load_spec(path, ["seeds=[0]"]))
    assert all("cannot be decided" in line for line in alone)


def test_episodes_alone_may_hide_the_smallest_effect() -> None:
    claim = "[{claim: c, param: dropout, metric: eval/pc_success, expect: increase}]"
    plan = load_spec(
        SPECS / "bc_loss_jump.yaml",
        [f"hypotheses={claim}", "space={dropout: {choice: [0.0, 0.1]}}", "params.rollouts=20"],
    )
    (told,) = power(plan)
    assert "cannot see the smallest effect of interest, 10" in told


def test_no_rate_changes_by_more_than_all_of_it() -> None:
    claim = "[{claim: c, param: dropout, metric: eval/pc_success, expect: increase}]"
    space = "space={dropout: {choice: [0.0, 0.1]}}"
    overrides = [f"hypotheses={claim}", space, "params.rollouts=2", "seeds=[0, 1]"]
    (told,) = power(load_spec(SPECS / "bc_loss_jump.yaml", overrides))
    assert "points, where there are 100: it cannot be decided" in told


@pytest.mark.parametrize("sd", [0.0, 5.0])
def test_noise_that_was_measured_as_none_bounds_the_effect_from_below_alone(
    sd: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = "[{claim: c, param: dropout, metric: eval/pc_success, expect: increase}]"
    space = "space={dropout: {choice: [0.0, 0.1]}}"
    overrides = [f"hypotheses={claim}", space, "params.rollouts=20"]
    plan = load_spec(SPECS / "bc_loss_jump.yaml", overrides)
    monkeypatch.setattr(module, "from_atlas", lambda *_: Noise(sd, 5, "measured"))
    (told,) = power(plan)
    assert f"noise between retrainings: {sd:.2g}" in told
    assert ("at least" in told) is (sd == 0)


def test_the_noise_of_earlier_sweeps_comes_first(tmp_path: Path) -> None:
    claim = {"claim": "c", "param": "width", "metric": "eval/loss", "expect": "increase"}
    plan = check(coins(hypotheses=[claim]))
    (alone,) = power(plan, tmp_path)
    assert "retrainings" not in alone
    paths = finished(tmp_path / "coins", coins())
    (told,) = power(plan, tmp_path)
    assert str(paths.root) in told
    found = between_retrainings(read_sweep(paths.root).trials, "eval/loss", "")
    assert found is not None
    assert f"noise between retrainings: {found.sd:.2g}" in told


def test_a_folder_without_its_trials_says_nothing(tmp_path: Path) -> None:
    claim = {"claim": "c", "param": "width", "metric": "eval/loss", "expect": "increase"}
    paths = finished(tmp_path / "coins", coins())
    for path in (paths.trials, paths.spec):
        path.rename(tmp_path / path.name)
    (told,) = power(check(coins(hypotheses=[claim])), tmp_path)
    assert "retrainings" not in told


def test_another_data_set_and_another_command_are_no_noise_of_this_one(tmp_path: Path) -> None:
    claim = {"claim": "c", "param": "width", "metric": "eval/loss", "expect": "increase"}
    plan = check(coins(hypotheses=[claim]))
    paths = finished(tmp_path / "coins", coins())
    manifest = read_json(paths.manifest)
    for part in ({"data": {"source": "lerobot", "root": "/a"}}, {"command": {"argv": ["a.py"]}}):
        spec = {**manifest["spec"], **part}
        write_atomic(paths.manifest, to_json({**manifest, "spec": spec}))
        (told,) = power(plan, tmp_path)
        assert "retrainings" not in told
    data = {"source": "lerobot", "env": {"id": "PushT"}}
    assert len({str(_trains({"data": {**data, "root": root}})) for root in "ab"}) == 2


def test_validate_with_claims_loads_no_scipy() -> None:
    code = (
        "import sys; from ilsweep.sweeps.cli.main import main; "
        f"main(['validate', {str(SPECS / 'bc_loss_jump.yaml')!r}]); "
        "assert 'scipy' not in sys.modules, 'scipy'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("size", "said"), [("0.05", "for a share of 0.05 write 5"), ("5", "")])
def test_an_effect_on_a_rate_that_looks_like_a_share_is_spoken_of(size: str, said: str) -> None:
    claim = "{claim: c, param: dropout, metric: eval/pc_success, expect: increase"
    overrides = [f"hypotheses=[{claim}, smallest_effect: {size}}}]", "params.rollouts=20",
                 "space={dropout: {choice: [0.0, 0.1]}}"]  # fmt: skip
    (told,) = power(load_spec(SPECS / "bc_loss_jump.yaml", overrides))
    assert ("for a share of" in told) == bool(said)
    assert said in told
