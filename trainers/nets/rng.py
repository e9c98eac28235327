"""Torch's global random numbers, as the property of one trainer."""

from __future__ import annotations

import torch
from torch import Tensor


class RandomStream:
    """A context in which torch's global generators are one trainer's own.

    Initialisation and dropout know only the global generators. Inside `with stream:` these continue
    where this stream last stopped; afterwards they are as they were before. So a trainer's numbers
    depend on its seed alone, whatever ran before it or runs between its steps.
    """

    def __init__(self, seed: int, device: str = "cpu") -> None:
        self._cuda = torch.device(device) if torch.device(device).type == "cuda" else None
        self._own = [torch.Generator().manual_seed(seed).get_state()]
        if self._cuda is not None:
            self._own.append(torch.Generator(self._cuda).manual_seed(seed).get_state())
        self._outer: list[Tensor] = []

    def __enter__(self) -> None:
        self._outer = self._read()
        self._write(self._own)

    def __exit__(self, *error: object) -> None:
        self._own = self._read()
        self._write(self._outer)

    def state_dict(self) -> dict[str, list[Tensor]]:
        """The states of the generators, that of the CPU first."""
        return {"generators": [state.clone() for state in self._own]}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        """The inverse of `state_dict`."""
        self._own = [generator.cpu().clone() for generator in state["generators"]]

    def _read(self) -> list[Tensor]:
        states = [torch.get_rng_state()]
        if self._cuda is not None:
            states.append(torch.cuda.get_rng_state(self._cuda))
        return states

    def _write(self, states: list[Tensor]) -> None:
        torch.set_rng_state(states[0])
        if self._cuda is not None:
            torch.cuda.set_rng_state(states[1], self._cuda)
