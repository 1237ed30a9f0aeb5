"""Reading pictures of any common kind into plain sRGB, and writing files whole or not at all."""

import contextlib
import errno
import io
import os
import re
import struct
import tempfile
import warnings
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps

from faceeditor.errors import FaceEditorError, ImageError

RGBArray = npt.NDArray[np.uint8]

MAX_MEGAPIXELS = 120
"""Largest picture that is decoded, in megapixels."""

_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
_READABLE = "PNG, JPEG, WebP, TIFF, BMP or GIF"
_NEUTRAL_GREY = (128, 128, 128)
# What Pillow's decoders raise on damaged data, beside OSError.
_DECODE_ERRORS = (OSError, SyntaxError, ValueError, TypeError, EOFError, KeyError, IndexError, struct.error, zlib.error)

# Pillow looks at this limit as it reads a header; above twice its value it refuses by itself.
Image.MAX_IMAGE_PIXELS = MAX_MEGAPIXELS * 1_000_000
warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # between the two, decode_bytes refuses


def _too_large(name: str, megapixels: float, size: str = "") -> ImageError:
    return ImageError(
        f"“{name}” has {megapixels:,.0f} megapixels{size}, more than the {MAX_MEGAPIXELS} that can be opened; "
        "make it smaller in an image program first."
    )


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that the user named.

    Raises:
        ImageError: there is no such file, it is a folder, it is empty or it cannot be read.
    """
    name = path.name or str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ImageError(f"“{path}” does not exist; choose another file.") from None
    except IsADirectoryError:
        raise ImageError(f"“{path}” is a folder; choose a picture inside it.") from None
    except PermissionError:
        raise ImageError(f"“{name}” may not be read; change its permissions or choose another file.") from None
    except (OSError, ValueError) as error:
        raise ImageError(f"“{name}” cannot be read ({error}); choose another file.") from error
    if not data:
        raise ImageError(f"“{name}” is empty (0 bytes); choose another file or fetch it again.")
    return data


def decode(path: str | Path) -> Image.Image:
    """Read and decode the first picture of a file, unconverted; its size is checked before any pixel is decoded.

    Args:
        path: a PNG, JPEG, WebP, TIFF, BMP or GIF file.

    Returns:
        A loaded Pillow image in the file's own mode.

    Raises:
        ImageError: the file is missing, empty, no picture, over 120 megapixels or damaged.
    """
    path = Path(path)
    return decode_bytes(read_bytes(path), path.name)


def decode_bytes(data: bytes, name: str) -> Image.Image:
    """As ``decode``, for the content of a file; ``name`` is what its errors call it."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = re.search(r"\((\d+) pixels\)", str(error))
        raise _too_large(name, int(pixels[1]) / 1e6 if pixels else 2 * MAX_MEGAPIXELS) from None
    except _DECODE_ERRORS:
        raise ImageError(
            f"“{name}” is not a picture that can be read, whatever its name says; choose a {_READABLE} file."
        ) from None
    width, height = image.size
    if width * height > MAX_MEGAPIXELS * 1_000_000:
        raise _too_large(name, width * height / 1e6, f" ({width} x {height})")
    try:
        image.load()
    except _DECODE_ERRORS as error:
        raise ImageError(
            f"“{name}” is damaged or cut short ({str(error) or type(error).__name__}); fetch or export it again."
        ) from error
    except MemoryError:
        raise ImageError(
            f"“{name}” ({width} x {height}) does not fit into the free memory; close other programs and retry."
        ) from None
    return image


def open_picture(path: str | Path) -> RGBArray:
    """Read a picture as it is meant to be seen.

    The orientation of its metadata is applied, an embedded colour profile is converted to sRGB, 16-bit and CMYK
    pictures are reduced to 8-bit RGB, and transparency is laid over neutral grey.

    Returns:
        (H, W, 3) uint8 sRGB, contiguous.

    Raises:
        ImageError: as ``decode``.
    """
    image = decode(path)
    # A broken EXIF block is no reason to refuse sound pixels.
    with contextlib.suppress(*_DECODE_ERRORS):
        image = ImageOps.exif_transpose(image)
    return np.ascontiguousarray(_to_srgb(image))


def _to_srgb(image: Image.Image) -> RGBArray:
    """(H, W, 3) uint8 sRGB of a decoded image of any mode."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        grey = _eight_bit(np.asarray(image))
        return np.repeat(grey[..., None], 3, axis=2)
    alpha: Image.Image | None = None
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB")
    elif image.mode in ("1", "P"):
        image = image.convert("RGB")
    if profile:
        image = _converted(image, profile)
    pixels = image.convert("RGB")
    if alpha is not None:
        pixels = Image.composite(pixels, Image.new("RGB", pixels.size, _NEUTRAL_GREY), alpha)
    return np.asarray(pixels)


def _eight_bit(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Grey values of 16 or 32 bits or floats (H, W) -> uint8 (H, W) over the range of their kind."""
    numbers = np.nan_to_num(values.astype(np.float64))
    if values.dtype.kind == "f":
        top = 1.0 if numbers.max(initial=0.0) <= 1.0 else 255.0 if numbers.max() <= 255.0 else 65535.0
    else:
        top = 65535.0 if numbers.max(initial=0.0) <= 65535.0 else 4294967295.0
    return np.clip(np.rint(numbers * (255.0 / top)), 0, 255).astype(np.uint8)


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    """The image in sRGB; a profile that is damaged or made for other channels is left aside, as viewers do."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, *_DECODE_ERRORS):
        return image
    return converted if converted is not None else image


def write_error(path: Path, error: OSError) -> FaceEditorError:
    """The sentence for a file that could not be written because of an OSError."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FaceEditorError(
            f"“{path.name}” was not written because the disk is full; make room on it or choose another folder."
        )
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return FaceEditorError(
            f"“{path.name}” was not written because its folder “{path.parent}” cannot be written; choose another one."
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return FaceEditorError(
            f"“{path.name}” was not written because the folder “{path.parent}” does not exist; choose another folder."
        )
    if error.errno == errno.EISDIR:
        return FaceEditorError(f"“{path}” is a folder; choose another name for the file.")
    return FaceEditorError(
        f"“{path.name}” was not written ({error.strerror or error}); choose another folder and try again."
    )


def write_atomic(path: str | Path, data: bytes) -> None:
    """Write a file whole or not at all: into a neighbour, flushed to the disk, then moved into place.

    Args:
        path: the file to make or replace; its folder must exist.
        data: its whole content.

    Raises:
        FaceEditorError: the folder cannot be written, the disk is full, ...; a file that was there stays as it was.
    """
    path = Path(path).resolve()  # a link stays a link: what it points to is replaced
    temporary: Path | None = None
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode)  # mkstemp makes private files
        temporary.replace(path)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise write_error(path, error) from error
        raise


def _umask() -> int:
    """The process's file mode mask, read without changing it where the system shows it."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        status = Path("/proc/self/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("Umask:")).split()[1], 8)
    return 0o022
