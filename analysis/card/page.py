"""A card as a page: the same seeds under every lesion, as films, and where the robot went."""

from __future__ import annotations

from dataclasses import replace

from ilsweep.analysis.card.evidence import Card
from ilsweep.analysis.card.text import card_text, label
from ilsweep.analysis.page.episodes import Policy, grid
from ilsweep.analysis.page.page import in_both, render
from ilsweep.analysis.records.episodes import DEMONSTRATION, INTACT, read_episodes
from ilsweep.analysis.records.paths import TrialPaths
from ilsweep.analysis.text import Lang, Text

EPISODES = Text("films", "影片")


def card_page(card: Card, paths: TrialPaths) -> str:
    """The page of a card, whose episodes lie in `paths`: a row a lesion, a column a seed."""
    rows = _rows(card, paths)
    shown = {
        "metric": "", "ranking": [], "curves": [],
        "variants": [{"name": INTACT, "label": vars(EPISODES)}], **grid(rows),
    }  # fmt: skip

    def body(lang: Lang) -> list[str]:
        return card_text(card, lang).split("\n")[1:]  # the title is the page's

    return render(card.checkpoint, shown, card=in_both(body, paths.root))


def _rows(card: Card, paths: TrialPaths) -> list[Policy]:
    """The episodes of each variant, as those of one policy that is called by it."""
    kept = read_episodes(paths)
    shown = [episode for episode in kept if episode.variant == DEMONSTRATION]
    rows = []
    for name in (INTACT, *(lesion.name for lesion in card.lesions)):
        own = [replace(e, variant=INTACT) for e in kept if e.variant == name]
        if own:
            rows.append(Policy(name, None, "", label(name), [*shown, *own]))
    return rows
