"""The best configurations' checkpoints in the simulator, on seeds that chose nothing.

Episodes come in rounds. In each round every configuration that is still open meets the same fresh
seeds; for each seed the policy is drawn among the configuration's training seeds, with the same
draw for all. After a round its lines are in `confirm.jsonl`, and whoever was beaten stops.

Workers are fresh processes (spawn), one policy at a time each; they keep the policies they loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from ilsweep.analysis.load.sweep import Sweep
from ilsweep.analysis.metrics.catalog import EPISODE
from ilsweep.analysis.records.confirm_log import to_row
from ilsweep.analysis.records.files import append_line
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import FolderError, reason
from ilsweep.sweeps.processes.machine import cpus
from ilsweep.sweeps.processes.signals import heeding
from ilsweep.sweeps.progress.console import Progress, say
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.spec.trial_config import SharedConfig, TrialConfig
from ilsweep.sweeps.store import checkpoints
from ilsweep.sweeps.store.sweep_dir import now
from ilsweep.sweeps.workflow.pool import as_completed, process_pool
from ilsweep.sweeps.workflow.trained import loaded
from ilsweep.trainers.core.contract import Trainer

ROUND = 10
"""Fresh episodes of each configuration between two looks at the evidence."""
BEYOND = 2**31 + 10_000
"""Fresh seeds begin here: after those of demonstrations and of evaluation while training."""
Work = tuple[SharedConfig, TrialConfig, list[int]]
"""A trial, and the seeds that its policy shall try."""


@dataclass(frozen=True)
class Candidate:
    """A configuration and those of its trials whose policies can be tried."""

    config_id: str
    trials: tuple[TrialRecord, ...]
    """In the order of their training seeds."""

    def drawn(self, seed: int) -> TrialRecord:
        """The policy of one episode: the same draw for every configuration.

        The draw is not the one that places the objects, which the simulator makes from the seed.
        """
        share = np.random.default_rng([seed, 1]).random()
        return self.trials[int(share * len(self.trials))]


def candidates(
    plan: Plan, sweep: Sweep, order: Sequence[tuple[str, Sequence[str]]], top: int
) -> list[Candidate]:
    """The first `top` of `order` (configuration, its trials) whose final checkpoints are there.

    Raises:
        FolderError: the trainer cannot be tried in a simulator, or nobody has a checkpoint.
    """
    if why := untriable(plan):
        raise FolderError(f"{sweep.paths.root}: {why}")
    trials = {trial.id: trial for trial in sweep.trials}
    found: list[Candidate] = []
    for config_id, ids in order:
        if len(found) == top:
            break
        ready = [trials[i] for i in ids if _has_policy(sweep.paths, trials[i])]
        if ready:
            found.append(Candidate(config_id, tuple(sorted(ready, key=lambda t: t.seed or 0))))
        else:
            say(f"{config_id}: {_why_none(sweep.paths, ids)}, left out")
    if not found:
        raise FolderError(
            f"{sweep.paths.root}: no healthy configuration that trained to the end has a checkpoint"
        )
    return found


def _why_none(paths: SweepPaths, trials: Sequence[str]) -> str:
    """Why a configuration has no final checkpoint."""
    known = (checkpoints.why_removed(paths.trial(name).checkpoints) for name in trials)
    return next(filter(None, known), "no final checkpoint")


def untriable(plan: Plan) -> str:
    """Why no policy of a sweep can be tried in an environment; empty where it can."""
    if not plan.trainer.solves:
        return (
            f"the trainer {plan.spec.trainer} has no simulator to try its policies in; "
            "valid: one that implements `solve`, as act does"
        )
    if plan.trainer.needs_data:
        from ilsweep.trainers.data.sources import parse

        if not parse(plan.data({})).has_environment:
            return "a data set has no simulator to try policies in"
    return ""


def _has_policy(paths: SweepPaths, trial: TrialRecord) -> bool:
    folder = paths.trial(trial.id).checkpoints
    return checkpoints.newest(folder) == checkpoints.path(folder, trial.steps)


def fresh_seeds(sweep: Sweep) -> Iterator[int]:
    """Seeds of the simulator that nothing in this folder has been tried on."""
    logged = (
        int(name[len(EPISODE) :])
        for trial in sweep.trials
        for name in trial.curves
        if name.startswith(EPISODE) and name[len(EPISODE) :].isdecimal()
    )
    start = max([BEYOND - 1, *logged, *sweep.fresh.seeds]) + 1
    while True:
        yield start
        start += 1


def confirm(
    plan: Plan,
    sweep: Sweep,
    tried: Sequence[Candidate],
    rollouts: int,
    beaten: Callable[[], Collection[str]],
) -> None:
    """Try candidates on up to `rollouts` fresh episodes each, until all but one are beaten.

    Args:
        beaten: The configurations that another has beaten, by the records of all rounds so far.

    Raises:
        FolderError: a policy cannot be tried.
        KeyboardInterrupt: interrupted; whole rounds are kept.
    """
    seeds = fresh_seeds(sweep)
    threads = plan.spec.resources.threads
    with heeding(), process_pool(_fitting(plan), threads) as pool, Progress() as progress:
        done = 0
        while done < rollouts and (players := _players(tried, beaten())):
            taken = [next(seeds) for _ in range(min(ROUND, rollouts - done))]
            done += len(taken)
            for config_id, found in _round(pool, plan, sweep.paths, players, taken).items():
                append_line(sweep.paths.confirm, to_row(now(), config_id, found))
            names = ", ".join(player.config_id for player in players)
            progress.show(done, rollouts, f"fresh episodes each of {names}")


def _players(tried: Sequence[Candidate], beaten: Collection[str]) -> list[Candidate]:
    """Whoever is not beaten; nobody where only one of several is left."""
    left = [candidate for candidate in tried if candidate.config_id not in beaten]
    return [] if len(left) == 1 < len(tried) else left


def _round(
    pool: ProcessPoolExecutor,
    plan: Plan,
    paths: SweepPaths,
    players: Sequence[Candidate],
    seeds: Sequence[int],
) -> dict[str, dict[int, tuple[str, bool]]]:
    """One round: configuration to seed to (trial, success)."""
    shared = plan.shared(paths.root)
    jobs: dict[Future[dict[int, bool]], tuple[str, str]] = {}
    for player in players:
        drawn: dict[str, list[int]] = {}
        for seed in seeds:
            drawn.setdefault(player.drawn(seed).id, []).append(seed)
        for trial in player.trials:
            if mine := drawn.get(trial.id):
                job = pool.submit(_solve, (shared, _config(plan, trial), mine))
                jobs[job] = player.config_id, trial.id
    found: dict[str, dict[int, tuple[str, bool]]] = {p.config_id: {} for p in players}
    for job in as_completed(jobs):
        config_id, trial_id = jobs[job]
        found[config_id] |= {seed: (trial_id, won) for seed, won in _result(job, trial_id).items()}
    return {config_id: dict(sorted(episodes.items())) for config_id, episodes in found.items()}


def _result(job: Future[dict[int, bool]], trial_id: str) -> dict[int, bool]:
    try:
        solved = job.result()
    except Exception as error:
        raise FolderError(f"{trial_id}: its policy cannot be tried ({reason(error)})") from error
    if not solved:
        raise FolderError(f"{trial_id}: its trainer found no simulator to try its policy in")
    return solved


def _config(plan: Plan, trial: TrialRecord) -> TrialConfig:
    return plan.trial(trial.searched, trial.seed or 0, trial.config_id)


def _fitting(plan: Plan) -> int:
    """As many processes as trials fit on this machine."""
    resources = plan.spec.resources
    count = max(1, int(cpus() / max(1.0, resources.cpu)))
    if resources.gpu:
        count = min(count, max(1, int(1 / resources.gpu)))
    return count


_loaded: dict[str, Trainer] = {}
"""In a worker: trainers by trial, loaded from their final checkpoints."""


def _solve(work: Work) -> dict[int, bool]:
    """In a worker: what one trial's policy makes of some seeds."""
    shared, trial, seeds = work
    if trial.id not in _loaded:
        _loaded[trial.id] = loaded(shared, trial)
    solved = _loaded[trial.id].solve(seeds)
    return {int(seed): bool(won) for seed, won in solved.items()}
