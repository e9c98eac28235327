"""A spec's demonstrations, handed out."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ilsweep.sweeps.errors import FolderError, Problem, SpecError
from ilsweep.sweeps.processes.signals import heeding
from ilsweep.sweeps.progress.console import Progress, say
from ilsweep.sweeps.store import sweep_dir
from ilsweep.sweeps.validation.validate import load_spec
from ilsweep.sweeps.worker.training_loop import cache_folder


def export(
    spec: Path, overrides: list[str], into: Path, domain: Literal["source", "target"]
) -> None:
    """Write the demonstrations of a spec into a new folder, as a LeRobotDataset v3.

    Raises:
        SpecError: the spec is wrong, or its demonstrations are not aloha's.
        FolderError: the folder is there already, or cannot be written; or nothing can be drawn.
    """
    plan = load_spec(spec, overrides, elsewhere=True)
    from ilsweep.trainers.data.sources import parse
    from ilsweep.trainers.envs.aloha import export as lerobot
    from ilsweep.trainers.envs.aloha.config import DataConfig
    from ilsweep.trainers.envs.rendering import NoOpenGL

    if not plan.spec.data and not plan.trainer.needs_data:
        rule, valid = "is missing, and its trainer needs none", "{source: aloha, episodes: 40}"
        raise SpecError([Problem("data", rule, valid=valid)])
    config = parse(plan.spec.data)
    if not isinstance(config, DataConfig):
        raise SpecError([Problem("data.source", "cannot be exported", config.source, "aloha")])
    if domain not in config.domains:
        raise SpecError([Problem("data.domains", f"has no {domain}", [*config.domains])])
    if into.exists():
        raise FolderError(f"{into}: exists already; choose another folder with --into")
    try:
        with heeding(), sweep_dir.writable(cache_folder()), Progress() as progress:
            data = config.load(cache_folder(), progress.show, say)
    except NoOpenGL as error:
        raise FolderError(
            f"no OpenGL here ({error}); valid: --set data.observation=state"
        ) from None
    with heeding(), sweep_dir.writable(into.parent), Progress() as progress:
        lerobot.export(data, into, data.target if domain == "target" else None, progress.show)
