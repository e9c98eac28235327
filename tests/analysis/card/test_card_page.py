"""A card as a page, in a browser where there is one."""

from __future__ import annotations

from pathlib import Path

from ilsweep.analysis.card.evidence import card_of
from ilsweep.analysis.card.page import card_page
from ilsweep.analysis.records.episodes import write_episodes
from ilsweep.analysis.records.paths import TrialPaths
from tests.analysis.page.browser import browser, needs_browser
from tests.analysis.page.filmed import row_of

LESIONS = ("other_episode_images", "black_images")


@needs_browser
def test_a_row_a_lesion_a_column_a_seed(tmp_path: Path) -> None:
    paths = TrialPaths(tmp_path / "look")
    seeds = range(8)
    outcomes = {
        "none": dict.fromkeys(seeds, True),
        **{n: dict.fromkeys(seeds, False) for n in LESIONS},
    }
    rows = [
        row_of(seed, name, won) for name, found in outcomes.items() for seed, won in found.items()
    ]
    rows += [{**row_of(9, "demonstration", True), "success": None, "film": b"", "thumbnail": b""}]
    write_episodes(paths, rows)
    file = tmp_path / "card.html"
    file.write_text(card_page(card_of("c0000-s0", outcomes), paths))
    with browser(tmp_path / "profile") as page:
        page.open(file)
        assert page.errors == []
        count = "document.querySelectorAll({}).length"
        assert page.value(count.format("'#grid tbody tr'")) == 1 + len(LESIONS)
        assert page.value(count.format("'#grid .film.lost'")) == len(LESIONS) * len(seeds)
        assert page.value(count.format("'#path-charts figure'")) == 1 + len(LESIONS)
        assert "It looks" in page.value("document.body.innerText")
        page.value("document.querySelector('#grid thead .play').click()")
        videos = "[...document.querySelectorAll('#grid video')]"
        page.until(f"{videos}.length === 3 && {videos}.every((v) => v.currentTime > 0)")
