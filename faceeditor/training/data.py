"""The photographs with region masks that the networks learn from."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.errors import FaceEditorError
from faceeditor.faceframe import face_frame, inverse_frame
from faceeditor.regions import MaskArray, mirrored

KEPT_OUT_PERCENT = 10


def kept_out(split_group: str) -> bool:
    """Whether pictures of this group are kept out of training (about one group in ten, fixed by a hash)."""
    return int(hashlib.sha256(split_group.encode()).hexdigest(), 16) % 100 < KEPT_OUT_PERCENT


@dataclass(frozen=True, eq=False)
class FaceSet:
    """Aligned photographs with masks, in memory.

    pictures: (N, 256, 256, 3) uint8 sRGB; masks: (N, 256, 256) uint8; frames: (N, 2, 3) float32 face -> picture.
    """

    pictures: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.uint8]
    frames: npt.NDArray[np.float32]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def item(self, index: int, mirror: bool) -> tuple[npt.NDArray[np.uint8], MaskArray, npt.NDArray[np.float32]]:
        """Picture, mask and face frame; mirrored: with left and right regions exchanged."""
        picture, mask, frame = self.pictures[index], self.masks[index], self.frames[index]
        if mirror:
            return np.ascontiguousarray(picture[:, ::-1]), mirrored(mask), mirrored_frame(frame)
        return picture, mask, frame


def kept_out_rows(folder: Path) -> tuple[list[str], npt.NDArray[np.bool_]]:
    """Names of all photographs of the data set in order, and (N,) whether each is kept out of training.

    Raises:
        FaceEditorError: the folder is not such a data set.
    """
    index = folder / "index.csv"
    if not index.is_file():
        raise FaceEditorError(f"No index.csv in {folder}: point `--data` at the folder of the face data set.")
    with index.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["id"] for row in rows], np.array([kept_out(row["split_group"]) for row in rows], bool)


def load_faces(folder: Path, part: str, may_be_empty: bool = False) -> FaceSet:
    """Load the data set.

    Args:
        folder: holds `index.csv`, `images/NNNNN.jpg` (256 x 256) and `labels/NNNNN.png`.
        part: "train" or "kept-out".
        may_be_empty: whether a data set without such faces will do.

    Raises:
        FaceEditorError: the folder is not such a data set, or has no such faces.
    """
    all_names, out = kept_out_rows(folder)
    names = [name for name, is_out in zip(all_names, out, strict=True) if is_out == (part == "kept-out")]
    if not names and not may_be_empty:
        what = "kept-out faces" if part == "kept-out" else "faces to train on"
        raise FaceEditorError(f"The data set in {folder} has no {what}; add faces of more groups to its index.csv.")
    pictures = np.empty((len(names), 256, 256, 3), np.uint8)
    masks = np.empty((len(names), 256, 256), np.uint8)
    for i, name in enumerate(names):
        picture = cv2.imread(str(folder / "images" / f"{name}.jpg"))
        mask = cv2.imread(str(folder / "labels" / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        if picture is None or mask is None:
            raise FaceEditorError(f"Picture or mask {name} is missing in {folder}: copy the data set again.")
        pictures[i], masks[i] = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), mask
    frames = np.stack([face_frame(mask) for mask in masks]) if names else np.empty((0, 2, 3), np.float32)
    return FaceSet(pictures, masks, frames, tuple(names))


def reduced(pictures: npt.NDArray[np.uint8], size: int, interpolation: int = cv2.INTER_AREA) -> npt.NDArray[np.uint8]:
    """Pictures or masks (N, S, S, ...) uint8 at another side; masks need `cv2.INTER_NEAREST`."""
    if pictures.shape[1] == size:
        return pictures
    each = [cv2.resize(picture, (size, size), interpolation=interpolation) for picture in pictures]
    return np.stack(each).astype(np.uint8)


def mirrored_frame(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Frames (..., 2, 3) as they lie in the mirrored picture."""
    return frames * np.array([[1, -1, -1], [-1, 1, 1]], np.float32)


def inverse_frames(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(N, 2, 3) face -> picture to (N, 2, 3) picture -> face."""
    return np.stack([inverse_frame(frame) for frame in frames])
