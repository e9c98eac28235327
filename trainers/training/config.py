"""Choices of training that configurations share. Imports no torch."""

from __future__ import annotations

from typing import Literal

Schedule = Literal["constant", "cosine"]
"""How learning rates go: as they are, or to zero over `steps` as a cosine."""
