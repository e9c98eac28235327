"""What we use of other projects that they may change without a word, all of it, and its versions.

A use that is missing in the list, one that the installed version no longer has, or a version that
`pyproject.toml` leaves open fails here, with a message that names it.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import mmap
import threading
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[3]
PACKAGES = ("sweeps", "trainers", "analysis")


def _class_cache() -> bool:
    from ray.tune.execution import class_cache, tune_controller

    kept = class_cache._ActorClassCache
    return (
        tune_controller._ActorClassCache is kept
        and "self._class_cache.get(trainable_cls)" in inspect.getsource(tune_controller)
        and list(inspect.signature(kept.get).parameters) == ["self", "trainable_cls"]
        and kept()._cache == {}
        and "PL_DISABLE_FORK" in class_cache.DEFAULT_ENV_VARS
    )


def _node_processes() -> bool:
    from ray._private import node, ray_constants, services, worker

    kinds = (ray_constants.PROCESS_TYPE_RAYLET, ray_constants.PROCESS_TYPE_GCS_SERVER)
    return (
        hasattr(worker, "_global_node")
        and "self.all_processes" in inspect.getsource(node.Node)
        and "process" in services.ProcessInfo._fields
        and kinds == ("raylet", "gcs_server")
    )


def _system_config() -> bool:
    import ray

    from ilsweep.sweeps.ray_runtime.session import LEAN

    raylet = Path(ray.__file__).parent / "core/src/ray/raylet/raylet"
    with raylet.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as binary:
        known = [name for name in LEAN if binary.find(name.encode()) >= 0]
    return known == list(LEAN) and '"_system_config"' in inspect.getsource(ray._private.worker.init)


def _token_loader() -> bool:
    import ray

    return callable(ray._raylet.AuthenticationTokenLoader.instance().reset_cache)


def _new_config() -> bool:
    from ray.tune.schedulers import PopulationBasedTraining as Pbt

    source = inspect.getsource(Pbt)
    return (
        list(inspect.signature(Pbt._get_new_config).parameters)
        == ["self", "trial", "trial_to_clone"]
        and "new_config, operations = self._get_new_config(trial, trial_to_clone)" in source
        and "tune_controller.search_alg" in inspect.getsource(Pbt.on_trial_add)
    )


def _trial_ids() -> bool:
    import optuna

    study = optuna.create_study()
    trial = study.ask()
    found = study._storage.get_trial_id_from_study_id_trial_number(study._study_id, trial.number)
    return bool(found == trial._trial_id)


def _study_trials() -> bool:
    from optuna import Study
    from optuna.samplers import TPESampler

    taken = list(inspect.signature(Study._get_trials).parameters)
    asked = "study._get_trials(deepcopy=False, states=states, use_cache=True)"
    return taken == ["self", "deepcopy", "states", "use_cache"] and asked in inspect.getsource(
        TPESampler
    )


def _temp_dir() -> bool:
    import ray

    return '"_temp_dir"' in inspect.getsource(ray._private.worker.init)


def _controller() -> bool:
    from ray.air.execution._internal.actor_manager import RayActorManager
    from ray.tune.execution.tune_controller import TuneController

    tune = importlib.import_module("ray.tune.tune")
    held = inspect.getsource(TuneController.__init__)
    names = ("_actor_manager", "_actor_to_trial", "_started_actors", "_resetting_trials")
    taken = {
        TuneController._actor_failed: ["self", "tracked_actor", "exception"],
        TuneController._trial_task_failure: ["self", "trial", "exception"],
        TuneController._maybe_cache_trial_actor: ["self", "trial"],
    }
    return (
        all(f"self.{name}" in held for name in names)
        and "return ExperimentAnalysis(" in inspect.getsource(tune.run)
        and "self._live_actors_to_ray_actors_resources" in inspect.getsource(RayActorManager)
        and all(list(inspect.signature(f).parameters) == names for f, names in taken.items())
    )


def _actor_id() -> bool:
    from ray.actor import ActorHandle

    return hasattr(ActorHandle, "_actor_id")


def _torch_state() -> bool:
    import torch
    from torch.utils import _device

    return hasattr(_device, "CURRENT_DEVICE") and callable(torch._C._set_grad_enabled)


def _dummy_thread() -> bool:
    return hasattr(threading, "_DummyThread")


def _pool_processes() -> bool:
    with ProcessPoolExecutor(1) as pool:
        return hasattr(pool, "_processes")


def _gl_context() -> bool:
    import mujoco

    source = (Path(mujoco.__file__).parent / "egl/__init__.py").read_text()
    return "self._context" in source and "def __del__" in source


def _meta_world() -> bool:
    from metaworld.sawyer_xyz_env import SawyerXYZEnv

    made, drawn = (
        inspect.getsource(f) for f in (SawyerXYZEnv.__init__, SawyerXYZEnv._get_state_rand_vec)
    )
    return (
        "self._partially_observable: bool = True" in made
        and "self._set_task_called: bool = False" in made
        and "if self._freeze_rand_vec:" in drawn
        and "elif self.seeded_rand_vec:" in drawn
        and isinstance(vars(SawyerXYZEnv)["sawyer_observation_space"], cached_property)
    )


def _argparse_actions() -> bool:
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", action="version", version="1")
    parser.add_subparsers()
    return [type(action) for action in parser._actions] == [
        argparse._HelpAction,
        argparse._VersionAction,
        argparse._SubParsersAction,
    ]


USES: dict[str, tuple[str, Callable[[], bool]]] = {
    "_ActorClassCache": ("ray", _class_cache),
    "_cache": ("ray", _class_cache),
    "_private": ("ray", _node_processes),
    "_global_node": ("ray", _node_processes),
    "_system_config": ("ray", _system_config),
    "_raylet": ("ray", _token_loader),
    "_get_new_config": ("ray", _new_config),
    "_temp_dir": ("ray", _temp_dir),
    "_actor_manager": ("ray", _controller),
    "_live_actors_to_ray_actors_resources": ("ray", _controller),
    "_actor_to_trial": ("ray", _controller),
    "_started_actors": ("ray", _controller),
    "_resetting_trials": ("ray", _controller),
    "_actor_failed": ("ray", _controller),
    "_trial_task_failure": ("ray", _controller),
    "_maybe_cache_trial_actor": ("ray", _controller),
    "_actor_id": ("ray", _actor_id),
    "_device": ("torch", _torch_state),
    "_C": ("torch", _torch_state),
    "_set_grad_enabled": ("torch", _torch_state),
    "_storage": ("optuna", _trial_ids),
    "_study_id": ("optuna", _trial_ids),
    "_get_trials": ("optuna", _study_trials),
    "_processes": ("Python", _pool_processes),
    "_DummyThread": ("Python", _dummy_thread),
    "_actions": ("Python", _argparse_actions),
    "_HelpAction": ("Python", _argparse_actions),
    "_VersionAction": ("Python", _argparse_actions),
    "_SubParsersAction": ("Python", _argparse_actions),
    "_context": ("mujoco", _gl_context),
    "_partially_observable": ("metaworld", _meta_world),
    "_freeze_rand_vec": ("metaworld", _meta_world),
    "_set_task_called": ("metaworld", _meta_world),
}
"""Name, whose it is, and whether the installed version still has it as we use it."""
DOCUMENTED = {"_exit", "_current_frames"}
"""Of `os` and `sys`."""


def private(path: Path) -> Iterator[str]:
    """Names with a leading underscore that a file uses of something other than itself."""
    tree = ast.parse(path.read_text())
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Attribute):
            holder = node.value.id if isinstance(node.value, ast.Name) else ""
            names = [] if holder in {"self", "cls", *own} else [node.attr]
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [part for alias in node.names for part in alias.name.split(".")]
        elif isinstance(node, ast.keyword):
            names = [node.arg or ""]
        yield from (name for name in names if name.startswith("_") and not name.startswith("__"))


@cache
def used() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for name in private(path):
                found.setdefault(name, set()).add(str(path.relative_to(ROOT)))
    return {name: files for name, files in found.items() if name not in DOCUMENTED}


def test_every_use_is_listed() -> None:
    unlisted = {name: files for name, files in used().items() if name not in USES}
    assert not unlisted, f"private names that USES must list, with a check: {unlisted}"


@pytest.mark.parametrize("name", USES)
def test_the_installed_version_still_has_it(name: str) -> None:
    owner, holds = USES[name]
    try:
        kept: Any = holds()
    except (AttributeError, ImportError, OSError, TypeError) as error:
        kept = f"{type(error).__name__}: {error}"
    installed = version(owner) if owner != "Python" else ""
    files = ", ".join(sorted(used().get(name, ())))
    assert kept is True, f"{owner} {installed} has changed {name}, used in {files} ({kept})"


@pytest.mark.parametrize("package", ["ray", "optuna"])
def test_versions_are_bounded_to_those_that_are_tested(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (wanted,) = [found for text in project["dependencies"]
                 if (found := Requirement(text)).name == package]  # fmt: skip
    installed = Version(version(package))
    assert installed in wanted.specifier, f"{package} {installed} is not in {wanted.specifier}"
    later = f"{installed.major}.{installed.minor + 1}"
    assert later not in wanted.specifier, f"{package} {later} is allowed, and no CI has seen it"
    pinned = (ROOT / "constraints.txt").read_text().split()
    assert f"{package}=={installed}" in pinned, f"CI tests {package} {installed} by accident"
