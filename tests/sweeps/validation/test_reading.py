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
    for text in ("steps", "params..steps=3", ".steps=3", "params.=3"):
        with pytest.raises(SpecError, match="takes path=value"):
            load_spec(path, [text])


def test_a_domain_is_set_by_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(yamlio.dump(regression()))
    plan = load_spec(path, ["space.batch_size.choice=[4, 8]"])
    assert plan.space["batch_size"].values == (4, 8)


def test_a_place_within_a_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(yamlio.dump(regression(seeds=[0, 1])))
    with pytest.raises(SpecError, match=r"--set seeds\.0: seeds is a list; valid: seeds=\["):
        load_spec(path, ["seeds.0=3"])


@pytest.mark.parametrize("section", ["params", "space", "thresholds"])
def test_a_setting_of_what_is_no_section_is_no_traceback(tmp_path: Path, section: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(yamlio.dump(regression(**{section: [1]})))
    with pytest.raises(SpecError, match=f"{section}: must be a mapping"):
        load_spec(path, [f"{section}.steps=3"])


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
