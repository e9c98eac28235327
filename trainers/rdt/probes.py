"""What RDT is probed for after training: scales, ranges, and errors in physical units.

Groups are `position`, `rotation`, `gripper` and `joints`, of both arms together. "The motion" is
the positions under end-effector control, the joints under joint control. What is executed of a
chunk are its first `execute_steps` actions, as far as the episode goes.

Shapes: N training frames, B frames, T steps of a chunk, A action dimensions, M executed actions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.data.dataset import STD_FLOOR, Float, Int, evenly_spaced
from ilsweep.trainers.evaluation import probes
from ilsweep.trainers.evaluation.diversity import diversity
from ilsweep.trainers.evaluation.probes import Sample
from ilsweep.trainers.evaluation.success import rerun_metrics
from ilsweep.trainers.rdt import rotation6d
from ilsweep.trainers.rdt.action_limits import Limits
from ilsweep.trainers.rdt.config import RDTConfig
from ilsweep.trainers.rdt.network import RDTNet
from ilsweep.trainers.rdt.policy import RDTPolicy
from ilsweep.trainers.rdt.unified import UnifiedSpace
from ilsweep.trainers.rdt.unified_preprocessor import UnifiedPreprocessor
from ilsweep.trainers.training.supervised import SupervisedTrainer

Trained = SupervisedTrainer[RDTConfig, RDTNet, Any]

RANGE_MARGIN = 0.05
"""A predicted number counts as outside the training range beyond this share of its width. Poses in
which every episode begins or ends lie on the border itself, where half of all small errors would be
outside."""
STILL = 0.01
"""A number whose range is less than this share of that of its group's widest does not move, as the
height of a hand on a table: it has no range to leave and no scale to keep. Own choice."""
GRADIENT_FRAMES = 256
"""Training frames, evenly spaced, at which the gradient is shared out."""


def probe_rdt(
    trainer: Trained,
    policy: RDTPolicy,
    preprocessor: UnifiedPreprocessor,
    weights: Tensor,
    output_gradient: Callable[[Int], Tensor],
) -> Metrics:
    """Vision, state, diversity, backbone, scales, ranges, and errors by group.

    `weights` (U,) and `output_gradient`, at some frames (B, T, U), are those of the loss.
    """
    config, sample = trainer.config, trainer.held_out()
    command = policy.command(sample.observation)
    predicted = policy.limits.clip(command)
    found = {
        **probes.vision(policy, sample, predicted),
        **probes.joints(policy, sample, predicted),
        **diversity(
            policy,
            trainer.data,
            config.chunk_size,
            trainer.control,
            from_state=config.starts_in_state,
        ),
        **loss_scales(trainer, preprocessor, weights, output_gradient),
        **roundtrip(preprocessor, sample),
        **ranges(trainer, preprocessor.space, sample, command),
        **errors(preprocessor.space, sample, predicted),
        **reproduction(trainer, policy),
        "probe/transitions": float(trainer.frames.size),
    }
    if preprocessor.space.motion == "joints":
        found |= tool_errors(sample, predicted)
    if policy.net.backbone is not None:
        features, untrained = (
            policy.features(sample.observation),
            trainer.new_net(trainer.first_seed),
        )
        found |= probes.backbone(features, trainer.net, untrained)
    return found


def loss_scales(
    trainer: Trained,
    preprocessor: UnifiedPreprocessor,
    weights: Tensor,
    gradient: Callable[[Int], Tensor],
) -> Metrics:
    """How large the groups are for the loss, and what they get of its gradient.

    - `probe/group_std/GROUP`: standard deviation of the scaled training targets, root mean square
      over the group's numbers, times the root of its loss weight.
    - `probe/gradient_share/GROUP`: share of the squared gradient at the net's output, on training
      frames with fixed noise.
    """
    length = trainer.config.chunk_size
    targets = preprocessor.variance(trainer.data.source, trainer.frames, length)
    variance = targets * weights.cpu().numpy()
    frames = evenly_spaced(trainer.frames, GRADIENT_FRAMES)
    squares = gradient(frames).double().square().sum(dim=(0, 1)).cpu().numpy()
    found = {}
    for kind, indices in preprocessor.space.kinds().items():
        found[f"probe/group_std/{kind}"] = float(np.sqrt(variance[indices].mean()))
        share = squares[indices].sum() / max(squares.sum(), np.finfo(np.float64).tiny)
        found[f"probe/gradient_share/{kind}"] = float(share)
    return found


def roundtrip(preprocessor: UnifiedPreprocessor, sample: Sample) -> Metrics:
    """What training's transform and evaluation's inverse make of the shown actions.

    - `probe/roundtrip_error`: how far they are changed at most, in standard deviations.
    - `probe/executed_scale_ratio`: standard deviation of the motion over that of the shown one,
      mean over its numbers that move. What is executed would vary so if the net were perfect: the
      scale is judged, not the training, which can end in one motion for all
      (`probe/diversity_ratio`).
    """
    seen = sample.observation
    back = preprocessor.decode(preprocessor.encode(sample.actions, seen), seen)
    valid, space = ~sample.pad, preprocessor.space
    motion = moving(sample.actions[valid], space.own(space.motion))
    made, shown = (actions[valid][:, motion].std(axis=0) for actions in (back, sample.actions))
    return {
        "probe/roundtrip_error": float((np.abs(back - sample.actions) / sample.action_std).max()),
        "probe/executed_scale_ratio": float((made / np.maximum(shown, 1e-9)).mean()),
    }


def moving(shown: Float, group: Int) -> Int:
    """Those numbers of a group that move in actions (M, A); the widest always does."""
    widths = np.ptp(shown[:, group], axis=0)
    return np.asarray(group[widths >= STILL * widths.max()])


def ranges(trainer: Trained, space: UnifiedSpace, sample: Sample, commanded: Float) -> Metrics:
    """Where the predicted actions (B, T, A) lie, before they are clipped.

    - `probe/out_of_range_share`: share of the motion's numbers outside the training range, by more
      than `RANGE_MARGIN`; `probe/out_of_range/GROUP` for each group that has a range.
    - `probe/clip_share`: share of the executed actions of which a number of the motion is clipped.
    - `probe/range_excess`: largest absolute number of the motion over the largest in training;
      `probe/range_excess/GROUP` for each group that has a range.

    Numbers that do not move in training are left out.
    """
    config, free = trainer.config, space.own("rotation")
    made = executed(sample, commanded, config.execute_steps)  # (M, A)
    statistics = trainer.data.statistics(trainer.control.action.key)
    taught = trainer.data.source.vector(trainer.control.action.key)[trainer.frames]
    outside = Limits.of(statistics, RANGE_MARGIN, free).outside(made)
    clipped = Limits.of(statistics, config.clip_margin, free).outside(made)
    motion = moving(taught, space.own(space.motion))
    found = {"probe/clip_share": float(clipped[:, motion].any(axis=-1).mean())}
    for kind in space.kinds():
        if kind == "rotation":
            continue
        mine = moving(taught, space.own(kind))
        largest = max(float(np.abs(taught[:, mine]).max()), STD_FLOOR)
        found[f"probe/out_of_range/{kind}"] = float(outside[:, mine].mean())
        found[f"probe/range_excess/{kind}"] = float(np.abs(made[:, mine]).max()) / largest
    return {
        **found,
        "probe/out_of_range_share": found[f"probe/out_of_range/{space.motion}"],
        "probe/range_excess": found[f"probe/range_excess/{space.motion}"],
    }


def errors(space: UnifiedSpace, sample: Sample, predicted: Float) -> Metrics:
    """Errors of predicted actions (B, T, A) on held-out frames, by group, over the valid steps.

    - `probe/error/position_mm`: distance of the tool from where it should be, mm.
    - `probe/error/rotation_deg`: angle of the turn that is missing, degrees.
    - `probe/error/joints_deg`: absolute error of a joint, degrees.
    - `probe/error/gripper_pct`: absolute error of a gripper, per cent of its opening.
    - `probe/error_spreads/GROUP`: absolute error of the robot's numbers, standardised, comparable
      between groups.
    """
    valid = ~sample.pad
    made, shown = predicted[valid], sample.actions[valid]  # (M, A)
    found: Metrics = {}
    for kind in space.kinds():
        mine = space.own(kind)
        off = np.abs(made[:, mine] - shown[:, mine])
        found[f"probe/error_spreads/{kind}"] = float((off / sample.action_std[mine]).mean())
        if kind == "position":
            distance = np.linalg.norm(off.reshape(len(off), -1, 3), axis=-1)
            found["probe/error/position_mm"] = 1000 * float(distance.mean())
        elif kind == "rotation":
            turns = [v[:, mine].reshape(len(off), -1, 4) for v in (made, shown)]
            found["probe/error/rotation_deg"] = float(np.degrees(rotation6d.angle(*turns)).mean())
        elif kind == "joints":
            found["probe/error/joints_deg"] = float(np.degrees(off).mean())
        else:
            found["probe/error/gripper_pct"] = 100 * float(off.mean())
    return found


def tool_errors(sample: Sample, predicted: Float) -> Metrics:
    """Where predicted joints (B, T, A) bring the tools, by forward kinematics, over valid steps.

    `probe/error/position_mm` and `probe/error/rotation_deg`, as under end-effector control;
    nothing where the forward kinematics are not known.
    """
    world = sample.data.environment
    if world is None or world.forward_kinematics is None:
        return {}
    valid = ~sample.pad
    made, shown = (
        world.forward_kinematics(actions.astype(np.float64))
        for actions in (predicted[valid], sample.actions[valid])
    )
    distance = np.linalg.norm(made[..., :3] - shown[..., :3], axis=-1)
    turn = rotation6d.angle(made[..., 3:7], shown[..., 3:7])
    return {
        "probe/error/position_mm": 1000 * float(distance.mean()),
        "probe/error/rotation_deg": float(np.degrees(turn).mean()),
    }


def reproduction(trainer: Trained, policy: RDTPolicy) -> Metrics:
    """What the policy makes of what it was taught (the note's overfitting test).

    - `probe/train_error`: L1 of sampled chunks on training frames, in standard deviations.
    - `rerun_metrics` of the first `replays` training demonstrations.
    """
    domain, config = trainer.data.source, trainer.config
    sample = probes.Sample.spaced(
        trainer.data, domain, domain.train_frames, config.chunk_size, trainer.control
    )
    found: Metrics = {"probe/train_error": sample.error(policy.predict(sample.observation))}
    if config.replays:
        if domain.seeds is None:
            raise ValueError(f"replays: the data have no environment, got {config.replays}")
        seeds = domain.seeds[domain.train_episodes[: config.replays]]
        found |= rerun_metrics(trainer.roll_out(seeds.tolist(), policy))
    return found


def executed(sample: Sample, actions: Float, steps: int) -> Float:
    """The first `steps` of each chunk (B, T, A), without those after an episode's end: (M, A)."""
    return actions[:, :steps][~sample.pad[:, :steps]]
