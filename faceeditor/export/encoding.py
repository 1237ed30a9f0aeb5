"""Samples and metadata as the content of a file, by libvips."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ImageError
from faceeditor.export.formats import format_named
from faceeditor.export.metadata import photoshop_iptc, plain_iptc, png_with_xmp, tiff_with
from faceeditor.images.orientation import stored
from faceeditor.images.vips import library

Samples = npt.NDArray[Any]
"""(H, W, C) uint8 or uint16."""

QUALITY = 95
"""Quality of lossy formats by default."""


@dataclass(frozen=True)
class Metadata:
    """What a file says beside its samples; None leaves a block out.

    Attributes:
        icc: the colour profile.
        exif: the EXIF block without its "Exif\\0\\0" head.
        xmp: the XMP packet.
        iptc: the IPTC-IIM block, plain or among Photoshop's resources.
        resolution: pixels per inch, (x, y).
        orientation: EXIF orientation, 1 to 8: the samples are stored turned accordingly.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    resolution: tuple[float, float] | None = None
    orientation: int = 1


def encode(
    samples: Samples,
    kind: str,
    metadata: Metadata,
    *,
    alpha: Samples | None = None,
    bits: int | None = None,
    quality: int = QUALITY,
    halved_colour: bool = False,
) -> bytes:
    """The content of a file.

    Args:
        samples: (H, W, 1 or 3) uint8 or uint16, upright.
        kind: "png", "tiff", "jpeg", "webp" or "avif".
        metadata: what the file says of them.
        alpha: (H, W) of the same type, 0 is transparent; laid over neutral grey by formats without transparency.
        bits: 8 or 16; None: as the samples. Formats without 16 bits get 8.
        quality: 1..100 of lossy formats; WebP and AVIF are lossless at 100.
        halved_colour: JPEG: store colours at half the resolution.

    Raises:
        ImageError: the picture cannot be written in that format.
    """
    target = format_named(kind)
    bits = bits or samples.dtype.itemsize * 8
    if not target.deep:
        bits = 8
    pixels = with_bits(samples, bits)
    if alpha is not None and target.transparent:
        pixels = np.concatenate([pixels, with_bits(alpha, bits)[..., None]], 2)
    elif alpha is not None:
        pixels = _over_grey(pixels, with_bits(alpha, bits))
    image = _image(stored(pixels, metadata.orientation), channels=samples.shape[2])
    return _saved(_described(image, metadata, kind), metadata, kind, bits, quality, halved_colour)


def with_bits(samples: Samples, bits: int) -> Samples:
    """Samples of 8 or 16 bits in the other depth: 257 steps of the one are one of the other, rounded."""
    have = samples.dtype.itemsize * 8
    if have == bits:
        return samples
    if bits == 16:
        return samples.astype(np.uint16) * np.uint16(257)
    return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _over_grey(samples: Samples, alpha: Samples) -> Samples:
    """Samples of 8 bits over neutral grey, for formats without transparency, which have no 16 bits either."""
    share = alpha.astype(np.float32)[..., None] / np.float32(255)
    return np.asarray(np.rint(128 + share * (samples - np.float32(128)))).astype(np.uint8)


def _image(pixels: Samples, channels: int) -> Any:
    """A `pyvips.Image` of (H, W, bands) samples."""
    pixels = np.ascontiguousarray(pixels)
    height, width, bands = pixels.shape
    deep = pixels.dtype == np.uint16
    image = library().Image.new_from_memory(pixels.data, width, height, bands, "ushort" if deep else "uchar")
    space = ("rgb16" if deep else "srgb") if channels >= 3 else ("grey16" if deep else "b-w")
    return image.copy(interpretation=space)


def _described(image: Any, metadata: Metadata, kind: str) -> Any:
    """The image with its metadata."""
    values = library().GValue
    x, y = metadata.resolution or (72.0, 72.0)
    image = image.copy(xres=x / 25.4, yres=y / 25.4)
    blocks = {
        "icc-profile-data": metadata.icc,
        "exif-data": b"Exif\0\0" + metadata.exif if metadata.exif else None,
        "xmp-data": metadata.xmp if kind != "png" else None,
        "iptc-data": photoshop_iptc(metadata.iptc) if kind == "jpeg" else None,
    }
    for name, value in blocks.items():
        if value:
            image.set_type(values.blob_type, name, value)
    image.set_type(values.gint_type, "orientation", metadata.orientation)
    image.set_type(values.gstr_type, "resolution-unit", "in")
    return image


def _saved(image: Any, metadata: Metadata, kind: str, bits: int, quality: int, halved_colour: bool) -> bytes:
    """The encoded file."""
    try:
        if kind == "png":
            data = bytes(image.pngsave_buffer(compression=6, bitdepth=bits))
            return png_with_xmp(data, metadata.xmp) if metadata.xmp else data
        if kind == "tiff":
            data = bytes(image.tiffsave_buffer(compression="lzw", predictor="horizontal", resunit="inch"))
            if not (metadata.exif or metadata.iptc):
                return data
            # As libvips has brought it up to date.
            exif = bytes(image.get("exif-data")).removeprefix(b"Exif\0\0") if metadata.exif else None
            return tiff_with(data, exif, plain_iptc(metadata.iptc))
        if kind == "jpeg":
            subsampling = "on" if halved_colour else "off"
            return bytes(image.jpegsave_buffer(Q=quality, optimize_coding=True, subsample_mode=subsampling))
        if kind == "webp":
            return bytes(image.webpsave_buffer(Q=quality, lossless=quality == 100, effort=4, exact=True))
        return bytes(
            image.heifsave_buffer(
                Q=quality, lossless=quality == 100, compression="av1", effort=3, bitdepth=8, subsample_mode="off"
            )
        )
    except library().Error as error:
        lines = str(error).strip().splitlines()
        reason = lines[0] if lines else "no reason given"
        raise ImageError(f"The picture cannot be written as {kind.upper()} ({reason}); choose PNG or TIFF.") from error
