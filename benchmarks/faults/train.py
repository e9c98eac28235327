"""Cases, trained with each seed, as trials in a sweep's folder: what a worker and the driver of a
real sweep do, without Ray."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.faults.case import Case, Data
from benchmarks.faults.look import Look, NotAsSaid, looks
from benchmarks.faults.world import World, demonstrations
from benchmarks.recorded import record_training
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.model import TrialRecord, read_trial
from ilsweep.analysis.records.paths import SweepPaths, TrialPaths
from ilsweep.sweeps.spec.params import flat, nested
from ilsweep.sweeps.spec.trial_config import TrialConfig

_Looks = Sequence[Look | NotAsSaid]


def trained(
    cases: Sequence[Case], seeds: Sequence[int], root: Path, jobs: int
) -> Iterator[Look | NotAsSaid]:
    """What was found in every case with every seed, as they end; the records are under `root`.

    Of a run that is not what its case says, only that.
    """
    work = [(case, seed) for seed in seeds for case in cases if seed < case.seeds]
    if jobs == 1:
        _one_thread()
        ended: Iterator[_Looks] = (_look(case, seed, root) for case, seed in work)
    else:
        ended = _side_by_side(work, root, jobs)
    for done, found in enumerate(ended, 1):
        print(f"\r{done} of {len(work)} runs", end="", file=sys.stderr, flush=True)
        yield from found
    print(file=sys.stderr)


def _side_by_side(work: Sequence[tuple[Case, int]], root: Path, jobs: int) -> Iterator[_Looks]:
    with ProcessPoolExecutor(jobs, get_context("spawn"), _one_thread) as pool:
        waiting = [pool.submit(_look, case, seed, root) for case, seed in work]
        for future in as_completed(waiting):
            yield future.result()


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _look(case: Case, seed: int, root: Path) -> _Looks:
    trial = record(case, seed, root)
    try:
        return looks(case, seed, trial)
    except NotAsSaid as other:
        return [other]


def record(case: Case, seed: int, root: Path) -> TrialRecord:
    """The trial of `case` with `seed`: as it stands under `root`, else trained now.

    Raises:
        Exception: whatever goes wrong in the trainer but a loss that is not finite.
    """
    paths = SweepPaths(root).trial(f"{case.name}-s{seed}")
    asked = json.loads(to_json(_identity(case, seed)))
    if read_json(paths.params) != asked or not read_trial(paths).finished:
        paths.metrics.unlink(missing_ok=True)
        write_atomic(paths.params, to_json(asked))
        _train(case, seed, paths)
    return read_trial(paths)


def _identity(case: Case, seed: int) -> dict[str, Any]:
    config = case.trainer_class.Config(**nested(case.params))
    return {
        "config_id": case.name,
        "seed": seed,
        "params": flat(config.model_dump(mode="json")),
        "trainer": case.trainer,
        "data": _told(case.data_of(seed)),
    }


def _told(data: Data) -> str:
    """What was trained on; of a made-up world, what is not its default."""
    if not isinstance(data, World):
        return repr(data)
    values = {field.name: (getattr(data, field.name), field.default) for field in fields(World)}
    return repr({name: value for name, (value, usual) in values.items() if value != usual})


def _train(case: Case, seed: int, paths: TrialPaths) -> None:
    data = case.data_of(seed)
    trial = TrialConfig(
        id=case.name,
        config_id=case.name,
        seed=seed,
        params=flat(case.params),
        steps=case.trainer_class.Config(**nested(case.params)).steps,
        data={} if isinstance(data, World) else data.model_dump(mode="json"),
    )
    made_up = demonstrations(data) if isinstance(data, World) else None
    record_training(case.trainer, trial, paths, made_up)
