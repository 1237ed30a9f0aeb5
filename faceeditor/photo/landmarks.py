"""Landmarks of a face, by whichever network is there: `face-alignment` (68 points) or the reader (478 and 68).

The weights of `face-alignment` are used only where they already lie on the machine; nothing is downloaded.
"""

import logging
import threading
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from faceeditor.photo.align import Square, cut, square_of_points
from faceeditor.photo.detect import FaceBox

_log = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

WEIGHTS = "2DFAN4-11f355bf06.pth.tar"
"""File of the landmark network in the cache of torch.hub; it is never downloaded from here."""

MESH_TO_68 = np.array(
    [
        127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356,  # jaw, from the left
        70, 63, 105, 66, 107, 336, 296, 334, 293, 300,  # brows
        168, 197, 195, 4, 240, 97, 2, 326, 460,  # nose: ridge, then under it
        33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
        61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91,  # outer rim of the lips
        78, 81, 13, 311, 308, 402, 14, 178,  # inner rim
    ],
    np.intp,
)  # fmt: skip
"""(68,) the point of the MediaPipe face mesh that stands for each point of iBUG, in order."""

MOUTH_CORNERS = (62, 76, 292, 306)
"""Points of the face mesh next to the corners of the mouth: their mean is steadier than that of the corners."""

_ROUNDS = 2
# A square that changes by more than this was no face.
_MIN_CHANGE, _MAX_CHANGE = 0.5, 2.0

_lock = threading.Lock()
_network: Any = None


class EyesAndMouth(NamedTuple):
    """(2,) float64 points in pixels of the picture: the eyes on its left and right, the middle of the mouth."""

    left: Points
    right: Points
    mouth: Points


class Landmarks(NamedTuple):
    """Points of one face in pixels of the picture, centres of pixels at .5.

    points68 (68, 2) float64 in the order of iBUG; points478 (478, 2) float64 in that of the MediaPipe face mesh with
    irises, or None where the network knows 68 only.
    """

    points68: Points
    points478: Points | None

    @property
    def eyes_and_mouth(self) -> EyesAndMouth:
        """The three points of the alignment; of the mesh the points around each corner of the mouth are taken."""
        points = self.points68
        corners = points[[48, 54]] if self.points478 is None else self.points478[list(MOUTH_CORNERS)]
        return EyesAndMouth(points[36:42].mean(0), points[42:48].mean(0), corners.mean(0))


def as_68(mesh: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(478, 2) points of the face mesh -> (68, 2) points in the order of iBUG."""
    return np.ascontiguousarray(mesh[MESH_TO_68])


def reader_landmarks(picture: Pixels, square: Square, rounds: int = _ROUNDS) -> Landmarks:
    """Landmarks by the reader, which sees aligned faces only: it looks, aligns by what it saw, and looks again.

    Args:
        picture: (H, W, 3) uint8 sRGB.
        square: where the face lies, roughly.
        rounds: how often it looks.

    Raises:
        ModelError: the pack `reader` is missing or damaged.
    """
    from faceeditor.photo.reader import SIDE, run_reader

    for turn in range(rounds):
        mesh = square.to_picture(run_reader(cut(picture, square))[0].astype(np.float64) * (2 / SIDE) - 1)
        found = Landmarks(as_68(mesh), mesh)
        better = square_of_points(*found.eyes_and_mouth)
        if turn == rounds - 1 or not _MIN_CHANGE < better.side / square.side < _MAX_CHANGE:
            break
        square = better
    return found


def weights_path() -> Path:
    """Where torch.hub keeps the weights of `face-alignment`, whether or not they are there."""
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS


def alignment_network(picture: Pixels, box: FaceBox) -> Points | None:
    """68 points (68, 2) float64 by `face-alignment`, or None where its weights are missing or the package fails.

    Args:
        picture: (H, W, 3) uint8 sRGB.
        box: the face.
    """
    if not weights_path().is_file():
        return None
    global _network
    try:
        with _lock:
            if _network is None:
                import face_alignment

                # The "folder" detector has no weights: the boxes are ours.
                _network = face_alignment.FaceAlignment(
                    face_alignment.LandmarksType.TWO_D,
                    device="cpu",
                    flip_input=False,
                    face_detector="folder",
                    compile=False,
                )
            found = _network.get_landmarks_from_image(np.array(picture), detected_faces=[list(box[:4])])
    except Exception:
        _log.exception("face-alignment failed; aligning by the other networks instead")
        return None
    # The package counts pixel centres from 0.
    return np.asarray(found[0], np.float64)[:, :2] + 0.5 if found else None
