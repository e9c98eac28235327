"""What can be set of RDT, and what it reports. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import model_validator

from ilsweep.trainers.core.contract import (
    DataDescription,
    Params,
    TrainerConfig,
    param,
)
from ilsweep.trainers.core.metric_needs import Needs
from ilsweep.trainers.data.features import Kind
from ilsweep.trainers.evaluation.metrics import METRICS as EVALUATION
from ilsweep.trainers.evaluation.metrics import NEEDS as EVALUATION_NEEDS
from ilsweep.trainers.evaluation.metrics import RERUN, RERUN_NEEDS, SEEING, SEEING_NEEDS
from ilsweep.trainers.nets.config import ImageNorm, VisionParams, check_width
from ilsweep.trainers.training.config import Schedule, SupervisedConfig, SupervisedSpec
from ilsweep.trainers.training.metrics import METRICS as TRAINING

RDT_1B = "Liu et al. 2024, RDT-1B's code"
NOTES = "note on LIBERO position scales"
Normalize = Literal["none", "minmax"]


class GroupWeights(Params):
    """What each group's squared error is multiplied by in the loss."""

    position: float = param(1.0, ge=0, source=NOTES)
    """Of end-effector positions."""
    rotation: float = param(1.0, ge=0, source=NOTES)
    """Of end-effector rotations."""
    gripper: float = param(1.0, ge=0)
    """Of the grippers."""
    joints: float = param(1.0, ge=0)
    """Of the arms' joints."""


KINDS: tuple[Kind, ...] = get_args(Kind)
RANGED = tuple(kind for kind in KINDS if kind != "rotation")
"""Groups of numbers that have a range."""


class RDTConfig(VisionParams, SupervisedConfig):
    """Parameters of RDT. The defaults are small enough for one core."""

    control: str | None = None
    """How the robot is commanded, by the data's own names; null for `ee` where there is one, else
    for the first."""
    lr: float = param(5e-4, gt=0)
    """Learning rate of everything but the visual backbone; 1e-4 in RDT-1B."""
    lr_backbone: float = param(5e-4, ge=0)
    """Learning rate of the visual backbone; 0 freezes it."""
    lr_schedule: Schedule = "cosine"
    """`cosine` lowers both rates to zero over `steps`; RDT-1B's is `constant`."""
    weight_decay: float = param(1e-2, ge=0, source=RDT_1B)
    """Decoupled weight decay (AdamW)."""
    grad_clip: float = param(1.0, gt=0, unit="L2 norm", source=RDT_1B)
    """The gradient is scaled down to this norm where it is larger."""
    ema_decay: float = param(0.999, ge=0, lt=1)
    """Largest decay of the averaged weights that evaluation, rollouts and probes use, reached
    slowly (`trainers/nets/moving_average.py`); 0.9999 in RDT-1B, 0 for no average."""
    chunk_size: int = param(64, gt=0, unit="frames", source=RDT_1B)
    """Actions predicted at once."""
    execute_steps: int = param(16, gt=0, unit="frames")
    """Predicted actions that are executed before the next prediction; at most `chunk_size`."""
    diffusion_steps: int = param(1000, gt=1, source=RDT_1B)
    """Steps of the noise schedule in training."""
    inference_steps: int = param(5, gt=0, source=RDT_1B)
    """Steps of the solver at test time; at most `diffusion_steps`."""
    position_scale: float = param(1.0, gt=0, unit="net's units a metre", source=NOTES)
    """Positions are multiplied by it for the net, and divided again at test time; 100 is metres to
    centimetres. Cancels under `normalize: minmax`."""
    normalize: Normalize = param("none", source=NOTES)
    """`none` leaves physical units, as RDT-1B wants; `minmax` brings each number of the vector from
    its training range to -1..1."""
    loss_weights: GroupWeights = GroupWeights()
    """Weights of the groups in the loss."""
    inverse_scale: bool = True
    """Whether test time undoes `position_scale` and `normalize`; false is the fault, for the
    experiment."""
    replays: int = param(0, ge=0, unit="demonstrations", needs="seeds")
    """Training demonstrations that the policy runs again in the simulator at the end."""
    clip_margin: float = param(0.5, ge=0, unit="share of the training range")
    """Actions are executed within the training range widened by this on both sides."""
    dim: int = param(128, gt=0, unit="channels")
    """Width of the transformer; divisible by 4 and by `heads`; 2048 in RDT-1B."""
    heads: int = param(4, gt=0)
    """Attention heads; 32 in RDT-1B."""
    layers: int = param(3, gt=0)
    """Blocks of the transformer; 28 in RDT-1B."""
    image_norm: ImageNorm = "imagenet"
    """How images are normalised: by ImageNet's moments, to 0..1, or not at all (0..255)."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_width(self.dim, self.heads)
        for part, whole in (
            ("execute_steps", "chunk_size"),
            ("inference_steps", "diffusion_steps"),
        ):
            value, most = getattr(self, part), getattr(self, whole)
            if value > most:
                raise ValueError(f"{part} must be at most {whole}, {most}; got {value}")
        return self


class RDTSpec(SupervisedSpec):
    """RDT: a diffusion transformer over action chunks in a unified action space."""

    Config: ClassVar[type[TrainerConfig]] = RDTConfig
    metrics_need: ClassVar[Mapping[str, Needs]] = {
        **EVALUATION_NEEDS,
        **SEEING_NEEDS,
        **RERUN_NEEDS,
    }
    metrics: ClassVar[Mapping[str, str]] = {
        **TRAINING,
        "train/loss": "What the optimiser descends: weighted squared error of scaled actions.",
        **{
            f"train/mse/{kind}": "Squared error of one group's scaled actions, before its weight."
            for kind in KINDS
        },
        **EVALUATION,
        **SEEING,
        **RERUN,
        "probe/diversity_ratio": "",
        **{f"probe/group_std/{kind}": "" for kind in KINDS},
        **{f"probe/gradient_share/{kind}": "" for kind in KINDS},
        "probe/roundtrip_error": "",
        "probe/executed_scale_ratio": "",
        "probe/clip_share": "",
        "probe/out_of_range_share": "",
        **{f"probe/out_of_range/{kind}": "The same of one group." for kind in RANGED},
        "probe/range_excess": "",
        **{f"probe/range_excess/{kind}": "The same of one group." for kind in RANGED},
        "probe/error/position_mm": "Distance of the tool from where it should be, mm.",
        "probe/error/rotation_deg": "Angle of the turn that is missing, degrees.",
        "probe/error/joints_deg": "Absolute error of a joint, degrees.",
        "probe/error/gripper_pct": "Absolute error of a gripper, per cent of its opening.",
        **{
            f"probe/error_spreads/{kind}": "Absolute error of one group's numbers, standardised."
            for kind in KINDS
        },
        "probe/train_error": "",
    }

    @classmethod
    def check(cls, config: Any, data: DataDescription) -> list[str]:
        found = super().check(config, data)
        if not data.has_groups:
            found.append(
                "data.source: rdt needs data that say which numbers are positions, rotations, "
                f"joints and grippers, got {data.source}"
            )
        return found
