"""What `lerobot-train` needs on this machine before it can train: demonstrations and models.

Both are downloaded where they are not there; without a network every trial would fail.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ilsweep.sweeps.errors import Problem, looked_for
from ilsweep.sweeps.external.json_config import read_config
from ilsweep.sweeps.spec.command import Command
from ilsweep.sweeps.spec.params import flat

WEIGHTS = "policy.pretrained_backbone_weights"
"""The backbone begins with ImageNet's weights unless it is null: ACT's, diffusion's since 0.6."""
LANGUAGE_MODEL = "policy.vlm_model_name"
SMOLVLM = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"
"""SmolVLA takes its tokenizer and the sizes of its layers from there, without the weights too."""
HUB, TORCH = "huggingface.co", "download.pytorch.org"
PATIENCE_S = 3.0


def needs(command: Command, given: Mapping[str, Any]) -> Iterator[Problem]:
    """What is not on this machine and cannot be downloaded either."""
    said = _said(command, given)
    root, name = said.get("dataset.root"), said.get("dataset.repo_id")
    if root and not (Path(root) / "meta/info.json").is_file():
        rule = "no data set of LeRobot there (no meta/info.json)"
        yield Problem("--dataset.root", rule, root, looked_for())
    if name and not root and not _cached(name) and not reachable(HUB):
        rule = f"would be downloaded, and {HUB} cannot be reached"
        yield Problem("--dataset.repo_id", rule, name, "--dataset.root=FOLDER in command.args")
    for key, model in _models(said):
        if not _model_there(model) and not reachable(HUB):
            rule = f"would be downloaded, and {HUB} cannot be reached"
            yield Problem(f"params.{key}", rule, model, "a folder with the model")
    if _takes_weights(command, said) and not _weights_there() and not reachable(TORCH):
        rule = f"the backbone's weights would be downloaded, and {TORCH} cannot be reached"
        yield Problem(f"params.{WEIGHTS}", rule, valid=f"{WEIGHTS}: null")


def _said(command: Command, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every value by LeRobot's name: of the configuration, the parameters, the arguments."""
    theirs = flat(read_config(Path(command.config))) if command.config else {}
    words = (word.removeprefix("--").partition("=") for word in command.args if "=" in word)
    return {**theirs, **given, **{name: value for name, _, value in words}}


def _policy(said: Mapping[str, Any]) -> str:
    return str(said.get("policy_type") or said.get("policy.type") or "act")


def _begun(said: Mapping[str, Any]) -> str:
    """The pretrained policy that the training begins with; empty where there is none."""
    return str(said.get("policy_path") or said.get("policy.path") or "")


def _takes_weights(command: Command, said: Mapping[str, Any]) -> bool:
    taking = ("act", "diffusion") if command.version == "0.6" else ("act",)
    null = WEIGHTS in said and said[WEIGHTS] in (None, "null", "None")
    return _policy(said) in taking and not _begun(said) and not null


def _models(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Parameter and name of each model of the hub; a pretrained policy names its own."""
    if begun := _begun(said):
        yield "policy_path", begun
    elif _policy(said) == "smolvla":
        yield LANGUAGE_MODEL, str(said.get(LANGUAGE_MODEL) or SMOLVLM)


def _cache() -> Path:
    return Path(os.environ.get("HF_HOME", Path.home() / ".cache/huggingface"))


def _model_there(name: str) -> bool:
    hub = Path(os.environ.get("HF_HUB_CACHE", _cache() / "hub"))
    return Path(name).is_dir() or (hub / f"models--{name.replace('/', '--')}").is_dir()


def _cached(name: str) -> bool:
    home = Path(os.environ.get("HF_LEROBOT_HOME", _cache() / "lerobot"))
    return (home / name / "meta/info.json").is_file()


def _weights_there() -> bool:
    home = Path(os.environ.get("TORCH_HOME", Path.home() / ".cache/torch"))
    return any((home / "hub/checkpoints").glob("resnet*.pth"))


def reachable(host: str) -> bool:
    """Whether a host answers on the port of HTTPS; through a proxy that is not looked at."""
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return True
    if host == HUB and os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0"):
        return False
    answered = threading.Event()

    def call() -> None:
        try:
            with socket.create_connection((host, 443), PATIENCE_S):
                answered.set()
        except OSError:
            return

    asking = threading.Thread(target=call, daemon=True)  # a name that is looked up has no timeout
    asking.start()
    asking.join(PATIENCE_S)
    return answered.is_set()
