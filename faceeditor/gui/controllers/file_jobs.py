"""Background jobs on files that the user opens: reading takes longer than the window may pause."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from faceeditor.engine import JobContext
from faceeditor.errors import FaceEditorError
from faceeditor.gui.imaging import reduced
from faceeditor.images import open_picture
from faceeditor.portrait.masks import MaskReading, load_mask

_FEW_COLOURS = 64
_PREVIEW_SIDE = 512

Pixels = npt.NDArray[np.uint8]
FaceRect = tuple[float, float, float, float]
"""Left, top, right, bottom as shares (0..1) of the picture's width and height."""


class PictureKind(Enum):
    """What a picture is used as."""

    MASK = "mask"
    PHOTO = "photo"
    UNCLEAR = "unclear"


@dataclass(frozen=True, eq=False)
class IdentifiedPicture:
    """What `IdentifyPicture` finds; the mask is None unless the kind is a mask."""

    kind: PictureKind
    mask: MaskReading | None = None


@dataclass(frozen=True, eq=False)
class IdentifyPicture:
    """Tell a mask from a photo -> `IdentifiedPicture`."""

    quick: ClassVar[bool] = True

    path: Path

    def run(self, context: JobContext) -> IdentifiedPicture:
        """Raises ImageError: the file is not a picture that can be read."""
        try:
            reading = load_mask(self.path)
        except FaceEditorError:
            pixels = open_picture(self.path)[::4, ::4].reshape(-1, 3)
            few = len(np.unique(pixels @ np.array([1, 256, 65536]), axis=0)) <= _FEW_COLOURS
            # Few colours that are not ours: perhaps a mask in another palette, whose error message explains it.
            return IdentifiedPicture(PictureKind.UNCLEAR if few else PictureKind.PHOTO)
        return IdentifiedPicture(
            PictureKind.UNCLEAR if "off the palette" in reading.note else PictureKind.MASK, reading
        )


@dataclass(frozen=True, eq=False)
class PhotoPreview:
    """A photo before it is used.

    Attributes:
        pixels: (H, W, 3) uint8 sRGB, reduced to at most 512 pixels a side.
        faces: the faces in the order in which jobs count them, the largest first.
    """

    pixels: Pixels
    faces: tuple[FaceRect, ...]


@dataclass(frozen=True, eq=False)
class PreviewPhoto:
    """Read a photo and find its faces -> `PhotoPreview`."""

    quick: ClassVar[bool] = True

    path: Path

    def run(self, context: JobContext) -> PhotoPreview:
        """Raises ImageError and ModelError."""
        picture = open_picture(self.path)
        context.ticket.check()
        height, width = picture.shape[:2]
        faces = find_faces(picture)
        return PhotoPreview(reduced(picture, _PREVIEW_SIDE), tuple(_shares(face, width, height) for face in faces))


def find_faces(picture: Pixels) -> tuple[FaceRect, ...]:
    """Faces of a picture in its pixels, the largest first; imports torch."""
    from faceeditor.photo import detect

    return tuple((box.left, box.top, box.right, box.bottom) for box in detect.detect_faces(picture))


def _shares(face: FaceRect, width: int, height: int) -> FaceRect:
    left, top, right, bottom = face
    return left / width, top / height, right / width, bottom / height
