"""Decoding by libvips: samples of 8 or 16 bits in the file's own colour space, and their way to sRGB."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, features

from faceeditor.images.decode import DECODE_ERRORS, damaged, decode_bytes
from faceeditor.images.kinds import kind_of
from faceeditor.images.limits import check_size, out_of_memory
from faceeditor.images.orientation import turned

_log = logging.getLogger(__name__)

Samples = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

_LOADERS = {"png", "jpeg", "tiff", "webp", "gif", "avif"}
_NEUTRAL_GREY = 128
ABSOLUTE_SPACES = ("lab", "labs", "labq", "lch", "xyz", "yxy")
"""Spaces of libvips whose numbers are colours by themselves: a profile says nothing more about them."""
_STRIP_BYTES, _STRIP_ROWS = 8 << 20, 256
"""Pixels are decoded in strips of about so many bytes, of a multiple of so many rows."""
_STATISTICS_SIDE = 512  # pictures of floats are looked at in about so many columns to tell their range

_library: Any = None


def library() -> Any:
    """The module `pyvips`, with its cache of operations off and loaders that are not proof against attacks blocked."""
    global _library
    if _library is None:
        import pyvips

        pyvips.cache_set_max(0)
        logging.getLogger("pyvips").setLevel(logging.ERROR)
        _library = pyvips
    return _library


def opened(data: bytes, name: str) -> Any:
    """A `pyvips.Image` of the first picture in a file's content, its pixels not yet decoded.

    Formats and flavours that libvips does not know are decoded by Pillow.

    Raises:
        ImageError: no picture, too large, damaged.
    """
    vips = library()
    kind = kind_of(data)
    if kind in _LOADERS and not _is_luma_tiff(data):
        try:
            # A source refers to the data; a buffer would be copied.
            source = vips.Source.new_from_memory(data)
            image = vips.Image.new_from_source(source, "", access="sequential", fail_on="error")
        except vips.Error as error:
            _log.info("libvips does not open %s: %s", name, _reason(error))
            if "samples out of range" in str(error):
                doubles = _doubles(data)
                if doubles is not None:
                    return doubles
        else:
            check_size(name, image.width, image.height)
            other = _OTHER_DECODERS.get(kind)
            return image if other is None else other(image, data)
    return _from_pillow(decode_bytes(data, name))


def samples_of(image: Any, name: str) -> Samples:
    """Decode: (H, W, bands) uint8 or uint16 of a `pyvips.Image` of 8 or 16 bits.

    Raises:
        ImageError: the file is damaged or does not fit into the memory.
    """
    return _decoded(image, name).reshape(image.height, image.width, image.bands)


def strips(height: int, row_bytes: int) -> Iterator[slice]:
    """Rows that are worked on together, one strip after the other."""
    rows = max(1, _STRIP_BYTES // max(1, row_bytes) // _STRIP_ROWS) * _STRIP_ROWS
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def _decoded(image: Any, name: str) -> npt.NDArray[Any]:
    try:
        return np.asarray(image.numpy())
    except library().Error as error:
        if "out of memory" in str(error).lower():
            raise out_of_memory(name, image.width, image.height) from None
        raise damaged(name, _reason(error)) from None
    except MemoryError:
        raise out_of_memory(name, image.width, image.height) from None


def in_whole_numbers(image: Any, data: bytes, name: str) -> Any:
    """The image if its samples are 8 or 16-bit numbers; else one of 16 bits, over the range of its kind of values.

    Floats are read as 0..1, 0..255 or 0..65535, whichever fits nearly all of them; what lies outside is clipped.
    """
    if image.interpretation in ABSOLUTE_SPACES:
        return image.colourspace("rgb16").cast("ushort")
    if image.format in ("uchar", "ushort"):
        return image
    grey = image.bands < 3
    top = _top(image, data, name)
    image = (image == image).ifthenelse(image, 0) if image.format in ("float", "double") else image  # NaN is black
    scaled = (image * (65535.0 / top) + 0.5).cast("ushort")
    return scaled.copy(interpretation="grey16" if grey else "rgb16")


def in_srgb(image: Any, icc: bytes | None) -> Any:
    """An image of 8 or 16 bits as 8-bit sRGB of 3 bands; transparency is laid over neutral grey.

    A profile that is damaged or made for other channels is left aside, as viewers do.
    """
    vips = library()
    if icc is not None:
        image = image.copy()
        image.set_type(vips.GValue.blob_type, "icc-profile-data", icc)
    if image.get_typeof("icc-profile-data") and _profile_fits(image):
        try:
            image = image.icc_transform("srgb", embedded=True, intent="perceptual", depth=8)
        except vips.Error as error:
            _log.info("the colour profile cannot be used: %s", _reason(error))
    if image.interpretation != "srgb" or image.format != "uchar":
        image = image.colourspace("srgb").cast("uchar")
    if image.hasalpha():
        image = image.flatten(background=[_NEUTRAL_GREY])
    return image[0:3] if image.bands >= 3 else image[0].bandjoin([image[0], image[0]])


def blob(image: Any, field: str) -> bytes | None:
    """A metadata block of the image, None if it has none."""
    if not image.get_typeof(field):
        return None
    value = image.get(field)
    return bytes(value) if value else None


def _profile_fits(image: Any) -> bool:
    """Whether the embedded profile is for as many channels as the image has."""
    profile = blob(image, "icc-profile-data") or b""
    channels = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4, b"Lab ": 3}.get(profile[16:20])
    return channels == image.bands - int(image.hasalpha())


def _top(image: Any, data: bytes, name: str) -> float:
    """The value that means white."""
    if image.format in ("char", "short"):
        return 127.0 if image.format == "char" else 32767.0
    # A second decoder where the first one can be read only once.
    step = max(1, image.width // _STATISTICS_SIDE)
    again = opened(data, name) if image.get_typeof("vips-sequential") else image
    sampled = again.subsample(step, max(1, image.height // _STATISTICS_SIDE)).cast("float")
    values = np.nan_to_num(_decoded(sampled, name), posinf=0.0, neginf=0.0)
    if image.format in ("uint", "int"):
        high = float(values.max(initial=0.0))
        full = 4294967295.0 if image.format == "uint" else 2147483647.0
        return 255.0 if high <= 255 else 65535.0 if high <= 65535 else full
    high = float(np.percentile(values, 99))
    return 1.0 if high <= 4.0 else 255.0 if high <= 510 else 65535.0


def _is_luma_tiff(data: bytes) -> bool:
    """Whether a TIFF holds luma and chroma without JPEG compression, which libvips takes for RGB."""
    if kind_of(data) != "tiff":
        return False
    try:
        with Image.open(io.BytesIO(data), formats=("TIFF",)) as picture:
            return picture.mode == "YCbCr"
    except (Image.DecompressionBombError, *DECODE_ERRORS):
        return False


def _doubles(data: bytes) -> Any:
    """The image of a TIFF of 64-bit floats, which libvips does not read; None if OpenCV does not read it either."""
    pixels = _by_opencv(data)
    if pixels is None or pixels.dtype != np.float64 or (pixels.ndim == 3 and pixels.shape[2] != 3):
        return None
    floats = np.ascontiguousarray(pixels if pixels.ndim == 2 else pixels[..., ::-1], np.float32)
    bands = 1 if floats.ndim == 2 else 3
    return library().Image.new_from_memory(floats.data, floats.shape[1], floats.shape[0], bands, "float")


def _from_pillow(picture: Image.Image) -> Any:
    """A decoded Pillow image as a `pyvips.Image`."""
    profile = picture.info.get("icc_profile")
    exif = picture.info.get("exif")
    orientation = 1
    try:
        orientation = int(picture.getexif().get(0x0112, 1))
    except DECODE_ERRORS:  # a broken EXIF block is no reason to refuse sound pixels
        exif = None
    pixels, mode = _in_strips(picture)
    picture.close()
    formats = {"uint8": "uchar", "uint16": "ushort", "int32": "int", "float32": "float"}
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    spaces = {"L": "b-w", "LA": "b-w", "RGB": "srgb", "RGBA": "srgb", "CMYK": "cmyk"}
    image = library().Image.new_from_memory(
        pixels.data, pixels.shape[1], pixels.shape[0], bands, formats[pixels.dtype.name]
    )
    image = image.copy(interpretation=spaces.get(mode, "grey16" if pixels.dtype == np.uint16 else "b-w"))
    blob_type = library().GValue.blob_type
    for field, value in (("icc-profile-data", profile), ("exif-data", exif)):
        if value:
            image.set_type(blob_type, field, value)
    image.set_type(library().GValue.gint_type, "orientation", orientation)
    return image


def _avif_pixels(header: Any, data: bytes) -> Any:
    """An AVIF picture of 8 bits with its pixels from Pillow's decoder, which takes half the memory of libvips's.

    Args:
        header: the picture as libvips opens it, not yet decoded; what it says stays, and it is the result for pictures
            of more bits or other sizes (cropped ones).
        data: the file.
    """
    if header.format != "uchar" or not features.check("avif"):
        return header
    try:
        with Image.open(io.BytesIO(data), formats=("AVIF",)) as picture:
            turn = int(picture.getexif().get(0x0112, 1))  # Pillow says so of turns that libvips makes by itself
            picture.load()
            plain = Image.Image()._new(picture.im)
        del picture  # with its decoder, which keeps the picture twice
        pixels, mode = _in_strips(plain)
    except (Image.DecompressionBombError, MemoryError, *DECODE_ERRORS) as error:
        _log.info("Pillow does not decode an AVIF: %s", error)
        return header
    if mode not in ("RGB", "RGBA"):
        return header
    return _with_pixels(header, np.ascontiguousarray(turned(pixels, turn)) if 1 < turn <= 8 else pixels)


def _webp_pixels(header: Any, data: bytes) -> Any:
    """A WebP picture with its pixels from OpenCV's decoder, as of `_avif_pixels`; libvips keeps canvas and frame."""
    import cv2

    pixels = _by_opencv(data)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        return header  # it is damaged: libvips says how
    how = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    for part in strips(len(pixels), pixels[0].nbytes):
        pixels[part] = cv2.cvtColor(pixels[part], how)
    return _with_pixels(header, pixels)


def _by_opencv(data: bytes) -> npt.NDArray[Any] | None:
    """What OpenCV decodes, in its order of channels; None if it cannot. What it would print on the way is left out."""
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        _log.info("OpenCV does not decode a picture: %s", error)
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)
    return None if pixels is None else np.asarray(pixels)


_OTHER_DECODERS = {"avif": _avif_pixels, "webp": _webp_pixels}
"""Kinds whose libvips decoders take more than 12 bytes a pixel."""


def _with_pixels(header: Any, pixels: npt.NDArray[Any]) -> Any:
    """A picture that is not yet decoded, with (H, W, bands) uint8 pixels for its own if they are of its size."""
    if pixels.shape != (header.height, header.width, header.bands):
        return header
    image = library().Image.new_from_memory(pixels.data, header.width, header.height, header.bands, "uchar")
    image = image.copy(interpretation=header.interpretation, xres=header.xres, yres=header.yres)
    for field in header.get_fields():
        if field.endswith("-data") or field in ("bits-per-sample", "orientation", "resolution-unit"):
            image.set_type(header.get_typeof(field), field, header.get(field))
    return image


def _in_strips(picture: Image.Image) -> tuple[npt.NDArray[Any], str]:
    """The pixels of a decoded Pillow image, converted strip by strip, and the mode that they are in then."""
    mode = picture.mode
    if mode in ("RGBa", "La", "PA") or "transparency" in picture.info:
        mode = "RGBA"
    elif mode not in ("L", "LA", "RGB", "RGBA", "CMYK", "F") and not mode.startswith("I"):
        mode = "RGB"
    out: npt.NDArray[Any] | None = None
    for part in strips(picture.height, 4 * picture.width):
        strip = np.asarray(picture.crop((0, part.start, picture.width, part.stop)).convert(mode))
        if out is None:
            out = np.empty((picture.height, *strip.shape[1:]), strip.dtype.newbyteorder("="))
        out[part] = strip
    assert out is not None
    return out, mode


def _reason(error: Exception) -> str:
    """The last line of libvips's message, without its prefix."""
    lines = [line.strip() for line in str(getattr(error, "detail", error)).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "unknown reason"
