"""The ready specs: valid, able to decide what they ask, and run through in a quick variant."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis.inference.hypotheses import judge
from ilsweep.analysis.inference.search_space import domains_of
from ilsweep.analysis.metrics.catalog import is_success_rate
from ilsweep.analysis.metrics.lookup import Catalog
from ilsweep.analysis.records.joint import names_of
from ilsweep.sweeps.spec.model import SweepSpec
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.validation.validate import load_spec
from tests.analysis.strategies import trial
from tests.sweeps.as_typed import ROOT, ilsweep, trials

READY = sorted((ROOT / "sweeps" / "specs").glob("*.yaml"))
SPECS = {path: load_spec(path, []).spec for path in READY}
GRIDS = [
    path
    for path, spec in SPECS.items()
    if spec.search.algorithm == "grid" and not any("," in name for name in spec.space)
]
"""Those whose configurations are known beforehand, and in which each parameter varies by itself:
rows of several are there to be ranked."""
QUICK = ("params.steps=8", "params.rollouts=1", "params.log_every=2", "params.eval_every=4",
         "params.save_every=8", "seeds=[0]", "controls={}")  # fmt: skip
LESS = {
    "act": ("data.episodes=4",),
    "act_ot": ("data.episodes=4", "params.target_rollouts=1"),
    "bc": ("params.batch_size=16", "params.replays=0"),
    "rdt": ("data.episodes=4", "params.replays=0"),
    "reflow": ("data.episodes=4", "params.teacher_steps=4", "params.euler_rollouts=1"),
}


def name_of(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", READY, ids=name_of)
def test_a_ready_spec_states_a_question_and_claims(path: Path) -> None:
    spec = load_spec(path, []).spec
    assert spec.question.endswith("?")
    assert spec.hypotheses
    assert path.stem.replace("_", "-") == spec.name


@pytest.mark.parametrize("path", GRIDS, ids=name_of)
def test_a_claim_that_holds_without_noise_would_be_supported(path: Path) -> None:
    """A sweep with too few seeds for its number of claims could decide none; controls passed."""
    plan = load_spec(path, [])
    spec = plan.spec.model_dump(mode="json")
    records = [
        trial(
            dict(_ideal(spec, where, seed)),
            id=f"{where}-{seed}",
            config=str(where),
            seed=seed,
            searched=where,
        )
        for where in _grid(plan)
        for seed in spec["seeds"]
    ]
    domains = domains_of(spec, [record.searched for record in records])
    verdicts = judge(spec, records, domains, {}, Catalog(), sensitive=True)
    assert {verdict.claim: verdict.judgement for verdict in verdicts} == {
        claim["claim"]: _verdict(spec, claim) for claim in spec["hypotheses"]
    }


def _verdict(spec: dict[str, Any], claim: dict[str, Any]) -> str:
    """One seed says nothing of the noise, so that it decides no trend."""
    if claim["expect"] == "no_effect":
        return "absent"
    return "supported" if len(spec["seeds"]) > 1 else "undecided"


def _grid(plan: Plan) -> list[dict[str, Any]]:
    space = plan.spec.model_dump(mode="json")["space"]
    levels = {name: next(iter(domain.values())) for name, domain in space.items()}
    return [dict(zip(levels, point, strict=True)) for point in product(*levels.values())]


def _ideal(spec: dict[str, Any], where: dict[str, Any], seed: int) -> dict[str, float]:
    """What each metric would be, were all claims true and there hardly any noise."""
    found: dict[str, float] = {}
    rng = np.random.default_rng([1, seed, *str(where).encode()])
    for claim in spec["hypotheses"]:
        (levels,) = spec["space"][claim["param"]].values()
        if all(isinstance(level, bool) for level in levels):
            levels = [False, True]
        sign = {"increase": 1, "decrease": -1, "no_effect": 0}[claim["expect"]]
        rise = sign * levels.index(where[claim["param"]])
        size, first = 1.0, 100.0 * seed
        if is_success_rate(claim["metric"]):  # neither at a floor nor at a ceiling
            several = sum(other["metric"] == claim["metric"] for other in spec["hypotheses"])
            size, first = 70 / several / (len(levels) - 1), 50.0 + seed
            rise -= sign * (len(levels) - 1) / 2
        rise = size * rise + rng.normal(0, 2e-5)  # far below what counts as rounding, up to 200
        found[claim["metric"]] = found.get(claim["metric"], first) + rise
    return found


def _quick(spec: SweepSpec) -> tuple[str, ...]:
    """`QUICK`, also where the steps are varied in rows of several."""
    for joint, domain in spec.model_dump(mode="json")["space"].items():
        if "steps" in (names := names_of(joint)):
            rows = [[8 if n == "steps" else v for n, v in zip(names, row, strict=True)]
                    for row in domain["choice"]]  # fmt: skip
            unlike = [row for i, row in enumerate(rows) if row not in rows[:i]]
            return (*QUICK[1:], f"space={json.dumps({joint: {'choice': unlike}})}")
    return QUICK


@pytest.mark.slow
@pytest.mark.parametrize("path", READY, ids=name_of)
def test_the_quick_variant_runs_through(path: Path, tmp_path: Path) -> None:
    spec = SPECS[path]
    changes = [word for c in (*_quick(spec), *LESS[spec.trainer]) for word in ("--set", c)]
    done = ilsweep("run", path, "--storage", tmp_path, *changes)
    assert done.returncode == 0, done.stderr
    (root,) = (folder for folder in tmp_path.iterdir() if folder.is_dir())
    assert {record.state for record in trials(root).values()} == {"completed"}
    report = json.loads((root / "report.json").read_text())
    assert len(report["hypotheses"]) == len(load_spec(path, []).spec.hypotheses)
    for language in ("en", "zh"):
        assert (root / f"report.{language}.md").stat().st_size > 1000
