"""What a policy does when probed: pure functions of a policy and data, one a question.

Each returns `probe/NAME` metrics. A difference of actions is the mean over samples, steps and
dimensions of |a - b| / s, and an error the same over the steps that exist; s is the standard
deviation of the demonstrated actions, per dimension.

Shapes: B frames, T steps of a chunk, A action dimensions, F features, Z latent dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ilsweep.trainers.core.contract import Metrics
from ilsweep.trainers.core.environment import Observation
from ilsweep.trainers.data.dataset import (
    Bool,
    Demonstrations,
    Domain,
    Float,
    Image,
    Int,
    cameras_of,
    chunk,
    evenly_spaced,
)
from ilsweep.trainers.data.features import ENVIRONMENT, ControlMode
from ilsweep.trainers.nets.resnet import backbone_weights

Double = NDArray[np.float64]

EVAL_FRAMES = 256
"""Held-out frames of an evaluation, evenly spaced; the same for every trial on the same data."""
ACTIVE_UNIT_VARIANCE = 0.01
"""Burda et al. 2016, section 5.2: a latent unit is active above this variance of its mean."""
MEAN_IMAGE_FRAMES = 256
"""Training frames that a mean image is of, at most, evenly spaced."""


class Policy(Protocol):
    """Anything that answers observations with action chunks in physical units."""

    def predict(self, observation: Observation) -> Float:
        """The next actions (B, T, A) for B observations."""
        ...


@dataclass(frozen=True)
class Sample:
    """Frames of a domain with what was seen and shown there."""

    data: Demonstrations
    domain: Domain
    frames: Int
    """(B,)"""
    observation: Observation
    actions: Float
    """(B, T, A), physical units."""
    pad: Bool
    """(B, T)"""
    action_std: Float
    """(A,) standard deviation of the source's demonstrated actions."""

    @classmethod
    def of(
        cls, data: Demonstrations, domain: Domain, frames: Int, length: int, control: ControlMode
    ) -> Self:
        """Some frames of a domain, with the next `length` actions of each."""
        actions, pad = chunk(domain, frames, length, control.action.key)
        action_std = data.statistics(control.action.key).std
        return cls(data, domain, frames, data.observe(domain, frames), actions, pad, action_std)

    @classmethod
    def held_out(
        cls, data: Demonstrations, domain: Domain, length: int, control: ControlMode
    ) -> Self:
        """`EVAL_FRAMES` frames of the held-out episodes; all where there are fewer."""
        return cls.spaced(data, domain, domain.heldout_frames, length, control)

    @classmethod
    def spaced(
        cls, data: Demonstrations, domain: Domain, frames: Int, length: int, control: ControlMode
    ) -> Self:
        """`EVAL_FRAMES` of some frames, evenly spaced; all where there are fewer."""
        return cls.of(data, domain, evenly_spaced(frames, EVAL_FRAMES), length, control)

    def change(self, first: Float, second: Float) -> float:
        """Mean difference of two predictions (B, T, A), in standard deviations."""
        return float((np.abs(first - second) / self.action_std).mean())

    def error(self, predicted: Float) -> float:
        """Mean error of a prediction (B, T, A) over the valid steps, in standard deviations."""
        return float((np.abs(predicted - self.actions) / self.action_std)[~self.pad].mean())


def vision(policy: Policy, sample: Sample, predicted: Float | None = None) -> Metrics:
    """What the actions owe to the images.

    These made black, made the mean training image, and taken from another episode at the same
    phase. Nothing where no images are observed. `predicted` (B, T, A) is what the policy makes of
    the sample, where that is known.

    - `probe/{black,mean,shuffled}_action_change`: difference of the actions, standardised.
    - `probe/{black,mean,shuffled}_error_ratio`: error over that with the right images.

    Black and mean images lie outside the training data: a change there proves little, no change
    proves blindness. A shuffled image is one that a camera could have taken.
    """
    cameras = cameras_of(sample.observation)
    if not cameras:
        return {}
    black = {camera: np.zeros_like(sample.observation[camera]) for camera in cameras}
    others = matched_frames(sample.domain, sample.frames)
    means = {
        camera: np.broadcast_to(mean, (sample.frames.size, *mean.shape))
        for camera, mean in training_means(sample.domain).items()
    }
    shuffled = {camera: sample.domain[camera][others] for camera in cameras}
    right = policy.predict(sample.observation) if predicted is None else predicted
    return {
        **_replaced(policy, sample, right, "black", black),
        **_replaced(policy, sample, right, "mean", means),
        **_replaced(policy, sample, right, "shuffled", shuffled),
    }


def joints(policy: Policy, sample: Sample, predicted: Float | None = None) -> Metrics:
    """What the actions owe to the robot's own state, masked by its mean over training.

    Relative and delta actions begin in that state, too, so that masking it moves all of them.
    `predicted` as in `vision`.

    - `probe/joints_action_change`: difference of the actions, in standard deviations.
    - `probe/joints_error_ratio`: error over that with the right state.
    """
    states = [control.state.key for control in sample.data.controls.values()]
    masked = {
        key: np.broadcast_to(sample.data.statistics(key).mean, sample.observation[key].shape)
        for key in states
    }
    right = policy.predict(sample.observation) if predicted is None else predicted
    return _replaced(policy, sample, right, "joints", masked)


def target_domain(
    policy: Policy, source: Sample, target: Sample, predicted: Float | None = None
) -> Metrics:
    """How the policy does where it was not shown what to do; `predicted` of the source.

    - `probe/target_l1`: error on held-out frames of the target domain, in standard deviations.
    - `probe/target_error_ratio`: that over the error on the source's.
    """
    error = target.error(policy.predict(target.observation))
    own = source.error(policy.predict(source.observation) if predicted is None else predicted)
    return {"probe/target_l1": error, "probe/target_error_ratio": error / max(own, 1e-9)}


def domain_distance(source: Mapping[str, Float], target: Mapping[str, Float]) -> Metrics:
    """How far apart the domains lie in what the policy makes of them: embeddings (B, D) by name.

    `probe/domain_distance`: distance of the means over the standard deviation within a domain (root
    of the summed variances, averaged over both), averaged over the embeddings.
    `probe/embedding_spread`: that standard deviation, averaged over the embeddings; near zero, the
    transport has been made cheap by making everything alike.
    """
    distances, deviations = [], []
    for name, ours in source.items():
        theirs = target[name]
        within = float(ours.var(axis=0).sum() + theirs.var(axis=0).sum()) / 2
        apart = float(np.square(ours.mean(axis=0) - theirs.mean(axis=0)).sum())
        distances.append(math.sqrt(apart / max(within, 1e-12)))
        deviations.append(math.sqrt(within))
    return {
        "probe/domain_distance": float(np.mean(distances)),
        "probe/embedding_spread": float(np.mean(deviations)),
    }


def true_match(plan: Double, data: Demonstrations, source: Int, target: Int) -> float:
    """Share of a plan's mass (B, B) on pairs that truly correspond, NaN without mass.

    Of B source and B target frames: a source frame's partner is the target frame of the minibatch
    with the nearest joints and object poses, which the simulator knows, all standardised.

    A plan that knows nothing reaches 1 / B.
    """
    assert data.target is not None
    distances = np.zeros((source.size, target.size))
    for key in (data.control(None).state.key, ENVIRONMENT):
        mine = data.source.vector(key)[source] / data.statistics(key).std
        theirs = data.target.vector(key)[target] / data.statistics(key).std
        distances += np.square(mine[:, None] - theirs[None]).sum(axis=-1)
    mass = float(plan.sum())
    matched = float(plan[np.arange(source.size), distances.argmin(axis=1)].sum())
    return matched / mass if mass != 0 else math.nan


def active_units(means: Float) -> Metrics:
    """`probe/active_units`: how many dimensions of the latent variable are in use.

    Those of posterior means (B, Z) whose variance over samples is above 0.01 (Burda et al. 2016).
    """
    return {"probe/active_units": float((means.var(axis=0) > ACTIVE_UNIT_VARIANCE).sum())}


def backbone(features: Float, net: nn.Module, untrained: nn.Module) -> Metrics:
    """What became of the visual backbone: `feature_rank` of its maps (B, F), `weight_change`."""
    moved = weight_change(backbone_weights(net), backbone_weights(untrained))
    return {**feature_rank(features), **moved}


def feature_rank(features: Float) -> Metrics:
    """`probe/feature_rank`: effective rank of centred image features (B, F), in directions."""
    return {"probe/feature_rank": effective_rank(features - features.mean(axis=0))}


def effective_rank(matrix: Float) -> float:
    """exp of the entropy of the normalised singular values (Roy & Vetterli 2007, definition 2.1).

    Between 1 and the rank; 0 for a matrix of zeros.
    """
    values = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    total = values.sum()
    if total <= np.finfo(np.float64).eps:
        return 0.0
    shares = values[values > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))


def weight_change(now: Mapping[str, Float], before: Mapping[str, Float]) -> Metrics:
    """`probe/backbone_change`: |w - w0| / |w0| over all weights of the visual backbone."""
    moved = sum(float(np.square(now[name] - before[name]).sum()) for name in now)
    size = sum(float(np.square(before[name]).sum()) for name in now)
    return {"probe/backbone_change": float(np.sqrt(moved / max(size, 1e-12)))}


def matched_frames(domain: Domain, frames: Int) -> Int:
    """For each frame one of another episode, at the phase nearest to its own: (B,) -> (B,).

    The other episodes take turns, so that each is met about equally often.
    """
    episodes = domain.episode_of(frames)
    count = len(domain.episode_starts) - 1
    found = np.empty_like(frames)
    for i, (frame, episode) in enumerate(zip(frames, episodes, strict=True)):
        other = (episode + 1 + i % (count - 1)) % count
        start, stop = domain.episode_starts[other : other + 2]
        nearest = np.argmin(np.abs(domain.phase[start:stop] - domain.phase[frame]))
        found[i] = start + nearest
    return found


def _replaced(
    policy: Policy, sample: Sample, right: Float, name: str, parts: Observation
) -> Metrics:
    """The change of actions and the ratio of errors when parts of the observation are replaced."""
    wrong = policy.predict({**sample.observation, **parts})
    return {
        f"probe/{name}_action_change": sample.change(right, wrong),
        f"probe/{name}_error_ratio": sample.error(wrong) / max(sample.error(right), 1e-9),
    }


def training_means(domain: Domain) -> dict[str, Image]:
    """The mean image (H, W, 3) of each camera over `MEAN_IMAGE_FRAMES` training frames."""
    spaced = evenly_spaced(domain.train_frames, MEAN_IMAGE_FRAMES)
    return {
        camera: domain[camera][spaced].mean(axis=0).round().astype(np.uint8)
        for camera in domain.cameras
    }
