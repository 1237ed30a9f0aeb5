"""Background work: what one person looks like under presets of the head."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from faceeditor.engine.jobs import JobContext, Pixels
from faceeditor.engine.requests import FULL, RenderRequest
from faceeditor.errors import EngineError
from faceeditor.head.model import HeadModel
from faceeditor.head.presets import Preset, apply_preset
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import FACE_REGIONS, MASK_SIZE, MaskArray

_MARGIN = 1.06
"""Side of the square that is shown over the longer side of the face."""
_WHOLE, _PLAIN_FACE = (0, 0, FULL), (60, 80, 136)
"""Left, top and side: of all of a picture, and of the face in a plain rendering of the neutral head."""


@dataclass(frozen=True, eq=False)
class PresetThumbnails:
    """Small faces of one person under several presets -> tuple of read-only (size, size, 3) uint8 sRGB arrays.

    It gives way to all other work. A preset of the pose shows the whole picture, one of another group the face alone.

    Attributes:
        presets: of one group.
        request: the person, with a head; None: plain renderings of the neutral head, which need no generator.
        model: knows the directions of identity that presets may name.
        size: side in pixels, at most 256.
        show: called with each picture as it is made, on the job's thread.

    Raises:
        EngineError: the request has no head, or the size is out of range.
    """

    long: ClassVar[bool] = True

    presets: Sequence[Preset]
    request: RenderRequest | None
    model: HeadModel
    size: int = 96
    show: Callable[[Pixels], None] = lambda pixels: None

    def __post_init__(self) -> None:
        if self.request is not None and self.request.face.head is None:
            raise EngineError("Pictures of presets need a head; move one of its sliders first.")
        if not 1 <= self.size <= FULL:
            raise EngineError(f"Thumbnails of {self.size} pixels cannot be made; choose 1 to {FULL}.")

    def run(self, context: JobContext) -> tuple[Pixels, ...]:
        """Raises PortraitError: a preset names a direction that the model does not know."""
        done: list[Pixels] = []
        for index, preset in enumerate(self.presets):
            context.ticket.check()
            context.progress(index / len(self.presets), preset.name)
            picture = self._picture(context, preset)
            self.show(picture)
            done.append(picture)
        context.progress(1.0, "Done")
        return tuple(done)

    def _picture(self, context: JobContext, preset: Preset) -> Pixels:
        if self.request is None:
            pixels = context.head_picture(apply_preset(preset, HeadCoefficients.neutral(), self.model))
            return _cut(pixels, _WHOLE if preset.group == "pose" else _PLAIN_FACE, self.size)
        head = self.request.face.head
        assert head is not None
        frame = context.frame(self.request.with_face(head=apply_preset(preset, head, self.model)))
        whole = preset.group == "pose" or frame.mask is None
        return _cut(frame.pixels, _WHOLE if whole or frame.mask is None else face_square(frame.mask), self.size)


def face_square(mask: MaskArray) -> tuple[int, int, int]:
    """Left, top and side of a square around the face of a mask, in its pixels; all of the mask if it shows no face."""
    rows, columns = np.nonzero(np.isin(mask, list(FACE_REGIONS)))
    if not len(rows):
        return 0, 0, MASK_SIZE
    left, right, top, bottom = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    side = min(MASK_SIZE, round(_MARGIN * float(max(right - left, bottom - top))))
    return _place(left + right, side), _place(top + bottom, side), side


def _place(twice_middle: int, side: int) -> int:
    """Where a square begins whose middle is as near as it can be to a position, inside of the mask."""
    return int(min(max((int(twice_middle) - side) // 2, 0), MASK_SIZE - side))


def _cut(pixels: Pixels, square: tuple[int, int, int], size: int) -> Pixels:
    """A square of a picture of 256 pixels at another size."""
    left, top, side = square
    part = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    method = cv2.INTER_AREA if size < side else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(part, (size, size), interpolation=method), np.uint8)
    small.flags.writeable = False
    return small
