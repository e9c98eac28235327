"""Early stopping on real Ray: seeds wait for each other, and pausing changes no number."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.sweeps.alone import alone
from tests.sweeps.as_typed import ilsweep, rows, trials, write_spec


@pytest.mark.slow
def test_configurations_are_stopped_with_all_their_seeds(tmp_path: Path) -> None:
    params = {"steps": 60, "log_every": 10, "eval_every": 10, "save_every": 60, "width": 16}
    spec = write_spec(
        tmp_path,
        params=params,
        seeds=[0, 1, 2],
        search={"num_trials": 6},
        scheduler={"type": "asha", "grace_steps": 10, "reduction_factor": 2},
    )
    done = ilsweep("run", spec, "--storage", tmp_path)
    assert done.returncode == 0, done.stderr
    found = trials(tmp_path / "small")
    states: dict[str, list[str]] = {}
    for trial in found.values():
        states.setdefault(trial.config_id, []).append(trial.state)
    assert all(len(seen) == 3 and len(set(seen)) == 1 for seen in states.values()), states
    ends = Counter(seen[0] for seen in states.values())
    assert ends["completed"] >= 1
    assert ends["stopped"] >= 1
    for trial in found.values():
        assert trial.attempt == 1
        lone = alone({**params, **trial.searched}, tmp_path / "alone" / trial.id, trial.seed or 0)
        steps = []
        for row in rows(tmp_path / "small", trial.id):
            steps.append(row["step"])
            assert {k: v for k, v in row.items() if "/" in k} == lone.train_to_report()
        assert steps == [10 * i for i in range(1, len(steps) + 1)]
    lengths = {name: {t.steps for t in found.values() if t.config_id == name} for name in states}
    assert all(len(steps) == 1 for steps in lengths.values())
