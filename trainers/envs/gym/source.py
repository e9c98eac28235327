"""What demonstrations recorded in a gymnasium environment are asked for. Imports no numpy."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, field_validator

from ilsweep.trainers.core.contract import param
from ilsweep.trainers.data.gym_env import ActionMap, GymEnv, is_there
from ilsweep.trainers.data.mistakes import Mistake
from ilsweep.trainers.data.source import RecordedSource, Variant, checked_size


class GymConfig(RecordedSource):
    """Which demonstrations a sweep trains on that an expert gives in a gymnasium environment."""

    controls: ClassVar[tuple[str, ...]] = ("action",)
    """As the environment is commanded."""
    loader: ClassVar[str] = "ilsweep.trainers.envs.gym.recording:load"

    source: Literal["gym"] = "gym"
    """Where the demonstrations come from: `gym` records an expert in a gymnasium environment."""
    env: GymEnv
    """The environment."""
    expert: str
    """`module:callable` that is given the environment after each reset and returns what acts: a
    function of the environment's observation that returns its action."""
    domains: tuple[Variant, ...] = ("source",)
    """There is one visual domain."""
    image_size: Annotated[tuple[int, int], AfterValidator(checked_size)] = param(
        (64, 64), unit="pixels: height, width"
    )
    """Size of every image; 16 to 480 by 16 to 640."""
    action_noise: float = param(
        0.0, ge=0, le=1, unit="standard deviation, of half the range", source="arXiv 1703.09327"
    )
    """Noise on the actions that are executed while recording; the expert's own are what is
    recorded, so that the demonstrations show the way back."""

    @field_validator("env")
    @classmethod
    def _the_actions_are_its_own(cls, env: GymEnv) -> GymEnv:
        if env.action.model_copy(update={"clip": True}) != ActionMap():
            raise ValueError("action: an expert's actions are the environment's own; leave it out")
        return env

    @field_validator("expert")
    @classmethod
    def _names_both(cls, expert: str) -> str:
        module, _, name = expert.partition(":")
        if not (module and name):
            raise ValueError("must be module:callable")
        return expert

    @field_validator("domains")
    @classmethod
    def _one_domain(cls, domains: tuple[Variant, ...]) -> tuple[Variant, ...]:
        if domains != ("source",):
            raise ValueError("a gymnasium environment has one visual domain; valid: [source]")
        return domains

    def missing(self) -> list[Mistake]:
        module = self.expert.split(":")[0].split(".")[0]
        lacking = Mistake("expert", f"no module {module}", self.expert, "one that can be imported")
        return self.env.missing() + ([] if is_there(module) else [lacking])
