"""A spec's file is read, with `--set`, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.validation.validate import load_spec
from tests.sweeps.specs import regression


def test_settings_replace_values_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(yamlio.dump(regression()))
    plan = load_spec(
        path,
        ["params.steps=7", "search.num_trials=2", "space.batch_size={choice: [4, 8]}", "seeds=[3]"],
    )
    assert plan.config({}).model_dump()["steps"] == 7
    assert plan.trials == 2
    assert plan.space["batch_size"].values == (4, 8)
    assert plan.spec.seeds == [3]
    with pytest.raises(SpecError, match=r"params\.stepz"):
        load_spec(path, ["params.stepz=7"])
    with pytest.raises(SpecError, match="takes path=value"):
        load_spec(path, ["steps"])


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00" * 40, b"a: [", b"{a: 1", b"- &"])
def test_a_file_that_is_no_yaml_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(SpecError, match="cannot be read"):
            load_spec(path)
