"""Coefficients to places in the picture in one compiled call: `HeadModel.vertices`, `camera` and `project` together.

Those three are a good hundred steps of numpy, each of which gives the interpreter's lock away and waits for it again:
beside a busy window they take several times as long as their arithmetic. Here the lock is given away once.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from faceeditor.head.camera import FOCAL, NECK_JOINT, PIVOT, rotation
from faceeditor.head.jit import compiled
from faceeditor.head.model import JAW_SHAPES, HeadModel, gaze_rotation
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients

FloatArray = npt.NDArray[np.float32]

_JAW = [EXPRESSIONS.index(name) for name in JAW_SHAPES]
_NO_VOLUME = np.zeros((0, 3), np.float32)


class Posed(NamedTuple):
    """A head's V vertices.

    Attributes:
        head_points: (V, 3) float32 cm in head axes, without any volume; `HeadModel.vertices`.
        points: (V, 3) float32 cm in camera axes; `camera.camera`.
        projected: (V, 3) float32 u, v in pixels of a picture of side 256 and the inverse depth; `camera.project`.
    """

    head_points: FloatArray
    points: FloatArray
    projected: FloatArray


def posed(model: HeadModel, head: HeadCoefficients, volume: FloatArray | None = None) -> Posed:
    """Where a head's vertices are.

    Args:
        model: the head model.
        head: its coefficients; all but skin and light count.
        volume: (V, 3) float32 cm in head axes that is put on the vertices before they are posed, as hair.
    """
    count = len(model.mean)
    out = Posed(*(np.empty((count, 3), np.float32) for _ in range(3)))
    active = np.flatnonzero(head.expression)
    angle = head.expression[_JAW] * model.jaw_angle
    jaw = np.stack([np.sin(angle), 1 - np.cos(angle)]).astype(np.float32)
    turns = np.stack([gaze_rotation(head.gaze + model.gaze_offset[eye]) for eye in (0, 1)])
    matrix = rotation(head.pose)
    mean = model.mean
    if head.local:
        offset = model.local_offset(head)
        for eye, (first, last) in enumerate(model.eye_vertices):
            offset[first:last] = offset[first:last] @ turns[eye]  # the eyes are turned after it was added
        mean = mean + offset
    axis, full = _axis_angle(matrix)
    _pose(
        mean, model.shape_basis, head.shape, model.expression_basis, active, head.expression, model.jaw_sine,
        model.jaw_cosine, jaw, np.array(model.eye_vertices), model.eye_pivot(head.shape), turns,
        _NO_VOLUME if volume is None else volume, model.neck_weight, matrix, head.position - matrix @ PIVOT, axis, full,
        *out,
    )  # fmt: skip
    return out


def _axis_angle(matrix: FloatArray) -> tuple[FloatArray, np.float32]:
    """Unit axis (3,) and angle in radians of a rotation (3, 3); the angle is 0 where there is none."""
    r = matrix.astype(np.float64)
    twist = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    sine = float(np.linalg.norm(twist)) / 2
    if sine < 1e-9:
        return np.zeros(3, np.float32), np.float32(0)
    return (twist / (2 * sine)).astype(np.float32), np.float32(np.arctan2(sine, (np.trace(r) - 1) / 2))


# Constants are bound at compile time.
_JOINT = NECK_JOINT
_SCALE, _HALF = np.float32(FOCAL * 256), np.float32(128)


@compiled
def _pose(  # type: ignore[no-untyped-def]
    mean, shape_basis, shape, expression_basis, active, expression, jaw_sine, jaw_cosine, jaw, eyes, pivots, turns,
    volume, neck_weight, matrix, offset, axis, angle, head_points, points, projected,
):  # fmt: skip
    count = mean.shape[0]
    # One plane of a basis after the other: the vertices stay in the nearest cache.
    flat, first = head_points.reshape(-1), mean.reshape(-1)
    for i in range(3 * count):
        flat[i] = first[i]
    for k in range(shape.shape[0]):
        weight, plane = shape[k], shape_basis[k].reshape(-1)
        for i in range(3 * count):
            flat[i] += weight * plane[i]
    for k in active:
        weight, plane = expression[k], expression_basis[k].reshape(-1)
        for i in range(3 * count):
            flat[i] += weight * plane[i]
    for k in range(jaw.shape[1]):
        if jaw[0, k] != 0 or jaw[1, k] != 0:
            # Points move on arcs about the hinge.
            along, across = jaw_sine[k].reshape(-1), jaw_cosine[k].reshape(-1)
            for i in range(3 * count):
                flat[i] += jaw[0, k] * along[i] + jaw[1, k] * across[i]
    for eye in range(2):
        turn = turns[eye]
        for i in range(eyes[eye, 0], eyes[eye, 1]):
            x = head_points[i, 0] - pivots[eye, 0]
            y = head_points[i, 1] - pivots[eye, 1]
            z = head_points[i, 2] - pivots[eye, 2]
            for c in range(3):
                head_points[i, c] = turn[c, 0] * x + turn[c, 1] * y + turn[c, 2] * z + pivots[eye, c]
    # Where the neck bends.
    joint = np.empty(3, np.float32)
    for c in range(3):
        joint[c] = matrix[c, 0] * _JOINT[0] + matrix[c, 1] * _JOINT[1] + matrix[c, 2] * _JOINT[2] + offset[c]
    stands_off = volume.shape[0] > 0
    for i in range(count):
        x, y, z = head_points[i, 0], head_points[i, 1], head_points[i, 2]
        if stands_off:
            x, y, z = x + volume[i, 0], y + volume[i, 1], z + volume[i, 2]
        part = neck_weight[i]
        if part < np.float32(1):
            # Rodrigues' formula with a part of the angle.
            x, y, z = x - _JOINT[0], y - _JOINT[1], z - _JOINT[2]
            sine, cosine = np.sin(angle * part), np.cos(angle * part)
            along = (x * axis[0] + y * axis[1] + z * axis[2]) * (np.float32(1) - cosine)
            points[i, 0] = x * cosine + (axis[1] * z - axis[2] * y) * sine + axis[0] * along + joint[0]
            points[i, 1] = y * cosine + (axis[2] * x - axis[0] * z) * sine + axis[1] * along + joint[1]
            points[i, 2] = z * cosine + (axis[0] * y - axis[1] * x) * sine + axis[2] * along + joint[2]
        else:
            for c in range(3):
                points[i, c] = matrix[c, 0] * x + matrix[c, 1] * y + matrix[c, 2] * z + offset[c]
        inverse = np.float32(1) / max(-points[i, 2], np.float32(1e-3))
        projected[i, 0] = _HALF + _SCALE * points[i, 0] * inverse
        projected[i, 1] = _HALF - _SCALE * points[i, 1] * inverse
        projected[i, 2] = inverse
