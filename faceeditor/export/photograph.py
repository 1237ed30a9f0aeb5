"""Writing an edited photograph as its file was: size, depth, profile, metadata, orientation."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ImageError
from faceeditor.export.credentials import why_not
from faceeditor.export.encoding import QUALITY, Metadata, encode
from faceeditor.export.formats import FORMATS, format_named, format_of, is_written
from faceeditor.export.metadata import without_position
from faceeditor.images import SourceImage, write_atomic
from faceeditor.images.provenance import COMPOSITE_SOURCE_TYPE, marked_xmp
from faceeditor.images.source import to_srgb

Samples = npt.NDArray[Any]


@dataclass(frozen=True)
class SaveOptions:
    """How a photograph is written.

    Attributes:
        kind: a format of `formats.FORMATS`; None: as the source was, PNG where that kind is not written.
        bits: 8 or 16; None: as the source has, as far as the format keeps them.
        quality: 1..100 of lossy formats; WebP and AVIF are lossless at 100.
        keep_position: whether the place where the photograph was taken stays in the metadata.
        srgb: convert to sRGB instead of keeping the photograph's own colour space.
        transparent: leave the background out.
        sign: add signed content credentials (`export.credentials`); a file that is the photograph's own stays unsigned.
    """

    kind: str | None = None
    bits: int | None = None
    quality: int = QUALITY
    keep_position: bool = True
    srgb: bool = False
    transparent: bool = False
    sign: bool = False

    def __post_init__(self) -> None:
        if self.kind is not None:
            format_named(self.kind)
        if self.bits not in (None, 8, 16):
            raise ImageError(f"A picture of {self.bits} bits per sample cannot be written; choose 8 or 16.")
        if not 1 <= self.quality <= 100:
            raise ImageError(f"The quality {self.quality} does not exist; choose 1 to 100.")
        if self.transparent and self.kind is not None and not format_named(self.kind).transparent:
            names = ", ".join(each.name for each in FORMATS if each.transparent and not each.layered)
            raise ImageError(f"{format_named(self.kind).name} keeps no transparent background; choose one of {names}.")
        if self.sign and self.kind is not None and (reason := why_not(self.kind)):
            raise ImageError(reason)


@dataclass(frozen=True, eq=False)
class Cutout:
    """People without their background.

    Attributes:
        colours: (H, W, 1 or 3) of the photograph's type: their colours.
        alpha: (H, W) of the same type: how opaque they are.
    """

    colours: Samples
    alpha: Samples


def encode_photograph(
    source: SourceImage, samples: Samples, options: SaveOptions = SaveOptions(), cutout: Cutout | None = None
) -> bytes:
    """The file of an edited photograph.

    Args:
        source: the photograph.
        samples: (H, W, 1 or 3) uint8 or uint16, upright, in the source's colour space. If they are the source's own and
            nothing else is to change, the result is the source's file itself.
        options: how it is written.
        cutout: what is written in place of the samples; they tell whether the photograph was edited.

    Raises:
        ImageError: the picture cannot be written in that format.
    """
    kind = options.kind or (source.kind if is_written(source.kind) else "png")
    untouched = is_untouched(source, samples)
    kept = kind == source.kind and options.bits in (None, source.bits) and options.keep_position and not options.srgb
    if untouched and kept and source.data and cutout is None:
        return source.data
    metadata = described(source, options, kind, marked=not untouched)
    alpha = source.alpha if source.alpha is not None and source.alpha.shape == samples.shape[:2] else None
    if cutout is not None:
        samples, alpha = cutout.colours, cutout.alpha
    if options.srgb and (source.icc is not None or samples.shape[2] == 1):
        samples = to_srgb(samples, source.icc)
    return encode(
        samples, kind, metadata, alpha=alpha, bits=options.bits, quality=options.quality,
        halved_colour=_halves_colour(source),
    )  # fmt: skip


def is_untouched(source: SourceImage, samples: Samples) -> bool:
    """Whether samples are the photograph's own."""
    same_kind = samples.shape == source.samples.shape and samples.dtype == source.samples.dtype
    return samples is source.samples or (same_kind and np.array_equal(samples, source.samples))


def described(source: SourceImage, options: SaveOptions, kind: str, marked: bool) -> Metadata:
    """What the file of an edited photograph says: all that the photograph's file said, and the mark of a composite."""
    exif, xmp = source.exif, source.xmp
    if not options.keep_position:
        exif, xmp = without_position(exif, xmp)
    if marked:
        xmp = marked_xmp(xmp, COMPOSITE_SOURCE_TYPE)
    icc = None if options.srgb else source.icc
    orientation = source.orientation if kind == source.kind else 1
    return Metadata(icc, exif, xmp, source.iptc, source.resolution, orientation)


def write_photograph(
    path: str | Path,
    source: SourceImage,
    samples: Samples,
    options: SaveOptions = SaveOptions(),
    cutout: Cutout | None = None,
) -> None:
    """Write an edited photograph; the file's ending chooses the format, unless the options do.

    Raises:
        ImageError: another ending.
        FaceEditorError: the file cannot be written; what was there before stays.
    """
    if options.kind is None:
        options = replace(options, kind=format_of(path).kind)
    write_atomic(path, encode_photograph(source, samples, options, cutout))


def _halves_colour(source: SourceImage) -> bool:
    """Whether the source is a JPEG whose colours have half the resolution."""
    if source.kind != "jpeg":
        return False
    place = 2
    data = source.data
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, size = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return len(data) > place + 11 and data[place + 11] not in (0x11, 0x00)
        place += 2 + size
    return False
