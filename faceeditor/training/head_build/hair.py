"""Hair volumes: MakeHuman hair brought on to the scans' head, made lighter and bound to the head's own skin.

Only hair that closes as a surface becomes a volume. Long hair is the bob let down; the afro is the scalp, grown.
"""

import numpy as np

from faceeditor.head.model import Part
from faceeditor.regions import Region
from faceeditor.training.head_build.bases import Bases, level_weight
from faceeditor.training.head_build.decimate import decimate
from faceeditor.training.head_build.landmarks import nearest_on_mesh
from faceeditor.training.head_build.packing import quantised_uv
from faceeditor.training.head_build.register import CENTIMETRES, Registered
from faceeditor.training.head_build.sources import Array
from faceeditor.training.head_build.topology import Topology

STYLES = {"short": "short02", "swept": "short03", "bob": "bob02", "long": "bob02"}
"""Names of the volumes and of the MakeHuman hair that each is made from."""
AFRO_HEIGHT = 3.6
"""Thickness of the afro in cm."""
VERTICES = 700
CLEARANCE = 0.12
"""Least distance of hair from the skin in cm."""


def crown_of(topology: Topology) -> Array:
    """Vertices of the skull that measure a head's size."""
    return np.unique(topology.triangles[topology.part == Part.SCALP])


def build_hair(
    drawn: dict[str, Array], registered: Registered, topology: Topology, bases: Bases
) -> dict[str, dict[str, Array]]:
    """The arrays of every hair volume, as the pack holds them."""
    volumes = {}
    for name, of in STYLES.items():
        points, triangles, uv = _split_seams(_placed(drawn, registered, f"hair_{of}"), drawn, f"hair_{of}")
        if of == "bob02":
            points = _combed(points)
        if name == "long":
            points = _let_down(points)
        points, triangles, uv = _lighter(points, triangles, uv)
        volumes[name] = _bound(_outside(points, topology, bases), triangles, uv, topology, bases)
    volumes["afro"] = _bound(*_grown(topology, bases), topology, bases)
    return volumes


def _lighter(points: Array, triangles: Array, uv: Array) -> tuple[Array, Array, Array]:
    """The same surface with at most `VERTICES` vertices."""
    if len(np.unique(triangles)) > VERTICES:
        count = len(points)
        triangles, _ = decimate(
            points, triangles, np.zeros(len(triangles), int), np.ones(count), np.zeros(count, int), {0: VERTICES}
        )
    used = np.unique(triangles)
    local = np.full(len(points), -1)
    local[used] = np.arange(len(used))
    return points[used], local[triangles], uv[used]


def _combed(points: Array) -> Array:
    """Comb hair out of the face: what hangs before it is laid to the sides, from the parting on."""
    x, y, z = points.T
    part = _soft((9.5 - y) / 4.5) * _soft((z - 2.0) / 3.0)
    side = np.where(x < 1.5, -1.0, 1.0)
    aside = side * np.maximum(np.abs(x), 7.4)
    back = np.minimum(z, 6.5 - 0.3 * np.clip(5 - y, 0, None))
    return np.stack([x + (aside - x) * part, y, z + (back - z) * part], 1)


def _let_down(points: Array) -> Array:
    """Lengthen hair below the ears down to the shoulders, falling back from the face."""
    x, y, z = points.T
    below = np.clip(1.0 - y, 0, None)
    fall = below * 1.15
    return np.stack([x * (1 + 0.012 * below), y - fall, np.where(z > 0, z - 0.45 * fall, z - 0.1 * fall)], 1)


def _grown(topology: Topology, bases: Bases) -> tuple[Array, Array, Array]:
    """The scalp moved outwards, least at its rim: points, triangles, uv."""
    triangles = topology.triangles[topology.part == Part.SCALP]
    used = np.unique(triangles)
    local = np.full(len(bases.mean), -1)
    local[used] = np.arange(len(used))
    triangles = local[triangles]
    points = bases.mean[used]
    away = points - (0.0, 4.0, 0.0)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    edges, uses = np.unique(
        np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), 1), axis=0,
        return_counts=True,
    )  # fmt: skip
    rim = np.unique(edges[uses == 1])
    distance = np.linalg.norm(points[:, None] - points[None, rim], axis=2).min(1)
    # Rings of locks of different lengths keep the outline from looking like a helmet.
    locks = 0.35 * np.sin(points[:, 0] * 1.9) * np.sin(points[:, 1] * 2.3) * np.sin(points[:, 2] * 2.1)
    height = AFRO_HEIGHT * np.sqrt(np.clip(distance / 3.5, 0, 1)) + 0.15
    around = np.arctan2(away[:, 0], away[:, 2]) / (2 * np.pi) + 0.5
    uv = np.stack([around, np.clip(distance / 8, 0, 1)], 1)
    return points + away * (height * (1 + locks))[:, None], triangles, uv


def _soft(values: Array) -> Array:
    """Smooth step from 0 to 1."""
    part = np.clip(values, 0, 1)
    return np.asarray(part * part * (3 - 2 * part))


def _bound(points: Array, triangles: Array, uv: Array, topology: Topology, bases: Bases) -> dict[str, Array]:
    """The arrays of one volume: every vertex follows the skin on which its hair grows."""
    # Hair grows on the skull and around the ears; it never hangs on the face, the jaw or the shoulders.
    holds = np.isin(topology.part, (Part.SCALP, Part.NECK)) | (
        (topology.part == Part.SKIN) & (bases.mean[topology.triangles][:, :, 1].mean(1) > 6.5)
    )
    holds |= np.isin(topology.region, (Region.L_EAR, Region.R_EAR))
    scalp = topology.triangles[holds & (bases.neck_weight[topology.triangles].min(1) > 0.5)]
    rows, weights = nearest_on_mesh(points, bases.mean, scalp)
    ground = np.einsum("nk,nkc->nc", weights, bases.mean[scalp[rows]])
    return {
        "anchors": scalp[rows].astype(np.uint16),
        "weights": weights.astype(np.float16),
        "offset": (points - ground).astype(np.float16),
        "triangles": triangles.astype(np.uint16),
        "uv": quantised_uv(uv[triangles]),
        "neck_weight": np.clip(level_weight(points) * 0.6 + 0.4, 0, 1).astype(np.float16),
    }


def _placed(drawn: dict[str, Array], registered: Registered, name: str) -> Array:
    """(N, 3) the hair's vertices on the scans' head."""
    skin = drawn["mean"].astype(np.float64)
    bound = np.einsum("nk,nkc->nc", drawn[f"{name}_w"].astype(np.float64), skin[drawn[f"{name}_idx"].astype(int)])
    # The binding's scale is 1 for the mean head.
    places = (bound + drawn[f"{name}_off"] * _scale(drawn, name)) * CENTIMETRES
    similar = registered.scale * places @ registered.turn.T + registered.shift
    return np.asarray(similar + registered.moved(similar))


def _scale(drawn: dict[str, Array], name: str) -> Array:
    """(3,) factors of a binding's offsets: the head's extents between two vertices against those it was made for."""
    rows = drawn[f"{name}_scale"]
    mean = drawn["mean"].astype(np.float64)
    factors = np.ones(3)
    for axis in range(3):
        first, second, length = int(rows[axis, 0]), int(rows[axis, 1]), float(rows[axis, 2])
        if 0 <= first < len(mean) and 0 <= second < len(mean) and length > 0:
            factors[axis] = abs(mean[first, axis] - mean[second, axis]) / length
    return factors


def _split_seams(points: Array, drawn: dict[str, Array], name: str) -> tuple[Array, Array, Array]:
    """One vertex for every pair of position and texture coordinate: points, triangles (T, 3), uv."""
    triangles = drawn[f"{name}_tri"].astype(int)
    corners = np.concatenate(
        [triangles.reshape(-1, 1), np.round(drawn[f"{name}_triuv"].reshape(-1, 2).astype(np.float64), 4)], 1
    )
    unique, inverse = np.unique(corners, axis=0, return_inverse=True)
    return points[unique[:, 0].astype(int)], inverse.reshape(-1, 3), unique[:, 1:] % 1.0001


def _outside(points: Array, topology: Topology, bases: Bases) -> Array:
    """Push what lies inside of the skin out of it."""
    skin = topology.triangles[(topology.triangles < topology.skin_vertices).all(1)]
    rows, weights = nearest_on_mesh(points, bases.mean, skin)
    corners = bases.mean[skin[rows]]
    ground = np.einsum("nk,nkc->nc", weights, corners)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    height = ((points - ground) * normal).sum(1, keepdims=True)
    near = np.linalg.norm(points - ground, axis=1, keepdims=True) < 3.0
    return np.where(near & (height < CLEARANCE), points + normal * (CLEARANCE - height), points)
