"""The page as a reader sees it, in Chromium without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.page import write_page
from ilsweep.analysis.records.episodes import write_episodes
from tests.analysis.page.browser import Page, browser, needs_browser
from tests.analysis.page.filmed import SEEDS, row_of, write_filmed, write_noisy

pytestmark = needs_browser

DRAWN_S = 2.0
"""So long a page may take to be drawn."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp("sweep")
    write_filmed(root)
    return write_page(analyse(read_sweep(root)))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as shown:
        yield shown


@pytest.fixture
def page(shown: Page, file: Path) -> Page:
    """Opened anew for each test, whatever the one before did to it."""
    shown.errors.clear()
    shown.open(file)
    return shown


def test_its_parts_are_drawn_in_time_and_nothing_is_wrong(page: Page) -> None:
    counts = {
        "#ranks tbody tr": 3,
        "#grid tbody tr": 6,
        "#grid tbody td .film.won": 14,
        "#variants button": 2,
        "#path-charts > figure": 6,
        "#path-charts > details figure": 3,
        "#path-charts .predicted": 3,
        "#prediction-charts figure": 3,
        "#prediction-charts .range-beyond": 2 * 3,
        "#curve-charts figure": 7,
    }
    for selector, count in counts.items():
        found = page.value(f"document.querySelectorAll({selector!r}).length")
        assert found == count, selector
    assert 0 < page.drawn_s < DRAWN_S
    assert page.errors == []


def test_no_request_leaves(page: Page) -> None:
    assert {address.partition(":")[0] for address in page.requests} <= {"file", "data", "blob"}
    page.value("fetch('http://127.0.0.1:9/x').catch(() => 0)")
    assert any("Content Security Policy" in error for error in page.errors), "and none could"
    page.errors.clear()


def test_one_language_is_seen_at_a_time(page: Page) -> None:
    seen = "document.querySelector('#episodes h2').innerText"
    assert page.value(seen) == "Episodes"
    page.value("document.getElementById('switch-lang').click()")
    assert page.value(seen) == "回合"
    assert "Answer" not in page.value("document.body.innerText")
    page.value("document.getElementById('switch-lang').click()")
    assert "结论" not in page.value("document.body.innerText")


def test_the_theme_changes(page: Page) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    before = page.value(colour)
    page.value("document.getElementById('switch-theme').click()")
    assert page.value(colour) != before


def test_a_row_plays_in_step(page: Page) -> None:
    page.value("document.querySelector('#grid tbody tr .play').click()")
    videos = "[...document.querySelectorAll('#grid tbody tr:first-child video')]"
    page.until(f"{videos}.length === {len(SEEDS)} && {videos}.every((v) => v.currentTime > 0.1)")
    times = page.value(f"{videos}.map((v) => v.currentTime)")
    assert max(times) - min(times) < 0.1
    page.until(f"{videos}.every((v) => v.ended)")
    lengths = page.value(f"{videos}.map((v) => v.duration)")
    assert lengths == pytest.approx([(20 + seed % 7) / 30 for seed in SEEDS], abs=0.04)


def test_a_film_plays_by_keyboard(page: Page) -> None:
    page.value("document.querySelector('#grid tbody tr:last-child .film').focus()")
    for kind in ("keyDown", "keyUp"):
        page.send("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter",
                  windowsVirtualKeyCode=13, text="\r")  # fmt: skip
    page.until("document.querySelector('#grid tbody tr:last-child video')?.currentTime > 0")


def test_two_configurations_meet_on_the_same_start_those_that_differ_first(page: Page) -> None:
    page.value(
        "for (const [id, name] of [['first', 'c000'], ['second', 'c001']]) {"
        "const box = document.getElementById(id); box.value = name;"
        "box.dispatchEvent(new Event('change')); }"
    )
    differ = page.value(
        "[...document.querySelectorAll('.pair')].map((p) => p.querySelector('.differ') !== null)"
    )
    assert differ == sorted(differ, reverse=True)
    assert all(differ), "one solves even seeds, the other odd ones"
    beside = "document.querySelector('.pair').querySelectorAll('.lesion').length"
    assert page.value(beside) == 1


def test_two_that_differ_are_compared_at_first(page: Page, tmp_path: Path) -> None:
    write_filmed(tmp_path, configs=4)
    page.open(write_page(analyse(read_sweep(tmp_path))))
    chosen = page.value("['first', 'second'].map((id) => document.getElementById(id).value)")
    assert "c000" in chosen, "the others solve the same seeds"
    count, alone = 2 * len(SEEDS), [2 * 3, 2 * 2]
    said = f"They differ in {count} of {count} episodes: {{}} that only {chosen[0]} solves, {{}}"
    told = said.format(*(alone if chosen[0] == "c000" else alone[::-1]))
    assert told in page.value("document.getElementById('pairs').innerText")


def test_the_answer_is_read_first(page: Page) -> None:
    sizes = page.value(
        "['.lead', '.question', '.claims li', '#answer p:last-of-type', 'h2'].map("
        "(s) => parseFloat(getComputedStyle(document.querySelector(s)).fontSize))"
    )
    assert sizes[0] == max(sizes)
    assert page.value("document.querySelector('.lead').getBoundingClientRect().bottom") < 250
    assert page.value("document.querySelectorAll('.claims strong.undecided').length") == 1


def test_a_number_leads_to_its_episodes(page: Page) -> None:
    page.value("document.querySelector('#ranks a').click()")
    first = page.value("document.querySelector('#ranks tbody tr').dataset.config")
    assert page.value("document.activeElement.closest('tr').dataset.config") == first


def test_a_seed_and_a_count_under_a_lesion_lead_to_their_episodes(
    page: Page, tmp_path: Path
) -> None:
    sweep = write_filmed(tmp_path)
    counted = analyse(sweep).ranking.rows[0].counted
    trial = next(trial for trial in sweep.trials if trial.id == counted[-1])
    file = sweep.paths.trial(trial.id).metrics
    lesion = {"eval/lesion/n_episodes": 5, "eval/lesion/black_images/pc_success": 0.0}
    last = json.loads(file.read_text().splitlines()[-1])
    file.write_text(f"{file.read_text()}{json.dumps({**last, **lesion})}\n")
    page.open(write_page(analyse(read_sweep(tmp_path))))
    row = f"#ranks tr[data-config='{trial.config_id}']"
    dots = f'[...document.querySelectorAll("{row} .dot")]'
    title = "d.querySelector('title').textContent"
    dot = f"{dots}.find((d) => {title}.startsWith('{trial.id} '))"
    page.value(f"{dot}.dispatchEvent(new Event('click'))")
    focused = "document.activeElement.querySelector('th').innerText"
    assert page.value(focused).startswith(f"{trial.config_id} s{trial.seed} ")
    said = "document.querySelector('.lesioned a')"
    assert page.value(f"{said}.innerText") == "black images 0/5"
    page.value(f"{said}.click()")
    assert (
        page.value("document.querySelector('#variants [aria-selected=true]').innerText")
        == "black images"
    )
    assert page.value(focused).startswith(trial.config_id)


def test_a_trial_that_the_report_names_leads_to_its_episodes(page: Page) -> None:
    links = "[...document.querySelectorAll('.text a')]"
    named = page.value(f"{links}.map((a) => a.textContent)")
    assert "c001-s1" in named
    page.value(f"{links}.find((a) => a.textContent === 'c001-s1').click()")
    assert page.value("document.activeElement.querySelector('th').innerText").startswith("c001 s1")


def test_a_configuration_is_found_from_a_lesion_that_it_never_met(
    page: Page, tmp_path: Path
) -> None:
    sweep = write_filmed(tmp_path)
    first = sweep.trials[0]
    for trial in sweep.trials[1:]:
        rows = [row_of(seed, "none", True) for seed in SEEDS]
        write_episodes(sweep.paths.trial(trial.id), rows)
    page.open(write_page(analyse(read_sweep(tmp_path))))
    page.value("document.querySelector('[data-variant=black_images]').click()")
    shown = "[...document.querySelectorAll('#grid tbody tr')].map((r) => r.dataset.config)"
    assert page.value(shown) == [first.config_id]
    page.value("[...document.querySelectorAll('#ranks code')].find("
               "(c) => c.textContent === 'c002').closest('a').click()")  # fmt: skip
    assert page.value("document.activeElement.dataset.config") == "c002"


def test_policies_need_not_have_met_the_same_seeds(page: Page, tmp_path: Path) -> None:
    sweep = write_filmed(tmp_path)
    paths = sweep.paths.trial(sweep.trials[0].id)
    write_episodes(paths, [row_of(seed, "none", True) for seed in SEEDS[1:]])
    page.open(write_page(analyse(read_sweep(tmp_path))))
    page.value("document.querySelector('#grid thead .play').click()")
    page.until("document.querySelectorAll('#grid video').length === 5")
    assert page.errors == []


def test_of_many_configurations_the_best_are_seen_and_what_is_not_shown_is_said(
    page: Page, tmp_path: Path
) -> None:
    write_filmed(tmp_path, configs=32, seeds=1, films=False)
    page.open(write_page(analyse(read_sweep(tmp_path))))
    for holder, kinds in (("path", 2), ("prediction", 1)):
        count = f"document.querySelectorAll('#{holder}-charts {{}} figure').length"
        assert page.value(count.format(">")) == 8 * kinds, "executed, and predicted"
        assert page.value(count.format("> details")) == 22 * kinds
        top = f"document.querySelector('#{holder}-charts > {{}}').offsetTop"
        assert page.value(top.format("details")) > page.value(top.format("figure"))
    assert "Those of 2 configurations further down" in page.value("document.body.innerText")


def test_any_number_of_points_is_brought_to_one_scale(page: Page) -> None:
    points = "Array.from({length: 1e6}, (_, i) => [i % 7, i % 5])"
    assert page.value(f"seenFromAbove([{points}], [])[0](3)") == pytest.approx(140)
    assert page.value(f"extent({points}.map((point) => point[0]))") == [0, 6]


def test_the_plan_is_drawn_where_its_mass_is(page: Page) -> None:
    pixels = page.value(
        "[[0, 0], [1, 0], [0, 1], [1, 1]].map(([x, y]) => document.querySelector('canvas.plan')"
        ".getContext('2d').getImageData(x, y, 1, 1).data[3])"
    )
    assert pixels == [255, 0, 0, 255]


def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page) -> None:
    page.send(
        "Emulation.setDeviceMetricsOverride",
        width=360,
        height=700,
        deviceScaleFactor=2,
        mobile=True,
    )
    assert page.value("document.documentElement.scrollWidth") <= 360
    page.send("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_printed_light_and_whole(page: Page, tmp_path: Path, dark: bool) -> None:
    write_filmed(tmp_path)
    page.open(write_page(analyse(read_sweep(tmp_path))))
    page.value(f"document.documentElement.dataset.theme = {'dark' if dark else 'light'!r}")
    page.send("Emulation.setEmulatedMedia", media="print")
    page.value("dispatchEvent(new Event('beforeprint'))")
    assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    folded = "[...document.querySelectorAll('details')].every((part) => part.open)"
    assert page.value(folded), "what is folded is on paper, too"
    switches = "getComputedStyle(document.querySelector('#switch-lang')).display"
    assert page.value(switches) == "none"
    assert page.value("document.querySelector('#grid button.film').offsetWidth") > 0
    page.send("Emulation.setEmulatedMedia", media="")


def test_where_there_is_no_film_nothing_offers_to_play(page: Page, tmp_path: Path) -> None:
    write_filmed(tmp_path, films=False)
    page.open(write_page(analyse(read_sweep(tmp_path))))
    assert page.value("document.querySelectorAll('#grid .film.won').length") == 14
    assert page.value("document.querySelectorAll('.play, button.film').length") == 0
    wide = "document.querySelector('#grid .film').getBoundingClientRect().width"
    assert page.value(wide) < 30, "fifty of them beside each other"
    page.value("document.querySelector('#ranks a').click()")
    first = page.value("document.querySelector('#ranks tbody tr').dataset.config")
    assert page.value("document.activeElement.dataset.config") == first


def test_five_hundred_episodes_are_one_file_of_bounded_size_drawn_in_time(
    tmp_path: Path,
) -> None:
    file = write_page(analyse(write_noisy(tmp_path / "sweep")))
    assert file.stat().st_size < 15_000_000
    with browser(tmp_path / "profile") as shown:
        shown.open(file)
        assert shown.value("document.querySelectorAll('#grid .film').length") == 500
        assert 0 < shown.drawn_s < DRAWN_S
