"""Demonstrations of one's own: a class that a spec names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.validation.validate import check
from ilsweep.trainers.data.sources import SOURCES, kind_of, parse

OWN = """
from pathlib import Path
from typing import ClassVar, Literal

from tests.trainers.tiny import tiny_demonstrations
from ilsweep.trainers.data.source import DataSource

class Tiny(DataSource):
    controls: ClassVar[tuple[str, ...]] = ("joint", "ee")
    has_environment: ClassVar[bool] = True
    source: Literal["own_source:Tiny"]
    count: int = 6

    def load(self, cache_dir, progress=None, say=None):
        return tiny_demonstrations(episodes=self.count, observation=self.observation)
"""
SPEC = {"name": "x", "trainer": "act", "space": {"lr": {"choice": [0.1, 0.2]}}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_source.py").write_text(OWN)
    (tmp_path / "broken_source.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_every_ready_source_is_found_by_its_name() -> None:
    for name in SOURCES:
        assert kind_of({"source": name}).model_fields["source"].default == name


def test_a_source_of_ones_own_is_found_checked_and_loaded(folder: Path) -> None:
    data = {"source": "own_source:Tiny", "count": 4}
    assert check({**SPEC, "data": data}).spec.data == data
    loaded = parse(data).load(folder)
    assert len(loaded.source.episode_starts) == 5
    assert loaded.environment is not None
    with pytest.raises(SpecError, match=r"data\.cuont: unknown key.*valid: count"):
        check({**SPEC, "data": {**data, "cuont": 4}})


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("alhoa", "data.source: unknown, got 'alhoa'; valid: aloha, gym, lerobot, metaworld, or"),
        ("nowhere_at_all:X", "data.source: cannot import nowhere_at_all: ModuleNotFoundError"),
        ("broken_source:X", "data.source: cannot import broken_source: ZeroDivisionError"),
        ("own_source:Other", "data.source: Other is not there in own_source"),
        (
            "own_source:Path",
            "data.source: Path is not a subclass of ilsweep.trainers.data.source.DataSource",
        ),
        (3, "data.source: unknown, got 3"),
    ],
)
@pytest.mark.parametrize("trainer", ["act", "act_ot"])
@pytest.mark.usefixtures("folder")
def test_what_leads_to_none_is_one_line(source: object, says: str, trainer: str) -> None:
    with pytest.raises(SpecError) as refused:
        check({**SPEC, "trainer": trainer, "data": {"source": source}})
    assert str(refused.value).startswith(says)
    assert len(refused.value.problems) == 1


def test_where_a_folder_says_it_nothing_is_imported(
    folder: Path,
) -> None:
    (folder / "evil_source.py").write_text(
        f"import pathlib; pathlib.Path({str(folder / 'ran')!r}).touch()"
    )
    spec = {**SPEC, "data": {"source": "evil_source:Tiny"}}
    check(spec, foreign=True)
    assert not (folder / "ran").exists()
    with pytest.raises(SpecError, match="Tiny is not there in evil_source"):
        check(spec)
    assert (folder / "ran").exists()


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("aloha", "data.source: needs gym-aloha, got 'aloha'; valid: pip install 'ilsweep[aloha]'"),
        ("metaworld", "data.source: needs Meta-World, got 'metaworld'; valid: pip install 'metaw"),
    ],
)
def test_a_world_that_is_not_installed_is_said_with_the_line_that_installs_it(
    source: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {"source": source}
    spec = {**SPEC, "data": data}
    check(spec, here=True)
    monkeypatch.setattr(sys.modules[kind_of(data).__module__], "find_spec", lambda name: None)
    check(spec)  # it may be installed where the sweep runs
    with pytest.raises(SpecError) as refused:
        check(spec, here=True)
    assert str(refused.value).startswith(line)
