"""Landmarks on the head's own mesh, and how well they meet the photographs' ones."""

import numpy as np

from faceeditor.head.model import Landmarks
from faceeditor.portrait.head import EXPRESSIONS
from faceeditor.training.head_build.bases import Bases
from faceeditor.training.head_build.sources import GUMS, Array, Photographs, Scans
from faceeditor.training.head_build.topology import EYE_ANGLES, EYE_SPOKES, Topology

IRIS_RING = 1 + EYE_ANGLES.index(21.5) * EYE_SPOKES


def nearest_on_mesh(points: Array, vertices: Array, triangles: Array) -> tuple[Array, Array]:
    """The nearest point of a mesh to each of the points (N, 3).

    Returns:
        rows (N,) of the triangles, barycentric (N, 3).
    """
    rows = np.zeros(len(points), np.int64)
    weights = np.zeros((len(points), 3))
    corners = vertices[triangles]
    middle = corners.mean(1)
    reach = np.linalg.norm(corners - middle[:, None], axis=2).max(1)
    for index, point in enumerate(points):
        away = np.linalg.norm(middle - point, axis=1)
        near = np.flatnonzero(away - reach <= (away + reach).min())
        barycentric, distance = _nearest_in_triangles(point, corners[near])
        best = int(distance.argmin())
        rows[index], weights[index] = near[best], barycentric[best]
    return rows, weights


def _nearest_in_triangles(point: Array, corners: Array) -> tuple[Array, Array]:
    """Nearest point of each triangle (T, 3, 3): barycentric (T, 3) and distance (T,)."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, ac, ap = b - a, c - a, point - a
    d00, d01, d11 = (ab * ab).sum(1), (ab * ac).sum(1), (ac * ac).sum(1)
    d20, d21 = (ap * ab).sum(1), (ap * ac).sum(1)
    size = np.maximum(d00 * d11 - d01 * d01, 1e-12)
    v, w = (d11 * d20 - d01 * d21) / size, (d00 * d21 - d01 * d20) / size
    inside: Array = np.stack([1 - v - w, v, w], 1)
    within = np.asarray((inside >= 0).all(axis=1))
    candidates = [np.where(within[:, None], inside, np.nan)]
    for first, second in ((0, 1), (1, 2), (2, 0)):
        start, edge = corners[:, first], corners[:, second] - corners[:, first]
        t = np.clip(((point - start) * edge).sum(1) / np.maximum((edge * edge).sum(1), 1e-12), 0, 1)
        on_edge = np.zeros((len(corners), 3))
        on_edge[:, first], on_edge[:, second] = 1 - t, t
        candidates.append(on_edge)
    stacked = np.stack(candidates)
    distances = np.linalg.norm((stacked[..., None] * corners).sum(2) - point, axis=2)
    best = np.nan_to_num(distances, nan=np.inf).argmin(0)
    each = np.arange(len(corners))
    return np.nan_to_num(stacked[best, each]), distances[best, each]


def build_landmarks(
    scans: Scans, topology: Topology, bases: Bases, correspondence: dict[str, Array]
) -> tuple[Landmarks, Landmarks]:
    """Carry the 68 and the 468 landmarks from the scans' mesh over to ours and add ten of the irises."""
    # With lips and lids apart, the nearest point is never on the other lip or lid.
    weights = np.zeros(len(EXPRESSIONS))
    for name, weight in (("jawOpen", 0.5), ("eyeWide_L", 0.5), ("eyeWide_R", 0.5), ("mouthUpperUp_L", 0.3),
                         ("mouthUpperUp_R", 0.3)):  # fmt: skip
        weights[EXPRESSIONS.index(name)] = weight
    ours = bases.mean + np.tensordot(weights, bases.expression, 1)
    theirs = scans.mean + np.tensordot(weights, scans.expression, 1)
    skin = (topology.source[topology.triangles] >= 0).all(1) & (topology.source[topology.triangles] < GUMS).all(1)
    triangles = topology.triangles[skin]

    def carried(points: Array) -> Landmarks:
        rows, barycentric = nearest_on_mesh(points, ours, triangles)
        return Landmarks(triangles[rows].astype(np.int32), barycentric.astype(np.float32))

    few = carried(theirs[scans.landmarks68])
    points = np.einsum(
        "nk,nkc->nc", correspondence["barycentric_all"].astype(np.float64), theirs[correspondence["vertices_all"]]
    )
    order = np.argsort(correspondence["mp_all"])
    many = carried(points[order])
    vertices, barycentric = [many.vertices], [many.barycentric]
    # The face mesh lists the person's right iris first: middle, then its rim at the right side of the picture (the
    # person's left), top, other side, bottom; the left iris likewise, but mirrored.
    quarter = EYE_SPOKES / 4
    for eye, turns in ((1, (0, 1, 2, 3)), (0, (0, 1, 2, 3))):
        low = topology.eyes[eye][0]
        rim = [_on_rim(low, turn * quarter) for turn in turns]
        vertices.append(np.array([[low, low, low]] + [pair[0] for pair in rim], np.int32))
        barycentric.append(np.array([[1, 0, 0]] + [pair[1] for pair in rim], np.float32))
    return few, Landmarks(np.concatenate(vertices), np.concatenate(barycentric))


def _on_rim(low: int, place: float) -> tuple[list[int], list[float]]:
    """A point of the iris's rim between two of its vertices."""
    first = int(place)
    part = place - first
    ring = low + IRIS_RING
    return [ring + first % EYE_SPOKES, ring + (first + 1) % EYE_SPOKES, ring], [1 - part, part, 0.0]


def reprojection(points: Array, photos: Photographs, rows: Array, used: Array, offset: Array, matrices: Array) -> Array:
    """(rows, used) distances in pixels at 256 between projected head points and the photographs' landmarks.

    Args:
        points: (rows, N, 3) landmarks in head axes. used: which of the N are compared.
        offset: (rows, 3) positions, matrices: (rows, 3, 3) rotations of the heads.
    """
    from faceeditor.head.camera import FOCAL, PIVOT

    away = np.einsum("rij,rnj->rni", matrices, points[:, used] - PIVOT) + offset[:, None]
    u = 128 + FOCAL * 256 * away[..., 0] / -away[..., 2]
    v = 128 - FOCAL * 256 * away[..., 1] / -away[..., 2]
    wanted = photos.landmarks[rows][:, used, :2]
    return np.asarray(np.hypot(u - wanted[..., 0], v - wanted[..., 1]))
