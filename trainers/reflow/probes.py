"""What a reflow is probed for after training.

Flows are measured in standardised actions, and their errors over the robot's own dimensions, so
that every configuration is measured alike; what lies in the padding has names of its own. "Test
conditions" are those of inference: its noise, the teacher's actions as they came out, held-out
frames. "Training conditions" are the trial's own: its noise, its target, training frames.

Shapes: B frames, T steps of a chunk, D padded dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.data.dataset import Int, evenly_spaced
from ilsweep.trainers.evaluation.probes import EVAL_FRAMES
from ilsweep.trainers.nets.inference import inference
from ilsweep.trainers.nets.preprocessing import Inputs
from ilsweep.trainers.reflow.config import EULER_STEPS, ReflowConfig
from ilsweep.trainers.reflow.flow import (
    Padding,
    Velocity,
    integrate,
    interpolate,
    sample_times,
    straightness,
    velocity_target,
)
from ilsweep.trainers.reflow.network import VelocityNet
from ilsweep.trainers.reflow.policy import FlowPolicy
from ilsweep.trainers.reflow.rectify import Pair, Rectify
from ilsweep.trainers.training.supervised import SupervisedTrainer

Trained = SupervisedTrainer[ReflowConfig, VelocityNet, Inputs]

FINE_STEPS = 20
"""Euler steps of the paths whose straightness is measured."""
SEED = 0
"""Of the probes' noise and times: the same for every trial."""


@dataclass(frozen=True)
class Conditions:
    """Frames with pairs and times, and both fields there."""

    student: Velocity
    teacher: Velocity
    pair: Pair
    t: Tensor
    """(B,)"""
    target: Tensor
    """What the student's paths are compared with, (B, T, D)."""

    def velocities(self, field: Velocity) -> tuple[Tensor, Tensor]:
        """A field's velocity on the lines between noise and target, and the true one."""
        x = interpolate(self.pair.noise, self.target, self.t)
        return field(x, self.t), velocity_target(self.pair.noise, self.target)


def probe_reflow(
    trainer: Trained,
    student: FlowPolicy,
    teacher: FlowPolicy,
    rectify: Rectify,
    inputs: Callable[[Int], Inputs],
    teacher_loss: float,
) -> Metrics:
    """Padding, noise, gradient, errors, end points and straightness; and the teacher beside them.

    `probe/teacher_loss`: mean training loss over the last tenth of the teacher's steps.
    `probe/teacher_l1`: the teacher's error on held-out frames, in standard deviations.
    `probe/teacher_pc_success`: its successful episodes, 0 to 100, where `teacher_rollouts` asks.
    """
    padding, held_out = rectify.padding, trainer.held_out()
    train_frames = evenly_spaced(trainer.frames, EVAL_FRAMES)
    found: Metrics = {
        "probe/teacher_loss": teacher_loss,
        "probe/teacher_l1": held_out.error(teacher.predict(held_out.observation)),
    }
    with inference(trainer.acting), inference(teacher.net):
        shown = inputs(train_frames)
        train = _conditions(trainer.acting, rectify, shown, testing=False)
        seen = _conditions(trainer.acting, rectify, shown, testing=True)
        test = _conditions(trainer.acting, rectify, inputs(held_out.frames), testing=True)
        found |= _padding(padding, train.pair)
        found |= _noise(padding, train.pair.noise, test.pair.noise)
        found |= _errors(padding, train, seen, test)
        found |= _ends(padding, test, trainer.config.euler_steps)
        found |= _influence(rectify, test)
        for name, field in (("", test.student), ("teacher_", test.teacher)):
            found[f"probe/{name}straightness"] = straightness(
                field, test.pair.noise, FINE_STEPS, padding.dims("valid")
            )
    found |= _gradient(trainer.net, rectify, inputs(train_frames))
    config = trainer.config
    found |= _by_euler_steps(trainer, student, config.euler_steps, "probe/pc_success")
    if config.teacher_rollouts:
        result = trainer.roll_out(config.teacher_rollouts, teacher)
        name, own = "probe/teacher_pc_success", config.teacher_euler_steps
        found |= {name: result.pc_success, **_by_euler_steps(trainer, teacher, own, name)}
    return found


def _by_euler_steps(trainer: Trained, policy: FlowPolicy, own: int, name: str) -> Metrics:
    """`NAME/N`: successful episodes of `euler_rollouts`, 0 to 100, in N Euler steps but its `own`.

    The measure of a straightened flow is what it does in few steps (Liu et al. 2022, section 2.2).
    """
    episodes = trainer.config.euler_rollouts
    return {
        f"{name}/{n}": trainer.roll_out(episodes, policy.with_steps(n)).pc_success
        for n in EULER_STEPS
        if episodes and n != own
    }


def _conditions(net: VelocityNet, rectify: Rectify, inputs: Inputs, *, testing: bool) -> Conditions:
    """Pairs for some observations, under the conditions of test time or of the trial's training."""
    config, generator = rectify.config, torch.Generator().manual_seed(SEED)
    count = len(inputs.state)
    dims = config.infer_noise_dims if testing else config.noise_dims
    pair = rectify.pair(inputs, rectify.noise(dims, count, generator))
    return Conditions(
        net.field(inputs),
        rectify.teacher.field(inputs),
        pair,
        sample_times(count, generator).to(pair.noise.device),
        pair.made if testing else pair.target,
    )


def _padding(padding: Padding, pair: Pair) -> Metrics:
    """What the teacher leaves in the padding, from training's noise, and what training drops of it.

    - `probe/padding_teacher`: mean |value|; with `_mean`, `_std` and `_max` (of |value|).
    - `probe/padding_target_error`: mean |teacher - target| there; with `_max`, and with `_all` the
      mean over all dimensions.
    - `probe/teacher_mean`: mean of the valid dimensions, beside `probe/padding_teacher_mean`.
    """
    made, lost = pair.made[..., padding.padded], (pair.made - pair.target).abs()
    return {
        "probe/teacher_mean": float(padding.unpad(pair.made).mean()),
        "probe/padding_teacher": float(made.abs().mean()),
        "probe/padding_teacher_mean": float(made.mean()),
        "probe/padding_teacher_std": float(made.std()),
        "probe/padding_teacher_max": float(made.abs().max()),
        "probe/padding_target_error": float(lost[..., padding.padded].mean()),
        "probe/padding_target_error_all": float(lost.mean()),
        "probe/padding_target_error_max": float(lost.max()),
    }


def _noise(padding: Padding, train: Tensor, infer: Tensor) -> Metrics:
    """`probe/noise_std_train`, `probe/noise_std_infer`: of the noise drawn in the padding."""
    return {
        "probe/noise_std_train": float(train[..., padding.padded].std()),
        "probe/noise_std_infer": float(infer[..., padding.padded].std()),
    }


def _errors(padding: Padding, train: Conditions, seen: Conditions, test: Conditions) -> Metrics:
    """Errors of the velocity on straight lines between noise and action.

    - `probe/train_error`, `probe/test_error`: mean squared error, valid dimensions, under training
      and under test conditions; `probe/test_over_train` is their ratio.
    - `probe/seen_error`: under test conditions on training frames; what is left between it and
      `probe/train_error` is no matter of memory.
    - `probe/padding_train_error`, `probe/padding_test_error`: the same in the padding.
    - `probe/velocity_error`: |v - v*| / |v*| under test conditions, valid dimensions;
      `probe/teacher_velocity_error`: that of the teacher, whose paths are not straight.
    - `probe/padding_velocity_change`: |v - v_teacher| / |v_teacher| in the padding.
    """
    (trained, sought), (found, true) = (
        train.velocities(train.student),
        test.velocities(test.student),
    )
    again, true_again = seen.velocities(seen.student)
    taught, _ = test.velocities(test.teacher)
    valid, padded = padding.dims("valid"), padding.padded
    train_error, test_error = _squared(trained, sought, valid), _squared(found, true, valid)
    return {
        "probe/train_error": train_error,
        "probe/test_error": test_error,
        "probe/test_over_train": test_error / max(train_error, 1e-12),
        "probe/seen_error": _squared(again, true_again, valid),
        "probe/padding_train_error": _squared(trained, sought, padded),
        "probe/padding_test_error": _squared(found, true, padded),
        "probe/velocity_error": _relative(found, true, valid),
        "probe/teacher_velocity_error": _relative(taught, true, valid),
        "probe/padding_velocity_change": _relative(found, taught, padded),
    }


def _ends(padding: Padding, test: Conditions, steps: int) -> Metrics:
    """How far from the teacher's action the student ends, from the same noise.

    - `probe/endpoint_error/N`: |x - x*| / |x*| after N Euler steps; `probe/endpoint_error` after
      inference's own number.
    - `probe/padding_student`: mean |value| that the student then leaves in the padding.
    """
    valid = padding.dims("valid")
    ends = {n: integrate(test.student, test.pair.noise, n) for n in {*EULER_STEPS, steps}}
    errors = {n: _relative(end, test.pair.made, valid) for n, end in ends.items()}
    return {
        "probe/endpoint_error": errors[steps],
        **{f"probe/endpoint_error/{n}": errors[n] for n in EULER_STEPS},
        "probe/padding_student": float(ends[steps][..., padding.padded].abs().mean()),
    }


def _influence(rectify: Rectify, test: Conditions) -> Metrics:
    """`probe/padding_influence`: what the noise in the padding does to the actions.

    Mean change of the student's valid actions, standardised, when the padding of inference's noise
    is drawn anew.
    """
    padding, config, noise = rectify.padding, rectify.config, test.pair.noise.clone()
    other = torch.Generator().manual_seed(SEED + 1)
    drawn = rectify.noise(config.infer_noise_dims, len(noise), other)
    noise[..., padding.padded] = drawn[..., padding.padded]
    ends = [
        integrate(test.student, start, config.euler_steps) for start in (test.pair.noise, noise)
    ]
    return {"probe/padding_influence": float(padding.unpad(ends[0] - ends[1]).abs().mean())}


def _gradient(net: VelocityNet, rectify: Rectify, inputs: Inputs) -> Metrics:
    """`probe/padding_gradient_share`: the padding's share of the gradient.

    Sum of |dL/dv| in the padding over that in all dimensions, of the training loss at the net's
    output v.
    """
    train, kept = _conditions(net, rectify, inputs, testing=False), []

    def watched(x: Tensor, t: Tensor) -> Tensor:
        kept.append(train.student(x, t).detach().requires_grad_())
        return kept[-1]

    loss, _ = rectify.loss(watched, train.pair, train.t)
    (gradient,) = torch.autograd.grad(loss, kept)
    share = gradient[..., rectify.padding.padded].abs().sum() / gradient.abs().sum().clamp(
        min=1e-30
    )
    return {"probe/padding_gradient_share": float(share)}


def _squared(found: Tensor, true: Tensor, dims: slice) -> float:
    return float((found - true)[..., dims].square().mean())


def _relative(found: Tensor, true: Tensor, dims: slice) -> float:
    """|found - true| / |true| over samples, steps and some dimensions."""
    return float((found - true)[..., dims].norm() / true[..., dims].norm().clamp(min=1e-12))
