"""What a trained policy owes to its eyes: `ilsweep look`.

Episodes come in rounds. In each the policy as it is and under every lesion meets the same seeds,
which nothing was chosen by; after a round the evidence is looked at. A lesion whose answer is clear
is tried no more, and where that of another episode's images is, nothing is. Lesions wait until the
policy has succeeded once, and then meet the seeds before, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ilsweep.analysis.card.evidence import Card, by_actions, card_of
from ilsweep.analysis.card.page import card_page
from ilsweep.analysis.card.text import card_text, label
from ilsweep.analysis.records.episodes import write_episodes
from ilsweep.analysis.records.files import to_json, write_atomic
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.sweeps.errors import FolderError
from ilsweep.sweeps.processes.signals import heeding
from ilsweep.sweeps.progress.console import Progress, say
from ilsweep.sweeps.store.sweep_dir import writable
from ilsweep.sweeps.workflow.confirm import BEYOND
from ilsweep.sweeps.workflow.lerobot_policy import LeRobotOptions, lerobot_policy, weights_of
from ilsweep.sweeps.workflow.own_policy import own_policy
from ilsweep.trainers.core.episode import INTACT, Episode

ROUND = 5
"""Episodes of each variant between two looks at the evidence; those of the first are filmed."""
HOPELESS = 20
"""Episodes without a success after which no more are tried: above 20 % success this happens once
in a hundred."""


class Tried(Protocol):
    """A policy whose episodes can be run."""

    @property
    def name(self) -> str:
        """On the card."""
        ...

    @property
    def folder(self) -> TrialPaths:
        """Where the card is written."""
        ...

    @property
    def limit(self) -> float:
        """Change of the actions under which it is called blind, in standard deviations."""
        ...

    def variants(self) -> list[str]:
        """What it can be shown, as it is first; nothing without an environment."""
        ...

    def episodes(self, variant: str, seeds: Sequence[int], filmed: bool) -> list[Episode]:
        """Its episodes of some seeds, and demonstrations where they are known."""
        ...

    def action_changes(self) -> dict[str, float]:
        """`probe/NAME_action_change` on frames of its data."""
        ...


def look_at(path: Path, episodes: int, options: LeRobotOptions) -> tuple[Card, Path]:
    """The card of a checkpoint, after at most so many episodes of each variant; its file.

    `path` is a trial's folder, whose newest checkpoint is taken, or one of its checkpoints, or a
    folder with a checkpoint of LeRobot's, of which `options` say more.

    Raises:
        FolderError: there is no checkpoint, or its policy cannot be tried.
        KeyboardInterrupt: interrupted; nothing is written.
    """
    if not path.exists():
        hub = "a checkpoint on the hub is downloaded first, with hf download"
        raise FolderError(f"{path}: there is no such folder or file; {hub}")
    weights = weights_of(path)
    opened: AbstractContextManager[Tried] = (
        own_policy(path) if weights is None else lerobot_policy(path, weights, options)
    )
    with heeding(), opened as policy, Progress() as progress:
        card, rows = _evidence(policy, progress, episodes)
    folder = policy.folder
    with writable(folder.root):
        folder.episodes.unlink(missing_ok=True)  # of an earlier look
        if rows:
            write_episodes(folder, [vars(row) for row in rows])
        write_atomic(folder.root / "card.json", to_json(card.to_json()))
        for lang in ("zh", "en"):
            write_atomic(folder.root / f"card.{lang}.md", card_text(card, lang))
        write_atomic(folder.root / "card.html", card_page(card, folder))
    return card, folder.root / "card.html"


def _evidence(policy: Tried, progress: Progress, most: int) -> tuple[Card, list[Episode]]:
    """By success where there is some, else by actions."""
    variants = policy.variants()
    if not variants:
        return by_actions(policy.name, policy.action_changes(), policy.limit), []
    found = _Evidence(policy, progress, variants, most)
    card = found.card()
    if not card.k:
        try:
            card = by_actions(policy.name, policy.action_changes(), policy.limit, card.n)
        except FolderError as error:
            say(str(error))
    return card, list(found.rows.values())


class _Evidence:
    """Episodes of a policy as it is and under lesions, until the answer is clear."""

    def __init__(
        self, policy: Tried, progress: Progress, variants: Sequence[str], most: int
    ) -> None:
        self._policy, self._progress, self._most = policy, progress, most
        self._lesions = [name for name in variants if name != INTACT]
        starts = range(0, most, ROUND)
        self._rounds = [range(BEYOND + k, BEYOND + min(k + ROUND, most)) for k in starts]
        self._outcomes: dict[str, dict[int, bool]] = {name: {} for name in variants}
        self.rows: dict[tuple[str, int], Episode] = {}

    def card(self) -> Card:
        """Run episodes; what they amount to."""
        waiting = self._lesions
        for number in range(1, len(self._rounds) + 1):
            self._run(INTACT, number)
            if any(self._outcomes[INTACT].values()):
                for name in waiting:
                    self._run(name, number)
            card = card_of(self._policy.name, self._outcomes)
            hopeless = not card.k and card.n >= HOPELESS
            if card.verdict in ("sees", "blind") or hopeless:
                break
            decided = {lesion.name for lesion in card.lesions if lesion.decided}
            waiting = [name for name in self._lesions if name not in decided]
        return card

    def _run(self, name: str, number: int) -> None:
        """A variant's episodes of the first `number` rounds that it has not met."""
        outcomes = self._outcomes[name]
        for seeds in self._rounds[:number]:
            if seeds[0] in outcomes:
                continue
            said = f"episodes of {self._policy.name}, {label(name).en}"
            self._progress.show(len(outcomes), self._most, said)
            kept = self._policy.episodes(name, seeds, filmed=seeds == self._rounds[0])
            self.rows |= {(e.variant, e.seed): e for e in kept}
            outcomes |= {e.seed: bool(e.success) for e in kept if e.variant == name}
