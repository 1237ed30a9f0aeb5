"""Masks at another size."""

import cv2
import numpy as np

from faceeditor.regions import MaskArray

WORK_SIDE = 1024
"""Larger masks are thinned to this side before anything is counted a region at a time."""


def resample(mask: MaskArray, side: int) -> MaskArray:
    """Bring a square mask to another side: each pixel takes the region that covers most of it.

    Args:
        mask: (N, N) uint8 region indices.
        side: the new side in pixels.

    Returns:
        (side, side) uint8.
    """
    if mask.shape[0] > max(WORK_SIDE, side):
        mask = cv2.resize(mask, (WORK_SIDE, WORK_SIDE), interpolation=cv2.INTER_NEAREST_EXACT)  # type: ignore[assignment]
    method = cv2.INTER_AREA if side < mask.shape[0] else cv2.INTER_LINEAR
    best = np.full((side, side), -1.0, np.float32)
    result = np.zeros((side, side), np.uint8)
    for region in np.unique(mask):
        cover = cv2.resize((mask == region).astype(np.float32), (side, side), interpolation=method)
        better = cover > best
        result[better] = region
        np.copyto(best, cover, where=better)
    return result
