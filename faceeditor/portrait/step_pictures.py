"""Small pictures of the steps of a history, as JPEG: some kilobytes each."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceeditor.errors import ImageError
from faceeditor.images import decode_bytes

SIDE = 96
"""Side in pixels."""
MAX_BYTES = 32 << 10
"""Size of a picture at most."""
_QUALITY = 85


def encode_step(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A square face (S, S, 3) uint8 sRGB, S at least 96, as JPEG of 96 pixels; it takes a millisecond."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    stream = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.BOX).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def decode_step(picture: bytes) -> npt.NDArray[np.uint8] | None:
    """(96, 96, 3) uint8 sRGB; None if the bytes hold no such picture, as those of a damaged file."""
    if not 0 < len(picture) <= MAX_BYTES:
        return None
    try:
        with Image.open(io.BytesIO(picture), formats=["JPEG"]) as header:
            if header.size != (SIDE, SIDE):
                return None
        return np.array(decode_bytes(picture, "step").convert("RGB"))
    except (ImageError, OSError, ValueError, SyntaxError):
        return None
