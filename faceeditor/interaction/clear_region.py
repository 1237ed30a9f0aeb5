"""Clearing a region of a mask."""

import numpy as np

from faceeditor.regions import MaskArray, Region


def without_region(mask: MaskArray, region: Region) -> MaskArray | None:
    """A copy of the mask in which a region's pixels belong to the region that surrounds it most.

    Args:
        mask: (256, 256) uint8.
        region: the region to clear.

    Returns:
        The new mask, or None if the region is not in the mask.
    """
    inside = mask == region
    if not inside.any():
        return None
    grown = inside.copy()
    grown[1:] |= inside[:-1]
    grown[:-1] |= inside[1:]
    grown[:, 1:] |= inside[:, :-1]
    grown[:, :-1] |= inside[:, 1:]
    around = mask[grown & ~inside]
    filler = int(np.bincount(around).argmax()) if around.size else int(Region.BACKGROUND)
    cleared = mask.copy()
    cleared[inside] = filler
    return cleared
