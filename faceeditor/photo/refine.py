"""Fit the head to one photograph: geometry to its landmarks, then light and skin to its colours.

Geometry: maximum a posteriori by Gauss-Newton over pose, position, shape, expression and gaze, with robust weights for
the landmarks (Cauchy), normal priors about the network's reading, and an active set for the expression weights, which
stay within 0..1. Light: robust least squares of the skin's colours against albedo times spherical harmonics, in turn
with a ridge regression of the albedo (`head.light` has the shading's equation).
"""

import functools
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.head.camera import FOCAL, PIVOT, rotation
from faceeditor.head.light import DARKEST, sh_basis, to_linear
from faceeditor.head.maps import render_maps
from faceeditor.head.model import JAW_SHAPES, HeadModel, gaze_rotation
from faceeditor.portrait.head import EXPRESSION_DIM, EXPRESSIONS, EYE_LOOK, SHAPE_DIM, HeadCoefficients
from faceeditor.regions import MaskArray, Region

FloatArray = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

SIDE = 256
_LIGHT_SIDE = 128
"""Side at which light and skin are fitted."""

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Landmarks on the face's outline: they slide over the skin as the head turns, and count little."""

# Landmarks err together: as few as these would say as much if each erred by itself.
_INDEPENDENT = 90.0
_NOISE = 1.6
"""Error of a landmark in pixels of 256."""
_OVAL_WEIGHT = 0.15
# How far the truth may lie from the reading (standard deviations).
_SPREAD: dict[str, float | tuple[float, ...]] = {
    "pose": 3.0, "position": (0.6, 0.6, 4.0), "shape": 0.35, "expression": 0.14, "gaze": 6.0,
}  # fmt: skip
_FREE = np.array([i for i in range(EXPRESSION_DIM) if i not in EYE_LOOK])
"""Expression weights that are fitted; the others follow the gaze."""
_TURN = 0.05  # degrees, for differences
_JAW = tuple(EXPRESSIONS.index(name) for name in JAW_SHAPES)


class _Points:
    """The landmarks of a model as functions of the coefficients, in head axes (478, 3) centimetres."""

    def __init__(self, model: HeadModel) -> None:
        marks = model.landmarks478
        self.model = model
        self.mean = marks.points(model.mean).astype(np.float64)
        self.shape = np.stack([marks.points(mode) for mode in model.shape_basis]).astype(np.float64)
        self.expression = np.stack([marks.points(mode) for mode in model.expression_basis]).astype(np.float64)
        self.sine = np.stack([marks.points(field) for field in model.jaw_sine]).astype(np.float64)
        self.cosine = np.stack([marks.points(field) for field in model.jaw_cosine]).astype(np.float64)
        self.angle = model.jaw_angle.astype(np.float64)
        first = marks.vertices[:, 0]
        self.eyes = [np.flatnonzero((first >= begin) & (first < end)) for begin, end in model.eye_vertices]

    def at(self, shape: Array, expression: Array, gaze: Array) -> Array:
        """Positions, equal to those of `HeadModel.vertices`."""
        points = self.mean + np.tensordot(shape, self.shape, 1) + np.tensordot(expression, self.expression, 1)
        turns = expression[list(_JAW)] * self.angle
        points += np.tensordot(np.sin(turns), self.sine, 1) + np.tensordot(1 - np.cos(turns), self.cosine, 1)
        pivots = self.model.eye_pivot(shape)
        for eye, here in enumerate(self.eyes):
            turn = gaze_rotation(gaze + self.model.gaze_offset[eye]).astype(np.float64)
            points[here] = (points[here] - pivots[eye]) @ turn.T + pivots[eye]
        return np.asarray(points)

    def expression_slopes(self, expression: Array) -> Array:
        """(free, 478, 3) derivatives by the free expression weights; the jaw's arc included."""
        slopes = self.expression[_FREE].copy()
        for index, weight in enumerate(_JAW):
            turn = expression[weight] * self.angle[index]
            arc = np.cos(turn) * self.sine[index] + np.sin(turn) * self.cosine[index]
            slopes[int(np.searchsorted(_FREE, weight))] += self.angle[index] * arc
        return slopes


@functools.lru_cache(maxsize=2)
def _points_of(model: HeadModel) -> _Points:
    return _Points(model)


def fit_landmarks(
    model: HeadModel, head: HeadCoefficients, landmarks: FloatArray, steps: int
) -> Iterator[HeadCoefficients]:
    """Fit pose, position, shape, expression and gaze to landmarks; gives the head after each step.

    Args:
        model: the head model.
        head: where to start, and what the priors are about.
        landmarks: (478, 2) in pixels of 256, MediaPipe's order with irises.
        steps: Gauss-Newton steps.
    """
    points = _points_of(model)
    seen = landmarks.astype(np.float64)
    prior = _Unknowns.of(head)
    now = prior
    base = np.full(len(seen), _INDEPENDENT / len(seen)) / _NOISE**2
    base[list(OVAL)] *= _OVAL_WEIGHT
    precision = prior.precision()
    for _ in range(steps):
        camera_points, pixels = _projected(points.at(now.shape, now.expression, now.gaze), now)
        error = pixels - seen
        # Cauchy weights about the usual error of this face: a covered part must not pull.
        size = np.hypot(error[:, 0], error[:, 1])
        usual = max(_NOISE, 1.5 * float(np.median(size)))
        weight = np.sqrt(base / (1 + (size / usual) ** 2))
        jacobian = _jacobian(points, now, camera_points) * weight[:, None, None]
        matrix = jacobian.reshape(-1, jacobian.shape[2])
        normal = matrix.T @ matrix + np.diag(precision)
        right = -matrix.T @ (error * weight[:, None]).reshape(-1) + precision * (prior.flat() - now.flat())
        now = now.moved(_within(normal, right, now))
        yield now.into(head)


class _Unknowns:
    """What is fitted: pose (3), position (3), shape (24), free expression weights, gaze (2)."""

    def __init__(self, pose: Array, position: Array, shape: Array, expression: Array, gaze: Array) -> None:
        self.pose, self.position, self.shape, self.expression, self.gaze = pose, position, shape, expression, gaze

    @classmethod
    def of(cls, head: HeadCoefficients) -> "_Unknowns":
        parts = (head.pose, head.position, head.shape, head.expression, head.gaze)
        return cls(*(part.astype(np.float64) for part in parts))

    def flat(self) -> Array:
        return np.concatenate([self.pose, self.position, self.shape, self.expression[_FREE], self.gaze])

    @staticmethod
    def precision() -> Array:
        """Inverse variances of the priors, in the order of `flat`."""
        lengths = {"pose": 3, "position": 3, "shape": SHAPE_DIM, "expression": len(_FREE), "gaze": 2}
        spreads = [np.broadcast_to(np.asarray(_SPREAD[name], np.float64), n) for name, n in lengths.items()]
        return 1.0 / np.concatenate(spreads) ** 2

    def moved(self, step: Array) -> "_Unknowns":
        pose, position, shape, expression, gaze = np.split(step, np.cumsum([3, 3, SHAPE_DIM, len(_FREE)]))
        new = self.expression.copy()
        new[_FREE] = np.clip(new[_FREE] + expression, 0.0, 1.0)
        # Far steps leave the range in which the slopes hold.
        turn = np.clip(pose, -15.0, 15.0)
        return _Unknowns(self.pose + turn, self.position + position, self.shape + shape, new, self.gaze + gaze)

    def into(self, head: HeadCoefficients) -> HeadCoefficients:
        return head.changed(
            pose=self.pose, position=self.position, shape=self.shape, expression=self.expression, gaze=self.gaze
        )


def _within(normal: Array, right: Array, now: _Unknowns) -> Array:
    """The Gauss-Newton step that keeps the expression weights in 0..1: those that would leave stop at the border."""
    begin = 6 + SHAPE_DIM
    weights = now.expression[_FREE]
    free = np.ones(len(right), bool)
    step = np.zeros(len(right))
    for _ in range(3):
        held = right[free] - normal[np.ix_(free, ~free)] @ step[~free]
        step[free] = np.linalg.solve(normal[np.ix_(free, free)], held)
        target = weights + step[begin : begin + len(_FREE)]
        out = free[begin : begin + len(_FREE)] & ((target < 0) | (target > 1))
        if not out.any():
            break
        stop = begin + np.flatnonzero(out)
        step[stop] = np.clip(target[out], 0, 1) - weights[out]
        free[stop] = False
    return step


def _projected(head_points: Array, now: _Unknowns) -> tuple[Array, Array]:
    """Points in camera axes (478, 3), and in pixels of 256 (478, 2)."""
    seen = (head_points - PIVOT) @ rotation(now.pose).astype(np.float64).T + now.position
    scale = FOCAL * SIDE / -seen[:, 2]
    return seen, np.stack([SIDE / 2 + seen[:, 0] * scale, SIDE / 2 - seen[:, 1] * scale], 1)


def _jacobian(points: _Points, now: _Unknowns, seen: Array) -> Array:
    """(478, 2, unknowns) derivatives of the pixels."""
    turn = rotation(now.pose).astype(np.float64)
    centred = (seen - now.position) @ turn  # head axes about the pivot
    columns = [
        centred
        @ (rotation(now.pose + _TURN * axis) - rotation(now.pose - _TURN * axis)).astype(np.float64).T
        / (2 * _TURN)
        for axis in np.eye(3)
    ]
    columns += [np.broadcast_to(axis, seen.shape) for axis in np.eye(3)]
    slopes = np.concatenate([points.shape, points.expression_slopes(now.expression)]) @ turn.T
    looks = np.zeros((2, *seen.shape))
    for axis in range(2):
        change = np.zeros(2)
        change[axis] = 1.0
        ahead, behind = (points.at(now.shape, now.expression, now.gaze + sign * change) for sign in (1, -1))
        looks[axis] = (ahead - behind) / 2 @ turn.T
    moves = np.concatenate([np.stack(columns), slopes, looks])  # (unknowns, 478, 3)
    inverse = 1.0 / -seen[:, 2]
    scale = FOCAL * SIDE * inverse
    along = scale * (moves[:, :, 0] + seen[:, 0] * inverse * moves[:, :, 2])
    down = -scale * (moves[:, :, 1] + seen[:, 1] * inverse * moves[:, :, 2])
    return np.stack([along, down], 1).transpose(2, 1, 0)


_SKIN = (Region.SKIN, Region.NOSE)
_LIGHT_ROUNDS = 2
_ROBUST_TURNS = 3
# Priors of the light about the reading (its constant term is about 3), and of the skin modes.
_LIGHT_SPREAD, _SKIN_SPREAD = 0.15, 0.7
# Error of a pixel's colour (sRGB 0..1) by shadows, gloss and whatever the model lacks, and how many err alike.
_COLOUR_NOISE, _ALIKE = 0.06, 40.0
_FEWEST = 60


def fit_light(
    model: HeadModel, head: HeadCoefficients, picture: npt.NDArray[np.uint8], mask: MaskArray | None = None
) -> HeadCoefficients:
    """Fit light and skin to the colours of a photograph; the geometry must fit already.

    Args:
        model: the head model.
        head: the head; its light and skin are where the fit starts and what the priors are about.
        picture: (256, 256, 3) uint8 sRGB.
        mask: (256, 256) uint8 regions of the picture, if they are known.

    Returns:
        The head with another gamma and albedo; unchanged if next to no skin is seen.
    """
    maps = render_maps(model, head, _LIGHT_SIDE)
    seen = np.isin(maps.regions, _SKIN)
    if mask is not None:
        seen &= np.isin(mask[::2, ::2], _SKIN) & np.isin(mask[1::2, 1::2], _SKIN)
    # The outermost pixels mix with what is behind.
    seen = cv2.erode(seen.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    if seen.sum() < _FEWEST:
        return head
    small = cv2.resize(picture, (_LIGHT_SIDE, _LIGHT_SIDE), interpolation=cv2.INTER_AREA)[seen] / 255.0
    wanted = to_linear(small)
    basis = np.asarray(sh_basis(maps.condition[6:9, seen].T.astype(np.float64)), np.float64)
    uv = maps.uv[seen]
    gamma, albedo = head.gamma.astype(np.float64), head.albedo.astype(np.float64)
    modes = _texels(model.albedo_basis, uv)  # (32, N, 3)
    mean = model.albedo_mean[_cells(uv, model.albedo_mean.shape[0])].astype(np.float64)
    for _ in range(_LIGHT_ROUNDS):
        skin = np.clip(mean + np.tensordot(albedo, modes, 1), 0.02, 1.0)
        gamma = _fitted_gamma(wanted, skin**2.2, basis, gamma, head.gamma.astype(np.float64))
        shading = np.asarray(np.maximum(basis @ gamma, DARKEST), np.float64)
        lit = np.clip(wanted / shading, 0.0, 1.0) ** (1 / 2.2)
        albedo = _fitted_albedo(lit - mean, modes, shading, head.albedo.astype(np.float64))
    return head.changed(gamma=gamma, albedo=albedo)


def _fitted_gamma(wanted: Array, skin: Array, basis: Array, gamma: Array, prior: Array) -> Array:
    """Gamma (9, 3) by robust ridge regression.

    Args:
        wanted: (N, 3) linear colours. skin: (N, 3) linear albedo. basis: (N, 9) harmonics.
        gamma: where the robust weights start. prior: (9, 3).
    """
    new = gamma.copy()
    for _ in range(_ROBUST_TURNS):
        shown = skin * np.maximum(basis @ new, DARKEST)
        # An error of sRGB is one of linear light times the slope of the curve.
        noise = _COLOUR_NOISE * 2.2 * np.maximum(shown, 0.02) ** (1.2 / 2.2)
        off = np.sqrt((np.square((shown - wanted) / noise)).mean(1, keepdims=True))
        weight = 1 / (noise**2 * (1 + off**2) * _ALIKE)
        for channel in range(3):
            design = basis * skin[:, channel, None]
            lever = design * weight[:, channel, None]
            normal = lever.T @ design + np.eye(9) / _LIGHT_SPREAD**2
            right = lever.T @ wanted[:, channel] + prior[:, channel] / _LIGHT_SPREAD**2
            new[:, channel] = np.linalg.solve(normal, right)
    return new


def _fitted_albedo(change: Array, modes: Array, shading: Array, prior: Array) -> Array:
    """Albedo coefficients (32,) by robust ridge regression.

    Args:
        change: (N, 3) wanted difference to the mean skin. modes: (32, N, 3). shading: (N, 3): where it is dark, the
            skin is seen badly. prior: (32,).
    """
    design = modes.reshape(len(modes), -1).T
    target = change.reshape(-1)
    clear = np.clip(shading.reshape(-1), 0.05, 1.0) / (_COLOUR_NOISE**2 * _ALIKE)
    new = prior.copy()
    for _ in range(_ROBUST_TURNS):
        off = (design @ new - target) / _COLOUR_NOISE
        lever = design * (clear / (1 + off**2))[:, None]
        normal = lever.T @ design + np.eye(len(modes)) / _SKIN_SPREAD**2
        new = np.asarray(np.linalg.solve(normal, lever.T @ target + prior / _SKIN_SPREAD**2), np.float64)
    return new


def _cells(uv: FloatArray, size: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of the nearest texels for places (N, 2) of the chart, u right and v up."""
    column = np.clip(uv[:, 0] * size, 0, size - 1).astype(np.intp)
    row = np.clip((1 - uv[:, 1]) * size, 0, size - 1).astype(np.intp)
    return row, column


def _texels(basis: FloatArray, uv: FloatArray) -> Array:
    """(K, n, n, 3) modes of the skin at places (N, 2) of the chart: (K, N, 3)."""
    row, column = _cells(uv, basis.shape[1])
    return basis[:, row, column].astype(np.float64)
