"""Copies never count, whatever asks; two configurations never share a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.analysis.analyse import Analysis, analyse
from ilsweep.analysis.inference.hypotheses import judge
from ilsweep.analysis.inference.search_space import domains_of
from ilsweep.analysis.load.sweep import Sweep, read_sweep
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.planning.next_stage import next_stage
from ilsweep.analysis.ranking.configurations import configurations
from ilsweep.analysis.records.model import State, TrialRecord
from ilsweep.analysis.report.output import ranking_text
from tests.analysis import strategies
from tests.analysis.made_up import write_trial
from tests.analysis.strategies import sweep, trial

METRIC = "eval/offline_eval/avg_l1"
SPEC: dict[str, Any] = {
    "name": "s",
    "trainer": "act",
    "objective": {"metric": METRIC, "mode": "min"},
    "space": {"lr": {"uniform": [0.0, 1.0]}, "kl_weight": {"choice": [1, 10]}},
    "hypotheses": [
        {"claim": "c", "param": p, "metric": METRIC, "expect": e}
        for p in ("lr", "kl_weight") for e in ("increase", "no_effect")
    ],
}  # fmt: skip


def copied(trials: Sequence[TrialRecord], counts: Sequence[int]) -> list[TrialRecord]:
    """Each trial and so many repetitions of it, in folders of their own, as an exhausted search
    made them."""
    copies = [
        replace(record, id=f"{record.id}-copy{i}", config_id=f"{record.config_id}-copy{i}")
        for record, count in zip(trials, counts, strict=False)
        for i in range(count)
    ]
    return [*trials, *copies]


def said(analysis: Analysis) -> dict[str, Any]:
    """Everything that is concluded of the sweep, without who was set aside."""
    ranking = analysis.ranking
    return {
        "rows": [replace(row, copies=()) for row in ranking.rows],
        "comparisons": ranking.comparisons,
        "ties": ranking.tied_with_best,
        "importance": analysis.importance,
        "edges": analysis.edges,
        "hypotheses": analysis.hypotheses,
        "sweep": analysis.of_sweep,
        "answer": analysis.answer,
    }


def test_two_observations_copied_five_times_are_two() -> None:
    spec = {"hypotheses": [{"claim": "c", "param": "kl_weight", "metric": METRIC,
                            "expect": "increase"}]}  # fmt: skip
    two = [trial({METRIC: value}, id=f"c{i}-s0", config=f"c{i}", searched={"kl_weight": kl})
           for i, (kl, value) in enumerate([(1, 0.3), (10, 0.5)])]  # fmt: skip
    (alone,) = judge(spec, two, domains_of(spec, []), {}, Catalog())
    (verdict,) = judge(spec, copied(two, [5, 5]), domains_of(spec, []), {}, Catalog())
    assert verdict == alone
    assert (verdict.judgement, verdict.p) == ("undecided", 1.0)


@st.composite
def searched(draw: st.DrawFn) -> list[TrialRecord]:
    """A search over a rate and a weight, one to three seeds, some failed or stopped."""
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    seeds = draw(st.integers(1, 3))
    made = []
    for c in range(draw(st.integers(2, 14))):
        point = {"lr": float(rng.random()), "kl_weight": int(rng.choice([1, 10]))}
        for seed in range(seeds):
            state: State = draw(st.sampled_from(["completed"] * 8 + ["failed", "stopped"]))
            metrics = {METRIC: float(point["lr"] + rng.normal()), "train/loss": 1.0}
            made.append(trial(metrics, id=f"c{c:02d}-s{seed}", config=f"c{c:02d}", seed=seed,
                              searched=point, state=state))  # fmt: skip
    return made


@given(searched(), st.lists(st.integers(0, 3), min_size=42, max_size=42))
@settings(max_examples=25, deadline=None)
def test_nothing_that_is_concluded_hears_of_copies(
    made: list[TrialRecord], counts: list[int]
) -> None:
    alone, beside = analyse(sweep(made, SPEC)), analyse(sweep(copied(made, counts), SPEC))
    assert said(beside) == said(alone)
    assert next_stage(beside).spec == next_stage(alone).spec


def test_the_report_says_how_many_do_not_count() -> None:
    made = [trial({METRIC: 0.1 * i}, id=f"c{i}-s0", config=f"c{i}", searched={"lr": 0.1 * i})
            for i in range(3)]  # fmt: skip
    analysis = analyse(sweep(copied(made, [2, 0, 1]), SPEC))
    assert "3 of 6 trials repeat others" in " ".join(n.en for n in analysis.ranking.notes)
    assert "3 of 6 trials repeat others" in ranking_text(analysis)
    assert analysis.ranking.rows[0].copies == ("c0-s0-copy0", "c0-s0-copy1")
    assert "repeat" not in ranking_text(analyse(sweep(made, SPEC)))


def test_two_configurations_of_one_name_are_told_apart() -> None:
    """A folder of which somebody has edited the records."""
    made = [trial({METRIC: 0.1}, id=f"t{i}", config="c0", searched={"lr": i}) for i in range(3)]
    assert [found.label for found in configurations(made)] == ["c0", "t1", "t2"]


@given(strategies.sweeps())
@settings(deadline=None)
def test_labels_are_unique_and_every_trial_has_its_place(made: Sweep) -> None:
    found = configurations(made.trials)
    labels = [one.label for one in found]
    assert len(set(labels)) == len(labels)
    placed = [i for one in found for i in (*(t.id for t in one.trials), *one.copies)]
    assert sorted(placed) == sorted(record.id for record in made.trials)
    assert all(one.trials for one in found)


def test_a_read_folder_with_copies(tmp_path: Path) -> None:
    """Folders of earlier versions say what a configuration is by its parameters."""

    for c, lr in enumerate([0.1, 0.1, 0.2]):
        params = {"config_id": f"c{c}", "seed": 0, "searched": {"lr": lr}, "params": {"lr": lr}}
        write_trial(tmp_path, f"c{c}-s0", [{"step": 50, "train/loss": lr}], params=params)
    rows = analyse(read_sweep(tmp_path)).ranking.rows
    assert [(row.config_id, row.copies) for row in rows] == [("c0", ("c1-s0",)), ("c2", ())]
