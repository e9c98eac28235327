"""A sweep's folder, read as a whole: `Sweep`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.findings.trial_diagnosis import TrialDiagnosis
from ilsweep.analysis.importers.chosen_metric import chosen
from ilsweep.analysis.load.parallel import read_trials
from ilsweep.analysis.metrics.lookup import catalog_of
from ilsweep.analysis.metrics.metric import Mode
from ilsweep.analysis.metrics.objectives import objectives_of
from ilsweep.analysis.records.confirm_log import ConfirmEpisodes, confirm_episodes_of
from ilsweep.analysis.records.controls import Controls, controls_of
from ilsweep.analysis.records.curves import read_lines
from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.model import TrialRecord
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.records.shape import manifest_of


@dataclass(frozen=True)
class Sweep:
    """A sweep's folder, read."""

    paths: SweepPaths
    spec: dict[str, Any]
    """The resolved spec as plain data; of a folder of imported runs nothing, or the objective that
    was named with them."""
    manifest: dict[str, Any]
    trials: list[TrialRecord]
    fresh: ConfirmEpisodes = field(default_factory=ConfirmEpisodes)
    """Episodes of `ilsweep confirm`."""
    diagnosed: dict[str, TrialDiagnosis] = field(default_factory=dict)
    """What trials say by themselves, by id; of those that were diagnosed while reading."""
    retrained: Sweep | None = None
    """Fresh trainings of the best (`ilsweep confirm --train-seeds`)."""
    controls: Controls | None = None
    """Whether success could be seen; None where the folder does not say."""


def read_sweep(root: Path, *, diagnose: bool = False) -> Sweep:
    """Everything in a sweep's folder, trials in the order of their ids.

    With `diagnose` the trials are diagnosed on the way, by all processes that read.

    Raises:
        FileNotFoundError: `root` is not a folder, or has no `trials` and no `spec.yaml` in it.
    """
    paths = SweepPaths(root)
    if not _is_sweep(paths):
        raise FileNotFoundError(f"{root}: not a sweep's folder (no spec.yaml and no trials in it)")
    again = SweepPaths(paths.retrained)
    found = _read(paths, diagnose=diagnose)
    return replace(found, retrained=_read(again)) if _is_sweep(again) else found


def _is_sweep(paths: SweepPaths) -> bool:
    return paths.trials.is_dir() or paths.spec.is_file()


def _read(paths: SweepPaths, *, diagnose: bool = False) -> Sweep:
    folders = (
        sorted(p for p in paths.trials.glob("*") if p.is_dir()) if paths.trials.is_dir() else []
    )
    manifest = manifest_of(read_json(paths.manifest))
    spec = manifest.get("spec") or {k: v for k, v in manifest.items() if k == "objective" and v}
    limits = resolve(spec.get("thresholds")) if diagnose else None
    trials, known = read_trials(folders, limits)
    return Sweep(
        paths=paths,
        spec=spec,
        manifest=manifest,
        trials=trials,
        diagnosed=known,
        fresh=confirm_episodes_of(read_lines(paths.confirm)),
        controls=controls_of(read_json(paths.controls)),
    )


def by_metric(sweep: Sweep, metric: str, mode: Mode | None = None) -> Sweep:
    """The sweep as if its objective were another metric.

    Raises:
        NoSuchMetric: no trial logged it, or which end of it is good is not known.
    """
    logged = {name for trial in sweep.trials for name in trial.curves}
    given = objectives_of(sweep.spec, sweep.trials)
    wanted = chosen(metric, mode, logged, given, catalog_of(sweep.manifest))
    return replace(sweep, spec={**sweep.spec, "objective": vars(wanted)})
