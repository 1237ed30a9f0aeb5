"""Writing an edited photograph as its file was: size, depth, profile, metadata, orientation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ImageError
from faceeditor.export.metadata import photoshop_iptc, plain_iptc, tiff_with, without_position
from faceeditor.images import SourceImage, write_atomic
from faceeditor.images.orientation import stored
from faceeditor.images.provenance import COMPOSITE_SOURCE_TYPE, marked_xmp
from faceeditor.images.source import to_srgb
from faceeditor.images.vips import library

Samples = npt.NDArray[Any]

KINDS = {
    ".png": "png", ".tif": "tiff", ".tiff": "tiff", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".avif": "avif",
}  # fmt: skip
"""Format for each file ending in which photographs are written."""
DEEP_KINDS = ("png", "tiff")
"""Formats that keep 16 bits per sample."""
QUALITY = 95
"""Quality of JPEG, WebP and AVIF by default."""


@dataclass(frozen=True)
class SaveOptions:
    """How a photograph is written.

    Attributes:
        kind: "png", "tiff", "jpeg", "webp" or "avif"; None: as the source was, PNG where that kind is not written.
        bits: 8 or 16; None: as the source has, as far as the format keeps them.
        quality: 1..100 of JPEG, WebP and AVIF; WebP and AVIF are lossless at 100.
        keep_position: whether the place where the photograph was taken stays in the metadata.
        srgb: convert to sRGB instead of keeping the photograph's own colour space.
    """

    kind: str | None = None
    bits: int | None = None
    quality: int = QUALITY
    keep_position: bool = True
    srgb: bool = False

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in KINDS.values():
            raise ImageError(f"The format “{self.kind}” cannot be written; choose PNG, TIFF, JPEG, WebP or AVIF.")
        if self.bits not in (None, 8, 16):
            raise ImageError(f"A picture of {self.bits} bits per sample cannot be written; choose 8 or 16.")
        if not 1 <= self.quality <= 100:
            raise ImageError(f"The quality {self.quality} does not exist; choose 1 to 100.")


def kind_of_name(path: str | Path) -> str:
    """The format that a file name asks for.

    Raises:
        ImageError: none that photographs are written in.
    """
    path = Path(path)
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise ImageError(
            f"“{path.name}” does not say which format to write; let it end in .png, .tiff, .jpg, .webp or .avif."
        )
    return kind


def encode_photograph(source: SourceImage, samples: Samples, options: SaveOptions = SaveOptions()) -> bytes:
    """The file of an edited photograph.

    Args:
        source: the photograph.
        samples: (H, W, 1 or 3) uint8 or uint16, upright, in the source's colour space. If they are the source's own and
            nothing else is to change, the result is the source's file itself.
        options: how it is written.

    Raises:
        ImageError: the picture cannot be written in that format.
    """
    kind = options.kind or (source.kind if source.kind in KINDS.values() else "png")
    untouched = samples is source.samples or (
        samples.shape == source.samples.shape and samples.dtype == source.samples.dtype
        and np.array_equal(samples, source.samples)
    )  # fmt: skip
    kept = kind == source.kind and options.bits in (None, source.bits) and options.keep_position and not options.srgb
    if untouched and kept and source.data:
        return source.data
    alpha = source.alpha
    icc = source.icc
    if options.srgb and (icc is not None or samples.shape[2] == 1):
        samples, icc = to_srgb(samples, icc), None
    bits = options.bits or samples.dtype.itemsize * 8
    if kind not in DEEP_KINDS:
        bits = 8
    planes = [with_bits(samples, bits)]
    if alpha is not None and kind != "jpeg" and alpha.shape == samples.shape[:2]:
        planes.append(with_bits(alpha, bits)[..., None])
    elif alpha is not None and kind == "jpeg":
        planes = [_over_grey(planes[0], with_bits(alpha, bits))]
    pixels = planes[0] if len(planes) == 1 else np.concatenate(planes, 2)
    orientation = source.orientation if kind == source.kind else 1
    image = _image(stored(pixels, orientation), channels=samples.shape[2])
    same_size = samples.shape[:2] == source.samples.shape[:2]
    image = _described(image, source, kind, icc, orientation, options, marked=not untouched, same_size=same_size)
    return _saved(image, kind, bits, options.quality, source)


def write_photograph(
    path: str | Path, source: SourceImage, samples: Samples, options: SaveOptions = SaveOptions()
) -> None:
    """Write an edited photograph; the file's ending chooses the format, unless the options do.

    Raises:
        ImageError: another ending.
        FaceEditorError: the file cannot be written; what was there before stays.
    """
    if options.kind is None:
        options = SaveOptions(kind_of_name(path), options.bits, options.quality, options.keep_position, options.srgb)
    write_atomic(path, encode_photograph(source, samples, options))


def with_bits(samples: Samples, bits: int) -> Samples:
    """Samples of 8 or 16 bits in the other depth: 257 steps of the one are one of the other, rounded."""
    have = samples.dtype.itemsize * 8
    if have == bits:
        return samples
    if bits == 16:
        return samples.astype(np.uint16) * np.uint16(257)
    return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _over_grey(samples: Samples, alpha: Samples) -> Samples:
    """Samples over neutral grey, for formats without transparency."""
    share = alpha.astype(np.float32)[..., None] / np.float32(np.iinfo(alpha.dtype).max)
    grey = np.float32(128 if samples.dtype == np.uint8 else 128 * 257)
    return np.asarray(np.rint(grey + share * (samples - grey))).astype(samples.dtype)


def _image(pixels: Samples, channels: int) -> Any:
    """A `pyvips.Image` of (H, W, bands) samples."""
    pixels = np.ascontiguousarray(pixels)
    height, width, bands = pixels.shape
    deep = pixels.dtype == np.uint16
    image = library().Image.new_from_memory(pixels.data, width, height, bands, "ushort" if deep else "uchar")
    space = ("rgb16" if deep else "srgb") if channels >= 3 else ("grey16" if deep else "b-w")
    return image.copy(interpretation=space)


def _described(
    image: Any, source: SourceImage, kind: str, icc: bytes | None, orientation: int, options: SaveOptions,
    marked: bool, same_size: bool,
) -> Any:  # fmt: skip
    """The image with the source's metadata, marked as a composite if it was edited."""
    blob, number = library().GValue.blob_type, library().GValue.gint_type
    exif, xmp = source.exif, source.xmp
    if not options.keep_position:
        exif, xmp = without_position(exif, xmp)
    if marked:
        xmp = marked_xmp(xmp, COMPOSITE_SOURCE_TYPE)
    x, y = source.resolution or (72.0, 72.0)
    image = image.copy(xres=x / 25.4, yres=y / 25.4)
    blocks = {
        "icc-profile-data": icc,
        "exif-data": b"Exif\0\0" + exif if exif else None,
        "xmp-data": xmp,
        "iptc-data": photoshop_iptc(source.iptc) if kind == "jpeg" else None,
    }
    for name, value in blocks.items():
        if value:
            image.set_type(blob, name, value)
    image.set_type(number, "orientation", orientation)
    image.set_type(library().GValue.gstr_type, "resolution-unit", "in")
    return image


def _saved(image: Any, kind: str, bits: int, quality: int, source: SourceImage) -> bytes:
    """The encoded file."""
    try:
        if kind == "png":
            return bytes(image.pngsave_buffer(compression=6, bitdepth=bits))
        if kind == "tiff":
            options = {"compression": "lzw", "predictor": "horizontal", "resunit": "inch"}
            data = bytes(image.tiffsave_buffer(**options))
            exif = bytes(image.get("exif-data")).removeprefix(b"Exif\0\0") if source.exif else None
            return tiff_with(data, exif, plain_iptc(source.iptc)) if source.exif or source.iptc else data
        if kind == "jpeg":
            data = image.jpegsave_buffer(Q=quality, optimize_coding=True, subsample_mode=_subsampling(source))
            return bytes(data)
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


def _subsampling(source: SourceImage) -> str:
    """Colours at full resolution, unless the source is a JPEG that halves them."""
    if source.kind != "jpeg":
        return "off"
    place = 2
    data = source.data
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, size = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return "on" if len(data) > place + 11 and data[place + 11] not in (0x11, 0x00) else "off"
        place += 2 + size
    return "off"


__all__ = [
    "DEEP_KINDS", "KINDS", "QUALITY", "SaveOptions", "encode_photograph", "kind_of_name",
    "with_bits", "write_photograph",
]  # fmt: skip
