"""The MakeHuman head brought on to the scans' head, so that what is known of one can be used on the other."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from faceeditor.training.head_build.sources import SOCKET, Array, Scans

CENTIMETRES = 10.0
"""Centimetres of a decimetre, the unit of the MakeHuman head."""
_ROUNDS = ((7.0, 6), (4.5, 5), (3.0, 5), (2.0, 4))
"""Radius in cm over which the fit is smoothed, and iterations with it."""


@dataclass(frozen=True, eq=False)
class Registered:
    """The MakeHuman head on the scans' mean head.

    Attributes:
        scale, turn (3, 3), shift (3,): the similarity `scale * turn @ v + shift`, cm of v to cm.
        similar: (5952, 3) vertices after the similarity. points: (5952, 3) after the surfaces have been fitted.
        skin: rows of skin vertices that lie outside.
    """

    scale: float
    turn: Array
    shift: Array
    similar: Array
    points: Array
    skin: Array

    def moved(self, places: Array) -> Array:
        """What the fit of the surfaces adds at places (N, 3) given after the similarity: (N, 3)."""
        tree = cKDTree(self.similar[self.skin])
        distance, near = tree.query(places, k=24)
        change = (self.points - self.similar)[self.skin]
        weight = 1 / (distance + 0.3) ** 2
        return np.asarray((change[near] * weight[..., None]).sum(1) / weight.sum(1, keepdims=True))


def similarity(source: Array, target: Array) -> tuple[float, Array, Array]:
    """Scale, rotation and shift that carry points (N, 3) on to others with the least squared error (Umeyama 1991)."""
    a, b = source.mean(0), target.mean(0)
    u, s, vt = np.linalg.svd((target - b).T @ (source - a))
    sign = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    turn = u @ sign @ vt
    scale = float((s * np.diag(sign)).sum() / ((source - a) ** 2).sum())
    return scale, turn, b - scale * turn @ a


def register(scans: Scans, drawn: dict[str, Array]) -> Registered:
    """Fit the MakeHuman mean head: 68 landmarks first, then the nearest surface, ever less smoothed."""
    places = drawn["mean"].astype(np.float64) * CENTIMETRES
    marks = drawn["lmk68"].astype(int)
    scale, turn, shift = similarity(places[marks], scans.mean[scans.landmarks68])
    similar = scale * places @ turn.T + shift
    names = drawn["label_names"].tolist()
    inner = names.index("inner_mouth")
    triangles = drawn["tri"].astype(int)
    outside = np.ones(len(triangles), bool)
    outside[drawn["tri_label"] == inner] = False
    count = int(drawn["n_skin"])
    skin = np.unique(triangles[outside & (triangles.max(1) < count)])
    target = scans.mean[:SOCKET]
    normals = _normals(scans.mean, scans.triangles[scans.triangles.max(1) < SOCKET])[:SOCKET]
    own_triangles = triangles[outside & (triangles.max(1) < count)]
    tree = cKDTree(target)
    points = similar.copy()
    # Landmarks are exact; they lead the first, smoothest rounds.
    exact = scans.mean[scans.landmarks68]
    for radius, turns in _ROUNDS:
        for _ in range(turns):
            facing = _normals(points, own_triangles)
            _, nearest = tree.query(points[skin], k=6)
            agree = np.einsum("nkc,nc->nk", normals[nearest], facing[skin])
            best = nearest[np.arange(len(skin)), agree.argmax(1)]
            gap = target[best] - points[skin]
            along = (gap * normals[best]).sum(1, keepdims=True) * normals[best]
            trust = (agree.max(1) > 0.4) & (np.linalg.norm(gap, axis=1) < 3.0)
            where = np.concatenate([points[skin][trust], points[marks]])
            what = np.concatenate([along[trust] * 0.8 + gap[trust] * 0.2, exact - points[marks]])
            weight = np.concatenate([np.ones(trust.sum()), np.full(len(marks), 6.0)])
            points = points + _smoothed(where, what, weight, points, radius)
    return Registered(scale, turn, shift, similar, points, skin)


def _smoothed(where: Array, what: Array, weight: Array, at: Array, radius: float) -> Array:
    """Gaussian average at places (M, 3) of vectors (N, 3) known at others; it fades where nothing is near."""
    distance, near = cKDTree(where).query(at, k=min(60, len(where)))
    share = weight[near] * np.exp(-((distance / radius) ** 2) * 2)
    return np.asarray((what[near] * share[..., None]).sum(1) / (share.sum(1, keepdims=True) + 0.05))


def _normals(points: Array, triangles: Array) -> Array:
    """(V, 3) unit normals by area."""
    corners = points[triangles]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], flat)
    return np.asarray(normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12))
