"""The contract between a sweep and a way to learn, on one screen.

A trainer is a specification (a typed, frozen, documented configuration, and the metrics) and a
class with six verbs: `train_step`, `evaluate`, `probe`, `state_dict`, `load_state_dict`, `close`.
Nothing here imports torch or numpy, so that a spec can be checked in a fraction of a second.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Protocol, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from ilsweep.trainers.core.episode import Episode
from ilsweep.trainers.core.metric_needs import Needs

Metrics = dict[str, float]
"""Numbers by name, as LeRobot names them: `train/...`, `eval/...`, `probe/...`. A name without a
slash gets its verb's: `train/` for `train_step`, `eval/` for `evaluate` and `finish`, `probe/`."""


@dataclass(frozen=True)
class Metric:
    """What a trainer says of one of its metrics; a report shows it by its label and unit."""

    about: str
    """One sentence."""
    unit: str = ""
    direction: Literal["min", "max"] | None = None
    """Which end is good; None: as the words of its name say (a loss: the small one)."""
    label: str = ""
    """What reports call it; empty: its name."""
    label_zh: str = ""
    """The same in the Chinese report."""
    smallest_effect: float | None = None
    """The smallest difference that matters, in its unit."""


def param(default: Any, *, unit: str = "", source: str = "", needs: str = "", **bounds: Any) -> Any:
    """A field of a trainer's configuration: default, bounds (`gt`, `ge`, `lt`, `le`), unit, source.

    With `needs="environment"` a value other than 0 asks for a simulator, with `needs="seeds"` for
    one in which a demonstration can be begun again; it is refused for demonstrations without. The
    sentence that describes the field is the string literal under it.
    """
    return Field(
        default, json_schema_extra={"unit": unit, "source": source, "needs": needs}, **bounds
    )


def _kinds(annotation: Any) -> Iterator[Any]:
    """The plain types that a type is made of."""
    parts = get_args(annotation)
    for part in parts[:1] if get_origin(annotation) is Annotated else parts:
        yield from _kinds(part)
    if not parts:
        yield annotation


class Params(BaseModel):
    """A frozen group of parameters that refuses names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean(cls, value: Any, info: ValidationInfo) -> Any:
        """True and false, which Python takes for 1 and 0, are no numbers, nor in a list of them."""
        several = [*value.values()] if isinstance(value, dict) else value
        several = several if isinstance(several, list) else [value]
        if any(isinstance(each, bool) for each in several):
            kinds = [*_kinds(cls.model_fields[info.field_name or ""].annotation)]
            if (int in kinds or float in kinds) and bool not in kinds and Any not in kinds:
                alone = isinstance(value, bool)
                raise ValueError("must be a number" if alone else "must hold numbers")
        return value


def needing(config: BaseModel, what: str, prefix: str = "") -> dict[str, Any]:
    """The parameters that are set, other than 0, and need `what`; dotted name to value."""
    found: dict[str, Any] = {}
    for name, field in type(config).model_fields.items():
        value, extra = getattr(config, name), field.json_schema_extra
        if isinstance(value, BaseModel):
            found |= needing(value, what, f"{prefix}{name}.")
        elif value and isinstance(extra, dict) and extra.get("needs") == what:
            found[prefix + name] = value
    return found


REPORTS = 20
"""So many at least on any curve."""


def report_every(steps: int, most: int) -> int:
    """Optimiser steps between two reports: `most`, fewer in a short training."""
    return max(1, min(most, steps // REPORTS))


def twenty_reports(given: Mapping[str, Any]) -> int:
    """The default of `log_every` for a configuration's `steps`."""
    return report_every(int(given.get("steps", 2000)), 50)


class TrainerConfig(Params):
    """What every trainer understands; each trainer's own `Config` adds to it."""

    steps: int = param(2000, gt=0, unit="optimiser steps")
    """Length of the training."""
    batch_size: int = param(8, gt=0, unit="samples")
    """Samples in one optimiser step."""
    batch_fraction: float | None = param(None, gt=0, le=1, unit="share of the training transitions")
    """Batch size as a share of the training transitions; where set, it replaces `batch_size`."""
    lr: float = param(1e-4, gt=0)
    """Learning rate of everything but the visual backbone."""
    log_every: int = Field(
        default_factory=twenty_reports, gt=0, json_schema_extra={"unit": "optimiser steps"}
    )
    """A report is made every so many steps; training metrics are the mean over them. Not given: 50,
    and in a short training a twentieth of `steps`, so that every curve has twenty points."""
    eval_every: int = param(500, gt=0, unit="optimiser steps")
    """Held-out evaluation every so many steps, and at the end."""
    save_every: int = param(500, gt=0, unit="optimiser steps")
    """A checkpoint is written every so many steps, and at the end."""
    rollouts: int = param(10, ge=0, unit="episodes", needs="environment")
    """Episodes in the simulator at the end of the training; 0 for none."""
    success: Literal["any", "end"] = "any"
    """Which success of an episode counts: the task was done at any step, or at the end."""
    lesions: int = param(5, ge=0, unit="episodes")
    """Episodes with black images, with another episode's, and with a masked state, each; at most
    `rollouts`, and none of a policy that sees no images or never succeeded."""

    def batch_of(self, transitions: int) -> int:
        """Samples in one step, for a training set of so many transitions (at least one)."""
        if self.batch_fraction is None:
            return self.batch_size
        return max(1, round(self.batch_fraction * transitions))


class DataDescription(Protocol):
    """What is known of demonstrations before they are loaded."""

    @property
    def source(self) -> str:
        """Where they come from, as a spec names it."""
        ...

    @property
    def observation(self) -> str:
        """What a policy sees beside the robot: `images`, or the `state` of the world."""
        ...

    @property
    def variants(self) -> Sequence[str]:
        """The visual domains that are there."""
        ...

    @property
    def seen_cameras(self) -> Sequence[str] | None:
        """Names of the cameras that a policy sees; None where they are not known."""
        ...

    @property
    def has_groups(self) -> bool:
        """Whether they say which numbers of an action are positions, rotations and the like."""
        ...

    @property
    def actions_are(self) -> Literal["states", "changes"] | None:
        """Whether the numbers of an action are those of the state to reach, or changes of it.

        None where that is not known.
        """
        ...


class TrainerSpec:
    """What is known of a trainer before it is imported: its parameters, metrics and needs.

    A trainer inherits it. Where the trainer's own module imports torch, its specification stands
    in another, so that a spec is checked in a fraction of a second.
    """

    Config: ClassVar[type[TrainerConfig]] = TrainerConfig
    metrics: ClassVar[Mapping[str, str | Metric]] = {}
    """Metric name (patterns with `*` allowed) to one sentence about it, unit included, or a
    `Metric`; empty where they are not known. A misspelt objective is refused by it before the
    start."""
    metrics_need: ClassVar[Mapping[str, Needs]] = {}
    """Metric (patterns with `*` allowed, of which the first counts) to the parameter that must be
    above 0 for it to come, or to several, each with its condition (`core/metric_needs.py`)."""
    needs_data: ClassVar[bool] = True
    data_defaults: ClassVar[Mapping[str, Any]] = {}
    """What is required of the demonstrations where a spec does not say, as a spec would say it."""

    @classmethod
    def check(cls, config: Any, data: DataDescription) -> list[str]:
        """Mistakes of a configuration against the data's, found before anything starts.

        A line each, as `key: rule, value, valid`; the key is a parameter, or `data.KEY`.
        """
        del config, data
        return []

    @classmethod
    def check_loaded(cls, config: Any, data: Any) -> list[str]:
        """The same against the demonstrations themselves, before the first trial."""
        del config, data
        return []


class Trainer(TrainerSpec, ABC):
    """One training run. Everything random in it comes from `seed`; nothing is shared with another.

    A subclass names its configuration in `Config` and, where it knows them, its metrics.
    """

    resume_only: ClassVar[tuple[str, ...]] = ()
    """Keys of the state that only a further step would need, as the optimiser's: the last
    checkpoint of a trial that came to its end is kept without them."""

    def __init__(self, config: TrainerConfig, data: Any, *, seed: int, device: str = "cpu") -> None:
        self.config = config
        self.data = data
        self.seed = seed
        self.device = device

    @abstractmethod
    def train_step(self) -> Mapping[str, Any]:
        """One optimiser step. Returns its metrics, floats or detached 0-d tensors."""

    def evaluate(self) -> Metrics:
        """Held-out error, every `eval_every` steps. Must not change the training run."""
        return {}

    def finish(self) -> Metrics:
        """After the last step: rollouts and whatever else is too slow to do more than once."""
        return {}

    def probe(self) -> Metrics:
        """What the policy does when probed, as `probe/NAME`; after the last step."""
        return {}

    def taken_episodes(self) -> Sequence[Episode]:
        """The evaluation episodes since this was last called, with films of some.

        Called after `finish` and `probe`; `trainers.evaluation.episodes` keeps them.
        """
        return ()

    def predictions(self) -> Mapping[str, Any]:
        """What the policy predicts on frames of its demonstrations, for pictures of it.

        After `finish` and `probe`; numbers, texts, lists and mappings alone.
        `trainers.evaluation.predictions` makes them.
        """
        return {}

    def replay_actions(self, episode: int) -> Any:
        """The actions (T, A) of a demonstration, through this trainer's own encoding and decoding.

        Of an episode of the source's: what a policy that has learnt it by heart would execute.

        None where that is not known.
        """
        del episode
        return None

    def solve(self, seeds: Sequence[int]) -> Mapping[int, bool]:
        """Whether the policy, as it is now, solves the simulator's episode of each seed.

        Empty where there is no simulator. Must not change the training run.
        """
        del seeds
        return {}

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """All that a run needs to go on as if never stopped: weights, optimiser, generators.

        Tensors, numpy arrays, numbers, strings, and lists and dicts of them; nothing else, so
        that a checkpoint loads without running code.
        """

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The inverse of `state_dict`; the keys in `resume_only` may be missing after the end."""

    def close(self) -> None:
        """Let go of simulators and files. Called once, whatever happened."""
        return
