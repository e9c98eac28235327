"""What holds of every finding, whatever it is about."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ilsweep.analysis import findings
from ilsweep.analysis.findings.registry import RULES
from ilsweep.analysis.findings.rule import Rule
from ilsweep.analysis.findings.sweep_level import edge_of_space, seed_noise
from ilsweep.analysis.findings.thresholds import THRESHOLDS, resolve
from ilsweep.analysis.inference.importance import edges
from ilsweep.analysis.inference.search_space import SearchDomain
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.trainers.core.registry import TRAINERS, find, parameters
from ilsweep.trainers.data.sources import SOURCES, kind_of
from tests.analysis.findings.cases import CASES
from tests.analysis.strategies import trial

FINDINGS = Path(__file__).parents[3] / "docs/findings.md"

OF_SWEEP = ("nothing_works", "broken_pipeline", "edge_of_space", "seed_noise")
"""Findings about a sweep, which no rule of a trial makes."""

SETTABLE = {
    *(parameter.name for name in TRAINERS for parameter in parameters(find(name).Config)),
    *(f"data.{name}" for source in SOURCES for name in kind_of({"source": source}).model_fields),
    "seeds",
}


class Noted(Mapping[str, float]):
    """Thresholds that remember which of them were read."""

    def __init__(self) -> None:
        self.read: set[str] = set()
        self._limits = resolve(None)

    def __getitem__(self, name: str) -> float:
        self.read.add(name)
        return self._limits[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._limits)

    def __len__(self) -> int:
        return len(self._limits)


UNITS = trial({"probe/active_units": 0.0, "probe/path_diversity": 1.0})
"""Evidence that decides before other: units before the KL, executed paths before predictions."""


def of_a_sweep() -> list[TrialRecord]:
    """Two configurations, the better one at the border, whose seeds differ more than they do."""
    return [
        trial({"train/loss": loss}, id=f"{x}-{seed}", config=f"c{x}", seed=seed,
              searched={"x": float(x)})
        for x in range(6)
        for seed, loss in enumerate((1.0 - 0.01 * x, 2.0 - 0.01 * x))
    ]  # fmt: skip


def test_every_rule_that_is_declared_is_registered() -> None:
    modules = [importlib.import_module(f"{findings.__name__}.{module.name}")
               for module in pkgutil.iter_modules(findings.__path__)]  # fmt: skip
    declared = {
        item.id for module in modules for item in vars(module).values() if isinstance(item, Rule)
    }
    assert declared == {rule.id for rule in RULES}
    assert len(declared) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_it_says_and_nothing_of_an_empty_record(rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z].*\.", rule.about)
    assert rule(trial({}), resolve(None)) is None


def test_each_suggestion_names_a_parameter_that_a_trainer_has() -> None:
    suggested = {
        suggestion.param
        for rule in RULES
        for found in [rule(CASES[rule.id].faulty, resolve(None))]
        if found is not None
        for suggestion in found.suggestions
    }
    assert len(suggested) > 15
    assert suggested <= SETTABLE


def test_each_threshold_is_read() -> None:
    limits = Noted()
    for rule in RULES:
        for record in (CASES[rule.id].faulty, CASES[rule.id].sound, UNITS):
            rule(record, limits)
        own = {name for name in THRESHOLDS if name.startswith(f"{rule.id}.")}
        assert own, rule.id
    ranking = rank(of_a_sweep(), {}, {})
    assert edge_of_space(edges(ranking, {"x": SearchDomain("uniform", 0, 5)}, limits))
    assert edge_of_space(edges(ranking, {"x": SearchDomain("uniform", -5, 6)}, limits))
    assert seed_noise(ranking, limits) is not None
    assert limits.read == THRESHOLDS.keys()


def test_each_threshold_belongs_to_a_finding() -> None:
    # What a control must reach is decided before a sweep is searched: `records.controls`.
    fixed = {"nothing_works", "broken_pipeline"}
    ids = {rule.id for rule in RULES} | {*OF_SWEEP, "trend"} - fixed
    assert {name.partition(".")[0] for name in THRESHOLDS} == ids


def rows() -> list[str]:
    """The tables of `docs/findings.md`, as the code has them."""
    of_trials = [f"| `{rule.id}` | {rule.about} |" for rule in RULES]
    numbers = [
        f"| `{name}` | {threshold.value:g} | {threshold.unit} | {threshold.source} |"
        for name, threshold in THRESHOLDS.items()
    ]
    return of_trials + numbers


def test_each_finding_and_each_threshold_is_documented() -> None:
    written = FINDINGS.read_text().splitlines()
    assert [row for row in rows() if row not in written] == []
    for name in OF_SWEEP:
        assert any(line.startswith(f"| `{name}` |") for line in written), name
    for rule in RULES:  # what it says, and what it goes by and cannot see
        assert sum(line.startswith(f"| `{rule.id}` |") for line in written) == 2, rule.id
