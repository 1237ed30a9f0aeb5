"""Photographs at 512 and the windows of them that the fine scale learns from."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.nets.mask_guided import Window
from faceeditor.regions import MaskArray, Region
from faceeditor.training.data import FaceSet, load_faces

FOLDER = "images512"
GRID = 32
"""Windows lie on this grid, in pixels of the 256 x 256 picture."""

_SOUGHT = (Region.HAIR, Region.L_EYE, Region.R_EYE, Region.L_BROW, Region.R_BROW, Region.MOUTH, Region.U_LIP,
           Region.L_LIP, Region.GLASSES)  # fmt: skip


def load_fine_faces(folder: Path, part: str) -> tuple[FaceSet, npt.NDArray[np.uint8]]:
    """The faces of a data set that have a picture in `images512/`, and these pictures (N, 512, 512, 3) uint8 sRGB.

    Args:
        folder, part: as of `load_faces`.

    Raises:
        FaceEditorError: as of `load_faces`, or no face has such a picture.
    """
    faces = load_faces(folder, part)
    rows, pictures = [], []
    for row, name in enumerate(faces.names):
        path = folder / FOLDER / f"{name}.jpg"
        picture = cv2.imread(str(path)) if path.is_file() else None
        if picture is not None and picture.shape == (512, 512, 3):
            rows.append(row)
            pictures.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    if not rows:
        raise FaceEditorError(f"No {part} face of {folder} has a 512 x 512 picture in {FOLDER}: add some.")
    chosen = replace(
        faces,
        pictures=faces.pictures[rows],
        masks=faces.masks[rows],
        frames=faces.frames[rows],
        names=tuple(faces.names[row] for row in rows),
    )
    return chosen, np.stack(pictures).astype(np.uint8)


def window_weights(masks: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.float64]:
    """How often each window of the grid is drawn: (N, P, P), summing to 1 over P x P, P = (256 - side) / GRID + 1.

    Windows that show mouths, eyes and the outline of hair are drawn up to six times as often as others.
    """
    steps = (256 - side) // GRID + 1
    weights = np.empty((len(masks), steps, steps))
    for i, mask in enumerate(masks):
        interest = _interest(mask)
        for y in range(steps):
            for x in range(steps):
                part = interest[y * GRID : y * GRID + side, x * GRID : x * GRID + side]
                weights[i, y, x] = 1 + 5 * min(1.0, part.mean() * 4)
    return weights / weights.sum((1, 2), keepdims=True)


def _interest(mask: MaskArray) -> npt.NDArray[np.float64]:
    """(256, 256) 1 on the parts of the face that people look at and a band along the outline of the hair."""
    sought = np.isin(mask, [int(region) for region in _SOUGHT if region != Region.HAIR])
    hair = (mask == Region.HAIR).astype(np.uint8)
    band = cv2.dilate(hair, np.ones((9, 9), np.uint8)) - cv2.erode(hair, np.ones((9, 9), np.uint8))
    return np.maximum(sought.astype(np.float64), band)


def pick_windows(
    weights: npt.NDArray[np.float64], indices: npt.NDArray[np.int64], side: int, random: np.random.Generator
) -> Window:
    """One window for a batch, drawn by the mean of the weights of its photographs."""
    shares = weights[indices].mean(0)
    place = int(random.choice(shares.size, p=shares.ravel() / shares.sum()))
    top, left = divmod(place, shares.shape[1])
    return Window(top * GRID, left * GRID, side)
