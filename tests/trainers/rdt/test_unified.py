"""The unified vector, rotations as six numbers, scales and limits: round trips and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ilsweep.trainers.data.dataset import Float, Statistics
from ilsweep.trainers.envs.aloha.config import Control
from ilsweep.trainers.envs.aloha.layout import CONTROLS
from ilsweep.trainers.envs.aloha.quaternions import about, multiply
from ilsweep.trainers.rdt import rotation6d
from ilsweep.trainers.rdt.action_limits import Limits
from ilsweep.trainers.rdt.config import Normalize, RDTConfig
from ilsweep.trainers.rdt.unified import INDEX, UNIFIED_LEN, UnifiedSpace
from ilsweep.trainers.rdt.unified_preprocessor import UnifiedPreprocessor
from ilsweep.trainers.rdt.unified_scaling import Scaling
from tests.trainers.rdt.tiny import tiny_data

SEEDS = st.integers(0, 10_000)


def float32(values: object) -> Float:
    return np.asarray(values, dtype=np.float32)


def quaternions(seed: int, *shape: int) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal((*shape, 4))
    found: np.ndarray = values / np.linalg.norm(values, axis=-1, keepdims=True)
    return found


def robot_values(control: Control, seed: int, *shape: int) -> Float:
    """Numbers as the robot has them: unit quaternions with w >= 0 where there are rotations."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(-1, 1, (*shape, CONTROLS[control].action.groups[-1].stop))
    for group in CONTROLS[control].action.groups:
        if group.kind == "rotation":
            turns = quaternions(seed + group.start, *shape)
            values[..., group.slice] = turns * np.where(turns[..., :1] < 0, -1, 1)
    return values.astype(np.float32)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("arm_joint_0_pos", 0), ("right_arm_joint_9_pos", 9), ("right_gripper_open", 10),
        ("gripper_joint_4_pos", 14), ("right_arm_joint_0_vel", 15), ("gripper_open_vel", 25),
        ("right_eef_pos_x", 30), ("eef_pos_z", 32), ("right_eef_angle_5", 38),
        ("right_eef_vel_x", 39), ("eef_angular_vel_yaw", 44), ("left_arm_joint_0_pos", 50),
        ("left_gripper_open", 60), ("left_eef_pos_x", 80), ("left_eef_angle_0", 83),
        ("left_eef_angular_vel_yaw", 94), ("base_vel_x", 100), ("base_angular_vel", 102),
    ],
)  # fmt: skip
def test_names_have_rdts_indices(name: str, index: int) -> None:
    assert INDEX[name] == index


def test_each_number_has_one_place() -> None:
    assert set(INDEX.values()) == {*range(45), *range(50, 95), 100, 101, 102}
    assert max(INDEX.values()) < UNIFIED_LEN


@pytest.mark.parametrize(("control", "count"), [("joint", 14), ("ee", 20)])
def test_groups_share_no_place_and_cover_the_mask(control: Control, count: int) -> None:
    space = UnifiedSpace(CONTROLS[control].action.groups)
    places = np.concatenate(list(space.kinds().values()))
    assert len(set(places.tolist())) == len(places) == count == int(space.mask.sum())
    assert space.mask[places].all()
    own = np.concatenate([space.own(kind) for kind in space.kinds()])
    assert sorted(own.tolist()) == list(range(space.dim))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(sorted(CONTROLS)))
def test_the_way_there_and_back_changes_nothing(seed: int, control: Control) -> None:
    space, values = UnifiedSpace(CONTROLS[control].action.groups), robot_values(control, seed, 3, 5)
    unified = space.encode(values)
    assert unified.shape == (3, 5, UNIFIED_LEN)
    assert not unified[..., ~space.mask].any()
    np.testing.assert_allclose(space.decode(unified), values, atol=2e-6)


def test_joints_and_positions_stand_where_rdt_has_them() -> None:
    joints = np.arange(14, dtype=np.float32)
    unified = UnifiedSpace(CONTROLS["joint"].action.groups).encode(joints)
    np.testing.assert_array_equal(unified[50:56], joints[:6])
    assert (unified[60], unified[10]) == (6, 13)
    np.testing.assert_array_equal(unified[0:6], joints[7:13])
    pose = np.arange(16, dtype=np.float32)
    unified = UnifiedSpace(CONTROLS["ee"].action.groups).encode(pose)
    np.testing.assert_array_equal(unified[80:83], pose[:3])
    np.testing.assert_array_equal(unified[30:33], pose[8:11])


@settings(max_examples=50, deadline=None)
@given(SEEDS)
def test_six_numbers_keep_every_rotation(seed: int) -> None:
    given_ = quaternions(seed, 20)
    back = rotation6d.to_quaternion(rotation6d.from_quaternion(given_))
    assert (back[:, 0] >= 0).all()
    np.testing.assert_allclose(np.abs((back * given_).sum(axis=1)), 1.0, atol=1e-12)


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 180.0, 270.0])
def test_six_numbers_are_the_first_two_columns(axis: tuple[int, ...], degrees: float) -> None:
    turn = about(axis, degrees)

    def rotated(vector: list[float]) -> np.ndarray:
        back = turn * np.array([1.0, -1.0, -1.0, -1.0])
        return multiply(multiply(turn, np.array([0.0, *vector])), back)[1:]

    expected = np.concatenate([rotated([1.0, 0.0, 0.0]), rotated([0.0, 1.0, 0.0])])
    np.testing.assert_allclose(rotation6d.from_quaternion(turn), expected, atol=1e-12)
    back = rotation6d.to_quaternion(rotation6d.from_quaternion(turn))
    assert float(rotation6d.angle(back, turn)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    "numbers",
    [[0.0] * 6, [1e-9] * 6, [0, 0, 0, 1, 0, 0], [2, 0, 0, 3, 0, 0], [0, -5, 0, 0, 5, 0]],
)
def test_any_six_numbers_give_a_rotation(numbers: list[float]) -> None:
    made = rotation6d.to_quaternion(np.array(numbers, dtype=np.float32))
    assert np.linalg.norm(made) == pytest.approx(1.0)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(0.01, 100.0))
def test_length_and_shear_of_the_columns_do_not_matter(seed: int, length: float) -> None:
    turn = quaternions(seed)
    columns = rotation6d.from_quaternion(turn)
    columns = np.concatenate([length * columns[:3], 2 * columns[3:] + 0.7 * columns[:3]])
    assert float(rotation6d.angle(rotation6d.to_quaternion(columns), turn)) < 1e-6


def test_angles_are_those_of_the_turn_between() -> None:
    turns = np.array([about((0, 0, 1), degrees) for degrees in (0.0, 25.0, 180.0, 350.0)])
    found = rotation6d.angle(turns, np.broadcast_to(about((0, 0, 1), 0.0), turns.shape))
    np.testing.assert_allclose(np.degrees(found), [0, 25, 180, 10], atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    SEEDS,
    st.sampled_from(sorted(CONTROLS)),
    st.floats(0.01, 1000),
    st.sampled_from(["none", "minmax"]),
)
def test_scaling_there_and_back_changes_nothing(
    seed: int, control: Control, position_scale: float, normalize: Normalize
) -> None:
    space = UnifiedSpace(CONTROLS[control].action.groups)
    values = space.encode(robot_values(control, seed, 30))
    scaling = Scaling.of(space, (values.min(0), values.max(0)), position_scale, normalize)
    scaled = scaling.forward(values)
    assert scaled.dtype == np.float32
    assert not scaled[:, ~space.mask].any()
    np.testing.assert_allclose(scaling.inverse(scaled), values, atol=3e-6)


def test_only_positions_are_scaled() -> None:
    space = UnifiedSpace(CONTROLS["ee"].action.groups)
    values = space.encode(robot_values("ee", 0, 30))
    scaled = Scaling.of(space, (values.min(0), values.max(0)), 100.0, "none").forward(values)
    positions = space.kinds()["position"]
    np.testing.assert_allclose(scaled[:, positions], 100 * values[:, positions], rtol=1e-6)
    others = np.setdiff1d(np.arange(UNIFIED_LEN), positions)
    np.testing.assert_array_equal(scaled[:, others], values[:, others])


def test_min_max_fills_minus_one_to_one_but_where_nothing_moves() -> None:
    space = UnifiedSpace(CONTROLS["joint"].action.groups)
    values = space.encode(robot_values("joint", 0, 50))
    values[:, INDEX["left_arm_joint_3_pos"]] = 0.4
    scaled = Scaling.of(space, (values.min(0), values.max(0)), 1.0, "minmax").forward(values)
    assert (np.abs(scaled) <= 1 + 1e-5).all()
    moving = space.mask.copy()
    moving[INDEX["left_arm_joint_3_pos"]] = False
    np.testing.assert_allclose(scaled[:, moving].max(axis=0), 1.0, atol=1e-5)
    np.testing.assert_allclose(scaled[:, moving].min(axis=0), -1.0, atol=1e-5)
    assert not scaled[:, INDEX["left_arm_joint_3_pos"]].any()


def test_limits_are_the_range_widened_by_the_margin() -> None:
    ones = np.ones(3, dtype=np.float32)
    ranges = Statistics(mean=0 * ones, std=ones, min=float32([0, 2, 5]), max=float32([1, 4, 5]))
    limits = Limits.of(ranges, 0.5, free=np.array([1]))
    actions = float32([[-9, -9, -9], [9, 9, 9], [-0.4, 3, 5.004]])
    clipped = float32([[-0.5, -9, 4.995], [1.5, 9, 5.005], [-0.4, 3, 5.004]])
    np.testing.assert_allclose(limits.clip(actions), clipped, rtol=1e-6)
    outside = [[True, False, True], [True, False, True], [False, False, False]]
    np.testing.assert_array_equal(limits.outside(actions), outside)


@pytest.mark.parametrize("kind", ["relative", "delta"])
def test_differences_are_scaled_by_their_own_range(kind: str) -> None:
    data = tiny_data()
    config = RDTConfig.model_validate(
        {"action_representation": kind, "normalize": "minmax", "chunk_size": 8, "execute_steps": 4}
    )
    made = UnifiedPreprocessor(data, data.control("ee"), config, "cpu")
    chunks = made.chunks(data.source, data.source.train_frames, 8)
    scaled = chunks.actions[~chunks.pad][:, made.space.mask].numpy()
    assert np.abs(scaled).max() <= 1 + 1e-5
    positions = made.space.kinds()["position"]
    found = chunks.actions[~chunks.pad][:, positions].numpy()
    np.testing.assert_allclose(found.max(0) - found.min(0), 2, atol=0.05)
    variance = made.variance(data.source, data.source.train_frames, 8)
    np.testing.assert_allclose(variance[positions], found.var(0, dtype=np.float64), rtol=1e-4)
