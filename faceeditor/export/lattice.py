"""The weave that the generator's last scale lays over smooth skin: found and taken out before a face is enlarged."""

import cv2
import numpy as np

from faceeditor.export.picture import RGBArray

PERIOD = 4
"""Pixels of the 512 picture that one feature of the last scale draws, in each direction."""
_LIMIT = 16.0
"""Levels: what stands out more is a feature of the face and says nothing of the weave."""
_REACH = 2.5
"""Standard deviation of the neighbourhood in which the weave is taken to be the same, in periods."""

_MEAN = np.full(2 * PERIOD + 1, 1 / (2 * PERIOD), np.float32)
_MEAN[[0, -1]] /= 2
"""Mean of two whole periods about a pixel, in which the weave itself vanishes."""


def without_lattice(pixels: RGBArray) -> RGBArray:
    """Subtract what repeats with the period of 4 pixels in step with the pixel grid.

    Hair and cloth have no fixed phase to the grid, so that their means over a neighbourhood vanish and they stay.

    Args:
        pixels: (S, S, 3) uint8 as the network drew them; other shapes and sides that are no multiple of 4 stay.

    Returns:
        (S, S, 3) uint8.
    """
    side = pixels.shape[0]
    if pixels.shape != (side, side, 3) or side % PERIOD:
        return pixels
    levels = pixels.astype(np.float32)
    around = cv2.sepFilter2D(levels, cv2.CV_32F, _MEAN, _MEAN)
    rough = np.clip(levels - around, -_LIMIT, _LIMIT)
    cells = side // PERIOD
    phases = np.empty((PERIOD, PERIOD, cells, cells, 3), np.float32)
    for y in range(PERIOD):
        for x in range(PERIOD):
            phases[y, x] = cv2.GaussianBlur(rough[y::PERIOD, x::PERIOD], (0, 0), _REACH)
    phases -= phases.mean((0, 1))
    levels -= phases.transpose(2, 0, 3, 1, 4).reshape(pixels.shape)
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)
