"""What the generator is given for a frame, prepared in numpy: the same for every device."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from faceeditor.errors import EngineError
from faceeditor.faceframe import face_frame, inverse_frame
from faceeditor.nets.mask_guided_forward import HEAD_CHANNELS, HEAD_SIDE, MAP_CHANNELS, detail_side
from faceeditor.portrait.guides import guide_planes
from faceeditor.regions import MaskArray

FloatArray = npt.NDArray[np.float32]

DETAIL_SIDE = detail_side(128)
"""Side at which the detail map is laid over the picture, whatever the tier."""


class MaskCondition(NamedTuple):
    """What follows from the mask alone."""

    labels: MaskArray
    """(256, 256) uint8, contiguous."""
    to_face: FloatArray
    """(2, 3) float32: picture -> face coordinates."""
    guides: FloatArray
    """(6, 128, 128) float32: `portrait.guides.guide_planes`."""


def mask_condition(mask: MaskArray, hair: FloatArray | None = None) -> MaskCondition:
    """Prepare a mask (256, 256) uint8 with the direction of its hair (3, 128, 128), if there is one."""
    frame = inverse_frame(face_frame(mask))
    return MaskCondition(np.ascontiguousarray(mask), frame, guide_planes(mask, hair))


def condition_maps(maps: FloatArray | None, guides: FloatArray) -> FloatArray:
    """Planes of the head (10, 128, 128), zero without a head, and guides (6, 128, 128) as the network takes them.

    Returns:
        (1, 16, 128, 128) float32.

    Raises:
        EngineError: planes of another shape.
    """
    both = np.zeros((1, MAP_CHANNELS, HEAD_SIDE, HEAD_SIDE), np.float32)
    head, rest = both[0, :HEAD_CHANNELS], both[0, HEAD_CHANNELS:]
    if maps is not None:
        if maps.shape != head.shape:
            raise EngineError(f"The planes of the head have the shape {maps.shape} and not {head.shape}.")
        head[:] = maps
    rest[:] = guides
    return both


def quartered(labels: MaskArray) -> MaskArray:
    """(2S, 2S) labels -> (1, 4, S, S): channel 2 i + j holds the rows of parity i and the columns of parity j."""
    side = labels.shape[0] // 2
    return np.ascontiguousarray(labels.reshape(side, 2, side, 2).transpose(1, 3, 0, 2)).reshape(1, 4, side, side)


def detail_over_picture(detail: FloatArray, to_face: FloatArray, side: int = DETAIL_SIDE) -> FloatArray:
    """Lay a detail map over the picture, bilinear, zero outside of the map.

    Equal to `nets.mask_guided.warp_from_face` for one map, without torch.

    Args:
        detail: (C, S, S) float32 over -1..1 of the face frame.
        to_face: (2, 3) float32, picture -> face coordinates.
        side: side of the result.

    Returns:
        (1, C, side, side) float32.
    """
    channels, size = detail.shape[0], detail.shape[1]
    axis = (np.arange(side, dtype=np.float32) + 0.5) * (2.0 / side) - 1.0
    # Positions in the map padded by one zero cell on each side, which is what lies outside of it.
    x, y = (
        ((row[0] * axis[None, :] + row[1] * axis[:, None] + row[2] + 1.0) * size - 1.0) * 0.5 + 1.0 for row in to_face
    )
    x, y = (np.clip(v, 0.0, np.float32(size + 1)) for v in (x, y))
    left, top = x.astype(np.int32), y.astype(np.int32)
    right_share, bottom_share = (x - left).ravel(), (y - top).ravel()
    padded = np.zeros((channels, size + 3, size + 3), np.float32)
    padded[:, 1 : size + 1, 1 : size + 1] = detail
    flat, stride = padded.reshape(channels, -1), size + 3
    corner = (top * stride + left).ravel()
    upper_left, upper_right = flat.take(corner, 1), flat.take(corner + 1, 1)
    lower_left, lower_right = flat.take(corner + stride, 1), flat.take(corner + stride + 1, 1)
    upper = upper_left + right_share * (upper_right - upper_left)
    lower = lower_left + right_share * (lower_right - lower_left)
    return (upper + bottom_share * (lower - upper)).reshape(1, channels, side, side)
