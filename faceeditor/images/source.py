"""A picture with all that its file says: samples, colour profile, metadata; and the plain way to sRGB pixels."""

import contextlib
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceeditor.images import vips
from faceeditor.images.cicp import code_points, icc_of
from faceeditor.images.decode import DECODE_ERRORS
from faceeditor.images.files import read_bytes
from faceeditor.images.kinds import kind_of
from faceeditor.images.orientation import turned
from faceeditor.images.vips import Samples

RGBArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class SourceImage:
    """A decoded picture with its metadata.

    Attributes:
        name: the file's name, for messages.
        kind: "png", "jpeg", "tiff", "webp", "gif", "avif" or "bmp".
        data: the file's bytes.
        samples: (H, W, 1) grey or (H, W, 3) RGB, uint8 or uint16, read-only, upright (the orientation is applied), in
            the colour space of `icc`; possibly a strided view.
        alpha: (H, W) of the same dtype, 0 is transparent; None if the picture is opaque throughout its format.
        exact: the samples are the file's own numbers; False where they had to be converted (CMYK, Lab, floats, more
            than 16 bits), and then to sRGB.
        depth: bits per sample in the file, 1 to 64; samples of fewer than 8 bits are spread over 0..255.
        icc: the colour profile of the samples; None is sRGB (or grey with sRGB's curve).
        orientation: the EXIF orientation of the file, 1 to 8; `orientation.stored` puts upright samples back.
        resolution: pixels per inch, (x, y), None if the file does not say.
        exif: the EXIF block without its "Exif\\0\\0" head, None if there is none.
        xmp: the XMP packet.
        iptc: the IPTC-IIM block.
    """

    name: str
    kind: str
    data: bytes
    samples: Samples
    alpha: Samples | None
    exact: bool
    depth: int
    icc: bytes | None
    orientation: int
    resolution: tuple[float, float] | None
    exif: bytes | None
    xmp: bytes | None
    iptc: bytes | None

    @property
    def width(self) -> int:
        """Width in pixels, upright."""
        return int(self.samples.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels, upright."""
        return int(self.samples.shape[0])

    @property
    def bits(self) -> int:
        """Bits per sample: 8 or 16."""
        return int(self.samples.dtype.itemsize) * 8

    @cached_property
    def srgb(self) -> RGBArray:
        """(H, W, 3) uint8 sRGB as it is meant to be seen, transparency over neutral grey; read-only."""
        return to_srgb(self.samples, self.icc, self.alpha)


def read_source(path: str | Path) -> SourceImage:
    """Read a picture with its metadata.

    Args:
        path: a PNG, JPEG, WebP, TIFF, AVIF, BMP or GIF file; of several pictures in it the first is taken.

    Raises:
        ImageError: the file is missing, empty, no picture, too large or damaged.
    """
    path = Path(path)
    return source_of(read_bytes(path), path.name)


def source_of(data: bytes, name: str) -> SourceImage:
    """As `read_source`, for a file's content; ``name`` is what its errors call it."""
    kind = kind_of(data)
    image = vips.opened(data, name)
    orientation = _orientation(image)
    resolution = _resolution(image)
    exif, xmp, iptc = (vips.blob(image, field) for field in ("exif-data", "xmp-data", "iptc-data"))
    if exif is None and kind == "tiff":
        exif = _tiff_exif(data)
    if exif is not None:
        exif = exif.removeprefix(b"Exif\0\0")
    depth = int(image.get("bits-per-sample")) if image.get_typeof("bits-per-sample") else 8
    exact = image.format in ("uchar", "ushort") and image.interpretation in ("srgb", "rgb", "rgb16", "b-w", "grey16")
    icc = _profile(image, data, kind)
    image = vips.in_whole_numbers(image, data, name)
    if not exact and image.interpretation not in ("rgb16", "grey16", "srgb", "b-w"):
        image, icc = _converted(image, icc), None
    pixels: npt.NDArray[Any] = np.ascontiguousarray(turned(vips.samples_of(image, name), orientation))
    channels = 3 if pixels.shape[2] >= 3 else 1
    alpha = pixels[..., channels] if image.hasalpha() else None
    samples = pixels[..., :channels]
    samples.flags.writeable = False
    if alpha is not None:
        alpha.flags.writeable = False
    return SourceImage(name, kind, data, samples, alpha, exact, depth, icc, orientation, resolution, exif, xmp, iptc)


def open_picture(path: str | Path) -> RGBArray:
    """Read a picture as it is meant to be seen.

    The orientation of its metadata is applied, its colour profile (or the code points of cICP) is converted to sRGB,
    all kinds of samples are reduced to 8-bit RGB, and transparency is laid over neutral grey. Memory: at most 12 bytes
    per pixel beside the file.

    Returns:
        (H, W, 3) uint8 sRGB, contiguous.

    Raises:
        ImageError: as `read_source`.
    """
    path = Path(path)
    return picture_of(read_bytes(path), path.name)


def picture_of(data: bytes, name: str) -> RGBArray:
    """As `open_picture`, for a file's content; ``name`` is what its errors call it."""
    image = vips.opened(data, name)
    icc = _profile(image, data, kind_of(data))
    orientation = _orientation(image)
    image = vips.in_srgb(vips.in_whole_numbers(image, data, name), icc)
    return np.ascontiguousarray(turned(vips.samples_of(image, name), orientation), np.uint8)


def to_srgb(samples: Samples, icc: bytes | None = None, alpha: Samples | None = None) -> RGBArray:
    """Samples of a `SourceImage` (or edited ones) as (H, W, 3) uint8 sRGB, read-only; a view where they are that.

    Args:
        samples: (H, W, 1 or 3) uint8 or uint16.
        icc: their colour profile, None for sRGB.
        alpha: (H, W) of the same dtype, laid over neutral grey.
    """
    if icc is None and alpha is None and samples.dtype == np.uint8 and samples.shape[2] == 3:
        view = np.asarray(samples.view(), np.uint8)
        view.flags.writeable = False
        return view
    height, width, bands = samples.shape
    deep = samples.dtype == np.uint16
    space = ("rgb16" if deep else "srgb") if bands >= 3 else ("grey16" if deep else "b-w")
    out = np.empty((height, width, 3), np.uint8)
    for part in vips.strips(height, width * (bands + 1) * samples.dtype.itemsize):
        own = np.ascontiguousarray(samples[part] if alpha is None else np.dstack([samples[part], alpha[part]]))
        image = vips.library().Image.new_from_memory(
            own.data, width, len(own), own.shape[2], "ushort" if deep else "uchar"
        )
        out[part] = vips.samples_of(vips.in_srgb(image.copy(interpretation=space), icc), "the picture")
    out.flags.writeable = False
    return out


def _converted(image: Any, icc: bytes | None) -> Any:
    """An image of other channels (CMYK, Lab) as sRGB with its alpha."""
    alpha = image[-1].cast("uchar") if image.hasalpha() else None
    colour = vips.in_srgb(image[0 : image.bands - 1] if alpha is not None else image, icc)
    return colour if alpha is None else colour.bandjoin(alpha)


def _profile(image: Any, data: bytes, kind: str) -> bytes | None:
    """The embedded profile, or one made from the code points that the file names (they rule where both are there)."""
    named = code_points(data, kind)
    made = icc_of(*named) if named is not None else None
    if image.interpretation in vips.ABSOLUTE_SPACES:
        return None
    return made if made is not None else _sound(vips.blob(image, "icc-profile-data"))


def _sound(profile: bytes | None) -> bytes | None:
    """A profile unless it is cut or none at all (ICC.1:2022, 7.2): no PNG could be written with it."""
    if profile is None or len(profile) < 132 or profile[36:40] != b"acsp":
        return None
    return profile if int.from_bytes(profile[:4], "big") <= len(profile) else None


def _orientation(image: Any) -> int:
    value = int(image.get("orientation")) if image.get_typeof("orientation") else 1
    return value if 1 <= value <= 8 else 1


def _resolution(image: Any) -> tuple[float, float] | None:
    """Pixels per inch; libvips states 1 pixel/mm where a file says nothing."""
    x, y = float(image.xres) * 25.4, float(image.yres) * 25.4
    stated = image.get_typeof("resolution-unit") or (x, y) != (25.4, 25.4)
    return (x, y) if stated and x > 0 and y > 0 else None


def _tiff_exif(data: bytes) -> bytes | None:
    """The EXIF block of a TIFF, which lies among its tags."""
    with contextlib.suppress(*DECODE_ERRORS), Image.open(io.BytesIO(data), formats=("TIFF",)) as image:
        exif = image.getexif()
        for tag in _STRUCTURAL_TAGS.intersection(exif):
            del exif[tag]
        return exif.tobytes() if len(exif) or exif.get_ifd(0x8769) else None
    return None


_STRUCTURAL_TAGS = {
    254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 318, 319, 320, 322, 323, 324, 325, 330, 338,
    339, 347, 529, 530, 531, 532, 700, 33723, 34377, 34675,
}  # fmt: skip
"""TIFF tags that say how pixels are stored, and blocks that are kept apart (XMP, IPTC, Photoshop's, the profile)."""
