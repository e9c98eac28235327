"""Whether a sweep could have seen success and failure: `controls.json` in its folder.

    {"format": "ilsweep-controls/1", "skipped": false,
     "controls": {"expert": {"k": 10, "n": 10, "seconds": 0.7}, "replay": {"not_run": "no_seeds"}}}

`k` of `n` episodes succeeded. `skipped` where `--no-controls` was given; what was known already
stands there nevertheless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ilsweep.analysis.text import Text

FORMAT = "ilsweep-controls/1"

Name = Literal["expert", "random", "replay", "reference"]
NAMES: tuple[Name, ...] = ("expert", "random", "replay", "reference")

NOT_RUN: Mapping[str, Text] = {
    "no_environment": Text("the data have no environment", "数据没有仿真环境"),
    "no_expert": Text("the environment has no expert", "环境没有专家"),
    "no_seeds": Text(
        "the demonstrations do not say with which seed they began", "示范未记录其起始种子"
    ),
    "no_codec": Text(
        "the trainer does not say what becomes of an action (replay_actions)",
        "训练器未说明动作如何编解码（replay_actions）",
    ),
    "none_named": Text(
        "the spec names none under controls",
        "规格的 controls 中未指定",
    ),
    "skipped": Text("--no-controls", "--no-controls"),
}
"""Why a control was not run."""

MOSTLY = 0.5
"""Share of its episodes that an expert and a replay must reach, and random actions not exceed."""
REFERENCE = 0.3
"""Share of its episodes that a reference must reach: the interval of 3 of 10 (Clopper-Pearson,
95 %) begins at 7 %, which random actions do not reach."""


@dataclass(frozen=True)
class Control:
    """One control, run or not."""

    name: Name
    k: int = 0
    n: int = 0
    """Episodes; 0 where it was not run."""
    not_run: str = ""
    """A key of `NOT_RUN`, or what went wrong; empty where it was run."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool | None:
        """Whether it came out as it should; None where it was not run for a reason of `NOT_RUN`."""
        if not self.n:
            return None if self.not_run in NOT_RUN else False
        if self.name == "random":
            return self.k <= MOSTLY * self.n
        return self.k >= (REFERENCE if self.name == "reference" else MOSTLY) * self.n

    @property
    def summary(self) -> Text:
        """`expert 10 of 10`, or that it was not run."""
        if self.passed is False and not self.n:
            return Text(f"{self.name} failed", f"{LABELS[self.name].zh}出错")
        if not self.n:
            return Text(f"{self.name} not run", f"{LABELS[self.name].zh}未运行")
        return Text(
            f"{self.name} {self.k} of {self.n}", f"{LABELS[self.name].zh} {self.k}/{self.n}"
        )

    @property
    def why(self) -> Text:
        """Why it was not run; empty where it was."""
        return NOT_RUN.get(self.not_run, Text(self.not_run, self.not_run))


LABELS: Mapping[Name, Text] = {
    "expert": Text("expert", "专家"),
    "random": Text("random", "随机动作"),
    "replay": Text("replay", "重放示范"),
    "reference": Text("reference", "参考配置"),
}


@dataclass(frozen=True)
class Controls:
    """The controls of a sweep."""

    controls: tuple[Control, ...]
    """In the order of `NAMES`."""
    skipped: bool = False
    """`--no-controls` was given."""

    def of(self, name: Name) -> Control:
        """One of them; not run where nothing is known of it."""
        found = (control for control in self.controls if control.name == name)
        return next(found, Control(name, not_run="skipped"))

    @property
    def failed(self) -> tuple[Control, ...]:
        """Those that did not come out as they should."""
        return tuple(control for control in self.controls if control.passed is False)

    @property
    def sensitive(self) -> bool | None:
        """Whether the sweep could have seen success and failure.

        Something succeeded, and nothing came out wrong. None where no control was run that could
        have shown it.
        """
        if self.failed:
            return False
        can = [c.passed for c in self.controls if c.name != "random" and c.passed is not None]
        return True if can and self.of("random").passed else None

    @property
    def summary(self) -> Text:
        """All of them in one line."""
        parts = [self.of(name).summary for name in NAMES]
        return Text(", ".join(p.en for p in parts), "、".join(p.zh for p in parts))

    def to_json(self) -> dict[str, Any]:
        """As `controls.json` has it."""
        return {
            "format": FORMAT,
            "skipped": self.skipped,
            "sensitive": self.sensitive,
            "controls": {control.name: _row(control) for control in self.controls},
        }


def _row(control: Control) -> dict[str, Any]:
    if not control.n:
        return {"not_run": control.not_run}
    known = {"k": control.k, "n": control.n, "passed": control.passed}
    return {**known, "seconds": round(control.seconds, 2)}


def controls_of(content: Mapping[str, Any]) -> Controls | None:
    """What `controls.json` says; None where there is none. What is damaged was not run."""
    if content.get("format") != FORMAT:
        return None
    rows = content.get("controls")
    rows = rows if isinstance(rows, Mapping) else {}
    return Controls(
        tuple(_control(name, rows.get(name)) for name in NAMES),
        skipped=content.get("skipped") is True,
    )


def _control(name: Name, row: object) -> Control:
    if not isinstance(row, Mapping):
        return Control(name, not_run="skipped")
    k, n, seconds = row.get("k"), row.get("n"), row.get("seconds")
    if type(k) is not int or type(n) is not int or not 0 <= k <= n <= 1_000_000:
        return Control(name, not_run=str(row.get("not_run") or "skipped")[:200])
    return Control(name, k, n, seconds=float(seconds) if isinstance(seconds, int | float) else 0.0)
