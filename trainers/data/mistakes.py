"""What is wrong with demonstrations or with where policies are rolled out, a line each.

ValueError
    UnusableData    data that cannot be learned from as asked, or no world to act in
"""

from __future__ import annotations

from typing import NamedTuple


class Mistake(NamedTuple):
    """Something that a data set, an environment or its configuration lacks."""

    key: str
    """Of the configuration; empty for a parameter of the trainer's."""
    rule: str
    value: object = None
    valid: str = ""

    @property
    def line(self) -> str:
        """Where, the rule, the value and what would be valid."""
        got = "" if self.value is None else f", got {str(self.value)!r}"
        return f"data.{self.key}: {self.rule}{got}" + (
            f"; valid: {self.valid}" if self.valid else ""
        )


class UnusableData(ValueError):  # noqa: N818
    """Data that cannot be learned from as asked. Its text is what the user reads."""

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistake.line for mistake in mistakes))

    def __reduce__(self) -> tuple[type[UnusableData], tuple[Mistake, ...]]:
        return type(self), self.mistakes
