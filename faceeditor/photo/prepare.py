"""From a picture to an aligned photograph with its mask."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.errors import ImageError, ModelError
from faceeditor.faceframe import face_frame
from faceeditor.photo.align import SIDE, Square, cut, inside, refined, square_of_box, square_of_points
from faceeditor.photo.detect import SURE_SCORE, FaceBox, detect_faces, large_faces
from faceeditor.photo.landmarks import Landmarks, alignment_network, reader_landmarks
from faceeditor.photo.parse import parse_photo
from faceeditor.regions import FACE_REGIONS, MaskArray, Region

_log = logging.getLogger(__name__)

_ROUNDS = 2
_MIN_FACE = 0.05
"""Least share of face regions in an aligned photograph; below it there was no face after all."""


_MAX_SIDEWAYS = 0.95  # the nose at the outline of the jaw: a yaw of about 40 degrees
_MAX_COVERED = 0.12
_MIN_WITHIN = 0.85


@dataclass(frozen=True, eq=False)
class PreparedPhoto:
    """An aligned photograph.

    Attributes:
        photo: (256, 256, 3) uint8 sRGB in the FFHQ layout, read-only.
        mask: (256, 256) uint8 regions, read-only.
        faces: all faces of the picture, the largest first.
        square: where the photograph lies in the picture.
        inside: (256, 256) bool, which pixels lie in the picture; the others are a soft continuation of its edge.
        rough: sentences on why the face cannot be read well (uncertain, from the side, covered, cut off, small), for a
            question before it is used; empty for a clear face.
        note: sentences for the user, those of `rough` included; empty if there is nothing to say.
        complete: small faces were looked for, too; else the note does not say how many there are.
    """

    photo: npt.NDArray[np.uint8]
    mask: MaskArray
    faces: tuple[FaceBox, ...]
    square: Square
    note: str
    inside: npt.NDArray[np.bool_] = field(default_factory=lambda: np.ones((SIDE, SIDE), np.bool_))
    rough: tuple[str, ...] = ()
    complete: bool = True

    @property
    def seen_mask(self) -> MaskArray:
        """(256, 256) uint8, the regions in the picture; beyond its border there is background, which lends no style."""
        return np.where(self.inside, self.mask, np.uint8(Region.BACKGROUND))


def prepare_photo(
    picture: npt.NDArray[np.uint8],
    face: int = 0,
    step: Callable[[float, str], None] = lambda share, text: None,
    quick: bool = False,
) -> PreparedPhoto:
    """Find a face, align it and read its regions.

    Args:
        picture: (H, W, 3) uint8 sRGB.
        face: which face, counted from 0, the largest first.
        step: called before each step with the share done (0..1) and a text; may raise to stop the work.
        quick: where the largest face is wanted and clear, do not look for small ones.

    Raises:
        ImageError: there is no face, or not that many.
        ModelError: a model pack is missing or damaged.
    """
    faces = large_faces(picture, lambda share, text: step(0.0, text)) if quick and face == 0 else ()
    complete = not faces
    if not faces:
        faces = detect_faces(picture, lambda share, text: step(0.4 * share, text))
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
    points = alignment_network(picture, box) if box.turn == 0 else None
    if points is not None:
        landmarks: Landmarks | None = Landmarks(points, None)
        square = square_of_points(*Landmarks(points, None).eyes_and_mouth)
    else:
        square, landmarks = _square_by_reader(picture, _square_by_regions(picture, box, step))
    step(0.8, "Reading the regions")
    photo = cut(picture, square)
    mask = parse_photo(photo)
    if float(np.isin(mask, FACE_REGIONS).mean()) < _MIN_FACE:
        raise ImageError("The face in the picture cannot be made out; choose a sharper or better lit picture.")
    within = inside(picture.shape[:2], square)
    for array in (photo, mask, within):
        array.flags.writeable = False
    rough = remarks_on(box, square, mask, within, landmarks)
    note = " ".join([*(choice_note(faces, face) if complete else []), *rough])
    return PreparedPhoto(photo, mask, faces, square, note, within, rough, complete)


def _square_by_regions(picture: npt.NDArray[np.uint8], box: FaceBox, step: Callable[[float, str], None]) -> Square:
    square = square_of_box(box)
    for turn in range(_ROUNDS):
        step(0.5 + 0.15 * turn, "Aligning the face")
        better = refined(square, face_frame(parse_photo(cut(picture, square))))
        if not 0.5 < better.side / square.side < 2.0:
            break  # The regions make no sense: the detector's square is the safer one.
        square = better
    return square


def _square_by_reader(picture: npt.NDArray[np.uint8], square: Square) -> tuple[Square, Landmarks | None]:
    """The square by the reader's landmarks, seen in the regions' square; that one where there is no reader."""
    try:
        landmarks = reader_landmarks(picture, square)
    except ModelError as error:
        _log.info("aligned without the reader: %s", error)
        return square, None
    better = square_of_points(*landmarks.eyes_and_mouth)
    # A reading far from the regions' is wrong more often than they are.
    near = 0.75 < better.side / square.side < 1.33
    if near and np.hypot(*(better.centre - square.centre)) < 0.15 * square.side:
        return better, landmarks
    return square, landmarks


def choice_note(faces: Sequence[object], face: int) -> list[str]:
    """What a person is told of a picture with several faces."""
    if len(faces) < 2:
        return []
    which = "the largest" if face == 0 else f"number {face + 1} by size"
    return [f"The picture shows {len(faces)} faces; {which} was taken."]


def remarks_on(
    box: FaceBox,
    square: Square,
    mask: MaskArray,
    within: npt.NDArray[np.bool_],
    landmarks: Landmarks | None,
) -> tuple[str, ...]:
    """Sentences on why a face cannot be read well; empty for a clear one.

    Args:
        box: the face as it was detected.
        square: where it was cut out.
        mask: (256, 256) uint8, its regions.
        within: (256, 256) bool, which pixels lie in the picture.
        landmarks: in pixels of the picture, None where they were not read.
    """
    remarks = []
    if box.score < SURE_SCORE:
        remarks.append("It is uncertain whether this is a face (a drawing, a statue, a blur?); look at it first.")
    if landmarks is not None:
        if _sideways(landmarks.points68) > _MAX_SIDEWAYS:
            remarks.append("The face is seen from the side, so its far half is a guess.")
        if _covered(square, mask, landmarks.points68) > _MAX_COVERED:
            remarks.append("A large part of the face is covered, so what lies under it is a guess.")
    if float(within.mean()) < _MIN_WITHIN:
        remarks.append("The head is cut off by the border of the picture; what lies beyond is made up.")
    if square.side < 128:
        remarks.append("The face is small in the picture, so its style is a rough guess.")
    return tuple(remarks)


def _sideways(points: npt.NDArray[np.float64]) -> float:
    """Where the tip of the nose lies between the middle of the jaw (0) and its outline (1), of 68 points of iBUG."""
    across = points[45] - points[36]
    left, nose, right = (float(points[index] @ across) for index in (1, 30, 15))
    return abs(2 * nose - left - right) / max(1e-6, abs(right - left))


def _covered(square: Square, mask: MaskArray, points: npt.NDArray[np.float64]) -> float:
    """Share of the area within the landmarks, from the brows to the chin, where something else than a face is seen."""
    down = np.array([-square.half[1], square.half[0]])
    length = float(square.half @ square.half)
    offset = points - square.centre
    in_mask = (np.stack([offset @ square.half, offset @ down], 1) / length + 1) * (mask.shape[0] / 2)
    area = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(area, cv2.convexHull(np.rint(in_mask).astype(np.int32)), 1)
    face = np.isin(mask, FACE_REGIONS)
    return float((~face[area > 0]).mean()) if area.any() else 0.0
