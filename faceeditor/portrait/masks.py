"""Mask files: reading what other programs make, with a note of what was done to it, and writing our own."""

import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from faceeditor.errors import ImageError
from faceeditor.images import decode, write_atomic
from faceeditor.paths import resources_dir
from faceeditor.regions import MASK_SIZE, PALETTE, REGION_COUNT, REGION_NAMES, MaskArray

MIN_SIDE, MAX_SIDE = 64, 4096
"""Sides of the masks that can be opened, in pixels."""

_TOLERANCE = 12  # largest difference of a channel that still counts as a palette colour
_MAX_STRAY = 0.05  # share of pixels off the palette (soft edges, JPEG) that is put right silently but for a note
_WORK_SIDE = 1024  # larger masks are thinned to this side before anything is counted a region at a time


@dataclass(frozen=True)
class SampleMask:
    """A built-in mask: its name as the user sees it, and its file."""

    name: str
    path: Path

    def read(self) -> MaskArray:
        """The mask, (256, 256) uint8."""
        return read_mask(self.path)[0]


def sample_masks() -> tuple[SampleMask, ...]:
    """The built-in masks in the order of their numbers ("03-bob-with-fringe.png" is "Bob with fringe")."""
    found = []
    for path in sorted((resources_dir() / "masks").glob("[0-9][0-9]-*.png")):
        words = path.stem.split("-", 1)[1].replace("-", " ")
        found.append(SampleMask(words[:1].upper() + words[1:], path))
    return tuple(found)


def read_mask(path: str | Path) -> tuple[MaskArray, str]:
    """Read a mask file.

    Accepted are 8-bit pictures whose values are the region indices 0..18 of CelebAMask-HQ (grey or palette PNG), and
    pictures in the colours of our palette, exact or nearly so. Square masks of 64 to 4096 pixels are brought to 256.

    Returns:
        The mask, (256, 256) uint8, and a note: one or more sentences on what was changed, or "".

    Raises:
        ImageError: no picture, not square, too small or large, 16 bits, values above 18 or a wrong palette.
    """
    path = Path(path)
    image = decode(path)
    width, height = image.size
    if width != height:
        raise ImageError(f"“{path.name}” is {width} x {height} pixels; a mask must be square, so crop it first.")
    if not MIN_SIDE <= width <= MAX_SIDE:
        raise ImageError(
            f"“{path.name}” is {width} x {height} pixels; bring the mask to a side of {MIN_SIDE} to {MAX_SIDE} first."
        )
    if image.mode.startswith("I") or image.mode == "F":
        raise ImageError(
            f"“{path.name}” has 16 bits or more a pixel; save the mask as an 8-bit PNG with the values 0 to "
            f"{REGION_COUNT - 1}."
        )
    notes: list[str] = []
    mask = _regions_of(image, path.name, notes)
    if width != MASK_SIZE:
        mask = resample(mask, MASK_SIZE)
        notes.append(f"The mask was resampled from {width} x {width} to {MASK_SIZE} x {MASK_SIZE} pixels.")
    return mask, " ".join(notes)


def encode_mask(mask: MaskArray, xmp: str | None = None) -> bytes:
    """A palette PNG: the pixel values are region indices, the colours our palette, and ``xmp`` an optional packet."""
    image = Image.fromarray(np.ascontiguousarray(mask))
    image = _as_palette(image)
    info = PngInfo()
    if xmp:
        info.add_itxt("XML:com.adobe.xmp", xmp)
    stream = io.BytesIO()
    image.save(stream, "PNG", pnginfo=info, optimize=True)
    return stream.getvalue()


def write_mask(path: str | Path, mask: MaskArray) -> None:
    """Write a mask as a palette PNG whose indices are the regions.

    Args:
        path: a file ending in ``.png``.
        mask: (256, 256) uint8.

    Raises:
        ImageError: the name ends otherwise.
        FaceEditorError: the file cannot be written.
    """
    write_atomic(checked_mask_name(path), encode_mask(mask))


def checked_mask_name(path: str | Path) -> Path:
    """The path if it ends in ``.png``, the only format that keeps region indices; else an ImageError."""
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ImageError(f"A mask is written as PNG, which keeps its values; let the name “{path.name}” end in .png.")
    return path


def resample(mask: MaskArray, side: int) -> MaskArray:
    """Bring a square mask to another side: each pixel takes the region that covers most of it.

    Args:
        mask: (N, N) uint8 region indices.
        side: the new side in pixels.

    Returns:
        (side, side) uint8.
    """
    if mask.shape[0] > max(_WORK_SIDE, side):
        mask = cv2.resize(mask, (_WORK_SIDE, _WORK_SIDE), interpolation=cv2.INTER_NEAREST_EXACT)  # type: ignore[assignment]
    method = cv2.INTER_AREA if side < mask.shape[0] else cv2.INTER_LINEAR
    best = np.full((side, side), -1.0, np.float32)
    result = np.zeros((side, side), np.uint8)
    for region in np.unique(mask):
        cover = cv2.resize((mask == region).astype(np.float32), (side, side), interpolation=method)
        better = cover > best
        result[better] = region
        np.copyto(best, cover, where=better)
    return result


def _as_palette(image: Image.Image) -> Image.Image:
    """A grey image of region indices as a palette image."""
    palette = Image.new("P", image.size)
    palette.putpalette(PALETTE.tobytes())
    palette.frombytes(image.tobytes())
    return palette


def _regions_of(image: Image.Image, name: str, notes: list[str]) -> MaskArray:
    """The region indices of a decoded square picture, (N, N) uint8."""
    if image.mode in ("L", "1"):
        values = np.asarray(image).astype(np.uint8)
        return _checked_values(values, name)
    if image.mode == "P":
        indices = np.asarray(image)
        matched, _ = _matched(np.asarray(image.convert("RGB")))
        # An image program may have sorted our palette anew; where all colours are ours, the colours count.
        if (matched != _NONE).all():
            return matched
        if indices.max() < REGION_COUNT:
            return np.array(indices, np.uint8)
    rgba = np.asarray(image.convert("RGBA"))
    if rgba.shape[0] > _WORK_SIDE:
        size = (_WORK_SIDE, _WORK_SIDE)
        rgba = np.asarray(cv2.resize(rgba, size, interpolation=cv2.INTER_NEAREST_EXACT))
    pixels = rgba[..., :3]
    if image.mode != "P" and (pixels == pixels[..., :1]).all() and pixels.max() < REGION_COUNT:
        return np.ascontiguousarray(pixels[..., 0])
    matched, stray = _matched(pixels)
    clear = rgba[..., 3] < 128
    if clear.any():
        matched[clear] = 0
        notes.append("Transparent pixels became background.")
        stray = float((matched == _NONE).mean())
    if stray > _MAX_STRAY:
        raise ImageError(
            f"“{name}” is not in the colours of a mask: {stray:.1%} of its pixels match no region; save it as a grey "
            f"PNG with the values 0 to {REGION_COUNT - 1}, or use these colours: {_legend()}."
        )
    if stray > 0:
        matched = _filled_strays(matched)
        notes.append(f"{stray:.2%} of the pixels were off the palette and took the region beside them.")
    return matched


_NONE = 255


def _checked_values(values: MaskArray, name: str) -> MaskArray:
    """The values if none is above 18, else an ImageError naming the first wrong one and how many there are."""
    counts = np.bincount(values.ravel(), minlength=256)
    wrong = np.flatnonzero(counts[REGION_COUNT:]) + REGION_COUNT
    if len(wrong):
        listed = ", ".join(f"{value} ({counts[value]} pixels)" for value in wrong[:3])
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise ImageError(
            f"“{name}” holds values that are no regions: {listed}{more}; a grey mask may only hold 0 to "
            f"{REGION_COUNT - 1} (CelebAMask-HQ), so check how it was made."
        )
    return values


def _matched(pixels: npt.NDArray[np.uint8]) -> tuple[MaskArray, float]:
    """Region of each (N, N, 3) uint8 pixel by palette colour, 255 where none is near, and the share of those."""
    matched = np.full(pixels.shape[:2], _NONE, np.uint8)
    nearest = np.full(pixels.shape[:2], 3 * 255, np.int16)
    channels = [pixels[..., channel].astype(np.int16) for channel in range(3)]
    for region, colour in enumerate(PALETTE.astype(np.int16)):
        differences = [np.abs(channel - level) for channel, level in zip(channels, colour, strict=True)]
        largest = np.maximum(np.maximum(differences[0], differences[1]), differences[2])
        total = differences[0] + differences[1] + differences[2]
        better = (largest <= _TOLERANCE) & (total < nearest)
        matched[better] = region
        nearest[better] = total[better]
    return matched, float((matched == _NONE).mean())


def _filled_strays(matched: MaskArray) -> MaskArray:
    """The mask with each stray pixel replaced by the nearest pixel that has a region."""
    stray = (matched == _NONE).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(stray, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    known = stray == 0
    region_of = np.zeros(int(labels.max()) + 1, np.uint8)
    region_of[labels[known]] = matched[known]
    return region_of[labels]


def _legend() -> str:
    """Names and colours of the palette, "Skin #E7B294, ..."."""
    return ", ".join(f"{name} #{r:02X}{g:02X}{b:02X}" for name, (r, g, b) in zip(REGION_NAMES, PALETTE, strict=True))
