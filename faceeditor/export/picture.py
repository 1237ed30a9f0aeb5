"""Writing the face, the mask or both as PNG, JPEG, WebP or TIFF, in sRGB and with provenance."""

import io
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageFile
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from faceeditor.errors import ImageError
from faceeditor.images import write_atomic
from faceeditor.images.provenance import xmp_packet
from faceeditor.portrait.masks import checked_mask_name, encode_mask
from faceeditor.regions import MaskArray

RGBArray = npt.NDArray[np.uint8]

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""Pillow's format for each file ending that can be written."""
MAX_SIDE = 8192
"""Largest side of an export in pixels."""
QUALITY = 95
"""Quality of JPEG and WebP by default."""

_XMP_TAG = 700


def format_of(path: str | Path) -> str:
    """The format that a file name asks for.

    Raises:
        ImageError: the ending is none of the four formats'.
    """
    path = Path(path)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ImageError(f"“{path.name}” does not say which format to write; let it end in .png, .jpg, .webp or .tiff.")
    return kind


def scaled(pixels: RGBArray, size: int) -> RGBArray:
    """The picture with its longer side brought to ``size`` pixels: Lanczos to enlarge, area means to reduce.

    Raises:
        ImageError: the size is not within 16..8192.
    """
    if not 16 <= size <= MAX_SIDE:
        raise ImageError(f"A picture of {size} pixels cannot be exported; choose a size from 16 to {MAX_SIDE}.")
    height, width = pixels.shape[:2]
    longer = max(height, width)
    if longer == size:
        return pixels
    target = (max(1, round(width * size / longer)), max(1, round(height * size / longer)))
    method = cv2.INTER_LANCZOS4 if size > longer else cv2.INTER_AREA
    return np.asarray(cv2.resize(pixels, target, interpolation=method), np.uint8)


def side_by_side(face: RGBArray, mask_colours: RGBArray) -> RGBArray:
    """The coloured mask left, the face right, at the face's size.

    Args:
        face: (H, W, 3) uint8 sRGB.
        mask_colours: (h, w, 3) uint8 sRGB, as ``regions.colorize`` makes it.

    Returns:
        (H, 2 * W, 3) uint8.
    """
    height, width = face.shape[:2]
    # Labels have hard edges: no new colours may appear between them.
    mask = cv2.resize(mask_colours, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.concatenate([np.asarray(mask, np.uint8), face], axis=1)


def sheet(pictures: Sequence[RGBArray], columns: int = 0, margin: int = 4) -> RGBArray:
    """Lay pictures of one size out in rows on a dark ground.

    Args:
        pictures: (H, W, 3) uint8 each, at least one.
        columns: pictures in a row; by default as square a sheet as can be.
        margin: pixels between the pictures.
    """
    columns = columns if columns > 0 else math.ceil(math.sqrt(len(pictures)))
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    height, width = pictures[0].shape[:2]
    out = np.full((rows * (height + margin) - margin, columns * (width + margin) - margin, 3), 30, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (index // columns) * (height + margin), (index % columns) * (width + margin)
        out[top : top + height, left : left + width] = picture
    return out


def encode_picture(pixels: RGBArray, kind: str = "PNG", quality: int = QUALITY) -> bytes:
    """The file content of a picture.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        kind: PNG, JPEG, WEBP or TIFF.
        quality: 1..100 for JPEG and WebP; WebP is lossless at 100.
    """
    image = Image.fromarray(np.ascontiguousarray(pixels))
    xmp = xmp_packet()
    profile = _srgb_profile()
    stream = io.BytesIO()
    quality = int(np.clip(quality, 1, 100))
    if kind == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp)
        image.save(stream, "PNG", pnginfo=info, icc_profile=profile)
    elif kind == "JPEG":
        # With optimised tables Pillow needs room for the whole file, which for noise is larger than it assumes.
        ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 4 * image.width * image.height + (1 << 16))
        image.save(
            stream, "JPEG", quality=quality, subsampling=0, optimize=True, icc_profile=profile, xmp=xmp.encode("utf-8")
        )
    elif kind == "WEBP":
        image.save(
            stream, "WEBP", quality=quality, lossless=quality == 100, icc_profile=profile, xmp=xmp.encode("utf-8")
        )
    elif kind == "TIFF":
        tags = ImageFileDirectory_v2()
        tags[_XMP_TAG] = xmp.encode("utf-8")
        tags.tagtype[_XMP_TAG] = 1  # bytes
        image.save(stream, "TIFF", compression="tiff_lzw", tiffinfo=tags, icc_profile=profile)
    else:
        raise ImageError(f"The format “{kind}” cannot be written; choose PNG, JPEG, WebP or TIFF.")
    return stream.getvalue()


def write_picture(path: str | Path, pixels: RGBArray, size: int | None = None, quality: int = QUALITY) -> None:
    """Export a picture; the file's ending chooses the format.

    Args:
        path: a name that ends in .png, .jpg, .jpeg, .webp, .tif or .tiff.
        pixels: (H, W, 3) uint8 sRGB.
        size: longer side of the export in pixels, or None to keep the picture's own.
        quality: as in ``encode_picture``.

    Raises:
        ImageError: another ending or an impossible size.
        FaceEditorError: the file cannot be written; what was there before stays.
    """
    kind = format_of(path)
    if size is not None:
        pixels = scaled(pixels, size)
    write_atomic(path, encode_picture(pixels, kind, quality))


def write_mask(path: str | Path, mask: MaskArray) -> None:
    """Export a mask (256, 256) uint8 as a palette PNG that can be opened again, with provenance.

    Raises:
        ImageError: the name does not end in .png.
        FaceEditorError: the file cannot be written.
    """
    write_atomic(checked_mask_name(path), encode_mask(mask, xmp_packet()))


@cache
def _srgb_profile() -> bytes:
    """An sRGB profile whose date of making is fixed, so that equal pictures give equal files."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = (2026).to_bytes(2, "big") + (1).to_bytes(2, "big") * 2 + bytes(6)
    return bytes(profile)
