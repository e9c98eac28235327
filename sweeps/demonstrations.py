"""A spec's demonstrations, handed out."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sweeps import folder
from sweeps.check import load_spec
from sweeps.hosting import cache_folder
from sweeps.interrupts import heeding
from sweeps.problems import FolderError, Problem, SpecError
from sweeps.screen import Progress, say


def export(
    spec: Path, overrides: list[str], into: Path, domain: Literal["source", "target"]
) -> None:
    """Write the demonstrations of a spec into a new folder, as a LeRobotDataset v3.

    Raises:
        SpecError: the spec is wrong, or its demonstrations are a data set already.
        FolderError: the folder is there already, or cannot be written; or nothing can be drawn.
    """
    plan = load_spec(spec, overrides, elsewhere=True)
    from trainers.data import DataConfig, NoOpenGL, parse
    from trainers.data import lerobot_export as lerobot

    config = parse(plan.spec.data)
    if not isinstance(config, DataConfig):
        raise SpecError([Problem("data.source", "is a data set already", config.source, "aloha")])
    if domain not in config.domains:
        raise SpecError([Problem("data.domains", f"has no {domain}", [*config.domains])])
    if into.exists():
        raise FolderError(f"{into}: exists already; choose another folder with --into")
    try:
        with heeding(), folder.writable(cache_folder()), Progress() as progress:
            data = config.load(cache_folder(), progress.show, say)
    except NoOpenGL as error:
        raise FolderError(
            f"no OpenGL here ({error}); valid: --set data.observation=state"
        ) from None
    with heeding(), folder.writable(into.parent), Progress() as progress:
        lerobot.export(data, into, data.target if domain == "target" else None, progress.show)
