"""Pushing the borders of regions along a stroke, free of Qt.

The stroke keeps for every pixel where it has come from. The mask is always taken from the one at the beginning of the
stroke, so that borders stay as clean after a hundred small steps as after one.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from faceeditor.interaction.clear_region import without_area
from faceeditor.interaction.reshape import FloatArray, moved_labels, present_regions
from faceeditor.interaction.strokes import Moved, begin_stroke, not_moved, pressed_radius
from faceeditor.portrait.brush import Area, FaceAxis, Patch, Point, changed_patch, face_axis
from faceeditor.portrait.document import Portrait
from faceeditor.regions import MASK_SIZE, MIRROR, MaskArray, Region

_STEP = 0.2
"""Longest step of the brush, in radii: longer ones would tear what they push."""
_SPECK = 2
"""A pixel with fewer than so many others of its region around it is a speck."""
_FAR = 0.75
"""Pixels from which on borders of large regions are rounded off."""
_ROUND = 3
"""Radius in pixels by which they are."""
_LARGE = (Region.BACKGROUND, Region.SKIN, Region.NECK, Region.CLOTH, Region.HAIR, Region.HAT)


@dataclass(frozen=True, eq=False)
class Push:
    """What a stroke pushes with.

    Attributes:
        size: diameter of the brush at full pressure, in mask pixels.
        strength: 0..1, how far the middle of the brush takes the mask along.
        region: the only region whose borders move; None: all.
        symmetry: push the mirrored twin, too.
        allowed: regions that may change; None: all.
        selection: (256, 256) bool of the pixels that may change; None: all.
        name: of the undo step.
    """

    size: float = 40.0
    strength: float = 0.8
    region: Region | None = None
    symmetry: bool = False
    allowed: frozenset[Region] | None = None
    selection: Area | None = None
    name: str = "Push"


class PushField:
    """Where every pixel of a mask comes from after a stroke: (H, W, 2) places (x, y) of pixel centres."""

    def __init__(self, height: int = MASK_SIZE, width: int = MASK_SIZE) -> None:
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        self._still = np.stack([x, y], -1)
        # Counted from the middle of the first pixel, as OpenCV does.
        self.places: FloatArray = self._still.copy()

    def distance(self, part: tuple[slice, slice]) -> FloatArray:
        """How far the pixels of some rows and columns have come, the longer of both directions."""
        away = np.abs(self.places[part] - self._still[part])
        return np.maximum(away[..., 0], away[..., 1])

    def push(self, start: Point, end: Point, radius: float, strength: float) -> tuple[slice, slice] | None:
        """Move the brush from one point to another; returns the rows and columns that it reaches."""
        steps = max(1, math.ceil(math.dist(start, end) / max(_STEP * radius, 0.5)))
        step = (end[0] - start[0]) / steps, (end[1] - start[1]) / steps
        height, width = self.places.shape[:2]
        reached: tuple[slice, slice] | None = None
        for number in range(1, steps + 1):
            x, y = start[0] + step[0] * number, start[1] + step[1] * number
            rows = slice(max(0, math.floor(y - radius)), min(height, math.ceil(y + radius)))
            columns = slice(max(0, math.floor(x - radius)), min(width, math.ceil(x + radius)))
            if rows.start >= rows.stop or columns.start >= columns.stop:
                continue
            self._step(rows, columns, (x, y), step, radius, strength)
            reached = (rows, columns) if reached is None else (_hull(reached[0], rows), _hull(reached[1], columns))
        return reached

    def _step(self, rows: slice, columns: slice, middle: Point, step: Point, radius: float, strength: float) -> None:
        x, y = self._still[rows, columns, 0], self._still[rows, columns, 1]
        across, down = x + np.float32(0.5 - middle[0]), y + np.float32(0.5 - middle[1])
        weight = np.maximum(np.float32(1) - (across * across + down * down) * np.float32(1 / radius**2), np.float32(0))
        weight *= weight * np.float32(strength)
        x, y = x - np.float32(step[0]) * weight, y - np.float32(step[1]) * weight
        moved = cv2.remap(self.places, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        inside = weight > 0
        self.places[rows, columns][inside] = moved[inside]


class PushStroke:
    """A stroke of the push brush; each piece is in the portrait as soon as ``move`` returns.

    Raises:
        PortraitError: another stroke or gesture is open.
        EngineError: the mask that is seen is not known yet.
    """

    def __init__(
        self, portrait: Portrait, push: Push, point: Point, pressure: float = 1.0, moved: Moved = not_moved
    ) -> None:
        begin_stroke(portrait, push.name, moved())
        self._portrait = portrait
        self._push = push
        self._last = point
        self._axis: FaceAxis | None = face_axis(portrait.mask) if push.symmetry else None
        self._pusher = MaskPusher(portrait.mask, push)

    def move(self, point: Point, pressure: float = 1.0) -> None:
        """Go on to a point of the picture."""
        radius = max(pressed_radius(self._push.size, pressure), 1.0)
        ways = [(self._last, point)]
        if self._axis is not None:
            ways.append((self._axis.reflect(self._last), self._axis.reflect(point)))
        self._last = point
        for start, end in ways:
            patch = self._pusher.push(self._portrait.mask, start, end, radius)
            if patch is not None:
                self._portrait.paint(*patch)

    def commit(self) -> None:
        """End the stroke; it is one undo step."""
        self._portrait.commit_stroke()

    def abort(self) -> None:
        """Take the stroke back."""
        self._portrait.abort_stroke()


class MaskPusher:
    """The mask at the beginning of a stroke, and where the stroke has pushed it.

    Args:
        mask: (256, 256) uint8.
        push: the brush.
    """

    def __init__(self, mask: MaskArray, push: Push) -> None:
        self._mask = mask
        self._push = push
        self._field = PushField(*mask.shape)
        self._area = np.ones(mask.shape, bool)
        self._below = mask
        if push.region is not None:
            regions = [push.region, int(MIRROR[push.region])] if push.symmetry else [push.region]
            self._area = np.isin(mask, regions)
            self._below = without_area(mask, self._area)
        self._free = np.ones(mask.shape, bool)
        if push.allowed is not None:
            self._free = np.isin(mask, [int(region) for region in push.allowed])
        if push.selection is not None:
            self._free = self._free & push.selection

    def push(self, shown: MaskArray, start: Point, end: Point, radius: float) -> Patch | None:
        """Push on; returns what changes of the mask that is shown, None if nothing does."""
        reached = self._field.push(start, end, radius, self._push.strength)
        if reached is None or not self._area.any():
            return None
        result = shown.copy()
        result[reached] = self._taken(reached)
        return changed_patch(shown, result)

    def _taken(self, part: tuple[slice, slice]) -> MaskArray:
        """The mask of some rows and columns as it is pushed."""
        x, y = self._field.places[part][..., 0], self._field.places[part][..., 1]
        # Only what is asked for is looked at.
        left, top = max(0, math.floor(x.min())), max(0, math.floor(y.min()))
        source = np.s_[top : math.ceil(y.max()) + 2, left : math.ceil(x.max()) + 2]
        x, y = x - np.float32(left), y - np.float32(top)

        def sample(shares: FloatArray) -> FloatArray:
            edge = cv2.BORDER_REPLICATE
            return np.asarray(cv2.remap(shares, x, y, cv2.INTER_LINEAR, borderMode=edge), np.float32)

        if not self._area[source].any():
            return self._mask[part]
        labels, covered = moved_labels(self._mask[source], self._area[source], sample)
        # Where a region has been pushed away from, what lies beside it closes the gap.
        pushed = np.where(covered, labels, np.where(self._area[part], self._below[part], self._mask[part]))
        distance = self._field.distance(part)
        touched = distance > 0
        mine = covered | self._area[part]
        pushed = with_clean_borders(pushed.astype(np.uint8), touched & mine, (distance >= _FAR) & mine)
        return np.where(touched & self._free[part], pushed, self._mask[part])


def with_clean_borders(mask: MaskArray, moved: Area, far: Area) -> MaskArray:
    """The mask without specks, and with smooth borders between large regions.

    Args:
        mask: (H, W) uint8.
        moved: (H, W) where pixels with next to none of their region around them take the commonest of 3 x 3 pixels.
        far: (H, W) where pixels of large regions take the commonest large one around them: the steps of a border
            that was stretched are rounded off.
    """
    present = present_regions(mask)
    edge = cv2.BORDER_REPLICATE
    shares = [np.asarray(mask == region, np.uint8) for region in present]
    near = [cv2.filter2D(share, -1, np.ones((3, 3), np.float32), borderType=edge) for share in shares]
    own = np.zeros_like(mask)
    for share, count in zip(shares, near, strict=True):
        np.copyto(own, count, where=share > 0)
    large = np.isin(present, _LARGE)
    result = mask
    wide = [
        cv2.filter2D(share, -1, _disc(_ROUND), borderType=edge)
        for share, is_large in zip(shares, large, strict=True)
        if is_large
    ]
    if wide:
        commonest = present[large][np.argmax(wide, 0)]
        result = np.where(far & np.isin(mask, _LARGE), commonest, mask)
    return np.where((own <= _SPECK) & moved, present[np.argmax(near, 0)], result)


def _disc(radius: int) -> FloatArray:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(x * x + y * y <= radius * (radius + 0.5), np.float32)


def _hull(a: slice, b: slice) -> slice:
    return slice(min(a.start, b.start), max(a.stop, b.stop))
