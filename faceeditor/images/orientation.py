"""EXIF orientations: stored pixels made upright, and back."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Kind = TypeVar("Kind", bound=np.generic)


def turned(pixels: npt.NDArray[Kind], orientation: int) -> npt.NDArray[Kind]:
    """Stored pixels (H, W, ...) made upright, as a view.

    Args:
        pixels: as they lie in the file.
        orientation: EXIF orientation, 1 to 8 (EXIF 2.32, tag 274).
    """
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def stored(pixels: npt.NDArray[Kind], orientation: int) -> npt.NDArray[Kind]:
    """Upright pixels (H, W, ...) as they lie in a file of this orientation, as a view: the inverse of `turned`."""
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    return pixels
