"""Writing the face, the mask or both as a picture in sRGB and with provenance."""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ImageCms

from faceeditor.errors import ImageError
from faceeditor.export.credentials import Action
from faceeditor.export.credentials import sign as sign_file
from faceeditor.export.encoding import QUALITY, Metadata, encode
from faceeditor.export.formats import format_of
from faceeditor.images import write_atomic
from faceeditor.images.provenance import DIGITAL_SOURCE_TYPE, xmp_packet
from faceeditor.portrait.masks import checked_mask_name, encode_mask
from faceeditor.regions import MaskArray

RGBArray = npt.NDArray[np.uint8]

MAX_SIDE = 8192
"""Largest side of an export in pixels."""


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


def encode_picture(
    pixels: RGBArray, kind: str = "png", quality: int = QUALITY, alpha: npt.NDArray[np.uint8] | None = None
) -> bytes:
    """The file content of a picture.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        kind: as of `encoding.encode`.
        quality: 1..100 for lossy formats; WebP and AVIF are lossless at 100.
        alpha: (H, W) uint8, 0 is transparent; None: opaque.

    Raises:
        ImageError: the picture cannot be written in that format.
    """
    return encode(pixels, kind, made_metadata(), alpha=alpha, quality=int(np.clip(quality, 1, 100)))


def made_metadata() -> Metadata:
    """What the file of a made picture says: sRGB, and the mark of media made by a trained algorithm."""
    return Metadata(icc=srgb_profile(), xmp=xmp_packet().encode("utf-8"))


def write_picture(
    path: str | Path, pixels: RGBArray, size: int | None = None, quality: int = QUALITY, sign: bool = False
) -> None:
    """Export a picture; the file's ending chooses the format.

    Args:
        path: a name that ends as a format without layers.
        pixels: (H, W, 3) uint8 sRGB.
        size: longer side of the export in pixels, or None to keep the picture's own.
        quality: as in ``encode_picture``.
        sign: add signed content credentials.

    Raises:
        ImageError: another ending or an impossible size.
        FaceEditorError: the file cannot be written; what was there before stays.
    """
    kind = format_of(path).kind
    if size is not None:
        pixels = scaled(pixels, size)
    data = encode_picture(pixels, kind, quality)
    write_atomic(path, signed_as_made(data, kind, Path(path).name) if sign else data)


def signed_as_made(data: bytes, kind: str, title: str) -> bytes:
    """A made picture's file with signed content credentials; errors as of `credentials.sign`."""
    return sign_file(data, kind, title, [Action("created", "Drawn by a neural network", DIGITAL_SOURCE_TYPE)])


def write_mask(path: str | Path, mask: MaskArray) -> None:
    """Export a mask (256, 256) uint8 as a palette PNG that can be opened again, with provenance.

    Raises:
        ImageError: the name does not end in .png.
        FaceEditorError: the file cannot be written.
    """
    write_atomic(checked_mask_name(path), encode_mask(mask, xmp_packet()))


@cache
def srgb_profile() -> bytes:
    """An sRGB profile whose date of making is fixed, so that equal pictures give equal files."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = (2026).to_bytes(2, "big") + (1).to_bytes(2, "big") * 2 + bytes(6)
    return bytes(profile)
