"""A board written into files: a sheet with the distance on each tile, or a folder with a table."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from faceeditor.errors import FaceEditorError
from faceeditor.export.picture import sheet, write_picture
from faceeditor.identity.board import Reference, Tile, listing
from faceeditor.identity.recogniser import SAME_PERSON
from faceeditor.identity.variation import Pixels
from faceeditor.images import write_atomic

GOOD, FAR = (52, 140, 88), (176, 64, 56)
"""sRGB of a badge whose distance counts as the same person, and of one that does not."""


def badged(picture: Pixels, text: str, colour: tuple[int, int, int]) -> Pixels:
    """A copy of a picture (S, S, 3) with a badge in its lower left corner."""
    out = picture.copy()
    size = picture.shape[0] / 256
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5 * size, 1)
    bottom, margin = out.shape[0], round(5 * size)
    cv2.rectangle(out, (0, bottom - height - 2 * margin), (width + 2 * margin, bottom), colour, -1)
    cv2.putText(
        out, text, (margin, bottom - margin), cv2.FONT_HERSHEY_SIMPLEX, 0.5 * size, (255, 255, 255), 1, cv2.LINE_AA
    )
    return np.asarray(out, np.uint8)


def badge_of(tile: Tile) -> tuple[str, tuple[int, int, int]]:
    """Text and colour of a tile's badge."""
    return f"{tile.distance:.2f}", GOOD if tile.distance < SAME_PERSON else FAR


def write_sheet(path: Path, reference: Reference, tiles: Sequence[Tile], columns: int) -> None:
    """Write the tiles as one picture, the reference in a column of its own at the left.

    Raises:
        ImageError: the ending names no format; FaceEditorError: the file cannot be written.
    """
    rows = -(-len(tiles) // columns)
    blank = np.full_like(reference.picture.pixels, 30)
    cells: list[Pixels] = []
    for row in range(rows):
        cells.append(badged(reference.picture.pixels, "reference", (60, 90, 150)) if row == 0 else blank)
        shown = [badged(tile.picture.pixels, *badge_of(tile)) for tile in tiles[row * columns : (row + 1) * columns]]
        cells += shown + [blank] * (columns - len(shown))
    write_picture(path, sheet(cells, columns + 1))


def write_folder(folder: Path, reference: Reference, tiles: Sequence[Tile]) -> None:
    """Write the tiles as numbered PNG files with `board.csv`; other files there stay.

    Raises:
        FaceEditorError: the folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FaceEditorError(
            f"The folder “{folder}” cannot be made ({error.strerror or error}); choose another one."
        ) from error
    write_picture(folder / "reference.png", reference.picture.pixels)
    for number, tile in enumerate(tiles):
        write_picture(folder / f"{number:03}.png", tile.picture.pixels)
    write_atomic(folder / "board.csv", listing(tiles).encode("utf-8"))
