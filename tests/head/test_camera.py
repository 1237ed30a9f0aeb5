"""The camera: its conventions of angles and pixels, and the neck."""

import numpy as np
import pytest

from faceeditor.head.camera import FOCAL, NECK_JOINT, PIVOT, camera, project, rotation
from faceeditor.portrait.head import HeadCoefficients

POSES = [(0, 0, 0), (40, 0, 0), (0, 25, 0), (0, 0, -20), (-35, 20, 15), (70, -40, 50)]


@pytest.mark.parametrize("pose", POSES)
def test_a_pose_is_a_rotation(pose):
    matrix = rotation(pose)
    assert matrix @ matrix.T == pytest.approx(np.eye(3), abs=1e-6)
    assert np.linalg.det(matrix) == pytest.approx(1, abs=1e-6)
    yaw, pitch, roll = np.radians(pose)
    # Rz(-roll) Rx(-pitch) Ry(yaw), by its last row and its middle column.
    across = (-np.sin(yaw) * np.cos(pitch), -np.sin(pitch), np.cos(yaw) * np.cos(pitch))
    assert matrix[2] == pytest.approx(across, abs=1e-6)
    assert matrix[:2, 1] == pytest.approx((np.sin(roll) * np.cos(pitch), np.cos(roll) * np.cos(pitch)), abs=1e-6)


def test_signs_of_the_angles_are_those_of_the_picture():
    nose, crown = np.array([0, 0, 1.0]), np.array([0, 1.0, 0])
    assert (rotation((30, 0, 0)) @ nose)[0] > 0.4  # the nose goes to the right side of the picture
    assert (rotation((0, 30, 0)) @ nose)[1] > 0.4  # the chin is lifted
    assert (rotation((0, 0, 30)) @ crown)[0] > 0.4  # clockwise in the picture


def test_the_order_of_the_turns_is_roll_after_pitch_after_yaw():
    whole = rotation((30, 20, 10))
    steps = rotation((0, 0, 10)) @ rotation((0, 20, 0)) @ rotation((30, 0, 0))
    assert whole == pytest.approx(steps, abs=1e-6)


def test_the_pivot_stands_at_the_position_and_projects_by_the_lens():
    head = HeadCoefficients.neutral().changed(pose=(25, -10, 5), position=(3.0, -2.0, -100.0))
    seen = camera(PIVOT[None], head)
    assert seen[0] == pytest.approx(head.position, abs=1e-5)
    u, v, inverse = project(seen, 256)[0]
    assert u == pytest.approx(128 + FOCAL * 256 * 3 / 100, abs=1e-3)
    assert v == pytest.approx(128 + FOCAL * 256 * 2 / 100, abs=1e-3)
    assert inverse == pytest.approx(0.01)
    assert project(seen, 128)[0, :2] == pytest.approx([u / 2, v / 2], abs=1e-3)


def test_what_belongs_to_the_head_moves_as_without_a_neck():
    head = HeadCoefficients.neutral().changed(pose=(30, 10, -15))
    points = np.random.default_rng(0).normal(scale=8, size=(50, 3)).astype(np.float32)
    weight = np.ones(50, np.float32)
    weight[25:] = 0.5
    bent = camera(points, head, weight)
    assert bent[:25] == pytest.approx(camera(points, head)[:25], abs=1e-5)
    assert np.abs(bent[25:] - camera(points, head)[25:]).max() > 0.5


def test_shoulders_keep_facing_the_camera_and_follow_the_joint():
    head = HeadCoefficients.neutral().changed(pose=(45, 10, -15), position=(1, 2, -90))
    points = np.array([[-20, -20, 0], [20, -20, 0], [0, -15, 8]], np.float32)
    seen = camera(points, head, np.zeros(3, np.float32))
    assert seen[1] - seen[0] == pytest.approx([40, 0, 0], abs=1e-4)
    joint = camera(NECK_JOINT[None], head)[0]
    assert seen - joint == pytest.approx(points - NECK_JOINT, abs=1e-4)


def test_the_neck_bends_without_tearing():
    head = HeadCoefficients.neutral().changed(pose=(45, 15, 10))
    points = np.stack([np.full(41, 5.0), np.linspace(-14, -6, 41), np.zeros(41)], 1).astype(np.float32)
    weight = np.linspace(0, 1, 41, dtype=np.float32)
    steps = np.linalg.norm(np.diff(camera(points, head, weight), axis=0), axis=1)
    assert steps.max() < 2.5 * 8 / 40
    assert steps.min() > 0.4 * 8 / 40


def test_points_at_the_lens_stay_finite():
    assert np.isfinite(project(np.array([[1, 1, 0], [1, 1, 5]], np.float32), 256)).all()
