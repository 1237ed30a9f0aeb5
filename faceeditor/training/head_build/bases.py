"""Bases of shape and expression on the head's own mesh."""

from dataclasses import dataclass

import numpy as np

from faceeditor.head.model import IRIS_ANGLE, JAW_SHAPES
from faceeditor.portrait.head import EXPRESSIONS, SHAPE_DIM
from faceeditor.training.head_build.sources import SCLERA, SOCKET, TEETH, Array, Scans
from faceeditor.training.head_build.topology import CORNEA, Topology


@dataclass(frozen=True, eq=False)
class Bases:
    """What moves the mesh.

    Attributes:
        mean (V, 3), shape (24, V, 3), expression (55, V, 3) whole displacements: cm.
        mixing: (100, 24) orthonormal: shape coefficients are `mixing.T @ alpha`.
        held: (24,) part of the variance that the first 1 .. 24 modes hold.
        jaw: angle (3,) radians, axis (3, 3), hinge (3, 3) of `JAW_SHAPES`; jaw_weight (3, V).
        pivot (2, 3), pivot_basis (24, 2, 3): centres of the eyeballs.
        neck_weight: (V,).
    """

    mean: Array
    shape: Array
    expression: Array
    mixing: Array
    held: Array
    jaw: dict[str, Array]
    jaw_weight: Array
    pivot: Array
    pivot_basis: Array
    neck_weight: Array


def shape_mixing(scans: Scans) -> tuple[Array, Array]:
    """Principal directions of the symmetrised identity modes over the skin: (100, 24) and the variance they hold."""
    modes = scans.symmetric_identity[:, :SOCKET].reshape(len(scans.identity), -1).astype(np.float64)
    values, vectors = np.linalg.eigh(modes @ modes.T)
    order = np.argsort(values)[::-1]
    mixing = vectors[:, order[:SHAPE_DIM]]
    signs = np.sign(mixing[np.abs(mixing).argmax(0), np.arange(SHAPE_DIM)])
    return mixing * signs, np.cumsum(values[order])[:SHAPE_DIM] / values.sum()


def build_bases(scans: Scans, topology: Topology, skin_start: dict[str, Array]) -> Bases:
    """Sample the scans' modes on the mesh, extend them over the shoulders and give the eyeballs their own."""
    mixing, held = shape_mixing(scans)
    found = topology.source >= 0
    rows = topology.source[found]
    count = len(topology.source)
    shape = np.zeros((SHAPE_DIM, count, 3))
    shape[:, found] = np.einsum("km,kvc->mvc", mixing, scans.symmetric_identity[:, rows])
    expression = np.zeros((len(EXPRESSIONS), count, 3))
    expression[:, found] = scans.expression[:, rows]
    lashes = topology.length < 1
    stays, keeps = topology.root[lashes], topology.length[lashes][:, None]
    shape[:, lashes] *= keeps
    shape[:, lashes] += (1 - keeps) * np.einsum("km,kvc->mvc", mixing, scans.symmetric_identity[:, stays])
    expression[:, lashes] = expression[:, lashes] * keeps + (1 - keeps) * scans.expression[:, stays]
    shoulders = topology.border >= 0
    shape[:, shoulders] = shape[:, topology.border[shoulders]] * topology.fade[shoulders][:, None]
    expression[:, shoulders] = expression[:, topology.border[shoulders]] * topology.fade[shoulders][:, None] ** 3

    pivot = skin_start["eye_pivot"]
    each = skin_start["eye_pivot_id_basis"].astype(np.float64)
    even = (each + each[::-1] * (-1, 1, 1)) / 2
    pivot_basis = np.einsum("km,ekc->mec", mixing, even)
    mean = topology.points.copy()
    radius, growth = _eye_radius(scans, pivot, pivot_basis, mixing)
    local = topology.eye_local
    away = np.degrees(np.arccos(np.clip(local[:, 2], -1, 1)))
    # The cornea is a cap over the iris that meets the white of the eye softly.
    bulge = CORNEA * np.clip(1 - (away / (IRIS_ANGLE * 1.25)) ** 2, 0, None) ** 1.3
    for eye, (low, high) in enumerate(topology.eyes):
        mean[low:high] = pivot[eye] + local * (radius + bulge)[:, None]
        shape[:, low:high] = pivot_basis[:, eye, None] + growth[:, None, None] * local
    jaw, jaw_weight = _jaw(scans, topology)
    return Bases(
        mean=mean,
        shape=shape,
        expression=expression,
        mixing=mixing,
        held=held,
        jaw=jaw,
        jaw_weight=jaw_weight,
        pivot=pivot,
        pivot_basis=pivot_basis,
        neck_weight=neck_weight(topology),
    )


def _eye_radius(scans: Scans, pivot: Array, pivot_basis: Array, mixing: Array) -> tuple[float, Array]:
    """Radius in cm of the eyeball and how it grows with every shape mode (24,), from the white of the eye."""
    radii, growths = [], []
    for eye, (low, high) in enumerate(SCLERA):
        away = scans.mean[low:high] - pivot[eye]
        size = np.linalg.norm(away, axis=1)
        out = away / size[:, None]
        # The cornea bulges: what looks forward is left out of the radius.
        white = out[:, 2] < np.cos(np.radians(30))
        radii.append(float(np.median(size[white])))
        moved = np.einsum("km,kvc->mvc", mixing, scans.symmetric_identity[:, low:high]) - pivot_basis[:, eye, None]
        growths.append((moved * out)[:, white].sum(2).mean(1))
    return float(np.mean(radii)), np.mean(growths, 0)


def _jaw(scans: Scans, topology: Topology) -> tuple[dict[str, Array], Array]:
    """Hinges of `JAW_SHAPES` from the motion of the lower teeth, and how far each vertex takes part in them."""
    count = len(topology.source)
    found = topology.source >= 0
    rows = topology.source[found]
    angles, axes, hinges, weights = [], [], [], []
    for name in JAW_SHAPES:
        drop = scans.expression[EXPRESSIONS.index(name)].astype(np.float64)
        teeth = np.flatnonzero(np.linalg.norm(drop, axis=1) > 1e-3)
        teeth = teeth[(teeth >= TEETH) & (teeth < SCLERA[0][0])]
        before, after = scans.mean[teeth], scans.mean[teeth] + drop[teeth]
        angle, axis, hinge = rigid_turn(before, after)
        turn = _turned(scans.mean[rows] - hinge, axis, angle)
        moved = scans.expression[EXPRESSIONS.index(name)][rows]
        part = np.clip((moved * turn).sum(1) / np.maximum((turn**2).sum(1), 1e-6), 0, 1)
        weight = np.zeros(count)
        weight[found] = np.where(np.linalg.norm(moved, axis=1) > 2e-3, part, 0)
        angles.append(angle)
        axes.append(axis)
        hinges.append(hinge)
        weights.append(weight)
    return {"angle": np.array(angles), "axis": np.array(axes), "hinge": np.array(hinges)}, np.array(weights)


def rigid_turn(before: Array, after: Array) -> tuple[float, Array, Array]:
    """The turn that carries points (N, 3) to others: angle in radians, unit axis and the point of the axis nearest to
    the origin (Kabsch's rotation; the slide along the axis is left out)."""
    middle, goal = before.mean(0), after.mean(0)
    u, _, vt = np.linalg.svd((before - middle).T @ (after - goal))
    turn = vt.T @ np.diag([1, 1, np.linalg.det(vt.T @ u.T)]) @ u.T
    sine = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]) / 2
    angle = float(np.arctan2(np.linalg.norm(sine), (np.trace(turn) - 1) / 2))
    axis = sine / np.linalg.norm(sine)
    shift = goal - turn @ middle
    shift -= axis * (axis @ shift)
    hinge = np.linalg.lstsq(np.eye(3) - turn, shift, rcond=1e-4)[0]
    return angle, axis, hinge


def _turned(points: Array, axis: Array, angle: float) -> Array:
    """What a turn adds to points about the axis."""
    once = np.cross(axis, points)
    return np.asarray(np.sin(angle) * once + (1 - np.cos(angle)) * np.cross(axis, once))


def level_weight(points: Array) -> Array:
    """(N,) 1 for places at the height of the head, falling along the neck to 0 at its base."""
    # Planes of equal weight run from the throat up to the nape.
    height = points[:, 1] + 0.38 * points[:, 2]
    part = np.clip((height + 11.8) / (11.8 - 5.6), 0, 1)
    return np.asarray(part * part * (3 - 2 * part))


def neck_weight(topology: Topology) -> Array:
    """(V,) 1 for the head, falling along the neck to 0 at its base."""
    weight = level_weight(topology.points)
    weight[topology.border >= 0] = 0
    inner = (topology.source >= SOCKET) | ((topology.source < 0) & (topology.border < 0))
    weight[inner] = 1
    return np.where(weight > 0.999, 1.0, weight)
