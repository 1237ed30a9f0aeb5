"""From a picture to an aligned photograph with its mask."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faceeditor.errors import ImageError, ModelError
from faceeditor.faceframe import face_frame
from faceeditor.photo.align import Square, cut, refined, square_of_box, square_of_points
from faceeditor.photo.detect import FaceBox, find_faces
from faceeditor.photo.landmarks import Landmarks, alignment_network, reader_landmarks
from faceeditor.photo.parse import parse_photo
from faceeditor.regions import FACE_REGIONS, MaskArray

_log = logging.getLogger(__name__)

_ROUNDS = 2
_MIN_FACE = 0.05
"""Least share of face regions in an aligned photograph; below it there was no face after all."""


@dataclass(frozen=True, eq=False)
class PreparedPhoto:
    """An aligned photograph.

    Attributes:
        photo: (256, 256, 3) uint8 sRGB in the FFHQ layout, read-only.
        mask: (256, 256) uint8 regions, read-only.
        faces: all faces of the picture, the largest first.
        square: where the photograph lies in the picture.
        note: a sentence for the user, empty if there is nothing to say.
    """

    photo: npt.NDArray[np.uint8]
    mask: MaskArray
    faces: tuple[FaceBox, ...]
    square: Square
    note: str


def prepare_photo(
    picture: npt.NDArray[np.uint8], face: int = 0, step: Callable[[float, str], None] = lambda share, text: None
) -> PreparedPhoto:
    """Find a face, align it and read its regions.

    Args:
        picture: (H, W, 3) uint8 sRGB.
        face: which face, counted from 0, the largest first.
        step: called before each step with the share done (0..1) and a text; may raise to stop the work.

    Raises:
        ImageError: there is no face, or not that many.
        ModelError: a model pack is missing or damaged.
    """
    step(0.0, "Looking for the face")
    faces = find_faces(picture)
    if not faces:
        raise ImageError(
            "No face was found in the picture; choose one that shows a face from the front, not too small."
        )
    if not 0 <= face < len(faces):
        raise ImageError(
            f"The picture shows {len(faces)} face(s), so there is no number {face + 1}; choose a lower one."
        )
    step(0.4, "Aligning the face")
    box = faces[face]
    points = alignment_network(picture, box)
    if points is not None:
        square = square_of_points(*Landmarks(points, None).eyes_and_mouth)
    else:
        square = _square_by_reader(picture, _square_by_regions(picture, box, step))
    step(0.8, "Reading the regions")
    photo = cut(picture, square)
    mask = parse_photo(photo)
    if float(np.isin(mask, FACE_REGIONS).mean()) < _MIN_FACE:
        raise ImageError("The face in the picture cannot be made out; choose a sharper or better lit picture.")
    photo.flags.writeable = False
    mask.flags.writeable = False
    return PreparedPhoto(photo, mask, faces, square, _note(picture, faces, face, square))


def _square_by_regions(picture: npt.NDArray[np.uint8], box: FaceBox, step: Callable[[float, str], None]) -> Square:
    square = square_of_box(box)
    for turn in range(_ROUNDS):
        step(0.5 + 0.15 * turn, "Aligning the face")
        better = refined(square, face_frame(parse_photo(cut(picture, square))))
        if not 0.5 < better.side / square.side < 2.0:
            break  # The regions make no sense: the detector's square is the safer one.
        square = better
    return square


def _square_by_reader(picture: npt.NDArray[np.uint8], square: Square) -> Square:
    """The square by the reader's landmarks, seen in the regions' square; that one where there is no reader."""
    try:
        better = square_of_points(*reader_landmarks(picture, square).eyes_and_mouth)
    except ModelError as error:
        _log.info("aligned without the reader: %s", error)
        return square
    # A reading far from the regions' is wrong more often than they are.
    near = 0.75 < better.side / square.side < 1.33
    return better if near and np.hypot(*(better.centre - square.centre)) < 0.15 * square.side else square


def _note(picture: npt.NDArray[np.uint8], faces: tuple[FaceBox, ...], face: int, square: Square) -> str:
    remarks = []
    if len(faces) > 1:
        which = "the largest" if face == 0 else f"number {face + 1} by size"
        remarks.append(f"The picture shows {len(faces)} faces; {which} was taken.")
    if square.side < 128:
        remarks.append("The face is small in the picture, so its style is a rough guess.")
    return " ".join(remarks)
