"""Masks between two masks, for morphs."""

import numpy as np
import numpy.typing as npt

from faceeditor.regions import REGION_COUNT, MaskArray

FloatArray = npt.NDArray[np.float32]


def mixed_masks(first: MaskArray, second: MaskArray, share: float) -> MaskArray:
    """A mask between two, whose outlines wander from the one's to the other's.

    Each region has a signed distance to its outline in both masks, positive inside; a pixel gets the region whose mean
    of the two is largest. A region that only one mask has shrinks towards its middle until half of the way.

    Args:
        first, second: (H, W) uint8 regions.
        share: 0 gives the first mask, 1 the second.
    """
    if share <= 0:
        return first.copy()
    if share >= 1:
        return second.copy()
    best = np.full(first.shape, -np.inf, np.float32)
    out = np.zeros(first.shape, np.uint8)
    for region in range(REGION_COUNT):
        inside = [mask == region for mask in (first, second)]
        if not (inside[0].any() or inside[1].any()):
            continue
        a, b = (_signed_distance(here) for here in inside)
        # A missing region is as far away everywhere as the other mask's is deep.
        a = a if inside[0].any() else np.full_like(best, -np.max(b))
        b = b if inside[1].any() else np.full_like(best, -np.max(a))
        score = np.float32(1 - share) * np.minimum(a, _DEEPEST) + np.float32(share) * np.minimum(b, _DEEPEST)
        better = score > best
        np.copyto(best, score, where=better)
        out[better] = region
    return out


_DEEPEST = np.float32(8)
"""Depth inside of a region that counts at most, in pixels: a wide region must not swallow a small one at once."""


def _signed_distance(inside: npt.NDArray[np.bool_]) -> FloatArray:
    """Distance to the outline in pixels, positive inside; meaningless where there is no inside."""
    import cv2

    if inside.all():
        return np.full(inside.shape, max(inside.shape), np.float32)
    plane = inside.astype(np.uint8)
    within = cv2.distanceTransform(plane, cv2.DIST_L2, cv2.DIST_MASK_5)
    beyond = cv2.distanceTransform(1 - plane, cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(within - beyond, np.float32)
