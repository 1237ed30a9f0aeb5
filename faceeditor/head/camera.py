"""The camera that looks at the head: a fixed lens, the head's pose, and a neck that bends between head and shoulders.

The camera stands at the origin and looks along -z; x points right, y up, centimetres. A head vertex V goes to
`R (V - PIVOT) + position` with `R = Rz(-roll) Rx(-pitch) Ry(yaw)` (right-handed rotations about the camera's axes).
Pixels: `u = s/2 + f x / -z`, `v = s/2 - f y / -z` with `f = 4 s` for a picture of side s; the centre of the first pixel
is (0.5, 0.5).
"""

import numpy as np
import numpy.typing as npt

from faceeditor.portrait.head import HeadCoefficients

FloatArray = npt.NDArray[np.float32]

FOCAL = 4.0
"""Focal length in widths of the picture (a field of view of 14.25 degrees)."""
PIVOT = np.array([0.0, 0.0, 6.0], np.float32)
"""The point of the head, in head axes, that `HeadCoefficients.position` places and that poses turn about."""
NECK_JOINT = np.array([0.0, -10.5, -1.5], np.float32)
"""Where neck and shoulders bend, in head axes: it moves with the head, and what is below keeps facing the camera."""


def rotation(pose: npt.ArrayLike) -> FloatArray:
    """(3, 3) float32 rotation from head to camera axes.

    Args:
        pose: (3,) yaw, pitch, roll in degrees. Yaw > 0 turns the nose to the right side of the picture, pitch > 0 lifts
            the chin, roll > 0 tilts clockwise in the picture.
    """
    yaw, pitch, roll = np.radians(np.asarray(pose, np.float64)) * (1.0, -1.0, -1.0)
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return np.asarray(about_z @ about_x @ about_y, np.float32)


def camera(vertices: FloatArray, head: HeadCoefficients, neck_weight: FloatArray | None = None) -> FloatArray:
    """Bring head vertices in front of the camera.

    Args:
        vertices: (V, 3) float32 centimetres in head axes.
        head: its pose and position are used.
        neck_weight: (V,) 1 moves with the head .. 0 keeps facing the camera and only follows `NECK_JOINT`; in between
            the head's rotation is taken in part (its angle times the weight, about the joint). None: all of it moves
            with the head.

    Returns:
        (V, 3) float32 centimetres in camera axes; z is negative in front of the camera.
    """
    matrix = rotation(head.pose)
    offset = head.position - matrix @ PIVOT
    if neck_weight is None:
        return np.asarray(vertices @ matrix.T + offset, np.float32)
    moved = np.asarray(vertices @ matrix.T + offset, np.float32)
    bent = np.flatnonzero(neck_weight < 1.0)
    if len(bent):
        joint = matrix @ NECK_JOINT + offset
        moved[bent] = _partly_rotated(vertices[bent] - NECK_JOINT, matrix, neck_weight[bent]) + joint
    return moved


def _partly_rotated(points: FloatArray, matrix: FloatArray, part: FloatArray) -> FloatArray:
    """Rotate each of the points (N, 3) about the matrix's axis by its own part (N,) of the angle (Rodrigues)."""
    r = matrix.astype(np.float64)
    twist = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    sine = float(np.linalg.norm(twist)) / 2
    if sine < 1e-9:
        return np.asarray(points, np.float32)
    axis = (twist / (2 * sine)).astype(np.float32)
    angle = np.float32(np.arctan2(sine, (np.trace(r) - 1) / 2)) * part.astype(np.float32)
    cosine, sines = np.cos(angle)[:, None], np.sin(angle)[:, None]
    along = (points @ axis)[:, None] * axis
    return np.asarray(points * cosine + np.cross(axis, points) * sines + along * (1 - cosine), np.float32)


def project(points: FloatArray, size: int) -> FloatArray:
    """Picture positions of points in camera axes.

    Args:
        points: (V, 3) float32 centimetres in camera axes, all in front of the camera (z < 0).
        size: side of the square picture in pixels.

    Returns:
        (V, 3) float32: u to the right and v down in pixels, and the inverse depth 1/-z in 1/cm (larger is nearer).
    """
    inverse = 1.0 / np.maximum(-points[:, 2], np.float32(1e-3))
    projected = np.empty((len(points), 3), np.float32)
    projected[:, 0] = size / 2 + FOCAL * size * points[:, 0] * inverse
    projected[:, 1] = size / 2 - FOCAL * size * points[:, 1] * inverse
    projected[:, 2] = inverse
    return projected
