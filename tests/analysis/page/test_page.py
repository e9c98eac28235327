"""The page as a file: whole, bounded, in the report's words, harmless whatever the records say."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.analyse import analyse
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.analysis.page import episodes, write_page
from ilsweep.analysis.page.markdown_html import to_html
from ilsweep.analysis.records.controls import FORMAT
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.report import write_reports
from tests.analysis.made_up import write_sweep, write_trial
from tests.analysis.page.filmed import SEEDS, write_filmed


def written(root: Path) -> str:
    analysis = analyse(read_sweep(root))
    write_reports(analysis)
    return write_page(analysis).read_text()


def data_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


class Attributes(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for name, v in attrs if name in ("src", "href", "action")]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A sweep without films and its page; nobody changes it."""
    root = tmp_path_factory.mktemp("plain")
    write_sweep(root)
    return root, written(root)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A sweep with films and its page; nobody changes it."""
    root = tmp_path_factory.mktemp("filmed")
    write_filmed(root)
    return root, written(root)


def test_it_is_one_file_without_an_address(plain: tuple[Path, str]) -> None:
    root, page = plain
    assert (root / "report.html").read_text() == page
    seen = Attributes()
    seen.feed(page)
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in seen.addresses)
    assert not {"link", "iframe", "object", "base"} & set(seen.tags)
    assert "http" not in page.replace("http-equiv", "")


def test_it_says_what_the_report_says(plain: tuple[Path, str]) -> None:
    root, page = plain
    analysis = analyse(read_sweep(root))
    for text in (analysis.answer, *(finding.explanation for finding in analysis.findings[:3])):
        for said in (text.en, text.zh):
            words = re.split(r"[^\w\s.,:=]", said)[0]
            assert words in page


def test_all_episodes_are_there_and_their_films(filmed: tuple[Path, str]) -> None:
    data = data_of(filmed[1])
    assert len(data["episodes"]) == 3 * 2 * 2 * len(SEEDS)
    assert all(episode["film"] and episode["still"] for episode in data["episodes"])
    assert data["left_out"] == 0
    shown = [path for path in data["paths"] if path["variant"] == "demonstration"]
    assert sorted(path["seed"] for path in shown) == [0, 1, 2], "each demonstration once"
    assert {path["variant"] for path in data["paths"]} == {"demonstration", "none"}, "none lesioned"


def test_films_are_spoken_of_where_there_are_some(filmed: tuple[Path, str], tmp_path: Path) -> None:
    write_filmed(tmp_path, films=False)
    for root, page, films in ((*filmed, True), (tmp_path, written(tmp_path), False)):
        assert ('<span lang="en">Click a picture' in page) is films
        assert ('<span lang="en">No films were kept' in page) is not films
        assert ("Films of the episodes" in (root / "report.en.md").read_text()) is films


def test_pictures_are_shown_where_the_films_were_not_kept(tmp_path: Path) -> None:
    sweep = write_filmed(tmp_path)
    for trial in sweep.trials:
        shutil.rmtree(sweep.paths.trial(trial.id).films)
    page = written(tmp_path)
    data = data_of(page)
    assert all(episode["still"] and not episode["film"] for episode in data["episodes"])
    assert data["left_out"] == 0
    assert '<span lang="en">The pictures show' in page
    assert '<span lang="en">Click a picture' not in page


def test_films_beyond_the_bound_stay_beside_the_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_filmed(tmp_path)
    monkeypatch.setattr(episodes, "MOST_FILMS", 20_000)
    monkeypatch.setattr(episodes, "MOST_STILLS", 10_000)
    data = data_of(written(tmp_path))
    films = [episode["film"] for episode in data["episodes"]]
    assert 0 < sum(map(len, films)) <= 20_000
    assert sum(len(episode["still"]) for episode in data["episodes"]) <= 10_000
    assert data["left_out"] == sum(not film for film in films)
    first = {e["trial"] for e in data["episodes"] if e["film"]}
    assert len(first) > 1, "every policy's first film comes before a second"


def test_a_text_of_the_records_is_no_code(tmp_path: Path) -> None:
    write_filmed(tmp_path)
    evil = (
        "</script><script>alert(1)</script><img src=x onerror=alert(2)>[x](http://a.b) {{ 7 * 7 }}"
    )
    manifest = read_json(tmp_path / "manifest.json")
    manifest["name"] = manifest["spec"]["question"] = evil
    write_atomic(tmp_path / "manifest.json", to_json(manifest))
    for params in tmp_path.glob("trials/*/params.json"):
        write_atomic(params, to_json({**read_json(params), "searched": {evil: evil}}))
    page = written(tmp_path)
    seen = Attributes()
    seen.feed(page)
    assert seen.tags.count("script") == 2
    assert all(address.startswith(("data:", "#")) for address in seen.addresses)
    assert "{{ 7 * 7 }}" in page


def test_braces_in_what_went_wrong_are_text(tmp_path: Path) -> None:
    write_sweep(tmp_path, configs=1)
    controls = {"expert": {"not_run": "KeyError: {'state'} and {0}"}}
    write_atomic(tmp_path / "controls.json", to_json({"format": FORMAT, "controls": controls}))
    assert "{&#39;state&#39;} and {0}" in written(tmp_path)


def test_a_folder_without_anything_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "trials").mkdir()
    assert "No episodes were kept" in written(tmp_path)


def test_markdown_becomes_html_without_links_or_files_of_others(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"x")
    plots = tmp_path / "plots"
    plots.mkdir()
    (plots / "slices.png").write_bytes(b"picture")
    lines = ["## `a|b`", "", "| x |", "| --- |", "| 1 < 2 |", "", "[text](https://x.y)"]
    lines += ['![a "b"](plots/slices.png) ![c](../secret.png) ![d](plots/ranking.png)']
    html = to_html(lines, plots)
    assert "<code>a|b</code>" in html
    assert "<td>1 &lt; 2</td>" in html
    assert "text" in html
    assert "https" not in html
    assert html.count("<img") == 1
    assert 'alt="a &#34;b&#34;"' in html


def test_a_metric_that_no_shown_configuration_logged_has_no_curves(tmp_path: Path) -> None:
    for i in range(15):
        late = i == 14  # below the configurations whose curves the page draws
        rows: list[dict[str, Any]] = [
            {
                "step": s,
                "attempt": 1,
                "train/loss": i + 1 / s,
                **({"eval/eval_loss": s} if late else {}),
            }
            for s in (10, 20)
        ]
        who = {"config_id": f"c{i:02d}", "seed": 0}
        write_trial(tmp_path, f"c{i:02d}-s0", rows, params=who)
    spec = {"objective": {"metric": "train/loss", "mode": "min"}}
    write_atomic(tmp_path / "manifest.json", to_json({"spec": spec}))
    curves = data_of(written(tmp_path))["curves"]
    assert [curve["metric"] for curve in curves] == ["train/loss"]


@pytest.mark.parametrize(
    ("percents", "state"), [((0, 0), "bad"), ((100, 100), "bad"), ((0, 60), "good")]
)
def test_a_floor_and_a_ceiling_are_lights(
    tmp_path: Path, percents: tuple[float, float], state: str
) -> None:
    for i, percent in enumerate(percents):
        row = {"step": 1, "attempt": 1, "eval/pc_success": percent, "eval/n_episodes": 10}
        write_trial(tmp_path, f"c{i}-s0", [row], params={"config_id": f"c{i}", "seed": 0})
    page = written(tmp_path)
    assert f"success {percents[0]} to {percents[1]} %" in page
    assert re.findall(r'<li class="(\w+)">', page) == [state]
