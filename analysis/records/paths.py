"""Every path of a sweep's folder: `SweepPaths`, `TrialPaths`.

The folder is the only truth about a sweep. One process writes it (the driver); anything may read it
at any time, so whole files are replaced atomically and metric lines are appended whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrialPaths:
    """Every path of one trial."""

    root: Path

    @property
    def params(self) -> Path:
        """What the trial trains, with its seed and configuration."""
        return self.root / "params.json"

    @property
    def metrics(self) -> Path:
        """One object a report: `step`, `attempt`, and metrics by name."""
        return self.root / "metrics.jsonl"

    @property
    def record(self) -> Path:
        """State, times and error."""
        return self.root / "record.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of its checkpoints, `step_NNNNNNNNN.ckpt`."""
        return self.root / "checkpoints"

    @property
    def episodes(self) -> Path:
        """Its evaluation episodes, a row each."""
        return self.root / "episodes.parquet"

    @property
    def films(self) -> Path:
        """The folder of its episodes' films, `SEED.mp4` and `SEED-VARIANT.mp4`."""
        return self.root / "episodes"

    @property
    def predictions(self) -> Path:
        """What its policy predicts on frames of its demonstrations."""
        return self.root / "predictions.json"

    @property
    def wandb(self) -> Path:
        """The folder of its offline wandb run."""
        return self.root / "wandb"


@dataclass(frozen=True)
class SweepPaths:
    """Every path of one sweep."""

    root: Path

    @property
    def spec(self) -> Path:
        return self.root / "spec.yaml"

    @property
    def manifest(self) -> Path:
        """Versions, commit, host and command."""
        return self.root / "manifest.json"

    @property
    def trials(self) -> Path:
        """The folder of the trials, one folder each."""
        return self.root / "trials"

    @property
    def optuna(self) -> Path:
        """The journal of Optuna's study, written anew from the records."""
        return self.root / "optuna.log"

    @property
    def search(self) -> Path:
        """The configurations that the search requested and the results it was given, in order."""
        return self.root / "search.jsonl"

    @property
    def lock(self) -> Path:
        return self.root / ".lock"

    @property
    def snapshots(self) -> Path:
        """How far runs had come when they were reported, a line each time."""
        return self.root / "looks.jsonl"

    @property
    def report_json(self) -> Path:
        return self.root / "report.json"

    @property
    def stages(self) -> Path:
        return self.root / "stages.json"

    @property
    def confirm(self) -> Path:
        """Fresh episodes of trained policies, a line each."""
        return self.root / "confirm.jsonl"

    @property
    def retrained(self) -> Path:
        """The sweep of the best with fresh training seeds (`confirm --train-seeds`)."""
        return self.root / "retrained"

    @property
    def controls(self) -> Path:
        """Counts of the controls: whether success could be seen at all."""
        return self.root / "controls.json"

    @property
    def plots(self) -> Path:
        return self.root / "plots"

    @property
    def page(self) -> Path:
        """The report as a page, in one file."""
        return self.root / "report.html"

    @property
    def next_spec(self) -> Path:
        return self.root / "next.yaml"

    def report(self, lang: str) -> Path:
        """The report in `en` or `zh`."""
        return self.root / f"report.{lang}.md"

    def trial(self, trial_id: str) -> TrialPaths:
        return TrialPaths(self.trials / trial_id)
