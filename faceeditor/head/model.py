"""The learnt head model: coefficients -> vertices and skin, in head axes (x to the person's left, y up, z out, cm).

`resources/head` holds it as a pack; its card says what it was learnt from. The arrays of a model are read-only and may
be shared between threads.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ModelError
from faceeditor.head.vertex_regions import vertex_weight
from faceeditor.packs import Arrays, ModelPack
from faceeditor.paths import resources_dir
from faceeditor.portrait.head import ALBEDO_DIM, EXPRESSION_DIM, EXPRESSIONS, SHAPE_DIM, HeadCoefficients
from faceeditor.regions import REGION_COUNT

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]
ByteArray = npt.NDArray[np.uint8]

PACK = "head"
FILE = "head.safetensors"
LENGTH_UNIT = 1e-3
"""Centimetres of one step of the stored mean shape (16 bit)."""
UV_STEPS = 65535
_MANY_EXPRESSIONS = 8
"""From here on, picking out the active expressions costs more than adding up all."""
JAW_SHAPES = ("jawOpen", "jawLeft", "jawRight")
"""The expression weights that turn the jaw."""
ALBEDO_SIZE = 256
"""Side of the skin's chart in texels."""
EYE_CHART = 90.0
"""Degrees from the gaze axis at the rim of the eye's chart (radius 0.5 about its middle)."""
PUPIL_ANGLE, IRIS_ANGLE = 9.0, 21.5
"""Rims of pupil and iris in degrees from the gaze axis, seen from the eyeball's pivot."""


class Part(IntEnum):
    """What a triangle is made of."""

    SKIN = 0
    SCALP = 1
    NECK = 2
    SHOULDERS = 3
    MOUTH_SOCKET = 4
    GUM = 5
    TEETH_UPPER = 6
    TEETH_LOWER = 7
    TONGUE = 8
    EYE_LEFT = 9
    EYE_RIGHT = 10
    LASHES = 11


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Points on the mesh: vertices (N, 3) int32 of their triangles, barycentric (N, 3) float32."""

    vertices: IntArray
    barycentric: FloatArray

    def points(self, vertices: FloatArray) -> FloatArray:
        """(N, 3) float32 positions for (V, 3) vertices, in whatever axes these are."""
        return np.einsum("nk,nkc->nc", self.barycentric, vertices[self.vertices])


@dataclass(frozen=True, eq=False)
class Direction:
    """A named direction among identities: a slider at value t (low..high) adds t times both arrays.

    Attributes:
        shape: (24,) float32. albedo: (32,) float32, zero for directions of the shape alone.
        low, high: the range in which faces stay natural.
    """

    shape: FloatArray
    albedo: FloatArray
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class HairVolume:
    """A hair style as a mesh that is bound to the skin.

    Attributes:
        anchors: (N, 3) int32 skin vertices each hair vertex follows, weights: (N, 3) float32.
        offset: (N, 3) float32 cm in head axes from there, for the mean head; it grows with the head.
        triangles: (T, 3) int32; uv: (T, 3, 2) float32 in 0..1, v runs along the strands.
        neck_weight: (N,) float32 for `camera.camera`; hair below the chin partly rests on the shoulders.
        crown: (K,) int32 skin vertices whose extent measures the head's size; extent: (3,) float32 of the mean head.
    """

    anchors: IntArray
    weights: FloatArray
    offset: FloatArray
    triangles: IntArray
    uv: FloatArray
    neck_weight: FloatArray
    crown: IntArray
    extent: FloatArray

    def vertices(self, head_vertices: FloatArray) -> FloatArray:
        """(N, 3) float32 positions in head axes for the (V, 3) vertices of a head in head axes."""
        skull = head_vertices[self.crown]
        growth = (skull.max(0) - skull.min(0)) / self.extent
        return np.einsum("nk,nkc->nc", self.weights, head_vertices[self.anchors]) + self.offset * growth


@dataclass(frozen=True, eq=False)
class HeadModel:
    """The head: V vertices, T triangles.

    Attributes:
        mean: (V, 3) float32 cm.
        shape_basis: (24, V, 3) float32 cm for one unit of `HeadCoefficients.shape`, N(0, 1) among people.
        expression_basis: (55, V, 3) float32 cm for weight 1; of `JAW_SHAPES` what the jaw's rotation leaves over.
        triangles: (T, 3) int32, counter-clockwise from outside.
        triangle_region: (T,) uint8 `Region`; triangle_part: (T,) uint8 `Part`.
        triangle_uv: (T, 3, 2) float32, u right and v up in 0..1. Skin, scalp, neck and shoulders: the albedo's chart.
            Eyes: 0.5 + 0.5 (angle from the gaze axis / `EYE_CHART`) (cos, sin).
        skin_vertices: vertices 0..skin_vertices-1 are face, ears, skull, neck and shoulders.
        eye_vertices: first and last + 1 of the left, then the right eyeball's vertices.
        neck_weight: (V,) float32, 1 moves with the head .. 0 stays with the shoulders (`camera.camera`).
        mirror: (V,) int32, the vertex at the mirrored place.
        albedo_mean: (256, 256, 3) float32 sRGB-like 0..1 (exponent 2.2), row 0 is v = 1; albedo_basis: (32, h, h, 3).
        landmarks68: iBUG order; landmarks478: MediaPipe order, 468 and two times five of the irises.
        iris_palette: (8, 3) float32 sRGB 0..1, dark to light.
        jaw_weight: (3, V) float32 how far each vertex takes part in the turns of `JAW_SHAPES`.
        directions: named identity directions. hair: hair styles by name. version: of the pack.
    """

    mean: FloatArray
    shape_basis: FloatArray
    expression_basis: FloatArray
    triangles: IntArray
    triangle_region: ByteArray
    triangle_part: ByteArray
    triangle_uv: FloatArray
    skin_vertices: int
    eye_vertices: tuple[tuple[int, int], tuple[int, int]]
    neck_weight: FloatArray
    mirror: IntArray
    albedo_mean: FloatArray
    albedo_basis: FloatArray
    landmarks68: Landmarks
    landmarks478: Landmarks
    iris_palette: FloatArray
    jaw_weight: FloatArray
    jaw_sine: FloatArray
    jaw_cosine: FloatArray
    jaw_angle: FloatArray
    pivot_mean: FloatArray
    pivot_basis: FloatArray
    gaze_offset: FloatArray
    directions: Mapping[str, Direction]
    hair: Mapping[str, HairVolume]
    version: str

    @classmethod
    def load(cls, folder: Path | None = None) -> "HeadModel":
        """The program's head (read once per process), or the one of another resources folder.

        Raises:
            ModelError: it is missing, damaged or of another version.
        """
        return _carried() if folder is None else _loaded(folder)

    def vertices(self, head: HeadCoefficients) -> FloatArray:
        """(V, 3) float32 cm in head axes: shape, expression, jaw and gaze; no pose (`camera.camera`).

        The lids do not follow the gaze by themselves: see `lids_follow`.
        """
        vertices = self._vertices(head)
        return vertices + self.local_offset(head) if head.local else vertices

    def local_offset(self, head: HeadCoefficients) -> FloatArray:
        """(V, 3) float32 cm in head axes that a head's local shapes add to its vertices."""
        start = self._vertices(head)
        offset = np.zeros_like(start)
        for local in head.local:
            weight = self.vertex_weight(local.regions, local.feather)
            offset += weight[:, None] * (self._vertices(head.applied(local)) - start)
        return offset

    def vertex_weight(self, regions: tuple[int, ...], feather: float) -> FloatArray:
        """(V,) float32 0..1 how far each vertex belongs to regions (`vertex_regions.vertex_weight`); read-only."""
        return _vertex_weight(self, regions, feather)

    def _vertices(self, head: HeadCoefficients) -> FloatArray:
        """`vertices` without the local shapes."""
        flat = head.shape @ self.shape_basis.reshape(SHAPE_DIM, -1)
        active = np.flatnonzero(head.expression)
        basis = self.expression_basis.reshape(EXPRESSION_DIM, -1)
        if len(active) > _MANY_EXPRESSIONS:
            flat += head.expression @ basis
        elif len(active):
            flat += head.expression[active] @ basis[active]
        vertices = flat.reshape(-1, 3) + self.mean
        for index, row in enumerate(_JAW_INDICES):
            weight = head.expression[row]
            if weight:
                # (R(a) - 1) u = sin a (k x u) + (1 - cos a) k x (k x u): points move on arcs about the hinge k.
                angle = weight * self.jaw_angle[index]
                vertices += np.sin(angle) * self.jaw_sine[index] + (1 - np.cos(angle)) * self.jaw_cosine[index]
        pivots = self.eye_pivot(head.shape)
        for eye, (first, last) in enumerate(self.eye_vertices):
            turn = gaze_rotation(head.gaze + self.gaze_offset[eye])
            vertices[first:last] = (vertices[first:last] - pivots[eye]) @ turn.T + pivots[eye]
        return vertices

    def eye_pivot(self, shape: npt.ArrayLike) -> FloatArray:
        """(2, 3) float32 cm: centres of the left and the right eyeball for (24,) shape coefficients."""
        return np.asarray(
            self.pivot_mean + np.tensordot(np.asarray(shape, np.float32), self.pivot_basis, 1), np.float32
        )

    def gaze_axis(self, gaze: npt.ArrayLike, eye: int) -> FloatArray:
        """(3,) float32 unit direction, in head axes, of the middle of one eye's pupil (0 left, 1 right)."""
        return gaze_rotation(np.asarray(gaze, np.float32) + self.gaze_offset[eye])[:, 2]

    def albedo(self, coefficients: npt.ArrayLike) -> FloatArray:
        """(256, 256, 3) float32 skin in its chart, sRGB-like 0..1, for (32,) albedo coefficients."""
        values = np.asarray(coefficients, np.float32)
        size = self.albedo_basis.shape[1]
        change = (values @ self.albedo_basis.reshape(ALBEDO_DIM, -1)).reshape(size, size, 3)
        return np.clip(self.albedo_mean + _doubled(change, ALBEDO_SIZE // size), 0.0, 1.0)

    def iris_colour(self, head: HeadCoefficients) -> FloatArray:
        """(3,) float32 sRGB 0..1: a natural eye colour that belongs to the skin and changes smoothly with it.

        There is no colour of eyes in the source data, so it is drawn: a fixed projection of the skin's modes chooses
        within the palette, and dark skin draws towards its dark end.
        """
        tone = float(self.albedo(head.albedo)[96:160:4, 96:160:4].mean())
        draw = float(head.albedo @ _IRIS)
        place = 1 / (1 + np.exp(-1.7 * draw)) * np.clip((tone - 0.28) / 0.3, 0.05, 1.0) * (len(self.iris_palette) - 1)
        low = min(int(place), len(self.iris_palette) - 2)
        part = np.float32(place - low)
        return np.asarray(self.iris_palette[low] * (1 - part) + self.iris_palette[low + 1] * part, np.float32)


def _iris_projection() -> FloatArray:
    """(32,) unit-variance projection of the albedo that stands for the eye colour; it avoids the leading modes."""
    direction = np.sin(np.arange(1, ALBEDO_DIM + 1) * 2.399963)
    direction[:6] = 0
    return (direction / np.linalg.norm(direction)).astype(np.float32)


_IRIS = _iris_projection()
_JAW_INDICES = tuple(EXPRESSIONS.index(name) for name in JAW_SHAPES)


def gaze_rotation(gaze: npt.ArrayLike) -> FloatArray:
    """(3, 3) float32 rotation that turns +z to (sin y cos p, sin p, cos y cos p) for (yaw y, pitch p) in degrees."""
    yaw, pitch = np.radians(np.asarray(gaze, np.float64))
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    return np.array([[cy, -sy * sp, sy * cp], [0, cp, sp], [-sy, -cy * sp, cy * cp]], np.float32)


def lids_follow(head: HeadCoefficients) -> HeadCoefficients:
    """The head with its lids following the gaze: eyeLook In/Out = |yaw| / 40, Up/Down = |pitch| / 30, at most 1."""
    yaw, pitch = float(head.gaze[0]), float(head.gaze[1])
    weights = {
        "eyeLookOut_L": yaw / 40, "eyeLookIn_R": yaw / 40, "eyeLookIn_L": -yaw / 40, "eyeLookOut_R": -yaw / 40,
        "eyeLookUp_L": pitch / 30, "eyeLookUp_R": pitch / 30, "eyeLookDown_L": -pitch / 30,
        "eyeLookDown_R": -pitch / 30,
    }  # fmt: skip
    expression = head.expression.copy()
    for name, weight in weights.items():
        expression[EXPRESSIONS.index(name)] = min(1.0, max(0.0, weight))
    return head.changed(expression=expression)


def _doubled(picture: FloatArray, times: int) -> FloatArray:
    """Enlarge (h, w, 3) by a whole number, linearly between the centres of its texels."""
    if times == 1:
        return picture
    for axis in (0, 1):
        size = picture.shape[axis]
        place = np.clip((np.arange(size * times) + 0.5) / times - 0.5, 0, size - 1)
        low = np.minimum(place.astype(np.intp), size - 2)
        part = (place - low).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        picture = np.take(picture, low, axis) * (1 - part) + np.take(picture, low + 1, axis) * part
    return picture


@functools.lru_cache(32)
def _vertex_weight(model: HeadModel, regions: tuple[int, ...], feather: float) -> FloatArray:
    weight = vertex_weight(model.mean, model.triangles, model.triangle_region, regions, feather)
    weight.flags.writeable = False
    return weight


@functools.cache
def _carried() -> HeadModel:
    return _loaded(resources_dir())


def _loaded(folder: Path) -> HeadModel:
    pack = ModelPack.open(PACK, folder)
    arrays = pack.load(FILE)
    try:
        return _assembled(arrays, pack.config, pack.version)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise ModelError(
            f"The head model is damaged or of another version ({error}); reinstall Face Editor."
        ) from error


def _assembled(arrays: Arrays, config: Mapping[str, Any], version: str) -> HeadModel:
    """A model from what its pack holds.

    Raises:
        KeyError, ValueError: something is missing or does not fit together.
    """
    mean = arrays["mean"].astype(np.float32) * np.float32(LENGTH_UNIT)
    count = len(mean)
    triangles = arrays["triangles"].astype(np.int32)
    shape_basis = arrays["shape_basis"]
    if shape_basis.shape != (SHAPE_DIM, count, 3):
        raise ValueError(f"its shape modes have the form {shape_basis.shape}")
    if triangles.max() >= count or len(arrays["triangle_region"]) != len(triangles):
        raise ValueError("its triangles do not fit its vertices")
    if arrays["triangle_region"].max() >= REGION_COUNT:
        raise ValueError("it names unknown regions")
    expression = _expressions(arrays, list(config["expressions"]), count)
    jaw = config["jaw"]
    angle = np.asarray(jaw["angle"], np.float32)
    sine, cosine = _arcs(mean, np.asarray(jaw["hinge"]), np.asarray(jaw["axis"]), arrays["jaw_weight"])
    for index, row in enumerate(_JAW_INDICES):
        expression[row] -= np.sin(angle[index]) * sine[index] + (1 - np.cos(angle[index])) * cosine[index]
    basis = arrays["albedo_basis"].astype(np.float32) * arrays["albedo_scale"][:, None, None, None]
    if basis.shape[0] != ALBEDO_DIM or ALBEDO_SIZE % basis.shape[1]:
        raise ValueError(f"its skin modes have the form {basis.shape}")
    eyes = config["eye_vertices"]
    parts = {
        "mean": mean, "shape_basis": shape_basis, "expression_basis": expression, "triangles": triangles,
        "triangle_region": arrays["triangle_region"], "triangle_part": arrays["triangle_part"],
        "triangle_uv": arrays["triangle_uv"].astype(np.float32) / np.float32(UV_STEPS),
        "neck_weight": arrays["neck_weight"],
        "mirror": arrays["mirror"].astype(np.int32),
        "albedo_mean": arrays["albedo_mean"].astype(np.float32) / 255, "albedo_basis": basis,
        "iris_palette": arrays["iris_palette"].astype(np.float32) / 255, "jaw_weight": arrays["jaw_weight"],
        "jaw_sine": sine, "jaw_cosine": cosine, "jaw_angle": angle,
        "pivot_mean": np.asarray(config["eye_pivot"], np.float32), "pivot_basis": arrays["eye_pivot_basis"],
        "gaze_offset": np.asarray(config["gaze_offset"], np.float32),
    }  # fmt: skip
    for array in parts.values():
        array.flags.writeable = False
    return HeadModel(
        **parts,
        skin_vertices=int(config["skin_vertices"]),
        eye_vertices=((int(eyes[0][0]), int(eyes[0][1])), (int(eyes[1][0]), int(eyes[1][1]))),
        landmarks68=_landmarks(arrays, "landmarks68"),
        landmarks478=_landmarks(arrays, "landmarks478"),
        directions=_directions(arrays, config.get("directions", {})),
        hair={name: _hair(arrays, name, mean) for name in config.get("hair", ())},
        version=version,
    )


def _expressions(arrays: Arrays, names: list[str], count: int) -> FloatArray:
    """(55, V, 3) displacements from the stored ones, which name only the vertices that move."""
    starts, movers, offsets = arrays["expression_start"], arrays["expression_vertex"], arrays["expression_offset"]
    dense = np.zeros((EXPRESSION_DIM, count, 3), np.float32)
    for row, name in enumerate(EXPRESSIONS):
        stored = names.index(name)
        part = slice(int(starts[stored]), int(starts[stored + 1]))
        dense[row, movers[part].astype(np.intp)] = offsets[part]
    return dense


def _arcs(
    mean: FloatArray, hinge: npt.NDArray[Any], axis: npt.NDArray[Any], weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The two fields (3, V, 3) by which a turn about each hinge (3, 3) and axis (3, 3) moves the mean's vertices."""
    once = np.cross(axis[:, None], mean[None] - hinge[:, None])
    twice = np.cross(axis[:, None], once)
    return (once * weight[..., None]).astype(np.float32), (twice * weight[..., None]).astype(np.float32)


def _landmarks(arrays: Arrays, name: str) -> Landmarks:
    return Landmarks(arrays[name + "_vertices"].astype(np.int32), arrays[name + "_barycentric"])


def _directions(arrays: Arrays, listed: Mapping[str, Any]) -> dict[str, Direction]:
    return {
        name: Direction(arrays["direction_shape"][row], arrays["direction_albedo"][row], float(low), float(high))
        for row, (name, (low, high)) in enumerate(listed.items())
    }


def _hair(arrays: Arrays, name: str, mean: FloatArray) -> HairVolume:
    def part(field: str) -> npt.NDArray[Any]:
        return arrays[f"hair_{name}_{field}"]

    crown = arrays["crown"].astype(np.int32)
    return HairVolume(
        anchors=part("anchors").astype(np.int32),
        weights=part("weights"),
        offset=part("offset"),
        triangles=part("triangles").astype(np.int32),
        uv=part("uv").astype(np.float32) / np.float32(UV_STEPS),
        neck_weight=part("neck_weight"),
        crown=crown,
        extent=np.ptp(mean[crown], axis=0),
    )
