"""The body as names, bones and angles: pure arithmetic."""

import numpy as np
import pytest

from workers.person._body import BONES, JOINTS, NAMES, joint_angles
from workers.person._pose_payload import LENGTH, Pose, pack, unpack


def body(**points: tuple[float, ...]) -> np.ndarray:  # type: ignore[type-arg]
    """All points in different places, but for those that are named."""
    made = np.random.default_rng(3).normal(size=(33, 3)).astype(np.float32)
    for name, place in points.items():
        made[NAMES.index(name.replace("_", " "))] = place
    return made


@pytest.mark.parametrize(
    ("wrist", "angle"),
    [((0, 2, 0), 180), ((1, 1, 0), 90), ((0, 1, 1), 90), ((1, 0, 0), 45), ((0, 0, 0), 0)],
    ids=["stretched", "bent", "bent forwards", "bent more", "closed"],
)
def test_contract_the_angle_of_an_elbow(wrist: tuple[float, ...], angle: float) -> None:
    points = body(left_shoulder=(0, 0, 0), left_elbow=(0, 1, 0), left_wrist=wrist)
    assert joint_angles(points)["left elbow"] == pytest.approx(angle, abs=0.01)


def test_contract_angles_stay_when_the_body_turns_grows_and_moves() -> None:
    points, turn = body(), np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    moved = (2.5 * points @ turn + 7).astype(np.float32)
    before, after = joint_angles(points), joint_angles(moved)
    assert before.keys() == after.keys() == JOINTS.keys()
    assert [*before.values()] == pytest.approx([*after.values()], abs=0.05)


def test_contract_a_joint_whose_bone_has_no_length_has_no_angle() -> None:
    points = body(left_knee=(1, 1, 1), left_ankle=(1, 1, 1))
    assert "left knee" not in joint_angles(points)
    assert "right knee" in joint_angles(points)


def test_contract_bones_and_joints_are_between_points_of_the_same_side() -> None:
    assert len(NAMES) == len(set(NAMES)) == 33
    assert {point for bone in BONES for point in bone} == set(range(33))
    for name, points in JOINTS.items():
        side = name.split()[0]
        assert NAMES[points[1]] == name
        assert all(NAMES[point].startswith(side) for point in points)


def test_contract_a_pose_comes_out_of_a_ring_as_it_went_in() -> None:
    random = np.random.default_rng(1)
    pose = Pose(
        random.random((33, 5), np.float32), random.random((33, 3), np.float32), float(np.float32(0.9))
    )
    numbers = np.empty((2, LENGTH), np.float32)
    pack([pose], numbers)
    (found,) = unpack(numbers)
    assert np.array_equal(found.points, pose.points)
    assert np.array_equal(found.world, pose.world)
    assert found.score == pose.score
    pack([], numbers)
    assert unpack(numbers) == []
