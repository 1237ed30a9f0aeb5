"""Condition maps: what the head's coefficients say about each pixel.

`rgb_linear = albedo ** 2.2 * shading`, then the sRGB curve, with the albedo in the skin's chart and fixed colours for
what has none. Nothing here knows of hair: the scalp has the skin's albedo, and cloth is grey.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceeditor.head.camera import camera, project
from faceeditor.head.jit import compiled
from faceeditor.head.light import DARKEST, SH_CONSTANTS, to_srgb
from faceeditor.head.model import EYE_CHART, IRIS_ANGLE, PUPIL_ANGLE, HeadModel, Part
from faceeditor.head.posing import posed
from faceeditor.head.raster import FRONT, NONE, Buffers, Rasteriser, vertex_normals
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import MaskArray

FloatArray = npt.NDArray[np.float32]

CONDITION_PLANES = 10
"""Planes of the condition: colour (3), shading (3), normal (3), coverage (1)."""

PART_COLOURS: dict[Part, tuple[tuple[float, float, float], float]] = {
    Part.SHOULDERS: ((0.35, 0.35, 0.35), 1.0),
    Part.MOUTH_SOCKET: ((0.35, 0.15, 0.14), 0.30),
    Part.GUM: ((0.58, 0.29, 0.28), 0.50),
    Part.TEETH_UPPER: ((0.88, 0.85, 0.79), 0.72),
    Part.TEETH_LOWER: ((0.85, 0.82, 0.75), 0.55),
    Part.TONGUE: ((0.66, 0.34, 0.33), 0.50),
    Part.LASHES: ((0.10, 0.08, 0.07), 1.0),
}
"""Albedo (sRGB-like) of the parts that have no chart, and how much of the light reaches them."""
SCLERA = (0.80, 0.77, 0.75)
"""Albedo of the white of the eye."""
PUPIL = (0.03, 0.03, 0.03)
"""Albedo of the pupil."""

# Parts shaded by the chart, by one colour, or as an eye.
_CHART, _PLAIN, _EYE = 0, 1, 2
_KIND = np.full(len(Part), _CHART, np.uint8)
_PART_RGBA = np.ones((len(Part), 4), np.float32)
for _part, (_colour, _reach) in PART_COLOURS.items():
    _KIND[_part] = _PLAIN
    _PART_RGBA[_part] = (*_colour, _reach)
_KIND[[Part.EYE_LEFT, Part.EYE_RIGHT]] = _EYE

_SKINS = 2
"""Skins that are kept: a head is drawn with its own and with that of the picture which it relights."""

LEVELS = 4096
"""Length of the two tables of tones."""
TO_LINEAR: FloatArray = (np.linspace(0, 1, LEVELS) ** 2.2).astype(np.float32)
"""Albedo 0..1 -> linear, by value."""
TO_SRGB: FloatArray = to_srgb(np.linspace(0, 1, LEVELS) ** 2).astype(np.float32)
"""Linear 0..1 -> sRGB, by the square root of the value: dark tones need the finer steps."""


@dataclass(frozen=True, eq=False)
class HeadMaps:
    """What is known about each pixel of a picture of the head, read-only.

    Attributes:
        condition: (10, S, S) float32: 0-2 rendered colour -1..1 (sRGB), 3-5 shading R G B (shading / 2 - 1, clipped to
            -1..1), 6-8 camera normal -1..1, 9 coverage 0 or 1; zero where there is no head.
        regions: (S, S) uint8 `Region`, background where there is no head.
        depth: (S, S) float32 inverse depth in 1/cm, larger is nearer, 0 where there is no head.
        uv: (S, S, 2) float32 place in the chart, u right and v up in 0..1; zero where there is no head.
        coverage: (S, S) float32, 1 where there is the head, else 0 (a view of plane 9).
        buffers: triangle and place on it of each pixel.
    """

    condition: FloatArray
    regions: MaskArray
    depth: FloatArray
    uv: FloatArray
    coverage: FloatArray
    buffers: Buffers


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where the head's vertices are, before any picture is drawn.

    Attributes:
        points: (V, 3) float32 cm in camera axes.
        projected: (V, 3) float32 u, v in pixels of a picture of side 256 and the inverse depth.
    """

    points: FloatArray
    projected: FloatArray

    def at(self, size: int) -> FloatArray:
        """(V, 3) the projected vertices for a picture of another size."""
        if size == 256:
            return self.projected
        return self.projected * np.array([size / 256, size / 256, 1], np.float32)


class MapRenderer:
    """Draws condition maps of one model at one size with its own buffers; one thread at a time.

    The last skins are kept, so that shape, pose, expression and light do not pay for them, and the last geometry, so
    that light and skin do not pay for that.
    """

    def __init__(self, model: HeadModel, size: int = 128) -> None:
        """Args: model: the head; size: side of the maps in pixels."""
        self.model, self.size = model, size
        self._rasteriser = Rasteriser(size)
        self._normals = np.empty_like(model.mean)
        self._sides = drawn_sides(model)
        self._geometry_of = b""  # what the rasteriser's buffers and the normals show
        self._skins: OrderedDict[bytes, tuple[FloatArray, FloatArray]] = OrderedDict()

    def render(self, head: HeadCoefficients, geometry: Geometry | None = None) -> HeadMaps:
        """The maps of a head; `geometry` may be given if it is known already."""
        model, size = self.model, self.size
        buffers = self._draw(head, geometry)
        chart, iris = self._skin(head)
        condition = np.empty((CONDITION_PLANES, size, size), np.float32)
        regions = np.empty((size, size), np.uint8)
        uv = np.empty((size, size, 2), np.float32)
        _shade(
            buffers.triangle, buffers.barycentric, model.triangles, model.triangle_part, model.triangle_region,
            model.triangle_uv, self._normals, chart, iris, np.ascontiguousarray(head.gamma.T),
            _KIND, _PART_RGBA, TO_LINEAR, TO_SRGB, condition, regions, uv,
        )  # fmt: skip
        kept = buffers.copy()
        for array in (condition, regions, uv, kept.triangle, kept.barycentric, kept.inverse_depth):
            array.flags.writeable = False
        return HeadMaps(condition, regions, kept.inverse_depth, uv, condition[9], kept)

    def _draw(self, head: HeadCoefficients, geometry: Geometry | None) -> Buffers:
        """Bring the rasteriser's buffers and the normals to where the head is."""
        shown = head.geometry_key if geometry is None else b""
        if geometry is None and shown == self._geometry_of:
            return self._rasteriser.buffers
        self._geometry_of = b""  # should the drawing fail
        shape = geometry if geometry is not None else geometry_of(self.model, head)
        buffers = self._rasteriser.draw(shape.at(self.size), self.model.triangles, self._sides)
        vertex_normals(shape.points, self.model.triangles, self._normals)
        self._geometry_of = shown
        return buffers

    def _skin(self, head: HeadCoefficients) -> tuple[FloatArray, FloatArray]:
        """A head's chart (256, 256, 3) and the colour of its irises (3,)."""
        key = head.albedo.tobytes()
        skin = self._skins.pop(key, None)
        if skin is None:
            skin = self.model.albedo(head.albedo), self.model.iris_colour(head)
        self._skins[key] = skin
        if len(self._skins) > _SKINS:
            self._skins.popitem(last=False)
        return skin


def drawn_sides(model: HeadModel) -> npt.NDArray[np.uint8]:
    """(T,) uint8 for `Rasteriser.draw`: fronts of everything but the lashes, which are too fine for a z-buffer."""
    return np.where(model.triangle_part == Part.LASHES, NONE, FRONT).astype(np.uint8)


def geometry_of(model: HeadModel, head: HeadCoefficients) -> Geometry:
    """Vertices of a head in front of the camera and in the picture."""
    _, points, projected = posed(model, head)
    return Geometry(points, projected)


def render_maps(model: HeadModel, head: HeadCoefficients, size: int = 128) -> HeadMaps:
    """Condition maps of a head; may be called from any thread (buffers are kept for each).

    Args:
        model: the head model.
        head: its coefficients.
        size: side of the maps in pixels.
    """
    kept: dict[int, MapRenderer] = _renderers.__dict__.setdefault("by_size", {})
    renderer = kept.get(size)
    if renderer is None or renderer.model is not model:
        renderer = kept[size] = MapRenderer(model, size)
    return renderer.render(head)


_renderers = threading.local()


def landmarks(model: HeadModel, head: HeadCoefficients) -> FloatArray:
    """(478, 2) float32 places of the MediaPipe landmarks, irises included, in pixels of a picture of side 256."""
    return _projected_landmarks(model, head, 478)


def landmarks68(model: HeadModel, head: HeadCoefficients) -> FloatArray:
    """(68, 2) float32 places of the iBUG landmarks in pixels of a picture of side 256."""
    return _projected_landmarks(model, head, 68)


def _projected_landmarks(model: HeadModel, head: HeadCoefficients, count: int) -> FloatArray:
    marks = model.landmarks478 if count == 478 else model.landmarks68
    points = camera(model.vertices(head), head, model.neck_weight)
    return np.ascontiguousarray(project(marks.points(points), 256)[:, :2])


# Constants are bound at compile time.
_C0, _C1, _C2, _C3, _C4 = (np.float32(value) for value in SH_CONSTANTS)
_DARKEST = np.float32(DARKEST)
_TOP = np.float32(LEVELS - 1)
_SCLERA, _PUPIL = np.array(SCLERA, np.float32), np.array(PUPIL, np.float32)
_EYE_SCALE = np.float32(2 * EYE_CHART)
_IRIS_RIM, _PUPIL_RIM = np.float32(IRIS_ANGLE), np.float32(PUPIL_ANGLE)
_CHART_KIND, _EYE_KIND = _CHART, _EYE


@compiled
def eye_albedo(u, v, iris, out):  # type: ignore[no-untyped-def]
    """Albedo (3,) of the eye at a place of its chart: pupil, iris with a dark rim, white, with soft edges."""
    angle = _EYE_SCALE * np.sqrt((u - np.float32(0.5)) ** 2 + (v - np.float32(0.5)) ** 2)
    # Edges are 1.5 degrees soft.
    pupil = min(np.float32(1), max(np.float32(0), (_PUPIL_RIM + np.float32(0.75) - angle) / np.float32(1.5)))
    inside = min(np.float32(1), max(np.float32(0), (_IRIS_RIM + np.float32(0.75) - angle) / np.float32(1.5)))
    # The limbus: the outer quarter of the iris darkens.
    rim = min(np.float32(1), max(np.float32(0), (angle - np.float32(0.7) * _IRIS_RIM) / (np.float32(0.3) * _IRIS_RIM)))
    tone = np.float32(1.0) - np.float32(0.45) * rim * rim
    for channel in range(3):
        colour = iris[channel] * tone
        colour += pupil * (_PUPIL[channel] - colour)
        out[channel] = _SCLERA[channel] + inside * (colour - _SCLERA[channel])


@compiled
def _shade(  # type: ignore[no-untyped-def]
    triangle, barycentric, triangles, parts, part_regions, corners, normals, chart, iris, gamma, kinds, colours,
    to_linear, to_srgb, condition, regions, uv,
):  # fmt: skip
    size = triangle.shape[0]
    texels = chart.shape[0]
    albedo = np.empty(3, np.float32)
    # Planes lie a power of two apart: written pixel by pixel they would push each other out of the cache.
    row = np.empty((CONDITION_PLANES, size), np.float32)
    for y in range(size):
        for x in range(size):
            t = triangle[y, x]
            if t < 0:
                for plane in range(CONDITION_PLANES):
                    row[plane, x] = 0.0
                regions[y, x] = 0
                uv[y, x, 0] = 0.0
                uv[y, x, 1] = 0.0
                continue
            first, second = barycentric[y, x, 0], barycentric[y, x, 1]
            third = np.float32(1.0) - first - second
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            nx = first * normals[a, 0] + second * normals[b, 0] + third * normals[c, 0]
            ny = first * normals[a, 1] + second * normals[b, 1] + third * normals[c, 1]
            nz = first * normals[a, 2] + second * normals[b, 2] + third * normals[c, 2]
            scale = np.float32(1.0) / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-20))
            nx, ny, nz = nx * scale, ny * scale, nz * scale
            u = first * corners[t, 0, 0] + second * corners[t, 1, 0] + third * corners[t, 2, 0]
            v = first * corners[t, 0, 1] + second * corners[t, 1, 1] + third * corners[t, 2, 1]
            uv[y, x, 0] = u
            uv[y, x, 1] = v
            regions[y, x] = part_regions[t]
            row[6, x] = nx
            row[7, x] = ny
            row[8, x] = nz
            row[9, x] = 1.0
            part = parts[t]
            kind = kinds[part]
            reach = np.float32(1.0)
            if kind == _CHART_KIND:
                sample_chart(chart, texels, u, v, albedo)
            elif kind == _EYE_KIND:
                eye_albedo(u, v, iris, albedo)
                # The upper lid and its lashes shade what looks up beneath them.
                reach = np.float32(0.95) - np.float32(0.5) * min(np.float32(0.6), max(np.float32(0), ny))
            else:
                for channel in range(3):
                    albedo[channel] = colours[part, channel]
                reach = colours[part, 3]
            xy, yz, xz = nx * ny, ny * nz, nx * nz
            zz, xx_yy = np.float32(3) * nz * nz - np.float32(1), nx * nx - ny * ny
            for channel in range(3):
                g = gamma[channel]
                light = _C0 * g[0] + _C1 * (ny * g[1] + nz * g[2] + nx * g[3])
                light += _C2 * (xy * g[4] + yz * g[5] + xz * g[7]) + _C3 * zz * g[6] + _C4 * xx_yy * g[8]
                light = max(light, _DARKEST)
                row[3 + channel, x] = min(light * np.float32(0.5) - np.float32(1), np.float32(1))
                value = to_linear[int(albedo[channel] * _TOP + np.float32(0.5))] * light * reach
                value = to_srgb[int(np.sqrt(min(value, np.float32(1))) * _TOP + np.float32(0.5))]
                row[channel, x] = np.float32(2) * value - np.float32(1)
        for plane in range(CONDITION_PLANES):
            condition[plane, y] = row[plane]


@compiled
def sample_chart(chart, texels, u, v, out):  # type: ignore[no-untyped-def]
    """Bilinear sample (C,) of a chart (n, n, C) at u right and v up in 0..1; beyond the rim its last texel."""
    px = min(max(u * texels - np.float32(0.5), np.float32(0)), np.float32(texels - 1))
    py = min(max((np.float32(1) - v) * texels - np.float32(0.5), np.float32(0)), np.float32(texels - 1))
    column, row = min(int(px), texels - 2), min(int(py), texels - 2)
    right, down = px - column, py - row
    for channel in range(out.shape[0]):
        upper = chart[row, column, channel] * (1 - right) + chart[row, column + 1, channel] * right
        lower = chart[row + 1, column, channel] * (1 - right) + chart[row + 1, column + 1, channel] * right
        out[channel] = upper * (1 - down) + lower * down
