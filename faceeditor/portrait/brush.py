"""Painting as pure functions: mask in, changed rectangle out.

Positions are (x, y) in mask pixels, measured from the picture's top left corner: the pixel in column ``i`` covers
``i`` to ``i + 1``. Every tool returns a ``Patch``, the rectangle that changes and its new values, or None if nothing
changes. With an ``axis`` a tool paints the mirrored twin as well, with left and right regions exchanged; with
``allowed`` regions it leaves all other pixels alone.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.faceframe import face_frame
from faceeditor.regions import MIRROR, MaskArray, Region

Point = tuple[float, float]
Rect = tuple[int, int, int, int]
"""x, y, width, height in pixels."""
Patch = tuple[Rect, MaskArray]
"""A rectangle and its new region indices, (height, width) uint8."""

Area = npt.NDArray[np.bool_]
"""Which pixels of a mask, (H, W) bool."""
_PAIRS = (((Region.L_EYE,), (Region.R_EYE,)), ((Region.L_BROW,), (Region.R_BROW,)))
_MIN_PIXELS = 6


@dataclass(frozen=True)
class FaceAxis:
    """The line of symmetry of a face in mask pixels: through (x, y), along the unit vector (dx, dy)."""

    x: float
    y: float
    dx: float
    dy: float

    def reflect(self, point: Point) -> Point:
        """The point's mirror image."""
        away_x, away_y = point[0] - self.x, point[1] - self.y
        along = away_x * self.dx + away_y * self.dy
        return self.x + 2 * along * self.dx - away_x, self.y + 2 * along * self.dy - away_y


def face_axis(mask: MaskArray) -> FaceAxis:
    """The face's axis, tilt included: from the middles of eyes and brows to nose and mouth.

    Without enough of them the face frame's own axis is taken, which is upright and central if there is no face at all.
    Take the axis once as a stroke begins: painting an eye moves it a little.
    """
    pairs = [(_centre(mask, left), _centre(mask, right)) for left, right in _PAIRS]
    sides = [(left, right) for left, right in pairs if left is not None and right is not None]
    nose, mouth = _centre(mask, (Region.NOSE,)), _centre(mask, (Region.U_LIP, Region.MOUTH, Region.L_LIP))
    middles = [(left + right) / 2 for left, right in sides]
    down = np.zeros(2)
    for left, right in sides:
        across = left - right
        down += (-across[1], across[0])
    if middles and mouth is not None:
        down += mouth - middles[0]
    elif nose is not None and mouth is not None:
        down += mouth - nose
    on_axis = [*middles, *(centre for centre in (nose, mouth) if centre is not None)]
    length = float(np.hypot(*down))
    if length < 1.0:
        frame = face_frame(mask).astype(np.float64)
        height, width = mask.shape
        middle = ((frame[:, 2] + 1) * (width, height)) / 2
        down = frame[:, 1] * (width, height)
        on_axis, length = [middle], max(float(np.hypot(*down)), 1e-9)
    x, y = np.mean(on_axis, axis=0)
    return FaceAxis(float(x), float(y), float(down[0] / length), float(down[1] / length))


def dab_segment(
    mask: MaskArray,
    p0: Point,
    p1: Point,
    radius0: float,
    radius1: float,
    region: Region,
    *,
    axis: FaceAxis | None = None,
    allowed: Collection[Region] | None = None,
) -> Patch | None:
    """Paint the hull of two discs: a piece of a stroke, whose radius follows the pen's pressure.

    Args:
        mask: (H, W) uint8, unchanged.
        p0, p1: centres of the discs (the same for a single dab).
        radius0, radius1: in pixels; at least the pixel under the pen is painted.
        region: what to paint.
        axis: paint the mirrored twin, too.
        allowed: regions that may be painted over (None: all).
    """
    if not all(math.isfinite(value) for value in (*p0, *p1, radius0, radius1)):
        return None
    reach0, reach1 = max(radius0, 0.0) + 1.0, max(radius1, 0.0) + 1.0
    bounds = _clipped(
        min(p0[0] - reach0, p1[0] - reach1),
        min(p0[1] - reach0, p1[1] - reach1),
        max(p0[0] + reach0, p1[0] + reach1),
        max(p0[1] + reach0, p1[1] + reach1),
        mask.shape,
    )
    inside = None if bounds is None else _hull(bounds, p0, p1, radius0, radius1)
    if axis is None:
        return None if bounds is None or inside is None else _patch(mask, bounds, inside, region, allowed)
    q0, q1 = axis.reflect(p0), axis.reflect(p1)
    twin = dab_segment(mask, q0, q1, radius0, radius1, Region(MIRROR[region]), allowed=allowed)
    if bounds is None or inside is None:
        return twin
    # The hand's own side comes last: on the axis it wins.
    own = _patch(mask, bounds, inside, region, allowed, even_unchanged=twin is not None)
    return _joined(mask, twin, own, bounds, inside)


def polygon(
    mask: MaskArray,
    points: Sequence[Point],
    region: Region,
    *,
    axis: FaceAxis | None = None,
    allowed: Collection[Region] | None = None,
) -> Patch | None:
    """Fill a lasso or polygon (three points or more, even-odd rule); arguments as in ``dab_segment``."""
    if len(points) < 3:
        return None
    corners = np.asarray(points, np.float64)
    if not np.isfinite(corners).all():
        return None
    full = polygon_area(mask.shape, corners)
    twin = None
    if axis is not None:
        twin = polygon_area(mask.shape, np.array([axis.reflect((float(x), float(y))) for x, y in corners]))
    return _both_sides(mask, full, twin, region, allowed)


def flood_fill(
    mask: MaskArray,
    point: Point,
    region: Region,
    *,
    axis: FaceAxis | None = None,
    allowed: Collection[Region] | None = None,
) -> Patch | None:
    """Fill the connected area (4 neighbours) of the region under the point; arguments as in ``dab_segment``."""
    full = connected_area(mask, point)
    if full is None:
        return None
    twin = None
    if axis is not None:
        # The twin is the mirrored face's own area, not the mirror image of this one: faces are never quite symmetric.
        under = mask[math.floor(point[1]), math.floor(point[0])]
        twin = connected_area(mask, axis.reflect(point), wanted=int(MIRROR[under]))
    return _both_sides(mask, full, twin, region, allowed)


def changed_patch(before: MaskArray, after: MaskArray) -> Patch | None:
    """The smallest patch that turns one mask into another of the same size; None if they are equal."""
    return _trimmed(before, (0, 0, before.shape[1], before.shape[0]), after)


def within(mask: MaskArray, patch: Patch | None, area: Area | None) -> Patch | None:
    """A patch of a mask that leaves everything outside of an area (H, W) as it is; no area: the patch itself."""
    if patch is None or area is None:
        return patch
    (x, y, width, height), values = patch
    part = np.s_[y : y + height, x : x + width]
    return _trimmed(mask, patch[0], np.where(area[part], values, mask[part]))


def region_at(mask: MaskArray, point: Point) -> Region | None:
    """The region under a point, or None outside the picture."""
    if not (math.isfinite(point[0]) and math.isfinite(point[1])):
        return None
    x, y = math.floor(point[0]), math.floor(point[1])
    if 0 <= x < mask.shape[1] and 0 <= y < mask.shape[0]:
        return Region(int(mask[y, x]))
    return None


def _clipped(left: float, top: float, right: float, bottom: float, shape: tuple[int, ...]) -> Rect | None:
    """The whole-pixel rectangle around bounds, inside the picture, or None."""
    x, y = max(0, math.floor(left)), max(0, math.floor(top))
    width, height = min(shape[1], math.ceil(right)) - x, min(shape[0], math.ceil(bottom)) - y
    return (x, y, width, height) if width > 0 and height > 0 else None


def _hull(bounds: Rect, p0: Point, p1: Point, radius0: float, radius1: float) -> Area:
    """Which pixel centres of the rectangle lie in the hull of two discs."""
    x, y, width, height = bounds
    columns = np.arange(x + 0.5, x + width, dtype=np.float32)
    rows = np.arange(y + 0.5, y + height, dtype=np.float32)[:, None]
    # A disc always reaches the nearest pixel centre, so that the thinnest pen still leaves a line.
    r0, r1 = max(radius0, 0.71), max(radius1, 0.71)
    length = math.hypot(p1[0] - p0[0], p1[1] - p0[1])
    if length + min(r0, r1) <= max(r0, r1) or length < 1e-3:  # one disc holds the other
        (px, py), r = (p0, r0) if r0 >= r1 else (p1, r1)
        return np.asarray((columns - np.float32(px)) ** 2 + (rows - np.float32(py)) ** 2 <= np.float32(r * r))
    inside = (columns - np.float32(p0[0])) ** 2 + (rows - np.float32(p0[1])) ** 2 <= np.float32(r0 * r0)
    inside |= (columns - np.float32(p1[0])) ** 2 + (rows - np.float32(p1[1])) ** 2 <= np.float32(r1 * r1)
    # Between the points where the common tangents touch, the hull is a trapezoid around the line p0 p1.
    ux, uy = (p1[0] - p0[0]) / length, (p1[1] - p0[1]) / length
    sine = (r0 - r1) / length
    cosine = math.sqrt(max(0.0, 1.0 - sine * sine))
    start, end = r0 * sine, length + r1 * sine
    along = (columns - np.float32(p0[0])) * np.float32(ux) + (rows - np.float32(p0[1])) * np.float32(uy)
    across = (rows - np.float32(p0[1])) * np.float32(ux) - (columns - np.float32(p0[0])) * np.float32(uy)
    slope = (r1 - r0) * cosine / (end - start)
    np.abs(across, out=across)
    between = (along >= np.float32(start)) & (along <= np.float32(end))
    along *= np.float32(slope)
    along += np.float32(r0 * cosine - slope * start)
    between &= across <= along
    inside |= between
    return np.asarray(inside)


def _centre(mask: MaskArray, regions: tuple[Region, ...]) -> npt.NDArray[np.float64] | None:
    """(2,) float64: x, y of the middle of some regions in mask pixels; None if there is next to nothing of them."""
    table = np.zeros(256, np.uint8)
    table[list(regions)] = 1
    moments = cv2.moments(cv2.LUT(np.ascontiguousarray(mask), table), binaryImage=True)
    if moments["m00"] < _MIN_PIXELS:
        return None
    return np.array([moments["m10"], moments["m01"]]) / moments["m00"] + 0.5


def polygon_area(shape: tuple[int, ...], corners: npt.NDArray[np.float64]) -> Area:
    """Which pixel centres lie inside a polygon of (N, 2) corners x, y (even-odd rule).

    Done by hand because cv2.fillPoly also paints what its edges only touch, which spoils the symmetry of twins.
    """
    height, width = shape
    rows = np.arange(0.5, height)[None, :]
    x0, y0 = corners[:, :1], corners[:, 1:]
    x1, y1 = np.roll(x0, -1, 0), np.roll(y0, -1, 0)
    edge, row = np.nonzero((y0 <= rows) != (y1 <= rows))
    share = (rows[0, row] - y0[edge, 0]) / (y1[edge, 0] - y0[edge, 0])
    crossing = x0[edge, 0] + share * (x1[edge, 0] - x0[edge, 0])
    column = np.clip(np.ceil(crossing - 0.5), 0, width).astype(np.intp)
    toggles = np.zeros((height, width + 1), np.uint8)  # wraps, but keeps its parity
    np.add.at(toggles, (row, column), 1)
    return (np.cumsum(toggles[:, :-1], axis=1, dtype=np.uint8) & 1).astype(bool)


def connected_area(mask: MaskArray, point: Point, wanted: int | None = None) -> Area | None:
    """The connected area (4 neighbours) under a point, or None outside the picture or on an unwanted region."""
    under = region_at(mask, point)
    if under is None or (wanted is not None and under != wanted):
        return None
    height, width = mask.shape
    marks = np.zeros((height + 2, width + 2), np.uint8)
    seed = (math.floor(point[0]), math.floor(point[1]))
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
    cv2.floodFill(np.array(mask, copy=True), marks, seed, 0, 0, 0, flags)
    return marks[1:-1, 1:-1].astype(bool)


def _both_sides(
    mask: MaskArray, own: Area, twin: Area | None, region: Region, allowed: Collection[Region] | None
) -> Patch | None:
    """Paint a full-size stencil and its twin's in the mirrored region."""
    values = mask.copy()
    free = _free(mask, allowed)
    if twin is not None:
        values[twin & free if free is not None else twin] = MIRROR[region]
    values[own & free if free is not None else own] = region
    return _trimmed(mask, (0, 0, mask.shape[1], mask.shape[0]), values)


def _free(mask: MaskArray, allowed: Collection[Region] | None) -> Area | None:
    """Which pixels may change; None for all."""
    if allowed is None:
        return None
    table = np.zeros(256, np.uint8)
    table[[int(region) for region in allowed]] = 1
    return np.asarray(cv2.LUT(np.ascontiguousarray(mask), table)).view(np.bool_)


def _patch(
    mask: MaskArray,
    bounds: Rect,
    inside: Area,
    region: Region,
    allowed: Collection[Region] | None,
    even_unchanged: bool = False,
) -> Patch | None:
    """The rectangle with a stencil painted; ``inside`` is narrowed to the pixels that may change."""
    x, y, width, height = bounds
    before = mask[y : y + height, x : x + width]
    free = _free(before, allowed)
    if free is not None:
        inside &= free
    values = before.copy()
    np.copyto(values, np.uint8(region), where=inside)
    return (bounds, values) if even_unchanged or not np.array_equal(values, before) else None


def _joined(mask: MaskArray, twin: Patch | None, own: Patch | None, bounds: Rect, inside: Area) -> Patch | None:
    """One patch of two: the twin's, then the own side's painted pixels over it."""
    if twin is None or own is None:
        return own if twin is None else twin
    (ax, ay, aw, ah), (bx, by, bw, bh) = twin[0], bounds
    x, y = min(ax, bx), min(ay, by)
    width, height = max(ax + aw, bx + bw) - x, max(ay + ah, by + bh) - y
    values = mask[y : y + height, x : x + width].copy()
    values[ay - y : ay - y + ah, ax - x : ax - x + aw] = twin[1]
    np.copyto(values[by - y : by - y + bh, bx - x : bx - x + bw], own[1], where=inside)
    return _trimmed(mask, (x, y, width, height), values)


def _trimmed(mask: MaskArray, bounds: Rect, values: MaskArray) -> Patch | None:
    """The smallest patch that makes the same change, or None."""
    x, y, width, height = bounds
    changed = values != mask[y : y + height, x : x + width]
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    if not len(rows):
        return None
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    part = np.ascontiguousarray(values[top:bottom, left:right])
    return (x + left, y + top, right - left, bottom - top), part
