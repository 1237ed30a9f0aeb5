"""Named identity directions: distances measured on the mesh, and what people of other ages and sexes differ in."""

import re
from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from faceeditor.head.model import Direction, Landmarks
from faceeditor.portrait.head import ALBEDO_DIM, SHAPE_DIM
from faceeditor.regions import Region
from faceeditor.training.head_build.bases import Bases
from faceeditor.training.head_build.register import CENTIMETRES, Registered
from faceeditor.training.head_build.sources import Array, Photographs
from faceeditor.training.head_build.topology import Topology

SPREAD = 2.5
"""How far the sliders of distances go to either side, in standard deviations among people."""
STEP = 1.3
"""Length of one step of age, femininity and weight in units of the shape modes."""
RIDGE = 0.08
"""How strongly distances that cannot be told apart by the modes are allowed to move together."""


def _middle(points: Array, *rows: int) -> Array:
    return points[list(rows)].mean(0)


def _measures(ears: tuple[Array, Array], forehead: int) -> dict[str, Callable[[Array, Array], float]]:
    """Distances in cm from the 68 landmarks and all vertices of a head with its rest expression."""
    top, bottom = ears

    def fullness(p: Array, v: Array) -> float:
        # How far the middle of the cheek stands out from the line between cheek bone and jaw.
        del v
        cheeks = 0.0
        for eye, corner, jaw, side in ((46, 54, 12, 1), (41, 48, 4, -1)):
            bone = p[eye] + (1.2 * side, -1.6, -0.6)
            cheeks += side * (0.5 * (bone[0] + p[jaw][0]) - p[corner][0]) + 0.5 * (bone[2] + p[jaw][2])
        return cheeks / 2

    return {
        "face_width": lambda p, v: float(p[15, 0] - p[1, 0]),
        "face_length": lambda p, v: float(p[27, 1] - p[8, 1]),
        "forehead_height": lambda p, v: float(v[forehead, 1] - _middle(p, 19, 24)[1]),
        "cheek_fullness": fullness,
        "jaw_width": lambda p, v: float(p[12, 0] - p[4, 0]),
        "chin_length": lambda p, v: float(p[57, 1] - p[8, 1]),
        "nose_length": lambda p, v: float(p[27, 1] - p[33, 1]),
        "nose_width": lambda p, v: float(p[35, 0] - p[31, 0]),
        "nose_bridge": lambda p, v: float(_middle(p, 27, 28)[2] - _middle(p, 39, 42)[2]),
        "nose_tip": lambda p, v: float(p[30, 2] - p[33, 2] + 0.5 * (p[30, 1] - p[33, 1])),
        "eye_distance": lambda p, v: float(_middle(p, 42, 45)[0] - _middle(p, 36, 39)[0]),
        "eye_size": lambda p, v: float(
            _middle(p, 37, 38, 43, 44)[1] - _middle(p, 40, 41, 46, 47)[1]
            + 0.5 * (p[39, 0] - p[36, 0] + p[45, 0] - p[42, 0]) / 2
        ),
        "brow_height": lambda p, v: float(_middle(p, 18, 19, 20, 23, 24, 25)[1] - _middle(p, 37, 38, 43, 44)[1]),
        "mouth_width": lambda p, v: float(p[54, 0] - p[48, 0]),
        "lip_fullness": lambda p, v: float(
            _middle(p, 50, 51, 52)[1] - _middle(p, 61, 62, 63)[1]
            + _middle(p, 65, 66, 67)[1] - _middle(p, 56, 57, 58)[1]
        ),
        "ear_size": lambda p, v: float(v[top, 1].mean() - v[bottom, 1].mean()),
    }  # fmt: skip


def top_of_forehead(vertices: Array) -> int:
    """The vertex in the middle of the forehead, at the height where hair begins on the mean head."""
    return int(np.argmin(np.abs(vertices[:, 0]) * 4 + np.abs(vertices[:, 1] - 9.6) + (vertices[:, 2] < 4) * 100))


def build_directions(
    drawn: dict[str, Array],
    registered: Registered,
    topology: Topology,
    bases: Bases,
    landmarks: Landmarks,
    photos: Photographs,
    shape: Array,
    albedo: Array,
) -> dict[str, Direction]:
    """All named directions.

    Args:
        landmarks: the 68. shape (N, 24), albedo (N, 32): coefficients of the photographs.
    """
    named = _distances(topology, bases, landmarks)
    attributes = _attributes(drawn, registered, topology, bases)
    named["weight"] = Direction(attributes["weight"], _no_skin(), -2.0, 3.0)
    good = photos.fits["ok"] & photos.fits["ok_light"]
    age = np.array([_age(caption) for caption in photos.captions])
    sex = np.array([_sex(caption) for caption in photos.captions])
    usable = photos.fits["ok"]
    for name, value, sign, low, high in (("age", age, 1, -1.5, 2.25), ("femininity", sex, -1, -2.0, 2.0)):
        told = np.isfinite(value)
        drawn_vector = sign * attributes["age" if name == "age" else "male"]
        vector = _united(drawn_vector, _slope(shape, value, told & usable))
        skin = _slope(albedo, value, told & good)
        # Tone goes with where the captions' people come from, not with age or sex: the leading modes stay as they are.
        skin[:2] = 0
        named[name] = Direction(vector, skin, low, high)
    return named


def _no_skin() -> Array:
    return np.zeros(ALBEDO_DIM, np.float32)


def _distances(topology: Topology, bases: Bases, landmarks: Landmarks) -> dict[str, Direction]:
    """Directions that change one distance by one standard deviation among people and the others as little as may be."""
    ears = np.unique(topology.triangles[np.isin(topology.region, (Region.L_EAR, Region.R_EAR))])
    order = ears[np.argsort(bases.mean[ears, 1])]
    measures = _measures((order[-12:], order[:12]), top_of_forehead(bases.mean))

    def measured(vertices: Array) -> Array:
        points = np.einsum("nk,nkc->nc", landmarks.barycentric, vertices[landmarks.vertices])
        return np.array([measure(points, vertices) for measure in measures.values()])

    # Nearly linear: gradients by one standard deviation to either side.
    slopes = np.stack(
        [(measured(bases.mean + mode) - measured(bases.mean - mode)) / 2 for mode in bases.shape]
    )  # (24, measures)
    spread = np.linalg.norm(slopes, axis=0)
    unit = slopes / spread
    inverse = unit @ np.linalg.inv(unit.T @ unit + RIDGE * np.eye(unit.shape[1]))
    named = {}
    for index, name in enumerate(measures):
        vector = inverse[:, index]
        # One step changes the distance by its own standard deviation, but never takes more than 1.6 of the modes.
        vector /= max(float(vector @ unit[:, index]), np.linalg.norm(vector) / 1.6)
        named[name] = Direction(vector.astype(np.float32), _no_skin(), -SPREAD, SPREAD)
    return named


def _attributes(drawn: dict[str, Array], registered: Registered, topology: Topology, bases: Bases) -> dict[str, Array]:
    """MakeHuman's attributes as unit vectors (24,) of the shape modes: the nearest changes that these can make."""
    names = [str(name) for name in drawn["attr_names"]]
    wanted = {"male": "gender_male", "age": "age_25_to_90", "weight": "weight"}
    skin = np.arange(topology.skin_vertices)
    height, depth = bases.mean[skin, 1], bases.mean[skin, 2]
    skin = skin[(height > -8.5) & (depth > -2) & (topology.border[skin] < 0)]
    _, near = cKDTree(registered.points[registered.skin]).query(bases.mean[skin], k=4)
    rows = registered.skin[near]
    modes = bases.shape[:, skin]
    # Where the head is and how large does not count: both are taken out of modes and attributes alike.
    free = _without_similarity(bases.mean[skin], modes).reshape(SHAPE_DIM, -1)
    found = {}
    for key, name in wanted.items():
        field = np.tensordot(drawn["id_attr"][names.index(name)].astype(np.float64), drawn["id_basis"], 1) * CENTIMETRES
        field = registered.scale * field @ registered.turn.T
        change = field[rows].mean(1)
        change = _without_similarity(bases.mean[skin], change[None]).reshape(-1)
        ridge = 0.02 * np.trace(free @ free.T) / SHAPE_DIM * np.eye(SHAPE_DIM)
        vector = np.linalg.solve(free @ free.T + ridge, free @ change)
        found[key] = (vector / np.linalg.norm(vector)).astype(np.float32) * STEP
    return found


def _without_similarity(points: Array, fields: Array) -> Array:
    """Displacement fields (K, N, 3) without shift, growth and turns of the points (N, 3) they move."""
    centred = points - points.mean(0)
    motions = [np.broadcast_to(axis, centred.shape) for axis in np.eye(3)]
    motions += [centred] + [np.cross(axis, centred) for axis in np.eye(3)]
    basis, _ = np.linalg.qr(np.stack([motion.reshape(-1) for motion in motions], 1))
    flat = fields.reshape(len(fields), -1)
    return np.asarray((flat - (flat @ basis) @ basis.T).reshape(fields.shape))


def _age(caption: str) -> float:
    """Deviation from middle age that a caption speaks of, in units of 20 years; not a number if it does not."""
    years = re.search(r"(\d\d) ?-?years?", caption)
    if years:
        return (float(years[1]) - 45) / 20
    if re.search(r"\b(senior|elderly|wrinkly|old (man|woman|person|lady))\b", caption):
        return 1.3
    if re.search(r"\b(teenager|young)\b", caption):
        return -1.3
    return float("nan")


def _sex(caption: str) -> float:
    """1 for a caption of a woman, -1 for one of a man, not a number if it does not say."""
    woman = re.search(r"\b(woman|female|girl|lady)\b", caption)
    man = re.search(r"\b(man|male|boy|goatee|beard)\b", caption)
    if bool(woman) == bool(man):
        return float("nan")
    return 1.0 if woman else -1.0


def _slope(coefficients: Array, value: Array, known: Array) -> Array:
    """(K,) float32 change of coefficients (N, K) with a value; slopes within their standard error are left out."""
    x = value[known] - value[known].mean()
    rows = coefficients[known]
    slope = (x[:, None] * (rows - rows.mean(0))).sum(0) / (x**2).sum()
    error = rows.std(0) / np.sqrt((x**2).sum())
    return np.asarray(slope * np.clip(np.abs(slope) / error / 2 - 0.5, 0, 1), np.float32)


def _united(drawn_vector: Array, seen_vector: Array) -> Array:
    """One direction of length `STEP` from the drawn head's and the photographs', each with the same voice."""
    total = sum(vector / max(float(np.linalg.norm(vector)), 1e-9) for vector in (drawn_vector, seen_vector))
    return np.asarray(total * STEP / np.linalg.norm(total), np.float32)
