"""A misspelt threshold is refused before the sweep, and not told of after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilsweep.analysis.findings.thresholds import THRESHOLDS
from ilsweep.analysis.planning.next_stage import next_stage
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.store.sweep_dir import plan_of
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.workflow.postprocess import analysed
from tests.sweeps.coins import coins, finished
from tests.sweeps.specs import regression


def test_every_threshold_by_its_name_is_taken() -> None:
    limits = {name: threshold.value for name, threshold in THRESHOLDS.items()}
    assert check(regression(thresholds=limits)).spec.thresholds == limits


def test_a_misspelt_one_is_refused_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SpecError) as caught:
        check(regression(thresholds={"blind_polcy.change": 0.1, "foo": 3, "plateau.gain": 0.1}))
    first, second = str(caught.value).splitlines()
    assert first.startswith("thresholds.blind_polcy.change: no such threshold")
    assert "valid: blind_policy.change" in first
    assert second.startswith("thresholds.foo: no such threshold")
    spec = tmp_path / "spec.yaml"
    spec.write_text(to_json(regression()))
    assert main(["validate", str(spec), "--set", "thresholds.plateau.gian=0.1"]) == 2
    assert "plateau.gain" in capsys.readouterr().err


def test_a_folder_that_was_made_with_one_still_opens(tmp_path: Path) -> None:
    paths: SweepPaths = finished(tmp_path / "coins", coins(thresholds={"plateau.gain": 0.1}))
    manifest = read_json(paths.manifest)
    manifest["spec"]["thresholds"]["foo"] = 3
    write_atomic(paths.manifest, to_json(manifest))
    assert plan_of(paths).spec.thresholds == {"plateau.gain": 0.1}
    spec = next_stage(analysed(paths.root)).spec
    assert spec["thresholds"] == {"plateau.gain": 0.1}
    check(spec)
