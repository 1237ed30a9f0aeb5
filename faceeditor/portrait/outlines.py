"""Smooth outlines of a mask: the regions between the pixels of the painted mask, as a hand would have drawn them.

Every region's stencil is blurred; at each finer pixel the region with the largest share wins. A pixel that has little
of its own kind around it, as on thin lines and at corners, weighs more, so that nothing that was painted disappears.
"""

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.regions import REGION_COUNT, MaskArray

Bytes = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

SCALE = 4
"""Finer pixels along one side of a pixel of the mask."""
REACH = 9
"""A pixel of the mask influences the outline in no pixel farther away than this along rows and columns."""
_BLUR = 1.5
"""Standard deviation in pixels of the mask."""
_TAPS = (9, 9)
_MARGIN = 0.2
"""By how much the share of a painted pixel's own region exceeds that of all others in its middle, at least."""
_ONE = 200.0
"""What stands for a share of 1 in bytes, which are compared and enlarged faster than floats."""


def smooth_labels(mask: MaskArray) -> MaskArray:
    """Draw a mask with smooth outlines.

    Args:
        mask: (H, W) uint8 regions.

    Returns:
        (SCALE * H, SCALE * W) uint8.
    """
    regions = np.flatnonzero(np.bincount(mask.ravel(), minlength=REGION_COUNT))
    labels = np.full((mask.shape[0] * SCALE, mask.shape[1] * SCALE), regions[0], np.uint8)
    if len(regions) == 1:
        return labels
    best = np.zeros(labels.shape, np.uint8)
    for region in regions:
        stencil = mask == region
        rows, columns = _reached(stencil.any(1)), _reached(stencil.any(0))
        share = _enlarged(_share(stencil[rows, columns]))
        part = (_finer(rows), _finer(columns))
        if region != regions[0]:
            np.copyto(labels[part], np.uint8(region), where=share > best[part])
        np.maximum(share, best[part], out=best[part])
    return labels


def _reached(occupied: npt.NDArray[np.bool_]) -> slice:
    """The rows or columns that a region that occupies some can have a share in."""
    places = np.flatnonzero(occupied)
    return slice(max(0, int(places[0]) - REACH), min(len(occupied), int(places[-1]) + 1 + REACH))


def _finer(part: slice) -> slice:
    return slice(part.start * SCALE, part.stop * SCALE)


def _enlarged(share: Bytes) -> Bytes:
    size = (share.shape[1] * SCALE, share.shape[0] * SCALE)
    return np.asarray(cv2.resize(share, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _share(stencil: npt.NDArray[np.bool_]) -> Bytes:
    """(H, W) bool of one region -> its blurred share, raised where a painted pixel has little of its kind around it."""
    painted = stencil.astype(np.float32)
    support = np.maximum(_blurred(painted), np.float32(1e-3))
    wanted = np.maximum(support, np.float32(1.0 + _MARGIN) - support)
    share = _blurred(np.asarray(painted * wanted / support, np.float32))
    return np.asarray(np.minimum(share * np.float32(_ONE), 255.0), np.uint8)


def _blurred(values: FloatArray) -> FloatArray:
    blurred = cv2.GaussianBlur(values, _TAPS, _BLUR, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32)
