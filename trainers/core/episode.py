"""What is kept of an evaluation episode beside its metrics: its outcome, its film, its path.

Imports no numpy, as the contract.
"""

from __future__ import annotations

from dataclasses import dataclass

INTACT = "none"
"""The variant of an episode in which the policy sees what there is."""
DEMONSTRATION = "demonstration"
"""The variant of what the policy learnt from."""

Point = tuple[float, ...]


@dataclass(frozen=True)
class Episode:
    """One episode, by its seed and variant."""

    seed: int
    variant: str
    """`none`, a lesion's name, `target` in the other visual domain, or `demonstration`."""
    success: bool | None
    """As the configuration counts it; None for a demonstration."""
    steps: int
    """Actions until the first success, or until the end."""
    reward: float
    """Highest until then, in the environment's range."""
    film: bytes = b""
    """An MP4 file, H.264; empty where none was taken."""
    thumbnail: bytes = b""
    """The last picture, a JPEG file; empty without a film."""
    path: tuple[Point, ...] = ()
    """Positions of the end effector, in m, of some frames in order; empty where not known."""
