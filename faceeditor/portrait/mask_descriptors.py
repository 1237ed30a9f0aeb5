"""Numbers that describe a mask: sizes and outlines of its regions, from which one can guess who fits it."""

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.regions import REGION_COUNT, MaskArray, Region

FloatArray = npt.NDArray[np.float32]

_GRID = 4
_ROWS = 8
DESCRIPTORS = REGION_COUNT + _GRID**2 + 2 * _ROWS
"""Length of a description."""


def mask_descriptors(mask: MaskArray) -> FloatArray:
    """Describe a mask.

    Args:
        mask: (256, 256) uint8 regions.

    Returns:
        (51,) float32: square roots of the regions' shares of the picture; the share of hair in each of 4 x 4 fields,
        row by row; the width of the skin and of the hair, as shares of the picture's, in each of 8 bands from top to
        bottom.
    """
    shares = np.bincount(mask.ravel(), minlength=REGION_COUNT)[:REGION_COUNT] / mask.size
    hair, skin = ((mask == region).astype(np.float32) for region in (Region.HAIR, Region.SKIN))
    fields = cv2.resize(hair, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    bands = [part.reshape(_ROWS, -1).mean(1) for part in (skin, hair)]
    return np.concatenate([np.sqrt(shares), fields.ravel(), *bands]).astype(np.float32)
