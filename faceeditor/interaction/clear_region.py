"""Clearing a region or an area of a mask: what surrounds it closes the gap."""

import cv2
import numpy as np

from faceeditor.portrait.brush import Area
from faceeditor.portrait.label_fill import fill_from_nearest
from faceeditor.regions import MaskArray, Region

_GROUND = (Region.BACKGROUND, Region.SKIN, Region.NECK, Region.CLOTH, Region.HAIR, Region.HAT)
"""Regions that others lie on: they close a gap, while an eye or a lip beside it keeps its shape."""
_MIN_GROUND = 0.1
"""Share of a gap's rim above which only ground closes it; the inner mouth is closed by the lips around it."""


def without_region(mask: MaskArray, region: Region) -> MaskArray | None:
    """A copy of the mask without a region, whose pixels belong to what surrounds it; None if there is none of it."""
    inside = mask == region
    return without_area(mask, inside) if inside.any() else None


def without_area(mask: MaskArray, area: Area) -> MaskArray:
    """A copy of the mask in which the pixels of an area belong to the nearest region around them.

    Args:
        mask: (H, W) uint8.
        area: (H, W) bool; each connected piece of it is closed by itself.

    Returns:
        (H, W) uint8. Background where the area has no rim at all.
    """
    return with_closed_gaps(mask, area, ~area)


def with_closed_gaps(mask: MaskArray, gaps: Area, sources: Area) -> MaskArray:
    """A copy of the mask in which gaps are closed by what lies beside them.

    Args:
        mask: (H, W) uint8.
        gaps: (H, W) bool; each connected piece is closed by itself.
        sources: (H, W) bool: which pixels close gaps; a gap that none of them touches is closed by all around it.

    Returns:
        (H, W) uint8. Background where a gap has no rim at all.
    """
    height, width = mask.shape
    result = mask.copy()
    count, pieces, facts, _ = cv2.connectedComponentsWithStats(gaps.astype(np.uint8), connectivity=8)
    for piece in range(1, count):
        x, y, w, h = (int(fact) for fact in facts[piece, : cv2.CC_STAT_AREA])
        part = np.s_[max(0, y - 1) : min(height, y + h + 1), max(0, x - 1) : min(width, x + w + 1)]
        gap, labels = pieces[part] == piece, mask[part]
        around = (cv2.dilate(gap.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~gaps[part]
        if not around.any():
            result[part][gap] = Region.BACKGROUND
            continue
        rim = around & sources[part]
        rim = rim if rim.any() else around
        ground = rim & np.isin(labels, _GROUND)
        used = ground if ground.sum() >= _MIN_GROUND * rim.sum() else rim
        result[part] = np.where(gap, fill_from_nearest(labels, gap, used), result[part])
    return result
