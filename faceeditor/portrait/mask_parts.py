"""The per-part files of CelebAMask-HQ: one black and white picture for each part of a face ("00012_hair.png")."""

import re
from pathlib import Path

import numpy as np

from faceeditor.errors import ImageError
from faceeditor.images import open_picture
from faceeditor.portrait.mask_labels import CELEBAMASK_PARTS
from faceeditor.portrait.resampling import resample
from faceeditor.regions import MASK_SIZE, MaskArray, Region

_NAME = re.compile(rf"(.+)_({'|'.join(name for name, _ in CELEBAMASK_PARTS)})\.(png|jpg|jpeg|bmp)", re.IGNORECASE)


def part_of(path: Path) -> tuple[str, str] | None:
    """The face and the part that a file's name tells ("00012", "hair"), None for any other name."""
    match = _NAME.fullmatch(path.name)
    return (match[1], match[2].lower()) if match else None


def face_of(path: Path) -> str:
    """The face that a part belongs to, "00012" of "00012_hair.png"; the name without ending for other files."""
    named = part_of(path)
    return named[0] if named is not None else path.stem


def is_part(path: Path) -> bool:
    """Whether a file is one of several parts: by its name, and by others of the same face beside it."""
    named = part_of(path)
    return named is not None and len(_parts(path.parent, named[0])) > 1


def merged_parts(path: Path) -> tuple[MaskArray, str]:
    """The mask of all parts of a face, drawn over one another in the order of CelebAMask-HQ's script.

    Args:
        path: one of the parts.

    Returns:
        The mask, (256, 256) uint8, and a note.

    Raises:
        ImageError: a part cannot be read, or the parts differ in size or are not square.
    """
    named = part_of(path)
    assert named is not None
    face, _ = named
    mask: MaskArray | None = None
    parts = _parts(path.parent, face)
    for file, region in parts:
        inside = open_picture(file)[..., 0] >= 128
        if mask is None:
            if inside.shape[0] != inside.shape[1]:
                raise ImageError(
                    f"“{file.name}” is {inside.shape[1]} x {inside.shape[0]} pixels; a mask must be square."
                )
            mask = np.zeros(inside.shape, np.uint8)
        if inside.shape != mask.shape:
            raise ImageError(f"“{file.name}” has another size than the other parts of “{face}”; export them anew.")
        mask[inside] = region
    if mask is None:
        raise ImageError(f"There are no parts of “{face}” beside “{path.name}”; choose another file.")
    note = f"{len(parts)} parts of “{face}” (CelebAMask-HQ) were put together."
    return resample(mask, MASK_SIZE) if mask.shape[0] != MASK_SIZE else mask, note


def _parts(folder: Path, face: str) -> list[tuple[Path, Region]]:
    """The files of a face's parts in the order in which they are drawn."""
    by_part = {}
    for file in folder.iterdir():
        named = part_of(file)
        if named is not None and named[0] == face:
            by_part[named[1]] = file
    return [(by_part[name], region) for name, region in CELEBAMASK_PARTS if name in by_part]
