"""A training that is not finite: since when, of what, and nothing else about it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.findings.finding import Finding
from ilsweep.analysis.findings.registry import diagnose
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.metrics.not_finite import ends_finite
from ilsweep.analysis.records.curves import curves_of
from ilsweep.analysis.records.model import TrialRecord
from tests.analysis.importers.logs import imported, write

NAN = math.nan
STEPS = range(10, 610, 10)


def found(**curves: Any) -> list[Finding]:
    return diagnose(trial(**curves), resolve({}))


def trial(**curves: Any) -> TrialRecord:
    """Each metric, `_` for `/`, as a function of the step."""
    names = {name.replace("_", "/", 1): of for name, of in curves.items()}
    rows = [{"step": s, **{name: of(s) for name, of in names.items()}} for s in STEPS]
    return TrialRecord(id="t", config_id="t", seed=0, params={}, searched={}, state="completed",
                       curves=curves_of(rows))  # fmt: skip


def falling(step: int) -> float:
    return 10 / step


@pytest.mark.parametrize("since", [10, 20, 300, 600])
def test_since_when_and_nothing_else(since: int) -> None:
    (one,) = found(train_loss=lambda s: falling(s) if s < since else NAN,
                   train_grad_norm=lambda s: 1.0 if s < since else NAN)  # fmt: skip
    assert (one.id, one.severity) == ("diverged", "critical")
    assert one.evidence == {
        "metric": "train/loss", "since": since, "finite_reports": since // 10 - 1,
    }  # fmt: skip
    assert bool(one.suggestions) == (since > 10)
    assert ("precision" in one.explanation.en) == (since == 10)


def test_a_loss_of_zero_beside_a_gradient_that_is_none_is_none() -> None:
    (one,) = found(train_loss=lambda s: 0.0, train_grad_norm=lambda s: NAN)
    assert one.evidence["metric"] == "train/grad_norm"
    assert "prints NaN as 0" in one.explanation.en


@pytest.mark.parametrize("bad", [{300}, {300, 310}, {600}, set(range(10, 300, 10))])
def test_a_loss_scaler_that_skips_is_no_end(bad: set[int]) -> None:
    ids = {f.id for f in found(train_loss=falling,
                               train_grad_norm=lambda s: NAN if s in bad else 1.0)}  # fmt: skip
    assert "diverged" not in ids


def test_a_held_out_loss_that_ends_so_has_no_value_and_says_where_to_look() -> None:
    def held_out(step: int) -> float:
        return 0.2 if step < 100 else NAN

    (one,) = found(train_loss=falling, eval_eval_loss=held_out)
    assert (one.evidence["metric"], one.evidence["since"]) == ("eval/eval_loss", 100)
    assert not one.suggestions
    assert math.isnan(ends_finite(trial(eval_eval_loss=held_out), "eval/eval_loss"))
    assert ends_finite(trial(train_loss=falling), "train/loss") == falling(600)


def test_it_is_never_ranked_first(tmp_path: Path) -> None:

    lines = {
        "broken": [(s, 0.0, "NaN") for s in STEPS],
        "sound": [(s, falling(s), "1.0") for s in STEPS],
    }
    for name, rows in lines.items():
        text = "".join(
            f'{{"step": {s}, "train/loss": {v}, "train/grad_norm": {g}}}\n' for s, v, g in rows
        )
        write(tmp_path, {f"{name}.jsonl": text})
    imported(tmp_path, "broken.jsonl", "sound.jsonl")
    ranked = analyse(read_sweep(tmp_path / "out")).ranking.rows
    assert [row.config_id for row in ranked] == ["sound", "broken"]


def test_a_run_that_diverged_is_never_told_a_higher_rate() -> None:
    for rate, ops in ((1e-6, ["multiply"]), (1.0, ["set", "multiply"])):
        made = trial(train_loss=lambda s: falling(s) if s < 300 else NAN)
        made = replace(made, params={"lr": rate, "steps": 1000})
        (one,) = diagnose(made, resolve({}))
        assert [suggestion.op for suggestion in one.suggestions] == ops


def test_an_objective_of_somebody_s_own_that_is_not_finite() -> None:
    """By whatever name a trainer calls its error: it has no value at the end."""
    found = diagnose(
        TrialRecord(id="t", config_id="t", seed=0, params={}, searched={}, state="completed",
                    curves=curves_of([{"step": s, "train/loss": falling(s), "eval/loss": NAN}
                                      for s in STEPS])),
        resolve({}),
    )  # fmt: skip
    assert ("diverged", "eval/loss") in [(one.id, one.evidence.get("metric")) for one in found]


@pytest.mark.parametrize(("first", "blamed"), [(1.0, {"diverged"}), (3e8, {"loss_scale"})])
def test_a_loss_that_grew_is_no_matter_of_statistics(first: float, blamed: set[str]) -> None:
    ids = {f.id for f in found(train_loss=lambda s: first if s < 100 else 3e8)}
    assert ids & {"diverged", "loss_scale"} == blamed
