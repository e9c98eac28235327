"""A trainer that returns and does what a test asks of it, beside its sound metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ilsweep.sweeps.spec.trial_config import SharedConfig
from ilsweep.sweeps.worker.trainable import HostedTrainer
from ilsweep.trainers.core.contract import Params, Trainer, TrainerConfig, param
from tests.sweeps.alone import trial

ODD = "tests.sweeps.odd:Odd"
PLAIN = "tests.sweeps.odd:Plain"
STEPS = {"steps": 6, "log_every": 2, "eval_every": 4, "save_every": 4}


class Plain(Trainer):
    """Trains nothing; has no metrics at the end."""

    Config = TrainerConfig
    needs_data = False
    asked: ClassVar[dict[str, Any]] = {}
    """Verb to what it returns, or to a function that is called in its place."""
    step = 0

    def _answer(self, verb: str, sound: Mapping[str, Any]) -> Any:
        asked = self.asked.get(verb, sound)
        return asked(self) if isinstance(asked, Callable) else asked  # type: ignore[arg-type]

    def __init__(self, config: TrainerConfig, data: Any, *, seed: int, device: str = "cpu") -> None:
        super().__init__(config, data, seed=seed, device=device)
        self._answer("__init__", {})

    def train_step(self) -> Any:
        self.step += 1
        return self._answer("train_step", {"loss": 1 / self.step})

    def evaluate(self) -> Any:
        return self._answer("evaluate", {"loss": 2 / self.step})

    def state_dict(self) -> Any:
        return self._answer("state_dict", {"step": self.step})

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.step = state["step"]
        self._answer("load_state_dict", {})

    def close(self) -> None:
        self._answer("close", {})


class Odd(Plain):
    """The same with metrics at the end."""

    def finish(self) -> Any:
        return self._answer("finish", {"pc_success": 50.0})

    def probe(self) -> Any:
        return self._answer("probe", {"blind": 0.5})


def config(root: Any, trainer: str = ODD, objective: str = "eval/loss") -> dict[str, Any]:
    """What Tune hands a worker."""
    return {
        "shared": SharedConfig(trainer, str(root), (objective,)),
        "trial": trial(STEPS),
        "attempt": 1,
        "searched": {},
    }


def hosted(root: Any, trainer: str = ODD, objective: str = "eval/loss") -> HostedTrainer:
    """A worker at the start of a trial, without Ray."""
    made = HostedTrainer.__new__(HostedTrainer)
    made.setup(dict(config(root, trainer, objective)))
    return made


def results(worker: HostedTrainer, most: int = 20) -> list[dict[str, Any]]:
    """All results of a trial, to its end."""
    found = [worker.step()]
    while not found[-1]["done"]:
        assert len(found) < most, "goes on for ever"
        found.append(worker.step())
    return found


class Group(Params):
    """A group of parameters."""

    tries: int = param(0, ge=0, needs="environment")
    """Episodes."""


class AsksConfig(TrainerConfig):
    """A configuration that needs a simulator where `group.tries` is set."""

    group: Group = Group()
    """Asks."""


class Asks(Plain):
    """Needs a simulator by its configuration."""

    Config = AsksConfig
    needs_data = True
