"""Landmarks of the `face-alignment` package, used only where its weights already lie on the machine."""

import logging
import threading
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from faceeditor.photo.detect import FaceBox

_log = logging.getLogger(__name__)

WEIGHTS = "2DFAN4-11f355bf06.pth.tar"
"""File of the landmark network in the cache of torch.hub; it is never downloaded from here."""

_lock = threading.Lock()
_network: Any = None


class EyesAndMouth(NamedTuple):
    """(2,) float64 points in pixels of the picture: the eyes on its left and right, the middle of the mouth."""

    left: npt.NDArray[np.float64]
    right: npt.NDArray[np.float64]
    mouth: npt.NDArray[np.float64]


def weights_path() -> Path:
    """Where torch.hub keeps the weights, whether or not they are there."""
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS


def eyes_and_mouth(picture: npt.NDArray[np.uint8], box: FaceBox) -> EyesAndMouth | None:
    """Points of a detected face, or None where the weights are missing or the package fails.

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
        _log.exception("face-alignment failed; aligning by the regions instead")
        return None
    return points_of(np.asarray(found[0], np.float64)) if found else None


def points_of(landmarks: npt.NDArray[np.float64]) -> EyesAndMouth:
    """68 landmarks (68, 2) in pixel indices -> the three points of the alignment, pixel centres at .5."""
    points = landmarks[:, :2] + 0.5
    return EyesAndMouth(points[36:42].mean(0), points[42:48].mean(0), (points[48] + points[54]) / 2)
