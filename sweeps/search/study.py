"""A spec's `search`: an Optuna study that is told the truth.

Tune's own OptunaSearch tells Optuna COMPLETE for trials that a scheduler ended early. Here one
study in the sweep's folder holds every algorithm's sweep; a configuration is asked for once, runs
with all its seeds, and is told when the last of them ends: COMPLETE with the value that the ranking
gives it, PRUNED with its intermediate values, or FAIL. A point that is known is answered from its
record and not trained again. The study is derived from the records and from the order of what was
asked and told (`sweeps/search/history.py`): a resumed sweep writes it anew, so that nothing a kill
left half told can stay in it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import JournalStorage
from optuna.trial import TrialState

from ilsweep.analysis.records.joint import expanded, joined
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.sweeps.search import history
from ilsweep.sweeps.search.history import Asked, Told
from ilsweep.sweeps.search.journal import Journal
from ilsweep.sweeps.search.samplers import KEEPS_NOTES, at_random, draw_seed, sampler, suggest
from ilsweep.sweeps.search.trials import (
    Attempt,
    Configuration,
    add_trial,
    by_configuration,
    config_id,
    worst_ends,
)
from ilsweep.sweeps.spec.domains import cells, nth_point
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.spec.trial_config import trial_id

STATES = {
    "COMPLETE": TrialState.COMPLETE,
    "PRUNED": TrialState.PRUNED,
    "FAIL": TrialState.FAIL,
}
TRIES = 10
"""So often a sampler that draws known points is asked again before points are drawn at random."""
MOST_LOOKED_AT = 100_000
"""Points of a space after which no further one is looked for that trains something new."""
optuna.logging.set_verbosity(optuna.logging.ERROR)


class Study:
    """The sweep's Optuna study: ask for a configuration, tell what became of it.

    `path` is Optuna's file; `log` keeps the order of asks and tells. `violation` says how far an
    ended configuration is from being feasible (`sweeps.search.feasibility`).
    """

    def __init__(
        self,
        plan: Plan,
        path: Path,
        log: Path,
        trials: list[TrialRecord],
        violation: Callable[[Configuration], float] | None = None,
    ) -> None:
        self.plan, self._violation = plan, violation
        objectives = plan.spec.objectives
        self.metrics = [objective.metric for objective in objectives]
        self.configurations: dict[str, Configuration] = {}
        self._log = log
        self._signs = [1 if objective.mode == "min" else -1 for objective in objectives]
        self._worst = [math.nan] * len(objectives)
        self._by_key: dict[str, Configuration] = {}
        self._draws = 0
        grid = plan.spec.search.algorithm == "grid"
        self._distributions = {
            name: d.grid_distribution() if grid else d.distribution()
            for name, d in plan.dimensions.items()
        }
        self._cells = cells(plan.dimensions)
        path.unlink(missing_ok=True)
        self._study = optuna.create_study(
            storage=JournalStorage(Journal(str(path))),
            study_name=plan.spec.name,
            directions=["minimize" if sign == 1 else "maximize" for sign in self._signs],
        )
        self._grid = self._untried()
        self._restore(by_configuration(trials))

    @property
    def asked(self) -> int:
        return len(self.configurations)

    def unfinished(self, trials: list[TrialRecord]) -> list[Attempt]:
        """The trials of restored configurations that have not ended, started ones first."""
        started = {trial.id: trial for trial in trials if trial.state != "pending"}
        left = [
            self._again(attempt, started[attempt.trial.id])
            if attempt.trial.id in started
            else attempt
            for known in self.configurations.values()
            for attempt in self._attempts(known)
            if attempt.trial.seed not in known.states
        ]
        left += [
            self._again(Attempt(self.plan.trial(t.searched, t.seed, t.config_id)), t)
            for t in started.values()  # of a race over seeds
            if t.seed is not None and t.seed not in self.plan.spec.first_seeds and not t.finished
        ]
        return sorted(left, key=lambda attempt: attempt.number == 1)

    def _again(self, attempt: Attempt, record: TrialRecord) -> Attempt:
        """The next attempt, with the parameters that population-based training left it."""
        trial = attempt.trial
        if len(record.history) > 1:
            searched = record.history[-1].get("searched") or trial.searched
            trial = self.plan.trial(searched, trial.seed, trial.config_id)
        return Attempt(trial, record.attempt + 1)

    def ask(self) -> list[Attempt]:
        """The trials of one more configuration, one a seed; none where the space has no more."""
        while self._draws < len(self.plan.warm_start):
            known = joined(self.plan.warm_start[self._draws], self.plan.dimensions)
            if attempts := self._draw(known, sampled=True):
                return attempts
        search = self.plan.spec.search
        if search.algorithm == "grid":
            return next(filter(None, map(self._draw, self._grid)), [])
        cell = self._cells[self.asked % len(self._cells)]
        for _ in range(TRIES):
            if attempts := self._draw(cell, sampled=True):
                return attempts
        for _ in range(TRIES):
            if attempts := self._draw(cell):
                return attempts
        return next(filter(None, map(self._draw, self._untried())), [])

    def _untried(self) -> Iterator[dict[str, Any]]:
        """Points of a space that can be counted: a grid's in order, else from anywhere on."""
        domains, total = self.plan.dimensions, self.plan.points
        if total is None:
            return
        first = draw_seed(self.plan.spec.search, self._draws) % total
        if self.plan.spec.search.algorithm == "grid":
            first = 0
        places = itertools.chain(range(first, total), range(first))
        for i in itertools.islice(places, MOST_LOOKED_AT):
            point = nth_point(domains, i)
            if self.plan.configuration(expanded(point)) not in self._by_key:
                yield point

    def _draw(self, given: Mapping[str, Any], *, sampled: bool = False) -> list[Attempt]:
        """Draw what is not `given`; the new configuration's trials, none where it is known."""
        search, space = self.plan.spec.search, self.plan.dimensions
        by = sampler(search, self._draws) if sampled else at_random(search, self._draws)
        raw = {name: space[name].raw(value) for name, value in given.items()}
        trial = self._optuna_asks(raw, by)
        searched = self._values(trial.params)
        known = self._by_key.get(self.plan.configuration(searched))
        name = known.config_id if known else self._free_id()
        sampled = sampled and len(given) < len(space)
        history.note(self._log, Asked(name, trial.params, searched, sampled))
        if known:
            self._repeat(known, trial.number)
            return []
        return self._attempts(self._open(name, trial.number, searched))

    def _values(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters by name, of the raw value of each dimension."""
        space = self.plan.dimensions
        return expanded({name: space[name].value(value) for name, value in raw.items()})

    def changed(self, config: str, seed: int, step: int) -> None:
        """Population-based training changed a trial's parameters; `step` was its last own one."""
        self.configurations[config].changed.setdefault(seed, step)

    def _optuna_asks(
        self, raw: dict[str, Any], by: BaseSampler, *, again: bool = False
    ) -> optuna.trial.Trial:
        self._draws += 1
        if raw.keys() == self._distributions.keys() and not again:
            return self._enter(raw)
        self._study.sampler = by
        if raw:
            self._study.enqueue_trial(raw)
        trial = self._study.ask()
        if again:
            _ = trial.relative_params  # where the point is given, Optuna would ask no sampler
        for name, distribution in self._distributions.items():
            suggest(trial, name, distribution)
        return trial

    def _enter(self, raw: Mapping[str, Any]) -> optuna.trial.Trial:
        """A whole point, of which nothing is to be drawn."""
        given = optuna.trial.create_trial(
            state=TrialState.RUNNING,
            params={name: raw[name] for name in self._distributions},
            distributions=self._distributions,
        )
        self._study.add_trial(given)
        return self._trial(self._draws - 1)

    def _free_id(self) -> str:
        return next(name for name in map(config_id, itertools.count(self.asked))
                    if name not in self.configurations)  # fmt: skip

    def _open(self, config: str, number: int, searched: dict[str, Any]) -> Configuration:
        known = Configuration(config, number, list(self.plan.spec.first_seeds), searched)
        self.configurations[config] = known
        self._by_key.setdefault(self.plan.configuration(searched), known)
        self._trial(number).set_user_attr("config_id", config)
        return known

    def _attempts(self, known: Configuration) -> list[Attempt]:
        return [
            Attempt(self.plan.trial(known.searched, seed, known.config_id)) for seed in known.seeds
        ]

    def _repeat(self, known: Configuration, number: int) -> None:
        """Answer a draw of a known configuration: now, or when its trials have ended."""
        self._trial(number).set_user_attr("config_id", known.config_id)
        known.repeats.append(number)
        if known.told_with:
            self._answer(known, number, known.told_with)

    def tell(self, known: Configuration) -> None:
        """What became of a configuration, once all its trials have ended."""
        history.note(self._log, Told(known.config_id))
        self._tell(known)

    def _tell(self, known: Configuration) -> None:
        known.violation = self._violation(known) if self._violation else None
        self._worst = known.told_with = worst_ends(self._worst, known, self._signs)
        for number in (known.number, *known.repeats):
            self._answer(known, number, self._worst)

    def _answer(self, known: Configuration, number: int, worst: list[float]) -> None:
        trial = self._trial(number)
        if len(self.metrics) == 1:
            for step, value in known.intermediate(worst[0], self._signs[0]).items():
                trial.report(value, step)
        for seed in known.seeds:
            trial.set_user_attr(trial_id(known.config_id, seed), known.states.get(seed))
        if known.violation is not None:
            trial.set_constraint("health", known.violation)
        complete = known.outcome == "COMPLETE"
        values = known.values(worst, self._signs) if complete else None
        self._study.tell(number, values, state=STATES[known.outcome])

    def _trial(self, number: int) -> optuna.trial.Trial:
        storage, study = self._study._storage, self._study._study_id
        trial_id = storage.get_trial_id_from_study_id_trial_number(study, number)
        return optuna.trial.Trial(self._study, trial_id)

    def _restore(self, records: dict[str, list[TrialRecord]]) -> None:
        """Repeat what earlier sessions asked and told, in its order."""
        for event in list(history.read(self._log)):
            if isinstance(event, Asked):
                self._ask_again(event, records.get(event.config_id, []))
            elif event.config_id in self.configurations:
                self._tell_again(self.configurations[event.config_id], self._tell)
        for config, group in records.items():  # of versions that wrote no such lines
            if config not in self.configurations:
                raw = self._ask_again(Asked(config, {}, group[0].searched), group)
                history.note(self._log, Asked(config, raw, group[0].searched))
        ended = {config: max(trial.ended for trial in group) for config, group in records.items()}
        for known in sorted(self.configurations.values(), key=lambda c: ended.get(c.config_id, "")):
            self._tell_again(known, self.tell)

    def _tell_again(self, known: Configuration, tell: Callable[[Configuration], None]) -> None:
        if known.finished and not known.told_with:
            tell(known)

    def _ask_again(self, event: Asked, records: list[TrialRecord]) -> dict[str, Any]:
        """Enter a draw of an earlier session; its raw values."""
        search = self.plan.spec.search
        noting = event.sampled and search.algorithm == "optuna" and search.sampler in KEEPS_NOTES
        by = (sampler if noting else at_random)(search, self._draws)
        trial = self._optuna_asks(self._raw(event), by, again=noting)
        if known := self.configurations.get(event.config_id):
            self._repeat(known, trial.number)
            return trial.params
        known = self._open(event.config_id, trial.number, event.searched)
        for record in records:
            if record.seed in known.seeds:
                add_trial(known, record, self.metrics)
        return trial.params

    def _raw(self, event: Asked) -> dict[str, Any]:
        """What was drawn then, or stands for it in a space that was changed since."""
        raw, searched = {}, joined(event.searched, self.plan.dimensions)
        for name, domain in self.plan.dimensions.items():
            try:
                same = name in event.raw and domain.value(event.raw[name]) == searched[name]
            except (KeyError, TypeError, ValueError):
                same = False
            raw[name] = event.raw[name] if same else domain.raw(searched[name])
        return raw
