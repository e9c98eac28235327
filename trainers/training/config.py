"""What the ready trainers' configurations share. Imports no torch."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ilsweep.trainers.core.contract import DataDescription, TrainerConfig, TrainerSpec, param
from ilsweep.trainers.nets.config import ActionRepresentation, needs_states

Schedule = Literal["constant", "cosine"]
"""How learning rates go: as they are, or to zero over `steps` as a cosine."""


Precision = Literal["float32", "bf16"]


class SupervisedConfig(TrainerConfig):
    """What can be set of every trainer that descends a loss on demonstrations."""

    control: str | None = None
    """How the robot is commanded, by the data's own names; null for the first of them."""
    action_representation: ActionRepresentation = param(
        "absolute", source="UMI, arXiv 2402.10329, PD2.1"
    )
    """What the net predicts: actions as they were recorded (`absolute`), their difference to the
    state that the chunk begins in (`relative`), or to the action before (`delta`). Grippers and
    rotations stay absolute. It takes actions that are states to reach, in the state's units."""
    ema_decay: float = param(0.0, ge=0, lt=1, source="Diffusion Policy, arXiv 2303.04137")
    """Largest decay of the averaged weights that evaluation, rollouts and probes use, reached
    slowly (`trainers/nets/moving_average.py`); 0 for no average."""

    precision: Precision = param(
        "float32", source="Micikevicius et al. 2018, arXiv 1710.03740; torch.autocast"
    )
    """Of what the loss computes: `bf16` for products and convolutions in bfloat16, with weights,
    optimiser and all that acts in float32. Faster where nets are large; see `docs/speed.md`."""

    @property
    def starts_in_state(self) -> bool:
        """Whether the state is part of what a prediction becomes when it is executed."""
        return self.action_representation != "absolute"


class SupervisedSpec(TrainerSpec):
    """What is known of such a trainer before it is imported."""

    Config: ClassVar[type[TrainerConfig]] = SupervisedConfig

    @classmethod
    def check(cls, config: Any, data: DataDescription) -> list[str]:
        if not config.starts_in_state or data.actions_are != "changes":
            return []
        why = f"those of {data.source} are changes already"
        return [f"action_representation: {needs_states(config.action_representation, why)}"]

    @classmethod
    def check_loaded(cls, config: Any, data: Any) -> list[str]:
        if not config.starts_in_state:
            return []
        from ilsweep.trainers.data.action_units import no_states

        why = no_states(data, data.control(config.control))
        rule = needs_states(config.action_representation, why)
        return [f"action_representation: {rule}"] if why else []
