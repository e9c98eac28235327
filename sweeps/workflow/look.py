"""What a trained policy owes to its eyes: `ilsweep look`.

Episodes come in rounds. In each the policy as it is and under every lesion meets the same seeds,
which nothing was chosen by; after a round the evidence is looked at. A lesion whose answer is clear
is tried no more, and where that of another episode's images is, nothing is. The policy lives in
one fresh process.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from ilsweep.analysis.card.evidence import Card, by_actions, card_of
from ilsweep.analysis.card.page import card_page
from ilsweep.analysis.card.text import card_text
from ilsweep.analysis.findings.thresholds import resolve
from ilsweep.analysis.records.episodes import write_episodes
from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.processes.signals import heeding
from ilsweep.sweeps.progress.console import Progress
from ilsweep.sweeps.store.sweep_dir import writable
from ilsweep.sweeps.workflow.confirm import BEYOND
from ilsweep.sweeps.workflow.pool import as_completed, process_pool
from ilsweep.sweeps.workflow.trained import Checkpoint, checkpoint_of, loaded
from ilsweep.trainers.core.episode import DEMONSTRATION, INTACT, Episode

ROUND = 5
"""Episodes of each variant between two looks at the evidence; those of the first are filmed."""


def look_at(path: Path, episodes: int) -> tuple[Card, Path]:
    """The card of a checkpoint, after at most so many episodes of each variant; its file.

    `path` is a trial's folder, whose newest checkpoint is taken, or one of its checkpoints.

    Raises:
        FolderError: no checkpoint of a trial of ours, or its policy cannot be tried.
        KeyboardInterrupt: interrupted; nothing is written.
    """
    found, plan = checkpoint_of(path)
    folder = _folder(found)
    threads = max(1, int(plan.spec.resources.cpu))
    with heeding(), process_pool(1, threads) as pool, Progress() as progress:
        variants: list[str] | dict[str, float] = _call(pool, found, _variants, found)
        if isinstance(variants, dict):
            limit = resolve(plan.spec.thresholds)["blind_policy.change"]
            card, rows = by_actions(found.trial.id, variants, limit), list[Episode]()
        else:
            card, rows = _rounds(pool, progress, found, variants, episodes)
    with writable(folder.root):
        if rows:
            write_episodes(folder, [vars(row) for row in rows])
        write_atomic(folder.root / "card.json", to_json(card.to_json()))
        for lang in ("zh", "en"):
            write_atomic(folder.root / f"card.{lang}.md", card_text(card, lang))
        write_atomic(folder.root / "card.html", card_page(card, folder))
    return card, folder.root / "card.html"


def _rounds(
    pool: ProcessPoolExecutor, progress: Progress, found: Checkpoint, variants: list[str], most: int
) -> tuple[Card, list[Episode]]:
    rows: list[Episode] = []
    outcomes: dict[str, dict[int, bool]] = {name: {} for name in variants}
    card, open_ones = None, variants
    for start in range(0, most, ROUND):
        seeds = list(range(BEYOND + start, BEYOND + min(start + ROUND, most)))
        for name in open_ones:
            kept: list[Episode] = _call(pool, found, _episodes, (found, name, seeds))
            rows += [e for e in kept if e.variant != DEMONSTRATION or not start]
            outcomes[name] |= {e.seed: bool(e.success) for e in kept if e.variant == name}
            progress.show(start, most, f"episodes of {found.trial.id}: {name}")
        card = card_of(found.trial.id, outcomes)
        if card.verdict in ("sees", "blind"):
            break
        open_ones = [INTACT, *(lesion.name for lesion in card.lesions if not lesion.decided)]
    assert card is not None
    return card, _once(rows)


def _once(rows: list[Episode]) -> list[Episode]:
    return list({(row.variant, row.seed): row for row in rows}.values())


def _call(pool: ProcessPoolExecutor, found: Checkpoint, work: Any, given: Any) -> Any:
    """What the policy's process answers.

    Raises:
        FolderError: it cannot.
    """
    (job,) = as_completed([pool.submit(work, given)])
    try:
        return job.result()
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise FolderError(f"{found.file}: its policy cannot be tried ({reason})") from error


def _folder(found: Checkpoint) -> TrialPaths:
    """Where the card is written: `trials/ID/look/`."""
    return TrialPaths(found.shared.paths(found.trial.id).root / "look")


_loaded: dict[Path, Any] = {}
"""In the policy's process: its trainer, by the checkpoint's file."""


def _trainer(found: Checkpoint) -> Any:
    from ilsweep.trainers.training.supervised import SupervisedTrainer

    if found.file not in _loaded:
        trainer = loaded(found.shared, found.trial, found.file)
        if not isinstance(trainer, SupervisedTrainer):
            name = found.shared.trainer
            raise TypeError(f"{name} is no SupervisedTrainer, whose episodes can be run")
        _loaded[found.file] = trainer
    return _loaded[found.file]


def _variants(found: Checkpoint) -> list[str] | dict[str, float]:
    """In the policy's process: the variants to try; without an environment, how actions change."""
    from ilsweep.trainers.evaluation import lesions, probes

    trainer = _trainer(found)
    if not trainer.data.source.cameras:
        raise ValueError("it sees no images")
    if trainer.data.environment is not None:
        return [INTACT, *lesions.lesions_of(trainer.data)]
    policy, sample = trainer.policy(), trainer.held_out()
    return {**probes.vision(policy, sample), **probes.joints(policy, sample)}


def _episodes(work: tuple[Checkpoint, str, list[int]]) -> list[Episode]:
    """In the policy's process: episodes of some seeds."""
    from ilsweep.trainers.evaluation.episodes import EpisodeLog
    from ilsweep.trainers.evaluation.lesions import lesioned, lesions_of

    found, name, seeds = work
    trainer = _trainer(found)
    filmed = seeds if seeds[0] == BEYOND else []
    log = EpisodeLog(trainer.data, trainer.config.success, share=1e9 if filmed else 0.0)
    world = log.watched(name, filmed)
    if name != INTACT:
        world = lesioned(trainer.data, lesions_of(trainer.data)[name], world)
    trainer.roll_out(seeds, world=world)
    return log.take()
