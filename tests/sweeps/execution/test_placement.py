"""What keeps a trial from its place is said in words."""

from __future__ import annotations

from typing import Any

import pytest
import ray

from ilsweep.sweeps.execution import placement
from ilsweep.sweeps.spec.model import Resources

SMALL, BIG = {"CPU": 2.0, "memory": 9.0}, {"CPU": 8.0, "GPU": 1.0}


@pytest.mark.parametrize(
    ("asked", "nodes", "free", "shared", "said"),
    [
        ({"cpu": 2}, [SMALL], [SMALL], True, ""),
        ({"cpu": 1, "gpu": 0.5}, [SMALL, BIG], [SMALL, BIG], True, ""),
        ({"cpu": 4}, [SMALL, SMALL], [], True,
         "no machine has 4 CPUs; there are 2 with 2 CPUs"),
        ({"cpu": 1, "gpu": 2}, [SMALL, BIG], [], True, "no machine has 1 CPU and 2 GPUs; "
         "there are 1 with 2 CPUs and 1 with 8 CPUs and 1 GPU"),
        ({"gpu": 1}, [], [], True, "no machine has 1 CPU and 1 GPU; there are none at all"),
        ({"cpu": 2}, [SMALL], [{"CPU": 1.0}], True,
         "no machine has 2 CPUs free; other work takes them"),
        # Nobody else takes what is ours.
        ({"cpu": 2}, [SMALL], [{"CPU": 1.0}], False, ""),
    ],
)  # fmt: skip
def test_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, Any],
    nodes: list[dict[str, float]],
    free: list[dict[str, float]],
    shared: bool,
    said: str,
) -> None:
    gone = {"Alive": False, "Resources": {"CPU": 1000.0, "GPU": 1000.0}}
    known = [gone, *({"Alive": True, "Resources": node} for node in nodes)]
    monkeypatch.setattr(ray, "nodes", lambda: known)
    per_node = dict(enumerate(free))
    monkeypatch.setattr(placement, "available_resources_per_node", lambda: per_node)
    assert placement.missing(Resources(**asked), shared=shared) == said
