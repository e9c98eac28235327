"""What is wrong with what a user wrote: where, the rule, the value, what would be valid.

IlsweepError            one line for the user, exit status 2
├── SpecError           every mistake of a spec at once
├── FolderError         a sweep's folder that cannot be used
└── RunAbortedError     a run that ended against our will
    ├── StalledError        ... because nothing moved any more
    ├── RayFailedError      ... because of Ray itself
    └── ControlsFailedError ... before it began: nothing could have been learnt
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from ilsweep.sweeps.security.secrets import concealed


class IlsweepError(Exception):
    """Something that the user can mend. Its text is what the user reads."""

    def __str__(self) -> str:
        return "\n".join(map(_shown, super().__str__().split("\n")))


@dataclass(frozen=True)
class Problem:
    """One mistake, in one line."""

    where: str
    rule: str
    value: object = None
    valid: str = ""

    def __str__(self) -> str:
        got = "" if self.value is None else f", got {shorten(repr(self.value))}"
        valid = f"; valid: {self.valid}" if self.valid else ""
        return " ".join(_shown(f"{self.where}: {self.rule}{got}{valid}").split())


def secret(where: str, why: str) -> Problem:
    """What is said of a place that holds a key or a token; never the value."""
    rule = f"looks like a secret ({why}), and records would keep it"
    return Problem(where, rule, valid=SECRET_CURE)


SECRET_CURE = (
    "an environment variable such as HF_TOKEN, set where ilsweep is started: "
    "commands and trainers inherit it"
)


class SpecError(IlsweepError):
    """A spec with mistakes, all of them; its text is the first `MOST`."""

    MOST: ClassVar[int] = 50

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        left = len(self.problems) - self.MOST
        more = [f"and {left} more mistakes"] if left > 0 else []
        super().__init__("\n".join([*map(str, self.problems[: self.MOST]), *more]))


class FolderError(IlsweepError):
    """A folder that is no sweep's, is in use, exists already, or cannot be written."""


class RunAbortedError(IlsweepError):
    """Ray ended the run against our will. The folder is whole and can be resumed."""


class StalledError(RunAbortedError):
    """Nothing moves, though everything that a trial needs is there."""


class RayFailedError(RunAbortedError):
    """Ray itself went wrong: its logs may say why."""


class ControlsFailedError(RunAbortedError):
    """The controls failed: no policy could succeed here, or any would. Nothing was started."""


def looked_for() -> str:
    """Where a relative path of a spec is looked for, as what would be valid."""
    return f"a folder beside the spec, or in {os.getcwd()}"


def _shown(text: str) -> str:
    """Text on one line, as a terminal can take it.

    Without control characters, and without what looks like a key or a token.
    """
    return concealed("".join(c if c.isprintable() else " " for c in text))


def shorten(text: str, width: int = 120) -> str:
    """At most `width` characters of a text, the last one an ellipsis where it is longer."""
    return text if len(text) <= width else text[: width - 1] + "…"


def reason(error: BaseException, width: int = 120) -> str:
    """The first line of what an error says; its name where it says nothing."""
    return shorten((str(error).strip().splitlines() or [type(error).__name__])[0], width)


def nearest(name: str, names: Iterable[str]) -> str:
    """The names that `name` may have been meant for; all of them where none is near and few are."""
    candidates = sorted(set(names))
    close = difflib.get_close_matches(name, candidates)
    if not close:
        tail = name.rsplit(".", 1)[-1]
        close = [candidate for candidate in candidates if candidate.rsplit(".", 1)[-1] == tail]
    return ", ".join(close[:3] or (candidates if len(candidates) <= 40 else []))
