"""What the ACT repository prints in training and in evaluation (`imitate_episodes.py`).

The unit of a step is the epoch. Validation comes before training in an epoch, and runs with the
posterior's latent, so that its L1 is not `eval/offline_eval/avg_l1`.
"""

from __future__ import annotations

import re
from typing import Any

from ilsweep.analysis.importers.log_format import LogFormat
from ilsweep.analysis.importers.source import DIGITS, ForeignRun, Source, as_number, merge_rows
from ilsweep.analysis.metrics.catalog import EPISODE

_EPOCH = re.compile(rf"^Epoch ({DIGITS})$")
_PART = re.compile(r"^(Val|Train) loss:\s+(\S+)$")
_TERM = re.compile(r"(l1|kl|mse|loss): (\S+)")
_KL_WEIGHT = re.compile(rf"^KL Weight ({DIGITS})\b")
_SEED = re.compile(rf"Seed ({DIGITS}), val loss \S{{1,40}} at epoch \d+")
_ROLLOUT = re.compile(rf"^Rollout ({DIGITS})$")
_OUTCOME = re.compile(r"env_max_reward=\S{1,40}, Success: (True|False)")
_RATE = re.compile(r"^Success rate: (\S+)$")
_RETURN = re.compile(r"^Average return: (\S+)$")

METRIC_OF = {"l1": "l1_loss", "kl": "kld_loss", "mse": "mse", "loss": "loss"}
GROUP_OF = {"Val": "eval", "Train": "train"}


def detect(source: Source) -> bool:
    head = source.head
    training = "\nVal loss:" in head and re.search(r"^Epoch \d+$", head, re.MULTILINE) is not None
    return training or _evaluated(head)


def _evaluated(head: str) -> bool:
    return ("Success rate:" in head and "Average return:" in head) or "env_max_reward=" in head


class _Reader:
    """The state of reading one log, line by line."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.config: dict[str, Any] = {}
        self.epoch = 0
        self.group = ""
        self.rollout = 0
        self.episodes = 0

    def line(self, text: str) -> None:
        if found := _EPOCH.match(text):
            self.epoch = int(found[1])
        elif found := _PART.match(text):
            self.group = GROUP_OF[found[1]]
            self._report(f"{self.group}/loss", found[2])
        elif self.group and (terms := _TERM.findall(text)):
            for name, value in terms:
                if name != "loss":  # printed above with more digits
                    self._report(f"{self.group}/{METRIC_OF[name]}", value)
            self.group = ""
        elif found := _KL_WEIGHT.match(text):
            self.config["kl_weight"] = int(found[1])
        elif found := _SEED.search(text):
            self.config["seed"] = int(found[1])
        else:
            self._evaluation(text)

    def _evaluation(self, text: str) -> None:
        if found := _ROLLOUT.match(text):
            self.rollout = int(found[1])
        elif found := _OUTCOME.search(text):
            self.episodes += 1
            self._report(f"{EPISODE}{self.rollout}", str(float(found[1] == "True")))
        elif found := _RATE.match(text):
            self._report("eval/pc_success", found[1], 100)
            if self.episodes:
                self._report("eval/n_episodes", str(self.episodes))
            self.episodes = 0
        elif found := _RETURN.match(text):
            self._report("eval/avg_sum_reward", found[1])

    def _report(self, metric: str, text: str, scale: float = 1) -> None:
        value = as_number(text)
        if value is not None:
            self.rows.append({"step": self.epoch, metric: scale * value})


def read(source: Source) -> list[ForeignRun]:
    """The run of the output."""
    reader = _Reader()
    for line in source.lines:
        reader.line(line.strip())
    config = {"policy": {"type": "act"}, **reader.config}
    rows = merge_rows(reader.rows)
    return [ForeignRun(id=source.run_id, rows=rows, config=config, ended=source.time)]


FORMAT = LogFormat(
    name="act",
    title="ACT repository output (training and evaluation)",
    detect=detect,
    read=read,
    lines=r"^\s*(Epoch \d+|(Val|Train) loss:|KL Weight|Rollout \d+|Success rate:|Average return:)"
    r"|(l1|kl|mse|loss): \S|Seed \d+, val loss|env_max_reward=",
)
