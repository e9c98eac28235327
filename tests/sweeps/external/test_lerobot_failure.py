"""Why the episodes of a LeRobot policy cannot begin, as the script itself says it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ilsweep.sweeps.external.interpreter import Script, ScriptError
from ilsweep.sweeps.workflow.lerobot_policy import EPISODES

METADATA = "Metadata-Version: 2.1\nName: lerobot\nVersion: 9\nProvides-Extra: libero\n"


def failure(folder: Path, plugins: str | None) -> str:
    """What the script says of `libero` where LeRobot, when it looks for plugins, runs that."""
    if plugins is not None:
        (folder / "lerobot/utils").mkdir(parents=True)
        (folder / "lerobot/utils/import_utils.py").write_text(plugins)
        (folder / "lerobot-9.dist-info").mkdir()
        (folder / "lerobot-9.dist-info/METADATA").write_text(METADATA)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    argv = [str(python), str(EPISODES), str(folder), '{"type": "libero"}', str(folder)]
    with Script(argv, folder, folder / "log") as script, pytest.raises(ScriptError) as error:
        script.answer()
    return str(error.value)


def test_without_lerobot(tmp_path: Path) -> None:
    said = failure(tmp_path, None)
    assert said.startswith(f"{sys.executable} has no module 'lerobot'; valid: the interpreter")


def test_without_what_the_environment_needs(tmp_path: Path) -> None:
    said = failure(tmp_path, "import libero.libero")
    assert "has no module 'libero'; there: " in said
    assert said.endswith("-m pip install 'lerobot[libero]'")


def test_who_asks_on_the_terminal_is_named_and_nobody_waits(tmp_path: Path) -> None:
    said = failure(tmp_path, "input('Do you want to specify a custom path? (Y/N)')")
    assert said.startswith("lerobot.utils.import_utils asks something when it is first imported")
    assert said.endswith('-c "import lerobot.utils.import_utils"')


def test_without_the_assets_of_the_hub(tmp_path: Path) -> None:
    said = failure(tmp_path, "open('/gone/scenes/table.xml')")
    assert said.startswith("/gone/scenes/table.xml is missing; LIBERO downloads its assets")


def test_all_else_is_said_as_it_was_raised(tmp_path: Path) -> None:
    assert failure(tmp_path, "raise ValueError('no task')") == "ValueError: no task"
