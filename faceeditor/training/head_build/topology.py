"""The head's own mesh: which points of the scans it keeps, and what is added to them (shoulders, eyeballs)."""

from dataclasses import dataclass

import numpy as np

from faceeditor.head.model import EYE_CHART, IRIS_ANGLE, PUPIL_ANGLE, Part
from faceeditor.regions import MIRROR, Region
from faceeditor.training.head_build.decimate import decimate
from faceeditor.training.head_build.sources import (
    EYE_SOCKET,
    EYES,
    GUMS,
    HEAD,
    LASHES,
    SOCKET,
    TEETH,
    Array,
    Scans,
)  # fmt: skip

TARGETS = {"face": 1600, "head": 200, "mouth": 70, "socket": 56, "gums": 120, "teeth": 236, "lashes": 84}
"""Vertices to keep of each piece of the left half."""
SHOULDER_RINGS = 5
EYE_SPOKES = 18
EYE_ANGLES = (4.5, PUPIL_ANGLE, 15.0, IRIS_ANGLE, 26.0, 36.0, 50.0, 68.0, 90.0)
CORNEA = 0.08
"""Height of the cornea over the eyeball in cm."""
UPPER_LASH, LOWER_LASH = 0.4, 0.25
"""How much of the length of the scans' lashes is kept."""
_LAYERS = (25351, 25693)
_LASH = 114


@dataclass(frozen=True, eq=False)
class Topology:
    """The mesh.

    Attributes:
        source: (V,) vertex of the scans' mesh that each vertex is, or -1.
        root, length: (V,) for lashes the lid's vertex that each is drawn towards, and how much of its way it keeps.
        border: (V,) for shoulders the vertex of ours at the neck's border that each follows, else -1.
        fade: (V,) how far shoulders follow it.
        points: (V, 3) mean positions in cm.
        triangles, region, part: (T, 3), (T,), (T,). uv: (T, 3, 2).
        mirror: (V,) the vertex at the mirrored place.
        skin_vertices: face, ears, skull, neck, shoulders come first. eyes: vertex ranges of left and right eyeball.
        eye_local: (E, 3) one eyeball's vertices about its pivot, looking along z; the same for both.
    """

    source: Array
    root: Array
    length: Array
    border: Array
    fade: Array
    points: Array
    triangles: Array
    region: Array
    part: Array
    uv: Array
    mirror: Array
    skin_vertices: int
    eyes: tuple[tuple[int, int], tuple[int, int]]
    eye_local: Array


def _pieces(vertices: Array) -> Array:
    """Piece of the scans' mesh that each vertex belongs to."""
    names = np.array(["face", "head", "mouth", "socket", "gums", "teeth", "eyes", "lashes"])
    return names[np.searchsorted([HEAD, SOCKET, EYE_SOCKET, GUMS, TEETH, EYES, LASHES], vertices, side="right")]


def _importance(points: Array, piece: Array) -> Array:
    """(V,) how much an error at each vertex matters: most at eyes, lips and nose."""
    x, y, z = np.abs(points[:, 0]), points[:, 1], points[:, 2]

    def near(cx: float, cy: float, cz: float, rx: float, ry: float, rz: float) -> Array:
        return np.exp(-(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2))

    face = (
        1.6 + 40 * near(3.1, 3.5, 9.6, 1.9, 1.2, 2.0) + 34 * near(0, -2.9, 11.0, 3.0, 1.4, 3.0)
        + 12 * near(0, 0.2, 12.0, 1.8, 1.6, 3.0) + 6 * near(3.2, 5.6, 10.0, 2.8, 1.3, 3.0)
        + 3 * near(3.5, -1.0, 9.5, 2.4, 4.0, 4.0)
    )  # fmt: skip
    face = np.where((x > 7.0) & (y > -4) & (y < 7) & (z < 4), 2.2, face)
    face = np.where(y < -8, 0.7, face)
    value = np.where(piece == "face", face, 0.6)
    value = np.where(piece == "mouth", 1.0 + 20 * (z > 9), value)
    value = np.where(piece == "socket", 1.0 + 10 * (z > 8.4), value)
    value = np.where(piece == "gums", 0.4 + 3.0 * np.clip((z - 7.5) / 2, 0, 1), value)
    value = np.where(piece == "teeth", 0.2 + 12.0 * np.clip((z - 7.8) / 1.2, 0, 1), value)
    return np.where(piece == "lashes", 3.0, value)


def _gum_parts(scans: Scans, triangles: Array) -> Array:
    """Part of each triangle of gums, tongue and teeth: the jaw carries the lower ones, the tongue lies between."""
    from faceeditor.portrait.head import EXPRESSIONS

    drop = scans.expression[EXPRESSIONS.index("jawOpen")]
    moved = np.linalg.norm(drop, axis=1)[triangles].mean(1) > 0.5
    teeth = triangles.min(1) >= TEETH
    # The tongue stays inside of the row of teeth and above the floor of the gums.
    tongue = ~teeth & moved & _tongue(scans, triangles)
    part = np.where(teeth, np.where(moved, Part.TEETH_LOWER, Part.TEETH_UPPER), Part.GUM)
    return np.where(tongue, Part.TONGUE, part)


def _tongue(scans: Scans, triangles: Array) -> Array:
    centre = scans.mean[triangles].mean(1)
    x, y, z = np.abs(centre[:, 0]), centre[:, 1], centre[:, 2]
    return (x < 1.9 - 0.22 * np.clip(z - 6, 0, None)) & (y > -4.6) & (z < 9.3)


def build_topology(scans: Scans, region: Array) -> Topology:
    """Make the mesh from the scans' mesh and the regions (52220,) of its triangles."""
    half, labels = _left_half(scans, region)
    used = np.unique(half)
    local = np.full(len(scans.mean), -1)
    local[used] = np.arange(len(used))
    piece = _pieces(used)
    importance = _importance(scans.mean[used], piece)
    # The rims of the lids must meet when the eye closes, those of the lips when the mouth does.
    rims = np.intersect1d(half[half.max(1) < HEAD], half[(half.max(1) >= SOCKET) & (half.max(1) < GUMS)])
    importance[local[rims]] *= 8
    kept, rows = decimate(scans.mean[used], local[half], labels, importance, piece, TARGETS)
    half, labels = used[kept], labels[rows]
    return _whole(scans, half, labels)


def _left_half(scans: Scans, region: Array) -> tuple[Array, Array]:
    """Triangles at the person's left (of the scans' vertices) and their labels: region + 32 * part."""
    triangles = scans.triangles
    low, high = triangles.min(1), triangles.max(1)
    chosen = (scans.mean[triangles][:, :, 0].min(1) > -1e-3) & (high < EYES)
    for first in _LAYERS:
        chosen |= (low >= first) & (high < first + _LASH)
    rows = np.flatnonzero(chosen)
    half = triangles[rows]
    low, high = low[rows], high[rows]
    part = np.full(len(rows), int(Part.SKIN))
    kind = region[rows].astype(int)
    part[kind == Region.HAIR], part[kind == Region.NECK], part[kind == Region.CLOTH] = (
        Part.SCALP,
        Part.NECK,
        Part.SHOULDERS,
    )
    mouth = (high >= SOCKET) & (high < EYE_SOCKET)
    socket = (high >= EYE_SOCKET) & (high < GUMS)
    inner = (low >= GUMS) & (high < EYES)
    part[mouth], kind[mouth] = Part.MOUTH_SOCKET, Region.MOUTH
    part[socket], kind[socket] = Part.SKIN, Region.L_EYE
    part[inner], kind[inner] = _gum_parts(scans, half[inner]), Region.MOUTH
    lashes = low >= LASHES
    part[lashes], kind[lashes] = Part.LASHES, Region.L_EYE
    return half, kind + 32 * part


def _whole(scans: Scans, half: Array, labels: Array) -> Topology:
    """Both halves, shoulders and eyeballs put together."""
    other = scans.mirror[half][:, ::-1]
    source_triangles = np.concatenate([half, other])
    part = np.concatenate([labels, labels]) // 32
    region = np.concatenate([labels % 32, MIRROR[labels % 32]])
    used = np.unique(source_triangles)
    skin = used[used < SOCKET]
    inner = used[used >= SOCKET]

    ring = _border(scans, half)
    shoulders = _shoulders(scans, ring)
    count = len(skin) + len(shoulders["points"]) + len(inner)
    eye = _eyeball()
    place = np.full(len(scans.mean), -1)
    place[skin] = np.arange(len(skin))
    place[inner] = len(skin) + len(shoulders["points"]) + np.arange(len(inner))

    source = np.full(count + 2 * len(eye["points"]), -1)
    source[: len(skin)] = skin
    source[len(skin) + len(shoulders["points"]) : count] = inner
    points = np.zeros((len(source), 3))
    points[source >= 0] = scans.mean[source[source >= 0]]
    root, length = _lash_roots(scans, source)
    points = _blended(points, scans.mean[np.maximum(root, 0)], length)
    first, last = len(skin), len(skin) + len(shoulders["points"])
    points[first:last] = shoulders["points"]
    border = np.full(len(source), -1)
    border[first:last] = place[shoulders["border"]]
    fade = np.zeros(len(source))
    fade[first:last] = shoulders["fade"]

    ring_ids = np.concatenate([place[shoulders["ring"]], np.arange(first, last)])
    eyes = tuple((count + k * len(eye["points"]), count + (k + 1) * len(eye["points"])) for k in (0, 1))
    faces = [place[source_triangles], ring_ids[shoulders["triangles"]]]
    faces += [eye["triangles"] + low for low, _ in eyes]
    extra = len(shoulders["triangles"])
    own = len(eye["triangles"])
    chart = _chart(scans, source)
    chart[first:last] = chart[border[first:last]]
    inner_uv = np.mod(scans.uv[_first_use(scans)], 1.0)
    chart_all = np.where((source >= SOCKET)[:, None], inner_uv[np.maximum(source, 0)], chart)
    lids = (source >= EYE_SOCKET) & (source < GUMS)
    chart_all[lids] = chart[lids]
    for low, high in eyes:
        chart_all[low:high] = eye["uv"]
    triangles = np.concatenate(faces)
    mirror = np.arange(len(source))
    found = source >= 0
    mirror[found] = place[scans.mirror[source[found]]]
    mirror[first:last] = first + shoulders["mirror"]
    for (low, high), (other_low, _) in ((eyes[0], eyes[1]), (eyes[1], eyes[0])):
        mirror[low:high] = other_low + eye["mirror"]
    return Topology(
        source=source,
        root=root,
        length=length,
        border=border,
        fade=fade,
        points=points,
        triangles=triangles,
        region=np.concatenate(
            [region, np.full(extra, Region.CLOTH), np.full(own, Region.L_EYE), np.full(own, Region.R_EYE)]
        ).astype(np.uint8),
        part=np.concatenate(
            [part, np.full(extra, Part.SHOULDERS), np.full(own, Part.EYE_LEFT), np.full(own, Part.EYE_RIGHT)]
        ).astype(np.uint8),
        uv=np.clip(chart_all[triangles], 0.0, 1.0),
        mirror=mirror,
        skin_vertices=last,
        eyes=(eyes[0], eyes[1]),
        eye_local=eye["points"],
    )


def _blended(own: Array, root: Array, length: Array) -> Array:
    """(V, 3) values between those of the root (length 0) and the vertex itself (1): lashes shorter than the scans'."""
    return np.where((length < 1)[:, None], root + (own - root) * length[:, None], own)


def _lash_roots(scans: Scans, source: Array) -> tuple[Array, Array]:
    """For each lash vertex the vertex of the lid's rim that is nearest, and the part of its length that it keeps."""
    from scipy.spatial import cKDTree

    rim = np.intersect1d(
        scans.triangles[scans.triangles.max(1) < HEAD],
        scans.triangles[(scans.triangles.min(1) < HEAD) & (scans.triangles.max(1) >= EYE_SOCKET)
                        & (scans.triangles.max(1) < GUMS)],
    )  # fmt: skip
    root, length = np.full(len(source), -1), np.ones(len(source))
    lashes = np.flatnonzero(source >= LASHES)
    _, nearest = cKDTree(scans.mean[rim]).query(scans.mean[source[lashes]])
    root[lashes] = rim[nearest]
    upper = ((source[lashes] - LASHES) // _LASH) % 6 < 3
    length[lashes] = np.where(upper, UPPER_LASH, LOWER_LASH)
    return root, length


def _first_use(scans: Scans) -> tuple[Array, Array]:
    """For every vertex of the scans' mesh a corner of a triangle that uses it, to index `uv` with."""
    corner = np.zeros(len(scans.mean), np.int64)
    corner[scans.triangles.ravel()] = np.arange(scans.triangles.size)
    return corner // 3, corner % 3


def _chart(scans: Scans, source: Array) -> Array:
    """(V, 2) texture coordinates in the skin's chart; what lies outside of it takes the nearest point of its border."""
    from scipy.spatial import cKDTree

    chart = np.full((len(source), 2), 0.5)
    inside = (source >= 0) & (source < HEAD)
    chart[inside] = scans.chart[source[inside]]
    crossing = (scans.triangles.max(1) >= HEAD) & (scans.triangles.max(1) < GUMS) & (scans.triangles.min(1) < HEAD)
    edge = np.unique(scans.triangles[crossing])
    edge = edge[edge < HEAD]
    outside = (source >= HEAD) & (source < GUMS)
    _, nearest = cKDTree(scans.mean[edge]).query(scans.mean[source[outside]])
    chart[outside] = scans.chart[edge[nearest]]
    return chart


def _border(scans: Scans, half: Array) -> Array:
    """Vertices of the lower border of the left half, from the front's middle to the back's."""
    skin = half[half.max(1) < SOCKET]
    edges = np.concatenate([skin[:, [0, 1]], skin[:, [1, 2]], skin[:, [2, 0]]])
    twins = {(int(b), int(a)) for a, b in edges}
    follow = {
        int(a): int(b) for a, b in edges
        if (int(a), int(b)) not in twins and scans.mean[[a, b], 0].max() > 1e-3 and scans.mean[[a, b], 1].max() < -8
    }  # fmt: skip
    start = (set(follow) - set(follow.values())).pop()
    ring = [start]
    while ring[-1] in follow:
        ring.append(follow[ring[-1]])
    if scans.mean[ring[0], 2] < scans.mean[ring[-1], 2]:
        ring.reverse()
    return np.array(ring)


def _shoulders(scans: Scans, ring: Array) -> dict[str, Array]:
    """Rings that sweep from the neck's border over the shoulders, symmetric.

    Returns:
        ring: the scans' vertices of the whole border loop; points, border (vertex of the scans), fade, mirror of the
        new vertices; triangles into ring followed by points.
    """
    edge = scans.mean[ring]
    loop = np.concatenate([ring, scans.mirror[ring[1:-1]][::-1]])
    length = len(loop)
    # The angle about the vertical axis at which each point of the border leaves, even along the border.
    step = np.r_[0, np.cumsum(np.linalg.norm(np.diff(edge, axis=0), axis=1))]
    angle = np.pi / 2 - np.pi * step / step[-1]
    sides, fronts = np.cos(angle), np.sin(angle)
    over = np.stack([18.5 * sides, -15.6 - 5.4 * np.abs(fronts) ** 1.5, 10.0 * fronts - 1.5], 1)
    down = np.stack([22.0 * sides, -27.0 + 0 * sides, 10.5 * fronts - 2.0], 1)
    parts = np.linspace(0, 1, SHOULDER_RINGS + 1)[1:] ** 0.9
    points, fades = [], []
    for part in parts:
        curve = (1 - part) ** 2 * edge + 2 * part * (1 - part) * over + part**2 * down
        points.append(np.concatenate([curve, curve[1:-1][::-1] * (-1, 1, 1)]))
        fades.append(np.full(length, (1 - part) ** 1.5 * 0.9 + 0.1))
    triangles = []
    for level in range(SHOULDER_RINGS):
        inner, outer = level * length, (level + 1) * length
        for k in range(length):
            after = (k + 1) % length
            a, b, c, d = inner + k, outer + k, outer + after, inner + after
            # The diagonals of the right side mirror those of the left.
            triangles += [(a, b, c), (a, c, d)] if k < len(ring) - 1 else [(b, c, d), (b, d, a)]
    faces = np.array(triangles)
    everything = np.concatenate([scans.mean[loop], *points])
    normal = np.cross(
        everything[faces[:, 1]] - everything[faces[:, 0]], everything[faces[:, 2]] - everything[faces[:, 0]]
    )
    outwards = (normal * (everything[faces].mean(1) - (0, -24, -2))).sum(1)
    if outwards.mean() < 0:
        faces = faces[:, ::-1]
    twin = np.arange(length)
    twin[1 : len(ring) - 1] = length - np.arange(1, len(ring) - 1)
    twin[len(ring) :] = length - np.arange(len(ring), length)
    return {
        "ring": loop,
        "points": np.concatenate(points),
        "border": np.tile(loop, SHOULDER_RINGS),
        "fade": np.concatenate(fades),
        "mirror": np.concatenate([twin + level * length for level in range(SHOULDER_RINGS)]),
        "triangles": faces,
    }


def _eyeball() -> dict[str, Array]:
    """One eyeball of radius 1 about its pivot, looking along z; the cornea is added by `bases`."""
    points, uv = [(0.0, 0.0, 1.0)], [(0.5, 0.5)]
    turns = 2 * np.pi * np.arange(EYE_SPOKES) / EYE_SPOKES
    for degrees in EYE_ANGLES:
        a = np.radians(degrees)
        points += [(np.sin(a) * np.cos(t), np.sin(a) * np.sin(t), np.cos(a)) for t in turns]
        r = 0.5 * degrees / EYE_CHART
        uv += [(0.5 + r * np.cos(t), 0.5 + r * np.sin(t)) for t in turns]
    triangles = [(0, 1 + k, 1 + (k + 1) % EYE_SPOKES) for k in range(EYE_SPOKES)]
    for level in range(len(EYE_ANGLES) - 1):
        inner, outer = 1 + level * EYE_SPOKES, 1 + (level + 1) * EYE_SPOKES
        for k in range(EYE_SPOKES):
            after = (k + 1) % EYE_SPOKES
            triangles += [(inner + k, outer + k, outer + after), (inner + k, outer + after, inner + after)]
    turned = (EYE_SPOKES // 2 - np.arange(EYE_SPOKES)) % EYE_SPOKES
    mirror = [0] + [1 + level * EYE_SPOKES + int(k) for level in range(len(EYE_ANGLES)) for k in turned]
    return {
        "points": np.array(points), "uv": np.array(uv), "triangles": np.array(triangles), "mirror": np.array(mirror),
    }  # fmt: skip
