"""Whether a trial finds room on the machines that Ray has now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import ray
from ray._private.state import available_resources_per_node

from ilsweep.sweeps.spec.model import Resources


def missing(resources: Resources, *, shared: bool) -> str:
    """What keeps a trial from being placed, in words; nothing where there is room.

    On a machine of our own (not `shared`) nobody else takes any: what is taken is an excuse on a
    cluster alone.
    """
    asked = {"CPU": resources.cpu, "GPU": resources.gpu}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not _room(asked, nodes):
        return f"no machine has {_words(asked)}; there are {_many(nodes)}"
    if shared and not _room(asked, available_resources_per_node().values()):
        return f"no machine has {_words(asked)} free; other work takes them"
    return ""


def _room(asked: Mapping[str, float], nodes: Iterable[Mapping[str, float]]) -> bool:
    return any(all(node.get(kind, 0) >= amount for kind, amount in asked.items()) for node in nodes)


def _many(nodes: Iterable[Mapping[str, float]]) -> str:
    found = [_words(node) for node in nodes]
    parts = [f"{found.count(one)} with {one}" for one in dict.fromkeys(found)]
    return " and ".join(parts) or "none at all"


def _words(amounts: Mapping[str, float]) -> str:
    cpus, gpus = amounts.get("CPU", 0), amounts.get("GPU", 0)
    words = f"{cpus:g} CPU{'s' * (cpus != 1)}"
    return words + f" and {gpus:g} GPU{'s' * (gpus != 1)}" * (gpus > 0)
