"""What holds of every log format, and formats of a user's own."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

from ilsweep.analysis.importers import FORMATS, LogFormat, NoSuchFormat, find
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.spec.command import MetricSource
from tests.analysis.hostile import source

FORMATS_IN = Path(importlib.import_module("ilsweep.analysis.importers.formats").__path__[0])
NOISE = b"Loading data\n\x00\xff\nwarning: {x}\n1/2 done\n"

OWN = """
import re
from ilsweep.analysis.importers import ForeignRun, LogFormat

def read(source):
    found = re.findall(r"^round (\\d+) scored (\\S+)$", source.head, re.M)
    rows = [{"step": int(n), "eval/score": float(score)} for n, score in found]
    return [ForeignRun(id=source.run_id, rows=rows)]

FORMAT = LogFormat(
    name="rounds", title="rounds", detect=lambda source: False, read=read, lines="^round "
)
"""


def test_every_file_of_a_format_is_registered() -> None:
    files = {p.stem for p in FORMATS_IN.glob("*.py") if "\nFORMAT = " in p.read_text()}
    assert len(files) == len(FORMATS) == len({entry.name for entry in FORMATS})
    assert all(entry.name in files or f"{entry.name}_file" in files for entry in FORMATS)


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.name)
def test_a_format_claims_nothing_that_it_cannot_know(entry: LogFormat) -> None:
    assert not entry.detect(source(b""))
    assert not entry.detect(source(NOISE))


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.name)
def test_a_format_is_found_by_its_name_and_followed_where_it_has_lines(entry: LogFormat) -> None:
    assert find(entry.name) is entry
    if not entry.live:
        with pytest.raises(ValueError, match="only when it is whole"):
            MetricSource(format=entry.name)
        return
    re.compile(entry.lines or "")
    assert MetricSource(format=entry.name, file="log").format == entry.name


def test_a_name_that_leads_nowhere_says_what_would_be_valid() -> None:
    with pytest.raises(NoSuchFormat, match="did you mean lerobot"):
        find("lerobt")
    with pytest.raises(NoSuchFormat, match="cannot import no_such_module"):
        find("no_such_module:FORMAT")
    with pytest.raises(NoSuchFormat, match="re is no"):
        find("ilsweep.analysis.importers.source:re")
    with pytest.raises(ValueError, match="valid: wandb, "):
        MetricSource(format="nonsense")


def test_a_format_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "my_rounds.py").write_text(OWN)
    (tmp_path / "run7.log").write_text("hello\nround 1 scored 0.25\nround 2 scored 0.5\n")
    assert MetricSource(format="my_rounds:FORMAT").format == "my_rounds:FORMAT"
    given = ["import", "run7.log", "--into", "there"]
    assert main([*given, "--format", "my_rounds:FORMAT"]) == 0
    assert '"eval/score": 0.5' in (tmp_path / "there/trials/run7/metrics.jsonl").read_text()
    capsys.readouterr()
    assert main([*given, "--format", "my_rounds:read"]) == 2
    assert "is no ilsweep.analysis.importers.log_format.LogFormat" in capsys.readouterr().err
