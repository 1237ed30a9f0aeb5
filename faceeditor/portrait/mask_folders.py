"""Masks of a whole folder as made by other programs: CelebAMask-HQ's parts, label files of SEAN and others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceeditor.errors import FaceEditorError, ImageError
from faceeditor.images import write_error
from faceeditor.portrait.mask_labels import layout_likelihood
from faceeditor.portrait.mask_parts import face_of, is_part
from faceeditor.portrait.masks import labels_in, load_mask, write_mask

_ENDINGS = {".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp"}
_MAX_SAMPLES = 40  # files that are looked at to tell the order of a folder
_MIN_DIFFERENCE = 8.0


@dataclass(frozen=True)
class ImportedMask:
    """One file of an import: where it came from, where it went (None: refused), and what is to be said of it."""

    source: Path
    target: Path | None
    note: str


def masks_in(folder: Path) -> list[Path]:
    """Mask files of a folder and its sub-folders; of the parts of a face only the first.

    Raises:
        FaceEditorError: it is no folder, or holds no pictures.
    """
    if not folder.is_dir():
        raise FaceEditorError(f"“{folder}” is no folder; name the folder that holds the masks.")
    # SEAN's data sets and this program's own keep photographs and labels side by side.
    labels = folder / "labels"
    root = labels if labels.is_dir() else folder
    found: list[Path] = []
    faces: set[tuple[Path, str]] = set()
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in _ENDINGS or not path.is_file():
            continue
        if is_part(path):
            face = (path.parent, face_of(path))
            if face in faces:
                continue
            faces.add(face)
        found.append(path)
    if not found:
        raise FaceEditorError(f"There are no masks in “{folder}”; name the folder that holds the PNG files.")
    return found


def order_of(files: list[Path]) -> str:
    """The label order of a folder: that which fits all of its files together; "auto" where they do not tell."""
    difference = 0.0
    step = max(1, len(files) // _MAX_SAMPLES)
    for path in files[::step]:
        if is_part(path):
            continue
        try:
            found = labels_in(path)
        except ImageError:
            continue
        if found.order is None:
            difference += layout_likelihood(found.values, "celebamask") - layout_likelihood(found.values, "bisenet")
    if abs(difference) < _MIN_DIFFERENCE:
        return "auto"
    return "celebamask" if difference > 0 else "bisenet"


def import_masks(
    folder: Path, out: Path, labels: str = "auto", step: Callable[[float, str], None] = lambda share, text: None
) -> Iterator[ImportedMask]:
    """Convert the masks of a folder to palette PNGs of this program's regions, one after the other.

    Args:
        folder: CelebAMask-HQ's `mask-anno`, a data set with a folder `labels`, or any folder of mask files.
        out: where to write; sub-folders are kept, and nothing is written over.
        labels: the order of the labels; "auto" takes that which fits the whole folder.
        step: called before each file with the share done and its name; may raise to stop.

    Yields:
        What became of each file. Files that are no masks are refused with a note; the others go on.

    Raises:
        FaceEditorError: no folder, no masks, or the output cannot be written.
    """
    files = masks_in(folder)
    root = folder / "labels" if (folder / "labels").is_dir() else folder
    if out.resolve() == root.resolve():
        raise FaceEditorError("The output folder is the input folder; choose another one, so that no mask is lost.")
    if labels == "auto":
        labels = order_of(files)
    for number, path in enumerate(files):
        step(number / len(files), path.name)
        name = f"{face_of(path)}.png" if is_part(path) else f"{path.stem}.png"
        target = out / path.relative_to(root).with_name(name)
        try:
            order = "auto" if _has_colours(path) else labels
            reading = load_mask(path, order)
            if target.exists():
                raise ImageError(f"“{target}” is there already; choose an empty folder.")
        except ImageError as error:
            yield ImportedMask(path, None, str(error))
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(target.parent, error) from error
        write_mask(target, np.ascontiguousarray(reading.mask))
        yield ImportedMask(path, target, reading.note)
    step(1.0, "")


def _has_colours(path: Path) -> bool:
    """Whether a file says its order itself, by its colours."""
    return not is_part(path) and labels_in(path).order is not None
