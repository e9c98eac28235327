"""A sweep's records to everything that a report says about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ilsweep.analysis.findings.behaviour import broken_pipeline, nothing_works
from ilsweep.analysis.findings.finding import SEVERITIES, SWEEP, Finding, critical_of
from ilsweep.analysis.findings.ot_movement import OtMovement
from ilsweep.analysis.findings.sweep_level import edge_of_space, seed_noise
from ilsweep.analysis.findings.thresholds import resolve, unknown_thresholds
from ilsweep.analysis.findings.trial_diagnosis import TrialDiagnosis, diagnose_trial
from ilsweep.analysis.formatting import how_many
from ilsweep.analysis.headline import headline
from ilsweep.analysis.inference.hypotheses import Verdict, judge
from ilsweep.analysis.inference.importance import Edge, Importance, edges, importance
from ilsweep.analysis.inference.search_space import domains_of
from ilsweep.analysis.load.sweep import Sweep
from ilsweep.analysis.metrics.lookup import catalog_of
from ilsweep.analysis.ranking.baselines import defaults_of
from ilsweep.analysis.ranking.confirmation import Confirmation, confirmation
from ilsweep.analysis.ranking.model import Ranking
from ilsweep.analysis.ranking.race import of_every_configuration
from ilsweep.analysis.ranking.rank import rank
from ilsweep.analysis.ranking.retraining import Retraining, retraining
from ilsweep.analysis.summary_text import hypotheses_text, lead_and_more
from ilsweep.analysis.text import Text


@dataclass(frozen=True)
class Analysis:
    """What happened, and what it means; every number of a report comes from here."""

    sweep: Sweep
    ranking: Ranking
    findings: tuple[Finding, ...]
    """Of the sweep and of every trial; the most severe first, then in the order of the ranking."""
    hypotheses: tuple[Verdict, ...]
    importance: Importance | None
    """None where nothing was searched."""
    edges: tuple[Edge, ...]
    ot_movement: dict[str, OtMovement]
    """Why `train/ot_loss` moved as it did, by trial; only trials that logged what it takes."""
    answer: Text
    """The answer to the spec's question, in two or three sentences."""
    lead: Text
    """Its first sentence: which configuration to take, or why none."""
    more: Text
    """The rest of it, without the hypotheses."""
    headline: str = ""
    """The same in one line of English; empty where nothing has a value yet."""
    confirmation: Confirmation | None = None
    """What fresh episodes say of the best; None where none were tried."""
    retraining: Retraining | None = None
    """What fresh training seeds say of the best; None where none was trained."""
    notes: tuple[Text, ...] = ()
    """What is missing or damaged in the records."""

    def of_trial(self, trial_id: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.trial == trial_id)

    @property
    def of_sweep(self) -> tuple[Finding, ...]:
        return self.of_trial(SWEEP)


@np.errstate(all="ignore")  # records may hold 1e308; what overflows is infinite, and said so
def analyse(sweep: Sweep) -> Analysis:
    """Rank, diagnose, test and explain a sweep. Never raises for what is missing in its records."""
    trials, spec = sweep.trials, sweep.spec
    limits = resolve(spec.get("thresholds"))
    seen = _diagnosed(sweep)
    found = [finding for diagnosis in seen.values() for finding in diagnosis.findings]
    ranking = _rank(sweep, found)
    domains = domains_of(spec, [row.searched for row in ranking.rows])
    borders = edges(ranking, domains, limits)
    behaviour = _behaviour(sweep, ranking, found)
    noise = None if ranking.nothing_works else seed_noise(ranking, limits)
    found += [*behaviour, *edge_of_space(borders), *([noise] if noise else [])]
    verdicts = judge(
        spec,
        of_every_configuration(trials, spec),
        domains,
        limits,
        catalog_of(sweep.manifest),
        sweep.controls.sensitive if sweep.controls else None,
    )
    confirmed = confirmation(sweep.fresh, ranking)
    again = retrained(sweep, ranking)
    lead, more = lead_and_more(ranking, behaviour, sweep.controls)
    later = [found_later.answer for found_later in (again, confirmed) if found_later]
    return Analysis(
        sweep=sweep,
        ranking=ranking,
        findings=tuple(_ordered(found, ranking)),
        hypotheses=tuple(verdicts),
        importance=importance(ranking.rows, domains, ranking.objectives[0]),
        edges=borders,
        ot_movement={name: d.movement for name, d in seen.items() if d.movement},
        answer=sum(later, lead + more + hypotheses_text(verdicts)),
        lead=lead,
        more=sum(later, more),
        headline=headline(ranking, behaviour),
        confirmation=confirmed,
        retraining=again,
        notes=tuple(_notes(sweep)),
    )


@np.errstate(all="ignore")
def ranked(sweep: Sweep) -> tuple[Ranking, str]:
    """The ranking and its headline alone, as `analyse` makes them."""
    found = [finding for diagnosis in _diagnosed(sweep).values() for finding in diagnosis.findings]
    ranking = _rank(sweep, found)
    return ranking, headline(ranking, _behaviour(sweep, ranking, found))


def _rank(sweep: Sweep, found: Sequence[Finding]) -> Ranking:
    catalog, defaults = catalog_of(sweep.manifest), defaults_of(sweep.manifest)
    return rank(sweep.trials, sweep.spec, critical_of(found), catalog, defaults)


def retrained(sweep: Sweep, ranking: Ranking) -> Retraining | None:
    """What `confirm --train-seeds` found; None where it was not run."""
    if sweep.retrained is None:
        return None
    return retraining(sweep.retrained.trials, sweep.retrained.fresh, ranking, sweep.trials)


def _behaviour(sweep: Sweep, ranking: Ranking, found: list[Finding]) -> list[Finding]:
    """What keeps a sweep from recommending anything."""
    broken = broken_pipeline(sweep.controls)
    nothing = nothing_works(ranking, sweep.controls, found, sweep.spec)
    return [finding for finding in (broken, nothing) if finding]


def _diagnosed(sweep: Sweep) -> dict[str, TrialDiagnosis]:
    limits = resolve(sweep.spec.get("thresholds"))
    return {t.id: sweep.diagnosed.get(t.id) or diagnose_trial(t, limits) for t in sweep.trials}


def _ordered(findings: list[Finding], ranking: Ranking) -> list[Finding]:
    place = {i: row.rank for row in ranking.rows for i in (*row.trial_ids, *row.copies)}
    return sorted(
        findings, key=lambda f: (SEVERITIES.index(f.severity), place.get(f.trial, 0), f.trial)
    )


def _notes(sweep: Sweep) -> list[Text]:
    notes = []
    if not sweep.trials:
        notes.append(Text("There are no trials.", "没有任何试验。"))
    silent = [t.id for t in sweep.trials if not t.curves and t.state in ("completed", "stopped")]
    if silent:
        some = ", ".join(silent[:3]) + (" ..." if len(silent) > 3 else "")
        notes.append(
            Text(
                f"{how_many(len(silent), 'trial')} ended without any metric ({some}).",
                f"{len(silent)} 个试验结束时没有任何指标（{some}）。",
            )
        )
    unfinished = sum(trial.state in ("running", "pending") for trial in sweep.trials)
    if unfinished:
        has = "has" if unfinished == 1 else "have"
        notes.append(
            Text(
                f"{how_many(unfinished, 'trial')} {has} not ended: what is said here may change.",
                f"{unfinished} 个试验尚未结束：结论可能变化。",
            )
        )
    unknown = unknown_thresholds(sweep.spec.get("thresholds"))
    if unknown:
        names = ", ".join(unknown)
        notes.append(Text(f"Unknown thresholds: {names}.", f"未知阈值：{names}。"))
    return notes
