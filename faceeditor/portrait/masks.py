"""Mask files: reading what other programs make, with a note of what was done to it, and writing our own."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from faceeditor.errors import ImageError
from faceeditor.images import decode_bytes, read_bytes, vips, write_atomic
from faceeditor.images.decode import DECODE_ERRORS, FORMATS
from faceeditor.images.source import source_of
from faceeditor.paths import resources_dir
from faceeditor.portrait.mask_labels import REGION_OF_LABEL, LabelOrder, is_like_a_face, label_order, recognised
from faceeditor.portrait.mask_parts import is_part, merged_parts
from faceeditor.portrait.mask_pixels import Labels, fragmentation, labels_of_palette, labels_of_samples
from faceeditor.portrait.resampling import resample
from faceeditor.regions import MASK_SIZE, PALETTE, MaskArray

MIN_SIDE, MAX_SIDE = 64, 4096
"""Sides of the masks that can be opened, in pixels."""

MAX_FRAGMENTATION, FACE_FRAGMENTATION = 0.06, 0.03
"""Shares of neighbouring pixels that differ: above the first no mask, above the second only if it is like a face."""


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


@dataclass(frozen=True, eq=False)
class MaskReading:
    """What a mask file holds.

    Attributes:
        mask: (256, 256) uint8 regions.
        note: one or more sentences on what was changed, or "".
        order: the order in which the file's labels were taken.
        certain: False if the labels make sense in the other order, too, so that the user should be asked.
    """

    mask: MaskArray
    note: str
    order: LabelOrder
    certain: bool = True


def read_mask(path: str | Path, labels: str = "auto") -> tuple[MaskArray, str]:
    """As `load_mask`; returns the mask and the note only."""
    reading = load_mask(path, labels)
    return reading.mask, reading.note


def load_mask(path: str | Path, labels: str = "auto") -> MaskReading:
    """Read a mask file.

    Accepted are pictures whose values are labels 0..18 (grey of any depth, palette, or the same in all channels), and
    pictures in the colours of this program, of CelebAMask-HQ or of face-parsing.PyTorch, exact or nearly so. Square
    masks of 64 to 4096 pixels are brought to 256. One of the per-part files of CelebAMask-HQ ("00012_hair.png") stands
    for all parts beside it.

    Args:
        path: the file.
        labels: the order of its labels, one of `mask_labels.LABEL_CHOICES`; "auto" takes the order that puts the
            regions where a face has them.

    Raises:
        ImageError: no picture, not square, too small or large, wrong values or colours, or a photograph.
    """
    path = Path(path)
    asked = label_order(labels)
    if is_part(path):
        return MaskReading(*merged_parts(path), "celebamask")
    found = labels_in(path)
    order, certain = found.order, True
    notes = list(found.notes)
    if asked is not None:
        order = asked
    elif order is None:
        order, certain = recognised(found.values)
        _refuse_photograph(found.values, order, path.name)
    mask = REGION_OF_LABEL[order][found.values]
    if order == "celebamask" and asked is None:
        notes.append("The labels are in CelebAMask-HQ's own order and were converted.")
    if asked is None and found.order is None and not is_like_a_face(found.values, order):
        certain = False
        notes.append(
            "Few regions lie where a face has them; check the numbers, the colours and the order of the labels."
        )
    elif not certain:
        other = "bisenet" if order == "celebamask" else "celebamask"
        notes.append(
            f"The labels could be in either order and were read as “{order}”; if regions look exchanged, read the file "
            f"again with the labels “{other}”."
        )
    side = mask.shape[0]
    original = found.side
    if side != MASK_SIZE:
        mask = resample(mask, MASK_SIZE)
    if original != MASK_SIZE:
        notes.append(f"The mask was resampled from {original} x {original} to {MASK_SIZE} x {MASK_SIZE} pixels.")
    return MaskReading(mask, " ".join(notes), order, certain)


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


def _as_palette(image: Image.Image) -> Image.Image:
    """A grey image of region indices as a palette image."""
    palette = Image.new("P", image.size)
    palette.putpalette(PALETTE.tobytes())
    palette.frombytes(image.tobytes())
    return palette


@dataclass(frozen=True, eq=False)
class FoundLabels(Labels):
    """Labels of a mask file with its side in pixels, which is that of the labels unless these were thinned."""

    side: int = MASK_SIZE


def labels_in(path: Path) -> FoundLabels:
    """The labels of a square picture file, not yet converted to regions; large ones may be thinned.

    Raises:
        ImageError: no picture, not square, too small or large, wrong values or colours.
    """
    data = read_bytes(path)
    size, mode = _header(data, path.name)
    stated = f"“{path.name}” is {size[0]} x {size[1]} pixels"
    if size[0] != size[1]:
        raise ImageError(f"{stated}; a mask must be square, so crop it first.")
    if not MIN_SIDE <= size[0] <= MAX_SIDE:
        raise ImageError(f"{stated}; bring the mask to a side of {MIN_SIDE} to {MAX_SIDE} first.")
    if mode == "P":
        found = labels_of_palette(decode_bytes(data, path.name), path.name)
    else:
        found = labels_of_samples(source_of(data, path.name), path.name)
    return FoundLabels(found.values, found.order, found.notes, size[0])


def _header(data: bytes, name: str) -> tuple[tuple[int, int], str]:
    """Size and Pillow's mode of a picture, "" where only libvips knows it."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.size, image.mode
    except (Image.DecompressionBombError, *DECODE_ERRORS):
        image = vips.opened(data, name)
        return (image.width, image.height), ""


def _refuse_photograph(labels: MaskArray, order: LabelOrder, name: str) -> None:
    """Refuse numbers that are no areas, or lie nowhere near where a face has them and are torn."""
    torn = fragmentation(labels)
    if torn > MAX_FRAGMENTATION or (torn > FACE_FRAGMENTATION and not is_like_a_face(labels, order)):
        raise ImageError(
            f"“{name}” looks like a photograph or drawing with few colours and not like a mask; open it as a photo, or "
            "name the order of its labels if it is a mask."
        )
