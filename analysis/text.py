"""A text in the two languages of the reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lang = Literal["en", "zh"]


@dataclass(frozen=True)
class Text:
    """One sentence or more in the two languages of the reports."""

    en: str
    zh: str

    def of(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en

    def __add__(self, other: Text) -> Text:
        """The two, one after the other; Chinese takes no space between sentences."""
        joiner = " " if self.en and other.en else ""
        return Text(self.en + joiner + other.en, self.zh + other.zh)


NOTHING = Text("", "")
