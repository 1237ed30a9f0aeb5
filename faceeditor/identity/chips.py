"""Recogniser chips cut out of pictures without torch: the same crop as `nets.recogniser.face_chips`."""

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ImageError
from faceeditor.nets.recogniser_forward import CHIP_CENTRE, CHIP_HALF, CHIP_SIDE

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

_FINEST = 320
"""Side of a picture from which it is reduced before the chip is cut, so that the bilinear crop does not alias."""
_REDUCED = 256


def face_chip(picture: Pixels, frame: FloatArray) -> FloatArray:
    """Cut a chip, bilinear, with the picture's border repeated outside of it.

    Args:
        picture: (S, S, 3) uint8 sRGB of a face in the FFHQ layout, of any side.
        frame: (2, 3) float32 face -> picture coordinates in -1..1 (`faceframe.face_frame`).

    Returns:
        (3, 150, 150) float32 in 0..255.

    Raises:
        ImageError: the picture is not square RGB.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.shape[0] != picture.shape[1] or picture.dtype != np.uint8:
        raise ImageError(
            f"The recogniser needs a square RGB picture of the aligned face, and not one of the shape {picture.shape}."
        )
    if picture.shape[0] > _FINEST:
        import cv2

        picture = np.asarray(cv2.resize(picture, (_REDUCED, _REDUCED), interpolation=cv2.INTER_AREA), np.uint8)
    side = picture.shape[0]
    axis = ((np.arange(CHIP_SIDE, dtype=np.float32) + 0.5) * (2.0 / CHIP_SIDE) - 1.0) * CHIP_HALF
    face_x, face_y = (axis + CHIP_CENTRE[0])[None, :], (axis + CHIP_CENTRE[1])[:, None]
    x, y = (
        np.clip(((row[0] * face_x + row[1] * face_y + row[2] + 1.0) * side - 1.0) * 0.5, 0.0, side - 1.0)
        for row in np.asarray(frame, np.float32)
    )
    left, top = np.minimum(x.astype(np.int32), side - 2), np.minimum(y.astype(np.int32), side - 2)
    across, down = (x - left)[..., None], (y - top)[..., None]
    flat = picture.reshape(-1, 3)
    corner = (top * side + left).ravel()
    shape = (CHIP_SIDE, CHIP_SIDE, 3)
    upper_left, upper_right, lower_left, lower_right = (
        flat.take(corner + step, 0).reshape(shape).astype(np.float32) for step in (0, 1, side, side + 1)
    )
    upper = upper_left + across * (upper_right - upper_left)
    lower = lower_left + across * (lower_right - lower_left)
    return np.ascontiguousarray((upper + down * (lower - upper)).transpose(2, 0, 1), np.float32)
