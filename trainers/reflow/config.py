"""What can be set of reflow, and what it reports. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from ilsweep.trainers.core.contract import TrainerConfig, param
from ilsweep.trainers.core.metric_needs import Above, IsNot, Needs
from ilsweep.trainers.evaluation.metrics import METRICS as EVALUATION
from ilsweep.trainers.evaluation.metrics import NEEDS as EVALUATION_NEEDS
from ilsweep.trainers.nets.config import VisionParams, check_width
from ilsweep.trainers.training.config import SupervisedConfig, SupervisedSpec
from ilsweep.trainers.training.metrics import METRICS as TRAINING

Dims = Literal["valid", "all"]
Target = Literal["teacher", "repadded"]

EULER_STEPS = (1, 2, 5, 10)
"""Numbers of Euler steps after which the end point is compared with the teacher's, and in which
`euler_rollouts` asks for success."""

PI0 = "Black et al. 2024; openpi"


class ReflowConfig(VisionParams, SupervisedConfig):
    """Parameters of reflow. The defaults are small enough for one core."""

    batch_size: int = param(32, gt=0, unit="samples")
    """Samples in one optimiser step, of the teacher and of the student."""
    lr: float = param(5e-4, gt=0)
    """Learning rate of the student at the start; it falls to zero over `steps` as a cosine."""
    grad_clip: float = param(1.0, gt=0, unit="L2 norm", source="openpi")
    """The gradient is scaled down to this norm where it is larger."""
    chunk_size: int = param(16, gt=0, unit="frames")
    """Actions predicted at once."""
    execute_steps: int = param(8, gt=0, unit="frames")
    """Actions of a chunk that are executed before the next is asked for."""
    padded_dim: int = param(32, gt=0, unit="dimensions", source=PI0)
    """Width of the flow, more than the robot's own dimensions; those beyond them are padding."""

    target: Target = "teacher"
    """What the student learns to end at: the teacher's actions as they came out (`teacher`), or cut
    to the robot's dimensions and padded with zeros again (`repadded`)."""
    loss_dims: Dims = "all"
    """Dimensions that the student's loss is taken over."""
    noise_dims: Dims = "all"
    """Dimensions of the student's training that start from noise; the others start from zero."""
    infer_noise_dims: Dims = "all"
    """The same at test time; pi0 and SmolVLA draw noise in all."""
    student: Literal["teacher", "scratch"] = "teacher"
    """Weights that the student begins with: the teacher's, or those that the teacher began with."""
    euler_steps: int = param(10, gt=0, source=PI0)
    """Euler steps from noise to action at test time."""

    teacher_steps: int = param(1500, gt=0, unit="optimiser steps")
    """Length of the teacher's training, before the student's first step."""
    teacher_lr: float = param(1e-3, gt=0)
    """Learning rate of the teacher at the start; it falls to zero as a cosine."""
    teacher_loss_dims: Dims = "all"
    """Dimensions that the teacher's loss is taken over: all in openpi and in earlier versions of
    lerobot, the valid ones in later versions of lerobot."""
    teacher_euler_steps: int = param(10, gt=0, source=PI0)
    """Euler steps by which the teacher makes the actions of a pair."""
    teacher_rollouts: int = param(0, ge=0, unit="episodes", needs="environment")
    """Episodes of the teacher in the simulator, to compare with; `probe/teacher_pc_success`."""
    euler_rollouts: int = param(0, ge=0, unit="episodes", needs="environment")
    """Episodes in each of 1, 2, 5 and 10 Euler steps but `euler_steps`; `probe/pc_success/N`. With
    `teacher_rollouts` also of the teacher, but for `teacher_euler_steps`;
    `probe/teacher_pc_success/N`."""

    dim: int = param(64, gt=0, unit="channels")
    """Width of the transformer; divisible by 4 and by `heads`."""
    heads: int = param(4, gt=0)
    """Attention heads."""
    feedforward: int = param(128, gt=0, unit="channels")
    """Hidden width of the feed-forward nets."""
    layers: int = param(3, gt=0)
    """Layers of the transformer."""

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        check_width(self.dim, self.heads)
        if self.execute_steps > self.chunk_size:
            raise ValueError(
                f"execute_steps must lie in 1..{self.chunk_size}, chunk_size; "
                f"got {self.execute_steps}"
            )
        return self


class ReflowSpec(SupervisedSpec):
    """Reflow: a flow-matching teacher, then a student on the teacher's straightened paths."""

    Config: ClassVar[type[TrainerConfig]] = ReflowConfig
    metrics_need: ClassVar[Mapping[str, Needs]] = {
        **EVALUATION_NEEDS,
        "probe/teacher_pc_success": "teacher_rollouts",
        **{
            f"probe/teacher_pc_success/{n}": {
                "teacher_rollouts": Above(),
                "euler_rollouts": Above(),
                "teacher_euler_steps": IsNot(n),
            }
            for n in EULER_STEPS
        },
        **{
            f"probe/pc_success/{n}": {"euler_rollouts": Above(), "euler_steps": IsNot(n)}
            for n in EULER_STEPS
        },
    }
    metrics: ClassVar[Mapping[str, str]] = {
        **TRAINING,
        "train/loss": "What the optimiser descends: squared velocity error over `loss_dims`.",
        "train/valid_error": "Squared velocity error over the robot's own dimensions.",
        "train/padding_error": "Squared velocity error over the padded dimensions.",
        **EVALUATION,
        "probe/teacher_loss": "The teacher's loss over the last tenth of its steps.",
        "probe/teacher_l1": "The teacher's error on held-out frames, standardised actions.",
        "probe/teacher_pc_success": "Successful episodes of the teacher, 0 to 100.",
        **{f"probe/teacher_pc_success/{n}": "" for n in EULER_STEPS},
        **{f"probe/pc_success/{n}": "" for n in EULER_STEPS},
        "probe/teacher_mean": "Mean of the teacher's valid dimensions.",
        "probe/teacher_velocity_error": "As `probe/velocity_error`, of the teacher.",
        "probe/teacher_straightness": "As `probe/straightness`, of the teacher's paths.",
        "probe/padding_teacher": "",
        "probe/padding_teacher_mean": "Mean value there.",
        "probe/padding_teacher_std": "Standard deviation of the values there.",
        "probe/padding_teacher_max": "Largest |value| there.",
        "probe/padding_target_error": "",
        "probe/padding_target_error_all": "Mean |teacher - training target| over all dimensions.",
        "probe/padding_target_error_max": "Largest |teacher - training target| in the padding.",
        "probe/padding_train_error": "As `probe/train_error`, in the padding.",
        "probe/padding_test_error": "As `probe/test_error`, in the padding.",
        "probe/padding_velocity_change": "|v - v_teacher| / |v_teacher| in the padding.",
        "probe/padding_student": "Mean |value| that the student leaves in the padding.",
        "probe/padding_influence": "",
        "probe/padding_gradient_share": "",
        "probe/noise_std_train": "",
        "probe/noise_std_infer": "",
        "probe/train_error": "",
        "probe/test_error": "",
        "probe/test_over_train": "The ratio of the two.",
        "probe/seen_error": "`probe/test_error` on training frames.",
        "probe/velocity_error": "",
        "probe/endpoint_error": "",
        **{f"probe/endpoint_error/{n}": "" for n in EULER_STEPS},
        "probe/straightness": "",
    }
