"""Decoding by Pillow, which keeps what libvips does not: palettes, and a few rare formats."""

import io
import re
import struct
import warnings
import zlib
from pathlib import Path

from PIL import Image

from faceeditor.errors import ImageError
from faceeditor.images.files import read_bytes
from faceeditor.images.kinds import refusal
from faceeditor.images.limits import MAX_MEGAPIXELS, check_size, out_of_memory, too_large

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "MPO")
DECODE_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, EOFError, KeyError, IndexError, ArithmeticError, AttributeError,
    RuntimeError, AssertionError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's decoders raise on damaged data."""

# Pillow looks at this limit as it reads a header; above twice its value it refuses by itself.
Image.MAX_IMAGE_PIXELS = MAX_MEGAPIXELS * 1_000_000
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # of damaged metadata, which is left aside
warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # between the two, check_size refuses


def decode(path: str | Path) -> Image.Image:
    """Read and decode the first picture of a file, unconverted; its size is checked before any pixel is decoded.

    Args:
        path: a PNG, JPEG, WebP, TIFF, AVIF, BMP or GIF file.

    Returns:
        A loaded Pillow image in the file's own mode.

    Raises:
        ImageError: the file is missing, empty, no picture, too large or damaged.
    """
    path = Path(path)
    return decode_bytes(read_bytes(path), path.name)


def decode_bytes(data: bytes, name: str) -> Image.Image:
    """As ``decode``, for the content of a file; ``name`` is what its errors call it."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = re.search(r"\((\d+) pixels\)", str(error))
        raise too_large(name, int(pixels[1]) / 1e6 if pixels else 2 * MAX_MEGAPIXELS) from None
    except DECODE_ERRORS:
        raise ImageError(refusal(data, name)) from None
    check_size(name, *image.size)
    try:
        image.load()
    except DECODE_ERRORS as error:
        raise damaged(name, str(error) or type(error).__name__) from error
    except MemoryError:
        raise out_of_memory(name, *image.size) from None
    return image


def damaged(name: str, why: str) -> ImageError:
    """The sentence for a picture whose data is broken."""
    return ImageError(f"“{name}” is damaged or cut short ({why}); fetch or export it again.")
