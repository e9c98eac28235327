"""What can be set of behaviour cloning, and what it reports. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from ilsweep.trainers.core.contract import TrainerConfig, param
from ilsweep.trainers.core.metric_needs import AtLeast, Needs
from ilsweep.trainers.evaluation.metrics import METRICS as EVALUATION
from ilsweep.trainers.evaluation.metrics import NEEDS as EVALUATION_NEEDS
from ilsweep.trainers.evaluation.metrics import RERUN, RERUN_NEEDS, SEEING, SEEING_NEEDS
from ilsweep.trainers.nets.config import ImageNorm, VisionParams
from ilsweep.trainers.training.config import SupervisedConfig, SupervisedSpec
from ilsweep.trainers.training.metrics import METRICS as TRAINING

HIL_SERL = "HIL-SERL, code"
WINDOW = 50
"""Steps before a step whose median is the level that a jump of the loss starts from."""
Sampling = Literal["uniform", "distinct", "error"]


class BCConfig(VisionParams, SupervisedConfig):
    """Parameters of behaviour cloning."""

    batch_size: int = param(256, gt=0, unit="samples", source=HIL_SERL)
    """Samples in one optimiser step."""
    lr: float = param(3e-4, gt=0, source=HIL_SERL)
    """Learning rate of everything but the visual backbone."""
    lr_backbone: float = param(3e-4, ge=0)
    """Learning rate of the visual backbone; 0 freezes it, as HIL-SERL does with its own."""
    lr_schedule: Literal["constant", "cosine", "step"] = "constant"
    """`cosine` lowers the rates to zero over `steps`; `step` multiplies them once by
    `lr_step_factor`; HIL-SERL's is `constant`."""
    lr_step_at: float = param(0.5, ge=0, le=1, unit="share of `steps`")
    """Where `step` changes the rates."""
    lr_step_factor: float = param(0.1, gt=0)
    """What `step` multiplies the rates by."""
    warmup_steps: int = param(0, ge=0, unit="optimiser steps")
    """The rates rise in a straight line over so many steps, whatever the schedule."""
    sampling: Sampling = param("uniform", source=HIL_SERL)
    """`uniform` draws with replacement. `distinct` draws no transition twice, so that a
    `batch_fraction` of 1 is the whole training set at every step. `error` draws a transition in
    proportion to the error that it had when it was last drawn, and weighs its loss by the inverse,
    so that the objective stays the same."""
    hidden_dims: tuple[int, ...] = param((256, 256), min_length=1, unit="channels")
    """Widths of the perceptron's layers; HIL-SERL has three of 512."""
    dropout: float = param(0.0, ge=0, lt=1)
    """Dropout in the perceptron; 0.25 in HIL-SERL."""
    std_parameterization: Literal["exp", "softplus", "uniform", "fixed"] = param(
        "exp", source=HIL_SERL
    )
    """How the standard deviation is made: exp or softplus of a head that sees the observation, one
    learned value for each dimension, or `fixed_std`."""
    std_min: float = param(1e-5, gt=0, unit="standard deviations of the actions", source=HIL_SERL)
    """Smallest standard deviation; below it the head has no gradient."""
    std_max: float = param(5.0, gt=0, unit="standard deviations of the actions", source=HIL_SERL)
    """Largest standard deviation."""
    fixed_std: float = param(0.1, gt=0, unit="standard deviations of the actions")
    """The standard deviation where it is `fixed`."""
    squash: bool = param(False, source=HIL_SERL)
    """Whether a tanh keeps the actions within their range in training."""
    image_norm: ImageNorm = "imagenet"
    """How images are normalised: by ImageNet's moments, to 0..1, or not at all (0..255)."""
    image_dim: int = param(64, gt=0, unit="channels")
    """Width of the images' embedding; 256 in HIL-SERL."""
    replays: int = param(1, ge=0, unit="demonstrations", needs="seeds")
    """Training demonstrations that the policy has to reproduce in the simulator at the end."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.std_min >= self.std_max:
            raise ValueError(f"std_min must lie below std_max, {self.std_max}; got {self.std_min}")
        return self


class BCSpec(SupervisedSpec):
    """Behaviour cloning with a Gaussian actor, one action at a time."""

    Config: ClassVar[type[TrainerConfig]] = BCConfig
    metrics_need: ClassVar[Mapping[str, Needs]] = {
        **EVALUATION_NEEDS,
        **SEEING_NEEDS,
        **RERUN_NEEDS,
        "probe/replay_*": "replays",
        "probe/loss_jump*": {"steps": AtLeast(2 * WINDOW)},
    }
    metrics: ClassVar[Mapping[str, str]] = {
        **TRAINING,
        "train/grad_norm": "L2 norm of the gradient, which is not clipped.",
        "bc/actor_loss": "Negative log-likelihood of standardised actions, nats, mean of a batch.",
        "bc/total_loss": "The same, weighted where hard samples are drawn more often; descended.",
        "bc/mse": "Squared error of the mean action, summed over its dimensions, physical units.",
        "bc/normalized_mse": "Squared error over the actions' variance, mean over dimensions.",
        "bc/log_std": "Part of the loss: sum over dimensions of the log standard deviation, nats.",
        "bc/residual": "Part of the loss: half the squared error in predicted deviations, nats.",
        "bc/min_std": "Smallest predicted standard deviation of a batch, standardised actions.",
        "bc/batch_spread": "Standard deviation of the loss over the samples of a batch, nats.",
        "bc/batch_coverage": "Share of the training transitions that a batch holds.",
        "bc/test_nll": "Negative log-likelihood of held-out actions, nats.",
        "bc/test_mse": "Squared error on held-out episodes, as `bc/mse`.",
        "bc/test_normalized_mse": "Squared error on held-out episodes, as `bc/normalized_mse`.",
        **EVALUATION,
        **SEEING,
        **RERUN,
        "probe/train_error": "",
        "probe/test_error": "",
        "probe/epoch_coverage": "Share of the transitions met in as many draws as there are.",
        "probe/visits_min": "Draws of the transition that was drawn least, over the mean.",
        "probe/visits_max": "Draws of the transition that was drawn most, over the mean.",
        "probe/loss_jump": "Largest rise of the loss in the second half of the training, nats.",
        "probe/loss_jump_error": "Relative rise of the error at that step.",
        "probe/replay_pc_success": "Training demonstrations whose predicted actions, executed "
        "open-loop, succeed, 0 to 100.",
        "probe/replay_reward": "Mean over these of the highest reward.",
    }
