"""Which folder is a run's, and which step a path tells: `r1/checkpoints/002000/eval_info.json`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PARTS_OF_A_RUN = frozenset([
    "checkpoints", "checkpoint", "ckpt", "ckpts", "pretrained_model", "last", "best", "logs", "log",
    "eval", "evals", "evaluation", "evaluations", "eval_logs", "results", "files", "wandb",
    "latest-run", "tb", "tensorboard", "summaries", "events", "videos", ".hydra", "metrics",
    "output", "trackio", "csv_logs",
])  # fmt: skip
"""Folders that lie inside a run's own."""

_WANDB_RUN = re.compile(r"^(?:offline-)?run-\d{8}_\d{6}-\w+$")
_STEP = re.compile(
    r"^(?P<head>.*?)(?:(?:^|[-_. ])"
    r"(?P<word>(?:global_)?steps?|checkpoint|ckpt|(?:model_)?epoch|iter|iteration))?"
    r"(?:^|[-_= ]|(?<=[a-z]))(?P<number>\d{1,12})(?P<kilo>[kK])?(?:[-_ ](?:steps?|eval|ckpt))?$"
)
_DATE = re.compile(r"(?:^|\D)(?:19|20)\d\d[-_]?[01]\d[-_]?[0-3]\d(?:\D|$)|^\d\d-\d\d-\d\d")
_NO_STEP = re.compile(
    r"(?:^|[-_. ])(?:seed|s|run|trial|exp|experiment|v|version|lr|bs|batch|batch_size|chunk|env|"
    r"task|fold|job|id|rank|gpu|worker|host|part|take|rep|repeat|demo|demos|episodes?|eps)[-_= ]?$"
)
"""What a number that is no step stands behind."""

MOST_LEVELS = 6


def stem_of(path: Path) -> str:
    """A file's name without its endings, each of which begins with a letter.

    `lr0.001_s0` of `lr0.001_s0.jsonl.gz`, `events` of `events.out.tfevents.17.host.0`.
    """
    return re.split(r"\.(?=[A-Za-z])", path.name)[0]


@dataclass(frozen=True)
class Place:
    """Where a file lies."""

    folder: Path
    """The folder of the run."""
    head: str = ""
    """Where checkpoints of several runs lie side by side (`act_002000`): the run's part of it."""
    step: int | None = None
    inside: bool = False
    """The file lies below the run's own folder."""

    @property
    def key(self) -> tuple[Path, str]:
        return self.folder, self.head

    @property
    def name(self) -> str:
        return self.head or self.folder.name


def place_of(path: Path) -> Place:
    """The place of a file, by the names of its folders and its own."""
    whole = path.absolute()
    folder, step = whole.parent, step_in(whole.name.split(".")[0])[1]
    inside = False
    for _ in range(MOST_LEVELS):
        head, found = step_in(folder.name)
        if found is not None:
            step, inside = found, True
            if head:
                return Place(folder.parent, head, step, True)
        elif folder.name.lower() not in PARTS_OF_A_RUN and not _WANDB_RUN.match(folder.name):
            break
        if folder.parent == folder or not folder.parent.name:
            break
        folder, inside = folder.parent, True
    return Place(folder, "", step, inside)


def step_in(name: str) -> tuple[str, int | None]:
    """What stands before the step in a name, and the step; None where it names none.

    `checkpoint-2000`, `act_002000`, `step=5000`, `020k` do; `seed_1000`, `run3` and dates do not.
    """
    found = _STEP.match(name)
    if not found or _DATE.search(name):
        return name, None
    head, digits = found["head"], found["number"]
    said = found["word"] or found["kilo"] or (len(digits) >= 4 and digits[0] == "0")
    if not said and (len(digits) < 4 or _NO_STEP.search(head)):
        return name, None
    if not found["word"] and _NO_STEP.search(head):
        return name, None
    head = re.sub(r"[-_=. ]+$", "", head)
    head = "" if head.lower() in PARTS_OF_A_RUN | {"eval_info", "model"} else head
    return head, int(digits) * (1000 if found["kilo"] else 1)
