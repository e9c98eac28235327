"""Teachers made in this process: trials that differ in their student alone share one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.reflow.config import ReflowConfig

KEPT = 8
"""Teachers that are kept, the last used ones."""
OF_THE_STUDENT = frozenset({
    "steps", "lr", "ema_decay", "execute_steps", "target", "loss_dims", "noise_dims",
    "infer_noise_dims", "student", "euler_steps", "teacher_euler_steps", "teacher_rollouts",
    "euler_rollouts", "rollouts", "lesions", "success", "log_every", "eval_every", "save_every",
})  # fmt: skip
"""Parameters that do not change the teacher."""


@dataclass(frozen=True)
class Teacher:
    """What a teacher's training came to."""

    weights: dict[str, Tensor]
    loss: float
    """Mean over the last tenth of its steps."""


_made: OrderedDict[tuple[int, str], tuple[Demonstrations, Teacher]] = OrderedDict()


def teacher_of(
    data: Demonstrations,
    config: ReflowConfig,
    seed: int,
    device: str,
    make: Callable[[], Teacher],
) -> Teacher:
    """The teacher of some demonstrations, parameters and seed, by `make` where there is none."""
    key = (id(data), f"{config.model_dump_json(exclude=set(OF_THE_STUDENT))}, {seed}, {device}")
    if key not in _made:
        _made[key] = (data, make())  # the data too, so that no other can get their id
        while len(_made) > KEPT:
            _made.popitem(last=False)
    _made.move_to_end(key)
    return _made[key][1]
