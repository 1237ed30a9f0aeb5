"""Moving the pixels of a mask smoothly: every region is moved as a share of each pixel, and the largest share wins."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.interaction.clear_region import with_closed_gaps
from faceeditor.interaction.transform import Matrix
from faceeditor.portrait.brush import Area
from faceeditor.portrait.state import MAX_COMB_WIDTH, MIN_COMB_WIDTH, CombStroke
from faceeditor.regions import MASK_SIZE, MIRROR, REGION_COUNT, MaskArray, Region

FloatArray = npt.NDArray[np.float32]
Sample = Callable[[FloatArray], FloatArray]
"""(H, W) shares of a region -> the same where they have moved to."""

_BLUR = 0.7
"""Pixels, standard deviation."""
_COMB_REACH = 16.0 * MASK_SIZE - 1


@dataclass(frozen=True, eq=False)
class MovedPart:
    """A part of a mask that moves.

    Attributes:
        area: (256, 256) what moves.
        matrix: (2, 3) where to, in pixels of the mask.
    """

    area: Area
    matrix: Matrix

    @property
    def mirrors(self) -> bool:
        """Whether left and right are exchanged."""
        return float(np.linalg.det(self.matrix[:, :2])) < 0

    @property
    def size(self) -> float:
        """Root of how much larger the part becomes."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    def points(self, points: FloatArray) -> FloatArray:
        """Where points (N, 2) of the part go."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2], np.float32)


def moved_labels(mask: MaskArray, area: Area, sample: Sample) -> tuple[MaskArray, Area]:
    """The labels of an area where they have moved to.

    Args:
        mask: (H, W) uint8.
        area: (H, W) which pixels move.
        sample: moves the shares of one region.

    Returns:
        Labels as large as what `sample` returns, and which of them are covered by what has moved.
    """
    best: FloatArray | None = None
    for region in present_regions(mask[area]):
        share = sample((area & (mask == region)).astype(np.float32))
        if best is None:
            best, total, labels = share, share.copy(), np.full(share.shape, region, np.uint8)
            continue
        total += share
        labels[share > best] = region
        best = np.maximum(best, share)
    if best is None:
        raise ValueError("an empty area cannot be moved")
    return labels, total > 0.5


def present_regions(labels: MaskArray) -> MaskArray:
    """The regions that occur in labels of any shape, in rising order; much faster than `np.unique`."""
    return np.flatnonzero(np.bincount(labels.ravel(), minlength=REGION_COUNT)).astype(np.uint8)


def with_moved_parts(
    mask: MaskArray, parts: Sequence[MovedPart], allowed: Collection[Region] | None = None
) -> MaskArray:
    """The mask with parts laid over it where they have moved to.

    Args:
        mask: (256, 256) uint8 from which the parts are taken.
        parts: the last one lies on top.
        allowed: regions that may be covered; None: all. Where a part came from is always free.

    Returns:
        (256, 256) uint8; equal to the mask bit for bit where nothing moves.
    """
    if all(np.array_equal(part.matrix, np.eye(2, 3)) for part in parts):
        return mask
    taken = np.zeros(mask.shape, bool)
    for part in parts:
        taken |= part.area
    result = mask.copy()
    free = np.ones(mask.shape, bool) if allowed is None else np.isin(mask, [int(region) for region in allowed])
    free |= taken
    covered = np.zeros(mask.shape, bool)
    for part in parts:
        labels, put = moved_labels(_exchanged(mask, part), part.area, _affine(part))
        put &= free
        result[put] = labels[put]
        covered |= put
    # What still lies beside a gap closes it, and not what is under the part where it lies now: hair that is drawn in
    # leaves background outside and skin inside. A hole that the part has taken along is closed by the part.
    return with_closed_gaps(result, taken & ~covered, ~covered)


def moved_area(part: MovedPart) -> Area:
    """Which pixels a part covers where it has moved to."""
    return _affine(part)(part.area.astype(np.float32)) > 0.5


def moved_comb(comb: tuple[CombStroke, ...], mask: MaskArray, parts: Sequence[MovedPart]) -> tuple[CombStroke, ...]:
    """Comb strokes of which those in the hair of a part, by half or more, have moved with it.

    Args:
        comb: strokes in pixels of the mask.
        mask: (256, 256) from which the parts are taken.
        parts: what moves.

    Returns:
        The strokes; those that did not move, and the tuple if none did, are the same objects.
    """
    result = list(comb)
    for part in parts:
        hair = part.area & (mask == Region.HAIR)
        if np.array_equal(part.matrix, np.eye(2, 3)) or not hair.any():
            continue
        for index, stroke in enumerate(comb):
            if _share_inside(stroke.points, hair) < 0.5:
                continue
            width = min(max(stroke.width * part.size, MIN_COMB_WIDTH), MAX_COMB_WIDTH)
            points = np.clip(part.points(stroke.points), -_COMB_REACH, _COMB_REACH)
            result[index] = CombStroke(points, width)
    return comb if all(a is b for a, b in zip(comb, result, strict=True)) else tuple(result)


def _share_inside(points: FloatArray, area: Area) -> float:
    """Share of points (N, 2) that lie in an area."""
    x, y = np.floor(points).astype(np.int64).T
    inside = (x >= 0) & (x < area.shape[1]) & (y >= 0) & (y < area.shape[0])
    return float(area[y[inside], x[inside]].sum()) / len(points)


def _affine(part: MovedPart) -> Sample:
    """How the shares of a part move."""
    # OpenCV counts from the middle of the first pixel.
    shift = np.array([0.5, 0.5])
    matrix = part.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ shift - shift
    # The steps between pixels are rounded off before they are turned or enlarged; a part that is only moved or
    # mirrored keeps its shape to the pixel.
    smooth = not np.allclose(np.abs(part.matrix[:, :2]), np.eye(2))

    def sample(shares: FloatArray) -> FloatArray:
        if smooth:
            shares = np.asarray(cv2.GaussianBlur(shares, (0, 0), _BLUR, borderType=cv2.BORDER_REPLICATE), np.float32)
        # What reaches the border of the mask goes on beyond it.
        edge = cv2.BORDER_REPLICATE
        moved = cv2.warpAffine(shares, matrix, shares.shape[::-1], flags=cv2.INTER_LINEAR, borderMode=edge)
        return np.asarray(moved, np.float32)

    return sample


def _exchanged(mask: MaskArray, part: MovedPart) -> MaskArray:
    """The mask with left and right exchanged where a mirrored part holds both of a pair."""
    if not part.mirrors:
        return mask
    present = set(present_regions(mask[part.area]).tolist())
    table = np.arange(256, dtype=np.uint8)
    for region, other in enumerate(MIRROR.tolist()):
        if region in present and other in present:
            table[region] = other
    return table[mask]
