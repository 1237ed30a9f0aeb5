"""The painted mask follows the head: from the view in which it was painted to any other pose, face and expression.

Each pixel of the new view is looked up in the base view, so that what an artist painted is carried along by the surface
it was painted on, and a way there and back is exact.

On the head: the mesh is drawn in the new view, and each pixel's surface point is projected into the base view, where
its z-buffer says whether it was seen. Where the mask shows hair or a hat, the mesh is inflated in both views by their
thickness, which is measured as what stands out beyond the skull's outline, so that hair has volume and turns away with
the skull. What was hidden takes the label of the mirrored point if that was seen, else the model's own; eyes and the
inner mouth open and close as the model says.

Elsewhere: the head's outline of the new view is laid on that of the base view, and what lies beyond moves with it:
hair, hats and ear-rings wholly, hair below the chin and cloth more and more as the shoulders do, the background only
next to the head.
"""

import threading
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.head import motion_kernels as kernels
from faceeditor.head.camera import FOCAL, NECK_JOINT, camera, project, rotation
from faceeditor.head.maps import drawn_sides
from faceeditor.head.model import HeadModel, Part
from faceeditor.head.motion_kernels import BINS, GRID
from faceeditor.head.posing import posed
from faceeditor.head.raster import Rasteriser, vertex_normals
from faceeditor.portrait.edits import moves_mask
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.label_fill import fill_from_nearest
from faceeditor.regions import FACE_REGIONS, MASK_SIZE, MIRROR, REGION_COUNT, MaskArray, Region

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]
IndexArray = npt.NDArray[np.int64]

_THICKEST = 6.0  # cm of hair beyond the skull
_CELL = MASK_SIZE // GRID
# Landmarks of the 68 on the lids of left and right eye, two each, and on the lips, three.
_ABOVE, _BELOW = [43, 44, 37, 38, 61, 62, 63], [47, 46, 41, 40, 67, 66, 65]
_WORN_ON_HEAD = (Region.HAIR, Region.HAT)


def move_mask(model: HeadModel, mask: MaskArray, base: HeadCoefficients, head: HeadCoefficients) -> MaskArray:
    """The mask as it looks after the head has changed from `base`, at which it was painted, to `head`.

    May be called from any thread; what belongs to mask and base is kept between calls.

    Args:
        model: the head model.
        mask: (256, 256) uint8 region indices, as painted over the head `base`.
        base: the head under the mask.
        head: the head to move to.

    Returns:
        (256, 256) uint8, a new array; equal to the mask bit for bit if nothing that moves it has changed.
    """
    if not moves_mask(base, head):
        return mask.copy()
    mover = _mover(model)
    labels, _, _, uncertain = mover.warp_mask(mask, base, head, MASK_SIZE)
    kernels.clean(labels, uncertain)
    return labels


def motion_field(
    model: HeadModel, base: HeadCoefficients, head: HeadCoefficients, mask: MaskArray, size: int = MASK_SIZE
) -> tuple[FloatArray, FloatArray]:
    """Where each pixel of the new view was in the base view.

    Args:
        model: the head model.
        base: the head that the mask belongs to.
        head: the head of the new view.
        mask: (256, 256) uint8 region indices of the base view: what is hair, cloth and background.
        size: side S of the field in pixels.

    Returns:
        (S, S, 2) float32 places (x, y) in the base view, in pixels of a picture of side S (the centre of the first
        pixel is 0.5, 0.5; they may lie outside of the picture), and (S, S) float32, 1 where that place was seen in the
        base view, else 0.
    """
    if not moves_mask(base, head):
        centres = np.arange(size, dtype=np.float32) + np.float32(0.5)
        across, down = np.meshgrid(centres, centres)
        return np.stack([across, down], -1), np.ones((size, size), np.float32)
    _, field, seen, _ = _mover(model).warp_mask(mask, base, head, size)
    return field * np.float32(size / MASK_SIZE), seen


@dataclass(frozen=True, eq=False)
class SurfaceMotion:
    """How the surface seen by a camera moved, irises included.

    Attributes:
        labels: (S, S) uint8 `Region` of each pixel of the new view.
        field: (S, S, 2) float32 place (x, y) of each pixel in the base view, in mask pixels.
        seen: (S, S) float32, 1 where that place was seen in the base view, else 0.
    """

    labels: MaskArray
    field: FloatArray
    seen: FloatArray


def surface_motion(
    model: HeadModel, base: HeadCoefficients, head: HeadCoefficients, mask: MaskArray, size: int = MASK_SIZE
) -> SurfaceMotion:
    """As `motion_field`, with the labels of the new view, and with eyeballs that turn.

    `motion_field` keeps the gaze out of the eyes, since a mask shows none; a photograph shows where its irises are.
    """
    mover = _mover(model)
    labels, field, seen, uncertain = mover.warp_mask(mask, base, head, size, eyeballs=True)
    kernels.clean(labels, uncertain)
    return SurfaceMotion(labels, field, seen)


def unmove_stroke(
    model: HeadModel,
    painted: MaskArray,
    base: HeadCoefficients,
    head: HeadCoefficients,
    before: MaskArray,
    after: MaskArray,
) -> MaskArray | None:
    """Bring a stroke that was painted on the moved mask back to the painted mask, by the inverse motion.

    Args:
        model: the head model.
        painted: (256, 256) uint8 region indices, as painted over the head `base`.
        base, head: the head under the painted mask, and the present one.
        before, after: (256, 256) uint8, the mask moved to `head` before the stroke and after it.

    Returns:
        (256, 256) uint8, the painted mask with the stroke and no other difference. None where most of the stroke lies
        on what `base` does not show (behind the cheek, say), so that it has no place in the painted mask.
    """
    changed = before != after
    if not changed.any():
        return painted
    result = painted.copy()
    # Where every pixel of the base view is in the present view: fills the stroke without gaps.
    field, seen = motion_field(model, head, base, before)
    x, y = np.floor(field[..., 0]).astype(np.int64), np.floor(field[..., 1]).astype(np.int64)
    inside = (seen > 0) & (x >= 0) & (x < MASK_SIZE) & (y >= 0) & (y < MASK_SIZE)
    x, y = np.clip(x, 0, MASK_SIZE - 1), np.clip(y, 0, MASK_SIZE - 1)
    hit = inside & changed[y, x]
    result[hit] = after[y, x][hit]
    shown = move_mask(model, result, base, head)
    kept = float((shown == after)[changed].mean())
    return result if kept >= _LEAST_KEPT else None


def look_up_points(
    model: HeadModel, source: HeadCoefficients, target: HeadCoefficients, mask: MaskArray, points: FloatArray
) -> FloatArray:
    """Where points of one view of the head are in another.

    Args:
        model: the head model.
        source: the head of the view that is asked for.
        target: the head of the view in which the points are given.
        mask: (256, 256) uint8 region indices of the view of `source`.
        points: (N, 2) float32 (x, y) in pixels of 256, pixel corners at integers; they may lie outside of the view.

    Returns:
        (N, 2) float32, the same points in the view of `source`.
    """
    if not moves_mask(source, target):
        return np.array(points, np.float32)
    field, _ = motion_field(model, source, target, mask)
    inside = np.clip(np.asarray(points, np.float32) - np.float32(0.5), 0, MASK_SIZE - 1)
    found = cv2.remap(field, inside[None, :, 0], inside[None, :, 1], cv2.INTER_LINEAR)[0]
    return np.asarray(found + (points - (inside + np.float32(0.5))), np.float32)


_LEAST_KEPT = 0.6
"""Share of a stroke's pixels that must be seen again after it was brought back."""

_movers = threading.local()


def _mover(model: HeadModel) -> "_Mover":
    mover: _Mover | None = getattr(_movers, "mover", None)
    if mover is None or mover.model is not model:
        mover = _movers.mover = _Mover(model)
    return mover


@dataclass(frozen=True, eq=False)
class _View:
    """The head's vertices in one view, as of `posing.Posed`, and their (V, 3) normals in camera axes."""

    head_points: FloatArray
    points: FloatArray
    projected: FloatArray
    normals: FloatArray

    def cosine(self) -> FloatArray:
        """(V,) cosine between normal and line of sight, positive where the surface faces the camera."""
        toward = -np.einsum("vc,vc->v", self.points, self.normals)
        return np.asarray(toward / np.linalg.norm(self.points, axis=1), np.float32)


@dataclass(frozen=True, eq=False)
class _Base:
    """All that mask and base view give to every new view."""

    mask: MaskArray
    head: HeadCoefficients
    volume: FloatArray  # (V, 3) cm by which hair and hats stand off, head axes
    points: FloatArray  # (V, 3) with that, camera axes
    projected: FloatArray  # (V, 3) pixels of 256
    cosine: FloatArray  # (V,)
    depth: FloatArray  # (256, 256) inverse
    regions: MaskArray  # (256, 256) of the model
    outside: MaskArray  # (256, 256) the mask with the face taken out where the head covers it
    around: MaskArray  # (256, 256) the mask with all of the face taken out
    fallback: ByteArray  # (2, T) label of each triangle where nothing was seen, without and with what is worn
    worn: FloatArray  # (V,) 1 where hair or a hat covers the head
    reach: FloatArray  # (BINS,) outline
    centre: FloatArray  # (2,)
    joint: FloatArray  # (3,) projected
    with_head: FloatArray  # (GRID, GRID)
    with_body: FloatArray
    openings: FloatArray  # (3,) cm


@dataclass(frozen=True, eq=False)
class _Fixed:
    """What a model alone gives; shared by all threads."""

    sides: ByteArray  # (T,) as the rasteriser takes them
    below_chin: BoolArray  # (T,) neck and shoulders
    outer: BoolArray  # (V,) that make the outline of the head, without neck and what lies inside of it
    middle: FloatArray  # (V,) weights whose sum over the vertices is the middle of the skull: no expression moves it
    scalp: BoolArray  # (V,)
    ears: tuple[tuple[IndexArray, IndexArray], ...]  # vertices of each ear, and of these those shared with the head
    graph: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]
    marks: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], FloatArray, FloatArray]  # as `kernels.gaps` takes them

    @classmethod
    def of(cls, model: HeadModel) -> "_Fixed":
        """Work it out, or take it from the last time."""
        with _fixed_lock:
            if not _fixed or _fixed[0][0] is not model:
                _fixed[:] = [(model, cls._made(model))]
            return _fixed[0][1]

    @classmethod
    def _made(cls, model: HeadModel) -> "_Fixed":
        part, count = model.triangle_part, len(model.mean)
        outer, scalp = np.zeros(count, bool), np.zeros(count, bool)
        outer[model.triangles[np.isin(part, (Part.SKIN, Part.SCALP))]] = True
        outer &= model.neck_weight > 0.9
        scalp[model.triangles[part == Part.SCALP]] = True
        ears = []
        for ear in (Region.L_EAR, Region.R_EAR):
            rows = np.unique(model.triangles[model.triangle_region == ear])
            rim = np.intersect1d(rows, model.triangles[model.triangle_region != ear])
            if len(rim) >= 3:
                ears.append((rows, rim))
        below_chin = np.isin(part, (Part.NECK, Part.SHOULDERS))
        middle = (scalp / max(1, scalp.sum())).astype(np.float32)
        graph, marks = _graph(model.triangles, count), model.landmarks68
        pairs = marks.vertices[_ABOVE], marks.vertices[_BELOW], marks.barycentric[_ABOVE], marks.barycentric[_BELOW]
        return cls(drawn_sides(model), below_chin, outer, middle, scalp, tuple(ears), graph, pairs)


def _sized(projected: FloatArray, size: int) -> FloatArray:
    """(V, 3) projected vertices for a picture of another side than 256."""
    return projected if size == MASK_SIZE else projected * np.array([size / 256, size / 256, 1], np.float32)


_fixed: list[tuple[HeadModel, _Fixed]] = []  # of the last model
_fixed_lock = threading.Lock()


class _Mover:
    """Moves masks of one model; keeps the last mask and base. One thread at a time."""

    def __init__(self, model: HeadModel) -> None:
        self.model = model
        self._rasterisers: dict[int, Rasteriser] = {}
        fixed = _Fixed.of(model)
        self._sides, self._below_chin, self._outer = fixed.sides, fixed.below_chin, fixed.outer
        self._middle, self._scalp, self._ears, self._graph = fixed.middle, fixed.scalp, fixed.ears, fixed.graph
        self._marks = fixed.marks
        self._base: _Base | None = None
        self._sized_reach: tuple[_Base, int, FloatArray] | None = None

    def warp_mask(
        self, mask: MaskArray, base: HeadCoefficients, head: HeadCoefficients, size: int, eyeballs: bool = False
    ) -> tuple[MaskArray, FloatArray, FloatArray, BoolArray]:
        """The view of `head`: labels (S, S), source pixels (S, S, 2) of 256, what was seen, what is uncertain.

        With `eyeballs` a place on an eye is looked up where the eyeball has turned from, else where the lids show it.
        """
        model, kept = self.model, self._kept(mask, base)
        view = posed(model, head, kept.volume)
        reach = self._reach(kept, size)
        buffers = self._rasteriser(size).draw(_sized(view.projected, size), model.triangles, self._sides)
        labels = np.empty((size, size), np.uint8)
        field = np.empty((size, size, 2), np.float32)
        seen = np.empty((size, size), np.float32)
        uncertain = np.empty((size, size), np.bool_)
        kernels.warp_mask(
            buffers.triangle, buffers.barycentric, model.triangles, model.triangle_region, self._below_chin,
            self._outer, self._middle, self._marks, view.points, view.head_points, view.projected,
            kept.points if eyeballs else self._with_gaze(kept, head, view.head_points),
            kept.projected, kept.cosine, kept.depth, kept.regions, model.mirror, kept.mask, kept.outside,
            kept.around, kept.fallback, kept.worn, MIRROR, reach,
            kept.centre, kept.openings, kept.with_head, kept.with_body,
            np.float32(np.radians(head.pose[2] - kept.head.pose[2])), kept.joint[:2] - self._joint(head)[:2],
            labels, field, seen, uncertain,
        )  # fmt: skip
        return labels, field, seen, uncertain

    def _reach(self, base: _Base, size: int) -> FloatArray:
        """The outline of a base view as drawn at a size: that of the new view, drawn at the same, is as exact."""
        if size == MASK_SIZE:
            return base.reach
        if self._sized_reach is None or self._sized_reach[0] is not base or self._sized_reach[1] != size:
            drawn = self._rasteriser(size).draw(_sized(base.projected, size), self.model.triangles, self._sides)
            reach, met = np.empty(BINS, np.float32), np.empty(BINS, np.int32)
            kernels.outline(
                drawn.triangle,
                self._below_chin,
                base.projected,
                self._outer,
                base.centre[0],
                base.centre[1],
                reach,
                met,
            )
            self._sized_reach = base, size, reach
        return self._sized_reach[2]

    def _rasteriser(self, size: int) -> Rasteriser:
        if size not in self._rasterisers:
            self._rasterisers[size] = Rasteriser(size)
        return self._rasterisers[size]

    def _view(self, head: HeadCoefficients, volume: FloatArray | None = None) -> _View:
        view = posed(self.model, head, volume)
        return _View(*view, vertex_normals(view.points, self.model.triangles))

    def _joint(self, head: HeadCoefficients) -> FloatArray:
        """(3,) the neck's joint in the picture: what the shoulders follow."""
        return project(camera(NECK_JOINT[None], head), MASK_SIZE)[0]

    def _with_gaze(self, base: _Base, head: HeadCoefficients, head_points: FloatArray) -> FloatArray:
        """The base's points with eyeballs that are turned as the new ones: lids carry an eye's shape, not the gaze."""
        if np.array_equal(base.head.gaze, head.gaze):
            return base.points
        points = base.points.copy()
        here, there = self.model.eye_pivot(base.head.shape), self.model.eye_pivot(head.shape)
        for eye, (first, last) in enumerate(self.model.eye_vertices):
            if last > first:
                turned = head_points[first:last] - there[eye] + here[eye]
                points[first:last] = camera(turned, base.head)
        return points

    def _kept(self, mask: MaskArray, head: HeadCoefficients) -> _Base:
        base = self._base
        if base is None or moves_mask(base.head, head) or not np.array_equal(base.mask, mask):
            base = self._base = self._prepare(mask.copy(), head)
        return base

    def _prepare(self, mask: MaskArray, head: HeadCoefficients) -> _Base:
        model = self.model
        view = self._view(head)
        bare = view.projected
        buffers = self._rasteriser(MASK_SIZE).draw(bare, model.triangles, self._sides)
        cosine = view.cosine()
        label = self._vertex_labels(mask, view, bare, cosine, buffers.inverse_depth)
        centre = kernels.middle_of(view.points, self._middle)
        reach, met = np.empty(BINS, np.float32), np.empty(BINS, np.int32)
        kernels.outline(buffers.triangle, self._below_chin, bare, self._outer, centre[0], centre[1], reach, met)
        volume = self._volume(mask, view, bare, cosine, label, centre, reach, head)
        view = self._view(head, volume)
        projected, centre = view.projected, kernels.middle_of(view.points, self._middle)
        drawn = self._rasteriser(MASK_SIZE).draw(projected, model.triangles, self._sides)
        kernels.outline(drawn.triangle, self._below_chin, projected, self._outer, centre[0], centre[1], reach, met)
        covered = drawn.triangle >= 0
        regions = np.where(covered, model.triangle_region[drawn.triangle], 0).astype(np.uint8)
        on_head = covered & ~self._below_chin[drawn.triangle]
        chin = float(projected[self._outer, 1].max())
        with_head, with_body = _weights(mask, on_head, chin, self._joint(head)[1])
        outside, around = _without_face(mask, on_head), _without_face(mask, np.ones_like(on_head))
        return _Base(
            mask, head, volume, view.points, projected, view.cosine(), drawn.inverse_depth.copy(), regions,
            outside, around, *self._fallback(label), reach, centre, self._joint(head), with_head, with_body,
            kernels.gaps(view.head_points, *self._marks),
        )  # fmt: skip

    def _vertex_labels(
        self, mask: MaskArray, view: _View, projected: FloatArray, cosine: FloatArray, depth: FloatArray
    ) -> npt.NDArray[np.int16]:
        """(V,) label of each vertex in the mask; where it was not seen, the nearest one's or its mirror image's.

        Background on the head says only that the mesh is larger than what was painted: it is no label.
        """
        across = np.clip(projected[:, 0], 0, MASK_SIZE - 1).astype(np.intp)
        down = np.clip(projected[:, 1], 0, MASK_SIZE - 1).astype(np.intp)
        inside = (projected[:, :2] >= 0).all(1) & (projected[:, :2] < MASK_SIZE).all(1)
        # Half a centimetre of tolerance: vertices lie on the surface itself.
        visible = inside & (cosine > 0.1) & (1 / projected[:, 2] < 1 / np.maximum(depth[down, across], 1e-6) + 0.5)
        found = mask[down, across].astype(np.int16)
        label = np.where(visible & (found != Region.BACKGROUND), found, np.int16(-1))
        mirrored = label[self.model.mirror]
        kernels.spread(*self._graph, label)
        # Hair goes on where it vanishes behind the outline, and on the back of a head that is not bald; else people are
        # symmetrical.
        worn = np.isin(label, _WORN_ON_HEAD)
        usable = ~visible & (mirrored >= 0) & ~worn
        label = np.where(usable, MIRROR[np.maximum(mirrored, 0)].astype(np.int16), label)
        scalp = self._scalp & visible
        if scalp.any() and worn[scalp].mean() > 0.4:
            hats = (label[scalp] == Region.HAT).sum() > (label[scalp] == Region.HAIR).sum()
            hidden = self._scalp & ~visible & ~np.isin(label, _WORN_ON_HEAD)
            label[hidden] = Region.HAT if hats else Region.HAIR
        return label

    def _volume(
        self, mask: MaskArray, view: _View, projected: FloatArray, cosine: FloatArray,
        label: npt.NDArray[np.int16], centre: FloatArray, reach: FloatArray, head: HeadCoefficients,
    ) -> FloatArray:  # fmt: skip
        """(V, 3) cm in head axes by which hair and hats stand off the skull."""
        beyond = _beyond(np.isin(mask, _WORN_ON_HEAD), centre, reach)
        if not beyond.any():
            return np.zeros_like(view.points)
        offset = projected[:, :2] - centre[:2]
        angle = np.arctan2(offset[:, 1], offset[:, 0])
        place = angle * (BINS / (2 * np.pi)) - 0.5
        low = np.floor(place).astype(np.intp)
        part = place - low
        # At the middle of the back no direction counts; in front hair lies flat.
        rim = np.clip(np.hypot(offset[:, 0], offset[:, 1]) / reach[low % BINS], 0, 1)
        ring = kernels.smoothed_ring(beyond)
        around = (ring[low % BINS] * (1 - part) + ring[(low + 1) % BINS] * part) * rim + np.median(ring) * (1 - rim)
        flat = np.interp(cosine, (0.1, 0.9), (1.0, 0.3))
        worn = self._outer & np.isin(label, _WORN_ON_HEAD)
        thickness = np.minimum(around * flat / (MASK_SIZE * FOCAL * centre[2]), _THICKEST) * worn
        fields = np.concatenate([view.normals, thickness[:, None]], 1).astype(np.float32)
        fields[:, 3:] = kernels.smoothed(*self._graph, np.ascontiguousarray(fields[:, 3:]), self._outer, 2)
        # Ears under hair lend it no bumps.
        normals = kernels.smoothed(*self._graph, np.ascontiguousarray(fields[:, :3]), worn, 6)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
        volume = (normals * fields[:, 3:]) @ rotation(head.pose)
        for rows, rim in self._ears:
            if worn[rows].mean() > 0.6:
                # An ear under hair would dent it: it is laid against the head, on the plane through its rim.
                points = view.head_points
                plane = np.concatenate([points[rim, 1:], np.ones((len(rim), 1))], 1)
                solution = np.linalg.lstsq(plane, points[rim, 0], rcond=None)[0]
                volume[rows, 0] += points[rows, 1:] @ solution[:2] + solution[2] - points[rows, 0]
        return np.asarray(volume, np.float32)

    def _fallback(self, label: npt.NDArray[np.int16]) -> tuple[ByteArray, FloatArray]:
        """Labels (2, T) where nothing was seen, without and with hair or hat, and where (V,) these are.

        It is the nearest that was seen, or the model's own region.
        """
        model = self.model
        corners = label[model.triangles]
        found = np.where(corners[:, 1] == corners[:, 2], corners[:, 1], corners[:, 0])
        on_head = np.isin(label, _WORN_ON_HEAD) & self._outer
        worn = kernels.smoothed(*self._graph, on_head[:, None].astype(np.float32), self._outer, 3)[:, 0]
        bare = np.where(model.triangle_part == Part.SCALP, Region.SKIN, model.triangle_region)
        beside_neck = np.isin(found, (Region.NECK, Region.CLOTH, Region.NECKLACE, Region.HAIR))
        bare = np.where(self._below_chin & beside_neck, found, bare)
        hats, hairs = int((label == Region.HAT).sum()), int((label == Region.HAIR).sum())
        covered = np.where(
            np.isin(corners[:, 0], _WORN_ON_HEAD), corners[:, 0], Region.HAT if hats > hairs else Region.HAIR
        )
        return np.stack([bare, covered]).astype(np.uint8), np.ascontiguousarray(worn)


def _graph(triangles: npt.NDArray[np.int32], count: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Neighbours of each vertex: first (V + 1,) and list (E,), as `kernels.spread` reads them."""
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    # One number for a pair sorts many times faster than rows do.
    numbers = np.unique(np.concatenate([pairs @ (count, 1), pairs @ (1, count)]))
    start = np.concatenate([[0], np.cumsum(np.bincount(numbers // count, minlength=count))])
    return start.astype(np.int32), (numbers % count).astype(np.int32)


def _beyond(worn: BoolArray, centre: FloatArray, reach: FloatArray) -> FloatArray:
    """(BINS,) pixels by which hair and hats stand out beyond the outline, upwards and to the sides.

    A ray ends where it has met nothing worn for five pixels. Below the ears hair hangs and does not stand off.
    """
    angle = (np.arange(BINS) + 0.5) * (2 * np.pi / BINS)
    steps = np.arange(-4, 90)
    distance = reach[:, None] + steps
    across = np.floor(centre[0] + np.cos(angle)[:, None] * distance).astype(np.intp)
    down = np.floor(centre[1] + np.sin(angle)[:, None] * distance).astype(np.intp)
    inside = (across >= 0) & (down >= 0) & (across < MASK_SIZE) & (down < MASK_SIZE)
    met = worn[np.clip(down, 0, MASK_SIZE - 1), np.clip(across, 0, MASK_SIZE - 1)] & inside
    last = np.zeros(BINS, np.intp)
    gap = np.zeros(BINS, np.intp)
    for step in range(len(steps)):
        going = gap < 5
        last = np.where(going & met[:, step], step, last)
        gap = np.where(met[:, step], np.where(going, 0, gap), gap + 1)
    beyond = np.maximum(steps[last] + 1, 0).astype(np.float32)
    # Screen angles run clockwise from the right side; -90 degrees is up.
    from_up = np.abs(np.degrees(np.arctan2(np.cos(angle), -np.sin(angle))))
    level = np.flatnonzero(from_up <= 95)
    for k in np.flatnonzero(from_up > 95):
        beyond[k] = beyond[level[np.abs(np.angle(np.exp(1j * (angle[level] - angle[k])))).argmin()]]
    return beyond


def _without_face(mask: MaskArray, on_head: BoolArray) -> MaskArray:
    """The mask with the face, where the head (256, 256) covers it, replaced by the nearest label of another kind."""
    face = np.isin(mask, [*FACE_REGIONS, Region.L_EAR, Region.R_EAR]) & on_head
    return fill_from_nearest(mask, face)


def _weights(mask: MaskArray, on_head: BoolArray, chin: float, joint: float) -> tuple[FloatArray, FloatArray]:
    """How far the places of the base view (GRID, GRID) move with the head and with the shoulders; together at most 1.

    The influence of the head ends 60 pixels beyond what it wears, and fades from the chin to the shoulders.
    """
    worn = np.zeros(REGION_COUNT, bool)
    worn[[Region.HAIR, Region.HAT, Region.EARRING, Region.L_EAR, Region.R_EAR, *FACE_REGIONS]] = True
    body = np.zeros(REGION_COUNT, bool)
    body[[Region.NECK, Region.NECKLACE, Region.CLOTH]] = True

    def influence(shown: BoolArray, far: float) -> FloatArray:
        distance = cv2.distanceTransform((~shown).astype(np.uint8), cv2.DIST_L2, 5) if shown.any() else None
        if distance is None:
            return np.zeros((GRID, GRID), np.float32)
        near = np.clip(1.0 - (distance - 3.0) / far, 0, 1)
        near = near * near * (3 - 2 * near)
        return cv2.resize(near, (GRID, GRID), interpolation=cv2.INTER_AREA)

    rows = (np.arange(GRID, dtype=np.float32) + 0.5) * _CELL
    shoulder = max(joint, chin + 10.0) + 25.0
    fade = np.clip((shoulder - rows) / (shoulder - chin), 0, 1)
    fade = (fade * fade * (3 - 2 * fade))[:, None]
    head = influence(worn[mask] | on_head, 60.0) * fade
    shirt = influence(body[mask], 40.0)
    shirt = np.maximum(shirt, influence(worn[mask] & ~on_head, 20.0) * (1 - fade))
    head = cv2.GaussianBlur(head, (0, 0), 1.2)
    return head.astype(np.float32), ((1 - head) * cv2.GaussianBlur(shirt, (0, 0), 1.2)).astype(np.float32)
