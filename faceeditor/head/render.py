"""The plain renderer: the head as people see it beside the picture, and as data sets are made of it.

Skin under spherical harmonics with a soft highlight of the key light, eyes with iris, limbus and a glint, teeth,
lashes, hair volumes of strands, cloth and a backdrop; no cast shadows. Everything is deterministic.
"""

import threading
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.errors import PortraitError
from faceeditor.head import render_kernels as kernels
from faceeditor.head.camera import camera, project, rotation
from faceeditor.head.control_kinds import rig_of
from faceeditor.head.light import direction, to_linear
from faceeditor.head.maps import Geometry, HeadMaps, MapRenderer, drawn_sides, geometry_of
from faceeditor.head.model import HairVolume, HeadModel, Part
from faceeditor.head.raster import BOTH, NONE, Rasteriser, vertex_normals
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import MaskArray

FloatArray = npt.NDArray[np.float32]
Colour = tuple[float, float, float]

CROPPED = "cropped"
"""Hair that is cut to the skin: the scalp is coloured, and no volume is drawn."""
_OPEN_END = 12.0  # cm: no open edge


@dataclass(frozen=True)
class Backdrop:
    """What is behind the head: a vertical gradient with soft blobs of light and colour, out of focus.

    Attributes:
        top, bottom: sRGB 0..1 at the upper and lower rim.
        blobs: how many soft discs lie over it. spread: how far their colours go from the gradient's, 0..1.
        seed: draws the blobs.
    """

    top: Colour = (0.52, 0.54, 0.58)
    bottom: Colour = (0.36, 0.37, 0.40)
    blobs: int = 0
    spread: float = 0.25
    seed: int = 0

    def draw(self, size: int) -> FloatArray:
        """(S, S, 3) float32 sRGB 0..1."""
        rows = ((np.arange(64) + 0.5) / 64)[:, None]
        gradient = np.array(self.top) * (1 - rows) + np.array(self.bottom) * rows
        picture = np.broadcast_to(gradient[:, None], (64, 64, 3)).copy()
        if self.blobs:
            random = np.random.default_rng(self.seed)
            y, x = np.mgrid[:64, :64] / 64.0
            for _ in range(self.blobs):
                cx, cy, radius = random.uniform(-0.1, 1.1), random.uniform(-0.1, 1.1), random.uniform(0.08, 0.45)
                edge = random.uniform(0.3, 1.0)
                cover = np.clip((radius - np.hypot(x - cx, y - cy)) / (edge * radius) + 0.5, 0, 1)[..., None]
                colour = np.clip(gradient[int(np.clip(cy, 0, 0.99) * 64)] + random.normal(0, self.spread, 3), 0, 1)
                picture += cover * random.uniform(0.3, 0.9) * (colour - picture)
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.float64)
        return cv2.resize(picture.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 1)


@dataclass(frozen=True)
class Look:
    """What head coefficients leave open. Colours are sRGB, each 0..1.

    Attributes:
        hair: name of one of the model's hair volumes, `CROPPED`, or None for a bald head.
        hair_colour: of the hair in even light. fine: strands within the width of a hair volume's chart.
        cloth_colour: of the shoulders. background: what is behind.
        iris: colour of the eyes; None takes the one that belongs to the identity.
        oil: shine of the skin 0 (matt) .. 1 (oily nose and forehead).
        seed: draws pores, strands, irises and weave.
    """

    hair: str | None = None
    hair_colour: Colour = (0.30, 0.20, 0.13)
    fine: float = 220.0
    cloth_colour: Colour = (0.30, 0.33, 0.38)
    background: Backdrop = Backdrop()
    iris: Colour | None = None
    oil: float = 0.35
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Rendering:
    """A rendered head.

    picture: (S, S, 3) uint8 sRGB. regions: (S, S) uint8, exactly what the picture shows, hair included. maps: condition
    maps of the same head (without hair).
    """

    picture: npt.NDArray[np.uint8]
    regions: MaskArray
    maps: HeadMaps


def render_head(
    model: HeadModel, head: HeadCoefficients, size: int = 256, *, supersample: int = 1, **look: Any
) -> npt.NDArray[np.uint8]:
    """A picture of the head; may be called from any thread.

    Args:
        model: the head model.
        head: its coefficients.
        size: side of the picture in pixels.
        supersample: samples along each side of a pixel, 1..4; 2 for pictures that are kept.
        look: fields of `Look`.

    Returns:
        (S, S, 3) uint8 sRGB.

    Raises:
        PortraitError: the model has no such hair.
    """
    picture, _, _ = _renderer(model).draw(head, Look(**look), size, supersample)
    return picture


def render_scene(
    model: HeadModel,
    head: HeadCoefficients,
    look: Look | None = None,
    size: int = 256,
    supersample: int = 2,
    maps_size: int | None = None,
) -> Rendering:
    """A picture of the head with the exact mask of what it shows and its condition maps (of side `maps_size`)."""
    renderer = _renderer(model)
    picture, regions, geometry = renderer.draw(head, look or Look(), size, supersample)
    return Rendering(picture, regions, renderer.maps(maps_size or size).render(head, geometry))


_renderers = threading.local()


def _renderer(model: HeadModel) -> "_Renderer":
    renderer: _Renderer | None = getattr(_renderers, "renderer", None)
    if renderer is None or renderer.model is not model:
        renderer = _renderers.renderer = _Renderer(model)
    return renderer


class _Renderer:
    """Draws pictures of one model with its own buffers; one thread at a time."""

    def __init__(self, model: HeadModel) -> None:
        self.model = model
        self._rasterisers: dict[tuple[int, str], Rasteriser] = {}
        self._maps: dict[int, MapRenderer] = {}
        self._hair: dict[str, _Hair] = {}
        self._sides = drawn_sides(model)
        self._lash_sides = np.where(model.triangle_part == Part.LASHES, BOTH, NONE).astype(np.uint8)
        self._lashed = bool((model.triangle_part == Part.LASHES).any())
        normals = vertex_normals(np.ascontiguousarray(model.mean), model.triangles)
        self._occlusion = _occlusion(model, normals)
        self._oily = _oily(model)
        self._scalp = _scalp(model)
        self._behind_of: tuple[Backdrop, int] | None = None
        self._behind = np.empty((0, 0, 3), np.float32)
        self._skin_of: bytes = b""
        self._chart = model.albedo_mean
        self._key_of: bytes = b""
        self._key = (np.zeros(3, np.float32), np.zeros(3, np.float32))

    def maps(self, size: int) -> MapRenderer:
        """The renderer of condition maps of a size."""
        if size not in self._maps:
            self._maps[size] = MapRenderer(self.model, size)
        return self._maps[size]

    def draw(
        self, head: HeadCoefficients, look: Look, size: int, supersample: int
    ) -> tuple[npt.NDArray[np.uint8], MaskArray, Geometry]:
        """Picture, regions and the geometry that was drawn."""
        if look.hair is not None and look.hair != CROPPED and look.hair not in self.model.hair:
            known = ", ".join([*sorted(self.model.hair), CROPPED])
            raise PortraitError(f"There is no hair style “{look.hair}”; choose one of {known}.")
        model, times = self.model, min(4, max(1, supersample))
        side = size * times
        geometry = geometry_of(model, head)
        projected = geometry.at(side)
        buffers = self._rasteriser(side, "head").draw(projected, model.triangles, self._sides)
        normals = vertex_normals(geometry.points, model.triangles)
        colour = self._backdrop(look.background, side).copy()
        labels = np.zeros((side, side), np.uint8)
        gamma = np.ascontiguousarray(head.gamma.T)
        key, key_light = self._key_light(head)
        hair = np.asarray(to_linear(look.hair_colour), np.float32)
        matrix = rotation(head.pose)
        axes = np.stack([matrix @ model.gaze_axis(head.gaze, eye) for eye in (0, 1)]).astype(np.float32)
        iris = model.iris_colour(head) if look.iris is None else np.asarray(look.iris, np.float32)
        kernels.paint_head(
            buffers.triangle, buffers.barycentric, model.triangles, model.triangle_part, model.triangle_region,
            model.triangle_uv, normals, self._occlusion, self._oily, self._scalp, self._albedo(head),
            np.asarray(iris, np.float32), axes, gamma, key, key_light, hair,
            np.asarray(to_linear(look.cloth_colour), np.float32), look.hair is not None, np.float32(look.oil),
            look.seed, colour, labels,
        )  # fmt: skip
        if self._lashed:
            lashes = self._rasteriser(side, "layer").draw(projected, model.triangles, self._lash_sides)
            kernels.paint_lashes(lashes.triangle, lashes.inverse_depth, buffers.inverse_depth, colour)
        if look.hair in model.hair:
            self._draw_hair(look, head, side, buffers.inverse_depth, hair, gamma, key, key_light, colour, labels)
        picture, regions = np.empty((size, size, 3), np.uint8), np.empty((size, size), np.uint8)
        kernels.to_picture(colour, labels, times, picture, regions)
        return picture, regions, geometry

    def _draw_hair(
        self, look: Look, head: HeadCoefficients, side: int, head_depth: FloatArray, hair: FloatArray,
        gamma: FloatArray, key: FloatArray, key_light: FloatArray, colour: FloatArray, labels: MaskArray,
    ) -> None:  # fmt: skip
        """Lay the two nearest layers of a hair volume over the picture, the farther one first."""
        name = str(look.hair)
        if name not in self._hair:
            self._hair[name] = _Hair(self.model, self.model.hair[name])
        prepared = self._hair[name]
        points, normals, tangents = prepared.placed(self.model.vertices(head), head)
        projected = project(points, side)
        volume = prepared.volume
        sides = np.full(len(volume.triangles), BOTH, np.uint8)
        near = self._rasteriser(side, "layer").draw(projected, volume.triangles, sides)
        far = self._rasteriser(side, "behind").draw(
            projected, volume.triangles, sides, near.inverse_depth * np.float32(0.9995)
        )
        for layer in (far, near):
            kernels.paint_hair(
                layer.triangle, layer.barycentric, layer.inverse_depth, volume.triangles, volume.uv, normals, tangents,
                prepared.edge, head_depth, hair, gamma, key, key_light, np.float32(look.fine), look.seed, colour,
                labels,
            )  # fmt: skip

    def _rasteriser(self, size: int, layer: str) -> Rasteriser:
        if (size, layer) not in self._rasterisers:
            self._rasterisers[size, layer] = Rasteriser(size)
        return self._rasterisers[size, layer]

    def _backdrop(self, backdrop: Backdrop, side: int) -> FloatArray:
        """(side, side, 3) in linear light; the last one is kept."""
        if self._behind_of != (backdrop, side):
            self._behind = to_linear(backdrop.draw(side)).astype(np.float32)
            self._behind_of = (backdrop, side)
        return self._behind

    def _albedo(self, head: HeadCoefficients) -> FloatArray:
        identity = head.albedo.tobytes()
        if identity != self._skin_of:
            self._chart, self._skin_of = self.model.albedo(head.albedo), identity
        return self._chart

    def _key_light(self, head: HeadCoefficients) -> tuple[FloatArray, FloatArray]:
        """Direction and linear colour (3,) of the key light; a soft one shines less."""
        light = head.gamma.tobytes()
        if light != self._key_of:
            rig = rig_of(head)
            strength = rig.strength * (1.2 - 0.7 * rig.softness)
            towards = direction(rig.azimuth, rig.elevation).astype(np.float32)
            self._key = towards, np.asarray(to_linear(rig.colour) * strength, np.float32)
            self._key_of = light
        return self._key


class _Hair:
    """A hair volume with its seams closed.

    edge: (N,) cm from its open edge, `_OPEN_END` if it has none.
    """

    def __init__(self, model: HeadModel, volume: HairVolume) -> None:
        self.volume = volume
        points = volume.vertices(model.mean)
        # Vertices are doubled where the chart is cut: by place they are one.
        _, first, self._same = np.unique(np.round(points, 3), axis=0, return_index=True, return_inverse=True)
        self._same = self._same.reshape(-1)
        self._first = first
        self._joined = self._same[volume.triangles].astype(np.int32)
        self._neck = (volume.weights * model.neck_weight[volume.anchors]).sum(1).astype(np.float32)
        self.edge = self._edge(points[first])[self._same]

    def _edge(self, points: FloatArray) -> FloatArray:
        """(M,) cm along the edges of the joined mesh from the nearest edge that only one triangle has."""
        sides = np.concatenate([self._joined[:, [0, 1]], self._joined[:, [1, 2]], self._joined[:, [2, 0]]])
        sides = np.sort(sides, 1)
        pairs, count = np.unique(sides, axis=0, return_counts=True)
        distance = np.full(len(points), _OPEN_END, np.float32)
        distance[pairs[count == 1]] = 0.0
        length = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1).astype(np.float32)
        for _ in range(40):
            before = distance.copy()
            np.minimum.at(distance, pairs[:, 0], before[pairs[:, 1]] + length)
            np.minimum.at(distance, pairs[:, 1], before[pairs[:, 0]] + length)
            if np.array_equal(before, distance):
                break
        return distance

    def placed(self, head_vertices: FloatArray, head: HeadCoefficients) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(N, 3) each, in camera axes: points, normals and directions of strands."""
        volume = self.volume
        points = camera(volume.vertices(head_vertices).astype(np.float32), head, self._neck)
        normals = vertex_normals(np.ascontiguousarray(points[self._first]), self._joined)[self._same]
        a, b, c = (points[volume.triangles[:, k]] for k in range(3))
        one, two = volume.uv[:, 1] - volume.uv[:, 0], volume.uv[:, 2] - volume.uv[:, 0]
        area = one[:, 0] * two[:, 1] - two[:, 0] * one[:, 1]
        along = (one[:, :1] * (c - a) - two[:, :1] * (b - a)) * np.where(area < 0, -1, 1)[:, None]
        tangents = np.zeros((len(self._first), 3), np.float32)
        for k in range(3):
            np.add.at(tangents, self._joined[:, k], along)
        tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-9)
        return points, normals, tangents[self._same]


def _smoothed(model: HeadModel, values: FloatArray, rounds: int) -> FloatArray:
    """(V, C) means over neighbours of the mesh, taken several times."""
    sides = np.concatenate([model.triangles[:, [0, 1]], model.triangles[:, [1, 2]], model.triangles[:, [2, 0]]])
    sides = np.unique(np.concatenate([sides, sides[:, ::-1]]), axis=0)
    count = np.bincount(sides[:, 0], minlength=len(values))[:, None] + 1
    current = values.astype(np.float64)
    for _ in range(rounds):
        total = np.stack(
            [np.bincount(sides[:, 0], current[sides[:, 1], k], len(values)) for k in range(values.shape[1])], 1
        )
        current = (total + current) / count
    return current.astype(np.float32)


def _occlusion(model: HeadModel, normals: FloatArray) -> FloatArray:
    """(V,) share of the light that reaches each vertex: less in hollows, and on the neck below the chin."""
    hollow = np.zeros(len(model.mean), np.float32)
    for rounds, weight in ((3, 0.6), (15, 0.5)):
        hollow += weight * np.einsum("vc,vc->v", _smoothed(model, model.mean, rounds) - model.mean, normals)
    reach = 1.0 - np.clip(hollow * 1.6, -0.05, 0.6)
    neck = np.unique(model.triangles[model.triangle_part == Part.NECK])
    chin = float(model.landmarks68.points(model.mean)[8, 1])
    height = model.mean[neck, 1]
    reach[neck] *= np.interp(height, (chin - 7.0, chin - 0.5), (1.0, 0.55)).astype(np.float32)
    return np.ascontiguousarray(_smoothed(model, reach[:, None], 2)[:, 0])


def _oily(model: HeadModel) -> FloatArray:
    """(V,) 0..1 share in the oily zone: forehead, nose and chin."""
    marks = model.landmarks68.points(model.mean)
    zone = np.zeros(len(model.mean), np.float32)
    forehead = marks[27] + np.array([0, 4.0, 0], np.float32)
    for middle, wide, strength in (
        (marks[30], 1.6, 1.0),
        (forehead, 2.6, 0.9),
        (marks[8], 1.5, 0.6),
        (marks[28], 1.0, 0.8),
    ):
        zone = np.maximum(zone, strength * np.exp(-((model.mean - middle) ** 2).sum(1) / (2 * wide**2)))
    return zone.astype(np.float32)


def _scalp(model: HeadModel) -> FloatArray:
    """(V,) 0..1 of the scalp, soft at the hairline."""
    scalp = np.zeros((len(model.mean), 1), np.float32)
    scalp[np.unique(model.triangles[model.triangle_part == Part.SCALP])] = 1.0
    return np.ascontiguousarray(_smoothed(model, scalp, 2)[:, 0])
