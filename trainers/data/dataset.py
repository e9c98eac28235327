"""Demonstrations in memory: what was asked for, what a domain holds, how a batch is cut from it.

Only numpy: a batch can be drawn without a simulator.

Shapes: N frames of a domain, E episodes, B batch, T chunk length, K object-pose numbers,
D/A numbers of a state/action, H and W image height and width. Frames are counted over the whole
domain; episode e holds the frames `episode_starts[e] : episode_starts[e + 1]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict, get_args

import numpy as np
from numpy.typing import NDArray

from trainers.data.alignment import Alignment
from trainers.data.config import CONTROL_HZ as CONTROL_HZ
from trainers.data.config import Camera as Camera
from trainers.data.config import Control as Control
from trainers.data.config import DataConfig as DataConfig
from trainers.data.config import DomainName as DomainName
from trainers.data.config import Task as Task
from trainers.data.sources import AnyDataConfig

if TYPE_CHECKING:
    from trainers.envs.contract import EnvironmentSpec

Float = NDArray[np.float32]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]
Image = NDArray[np.uint8]

Quantity = Literal["qpos", "actions", "ee_pose", "ee_actions", "env_state"]


@dataclass(frozen=True)
class Group:
    """Numbers of a state or action that share a meaning and a unit."""

    name: str
    kind: Literal["joints", "position", "rotation", "gripper"]
    unit: str
    start: int
    stop: int

    @property
    def slice(self) -> slice:
        """Where the group lies in the last axis."""
        return slice(self.start, self.stop)


JOINT_GROUPS = (
    Group("left_joints", "joints", "rad", 0, 6),
    Group("left_gripper", "gripper", "0 closed to 1 open", 6, 7),
    Group("right_joints", "joints", "rad", 7, 13),
    Group("right_gripper", "gripper", "0 closed to 1 open", 13, 14),
)
"""Layout of `qpos` and `actions`, D = 14, as in gym-aloha."""

EE_GROUPS = (
    Group("left_position", "position", "m, world frame", 0, 3),
    Group("left_rotation", "rotation", "unit quaternion wxyz, world frame", 3, 7),
    Group("left_gripper", "gripper", "0 closed to 1 open", 7, 8),
    Group("right_position", "position", "m, world frame", 8, 11),
    Group("right_rotation", "rotation", "unit quaternion wxyz, world frame", 11, 15),
    Group("right_gripper", "gripper", "0 closed to 1 open", 15, 16),
)
"""Layout of `ee_pose` and `ee_actions`, D = 16; the frame of each arm's `gripper_link`."""

_ARM = ("waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate", "gripper")
_EE = ("x", "y", "z", "qw", "qx", "qy", "qz", "gripper")
JOINT_NAMES = tuple(f"{side}_{part}" for side in ("left", "right") for part in _ARM)
EE_NAMES = tuple(f"{side}_{part}" for side in ("left", "right") for part in _EE)
GROUPS: Mapping[Control, tuple[Group, ...]] = {"joint": JOINT_GROUPS, "ee": EE_GROUPS}
NAMES: Mapping[Control, tuple[str, ...]] = {"joint": JOINT_NAMES, "ee": EE_NAMES}
ACTION_OF: Mapping[Control, Quantity] = {"joint": "actions", "ee": "ee_actions"}
STATE_OF: Mapping[Control, Quantity] = {"joint": "qpos", "ee": "ee_pose"}


class Observation(TypedDict):
    """What a policy sees, for B frames at once (B = 1 at rollout)."""

    qpos: Float
    """(B, 14), layout `JOINT_GROUPS`; (B, D) of a data set's robot."""
    ee_pose: Float
    """(B, 16), layout `EE_GROUPS`; (B, 0) of a data set."""
    env_state: Float
    """(B, K) object poses (position in m, quaternion wxyz); K = 0 where images are observed."""
    images: dict[str, Image]
    """Camera name to (B, H, W, 3); empty where the state is observed."""


@dataclass(frozen=True)
class Statistics:
    """Moments and range of one quantity over training frames, each (D,)."""

    mean: Float
    std: Float
    """At least `STD_FLOOR`, so that a number that never moves can be divided by it."""
    min: Float
    max: Float


STD_FLOOR = 1e-2
"""Smallest standard deviation handed out (rad, m or gripper share), as in ACT's own statistics."""


@dataclass(frozen=True)
class Domain:
    """Recorded episodes of one visual domain; arrays are memory-mapped and must not be written."""

    name: DomainName
    qpos: Float
    """(N, 14) measured joints and grippers at the frame; (N, D) state of a data set's robot."""
    actions: Float
    """(N, 14) joint target commanded from the frame to the next; (N, A) action of a data set."""
    ee_pose: Float
    """(N, 16) measured end-effector poses at the frame; (N, 0) in a data set."""
    ee_actions: Float
    """(N, 16) the expert's end-effector target from the frame to the next; (N, 0) in a data set."""
    env_state: Float
    """(N, K) object poses, each x, y, z in m and a quaternion wxyz."""
    phase: Float
    """(N,) the expert's progress: way-points passed plus the share of the way to the next; of a
    data set the share of the episode."""
    images: Mapping[str, Image]
    """Camera name to (N, H, W, 3); empty where the observation is `state`."""
    episode_starts: Int
    """(E + 1,) first frame of each episode, and N."""
    seeds: Int
    """(E,) seed that decided the episode's object poses; -1 in a data set."""
    max_rewards: Int
    """(E,) highest reward reached; 4 is success; -1 in a data set."""
    train_episodes: Int
    """Episodes for training, ascending."""
    heldout_episodes: Int
    """The other episodes, ascending."""

    def __post_init__(self) -> None:
        frames = int(self.episode_starts[-1])
        lengths = {name: len(self.array(name)) for name in get_args(Quantity)}
        lengths |= {f"images {camera}": len(pixels) for camera, pixels in self.images.items()}
        wrong = {name: length for name, length in lengths.items() if length != frames}
        if wrong:
            raise ValueError(f"domain {self.name} has {frames} frames, but {wrong}")

    @property
    def train_frames(self) -> Int:
        """Frames of the training episodes, ascending."""
        return self.frames_of(self.train_episodes)

    @property
    def heldout_frames(self) -> Int:
        """Frames of the held-out episodes, ascending."""
        return self.frames_of(self.heldout_episodes)

    def frames_of(self, episodes: Int) -> Int:
        """All frames of some episodes, in the episodes' order."""
        starts = self.episode_starts
        return np.concatenate([np.arange(starts[e], starts[e + 1]) for e in episodes])

    def episode_of(self, frames: Int) -> Int:
        """The episode of each frame."""
        return np.searchsorted(self.episode_starts, frames, side="right").astype(np.int64) - 1

    def array(self, quantity: Quantity) -> Float:
        """The whole (N, D) array of a quantity, by name."""
        assert quantity in get_args(Quantity), quantity
        values: Float = getattr(self, quantity)
        return values


@dataclass(frozen=True)
class Demonstrations:
    """Everything that a trainer learns from."""

    config: AnyDataConfig
    source: Domain
    target: Domain | None
    """The second visual domain, where the configuration asks for one."""
    alignment: Alignment | None
    """Which target frame belongs to a source frame of training; there with `target`."""
    environment: EnvironmentSpec | None
    """Where a policy can be rolled out; None where there is nowhere."""

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of every image; zeros without images."""
        for pixels in self.source.images.values():
            return pixels.shape[1], pixels.shape[2]
        return 0, 0

    def observe(self, domain: Domain, frames: Int) -> Observation:
        """The observations of B frames; images are copied, (B, H, W, 3) each."""
        sees_state = self.config.observation == "state"
        return {
            "qpos": domain.qpos[frames],
            "ee_pose": domain.ee_pose[frames],
            "env_state": domain.env_state[frames][:, : None if sees_state else 0],
            "images": {name: pixels[frames] for name, pixels in domain.images.items()},
        }

    def statistics(self, quantity: Quantity, domain: Domain | None = None) -> Statistics:
        """Moments and range over the training frames of `domain` (of the source by default)."""
        domain = domain or self.source
        values = domain.array(quantity)[domain.train_frames].astype(np.float64)
        return Statistics(
            mean=values.mean(0).astype(np.float32),
            std=np.maximum(values.std(0), STD_FLOOR).astype(np.float32),
            min=values.min(0).astype(np.float32),
            max=values.max(0).astype(np.float32),
        )

    def sample_aligned(self, rng: np.random.Generator, batch: int, window: int) -> tuple[Int, Int]:
        """Draw source training frames (B,) and a target frame (B,) for each.

        A target frame is the aligned one plus a whole number drawn uniformly from
        -window..window, kept within the target episode.
        """
        assert self.alignment is not None, "needs domains: [source, target]"
        source = rng.choice(self.source.train_frames, size=batch)
        return source, self.alignment.targets(rng, source, window)


def chunk(
    domain: Domain, frames: Int, length: int, control: Control = "joint"
) -> tuple[Float, Bool]:
    """The next `length` actions from each of B frames: actions (B, T, A) and is_pad (B, T).

    After the end of an episode its last action is repeated and `is_pad` is true.
    """
    steps = frames[:, None] + np.arange(length)  # (B, T)
    ends = domain.episode_starts[domain.episode_of(frames) + 1][:, None]  # (B, 1)
    actions = domain.array(ACTION_OF[control])[np.minimum(steps, ends - 1)]
    return actions, steps >= ends
