"""Rotations against scipy; inverse kinematics against the forward one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ilsweep.trainers.envs.aloha.kinematics import ARM_JOINTS, Kinematics
from ilsweep.trainers.envs.aloha.quaternions import about, multiply, rotation_vector, unit_or
from ilsweep.trainers.envs.aloha.simulator import Simulator


def rotations(count: int, seed: int) -> tuple[Rotation, np.ndarray]:
    drawn = Rotation.random(count, rng=np.random.default_rng(seed))
    return drawn, drawn.as_quat(scalar_first=True)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_products_and_differences_are_scipys(seed: int) -> None:
    (a, b), (p, q) = rotations(2, seed)
    product = Rotation.from_quat(multiply(p, q), scalar_first=True)
    assert (product.inv() * (a * b)).magnitude() == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(rotation_vector(p, q), (b * a.inv()).as_rotvec(), atol=1e-9)
    np.testing.assert_allclose(rotation_vector(p, -q), rotation_vector(p, q), atol=1e-12)


def test_a_rotation_about_an_axis_is_scipys() -> None:
    expected = Rotation.from_euler("y", 40, degrees=True).as_quat(scalar_first=True)
    np.testing.assert_allclose(about((0, 1, 0), 40), expected)


def test_no_rotation_is_replaced() -> None:
    other = np.array([0.0, 1.0, 0.0, 0.0])
    np.testing.assert_array_equal(unit_or(np.zeros(4), other), other)
    np.testing.assert_allclose(unit_or(np.array([3.0, 0, 0, 0]), other), [1, 0, 0, 0])


@pytest.fixture(scope="module")
def rest() -> np.ndarray:
    with Simulator("transfer_cube") as simulator:
        simulator.reset(0)
        return simulator.joints()


@pytest.fixture(scope="module")
def arms() -> Kinematics:
    with Simulator("transfer_cube") as simulator:
        return simulator.kinematics


def test_tools_at_rest_are_mirrored(arms: Kinematics, rest: np.ndarray) -> None:
    left, right = arms.tools(rest).reshape(2, 8)
    np.testing.assert_allclose(left[:3] * [-1, 1, 1], right[:3], atol=1e-5)
    np.testing.assert_allclose(left[3:7], about((0, 1, 0), np.degrees(-0.1)), atol=1e-5)
    np.testing.assert_allclose(right[3:7], about((0, 1, 0), np.degrees(0.1)), atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_joints_are_found_again_near_where_they_were(
    arms: Kinematics, rest: np.ndarray, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    joints = rest + rng.uniform(-0.15, 0.15, 14)
    wanted = arms.tools(joints)
    found = arms.tools(arms.joints(wanted, rest))
    np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_the_length_and_sign_of_a_quaternion_do_not_matter(
    arms: Kinematics, rest: np.ndarray
) -> None:
    tools = arms.tools(rest + 0.1)
    scaled = tools.copy()
    scaled[3:7] *= -2.5
    np.testing.assert_allclose(arms.joints(scaled, rest), arms.joints(tools, rest), atol=1e-9)


def test_out_of_reach_stays_within_the_joint_limits(arms: Kinematics, rest: np.ndarray) -> None:
    tools = arms.tools(rest)
    tools[[0, 2, 9]] += [5.0, -3.0, 4.0]
    joints = arms.joints(tools, rest).reshape(2, 7)[:, :6]
    with Simulator("transfer_cube") as simulator:
        low, high = np.moveaxis(simulator._model.actuator_ctrlrange[ARM_JOINTS], -1, 0)
    assert (joints >= low - 1e-9).all()
    assert (joints <= high + 1e-9).all()
