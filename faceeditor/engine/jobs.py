"""Background work: a photograph's style, thumbnails, sheets of faces."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from faceeditor.engine.lanes import Ticket
from faceeditor.engine.requests import FULL, Frame, RenderRequest, checked_mask
from faceeditor.errors import EngineError
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray

Pixels = npt.NDArray[np.uint8]
Maps = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class JobContext:
    """What a running job may use.

    Attributes:
        ticket: call `ticket.check()` between steps.
        progress: tells how far the job is: share 0..1 and a short text.
        render: (mask, style, truncation, side 128 or 256, maps or None) -> pixels of that side; gives way to the pen.
        encode: (aligned photograph (256, 256, 3), mask, label) -> style code.
        frame: a request -> its frame in full, as `Engine.render` draws it; gives way to the pen.
        maps: head -> its (10, 128, 128) float32 condition maps, read-only.
    """

    ticket: Ticket
    progress: Callable[[float, str], None]
    render: Callable[[MaskArray, StyleCode, float, int, Maps | None], Pixels]
    encode: Callable[[Pixels, MaskArray, str], StyleCode]
    frame: Callable[[RenderRequest], Frame]
    maps: Callable[[HeadCoefficients], Maps]


class Job(Protocol):
    """Background work: a frozen value that runs on the engine's background thread."""

    def run(self, context: JobContext) -> Any:
        """Do the work and return the result; raise a FaceEditorError if it cannot be done."""


def opened_picture(source: Path | str | Pixels) -> tuple[Pixels, str]:
    """(H, W, 3) uint8 sRGB pixels of a job's source, and the name of the style that is taken from them.

    Raises:
        ImageError: the file is no picture that can be read.
    """
    if isinstance(source, np.ndarray):
        return source, "photo"
    from faceeditor.images import open_picture

    return open_picture(Path(source)), Path(source).name


@dataclass(frozen=True, eq=False)
class EncodedPhoto:
    """What `EncodePhoto` finds.

    Attributes:
        style: the photograph's style code.
        photo: (256, 256, 3) uint8, the face aligned.
        mask: (256, 256) uint8, its regions.
        note: a sentence for the user, as when there were several faces; may be empty.
        faces: boxes (left, top, right, bottom) of all faces in pixels of the picture, the largest first.
    """

    style: StyleCode
    photo: Pixels
    mask: MaskArray
    note: str
    faces: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, eq=False)
class EncodePhoto:
    """Find the face of a photograph, align it, read its regions and its style -> `EncodedPhoto`.

    Attributes:
        source: path of the picture, or (H, W, 3) uint8 sRGB pixels.
        label: label of the style; by default the file's name.
        face: which face to take, counted from 0 in the order of `EncodedPhoto.faces`.
    """

    source: Path | str | Pixels
    label: str = ""
    face: int = 0

    def run(self, context: JobContext) -> EncodedPhoto:
        """Raises ImageError (no picture, no face) and ModelError."""
        from faceeditor.photo.prepare import prepare_photo

        context.progress(0.0, "Opening the picture")
        picture, name = opened_picture(self.source)
        context.ticket.check()

        def step(share: float, text: str) -> None:
            context.ticket.check()
            context.progress(0.1 + 0.7 * share, text)

        prepared = prepare_photo(picture, self.face, step)
        step(1.0, "Reading the style")
        style = context.encode(prepared.photo, prepared.mask, self.label or name)
        context.progress(1.0, "Done")
        boxes = tuple((box.left, box.top, box.right, box.bottom) for box in prepared.faces)
        return EncodedPhoto(style, prepared.photo, prepared.mask, prepared.note, boxes)


@dataclass(frozen=True, eq=False)
class Thumbnails:
    """Small faces of several styles on one mask -> tuple of read-only (size, size, 3) uint8 arrays.

    Attributes:
        styles: the style codes.
        mask: (256, 256) uint8.
        size: side in pixels, at most 128.
        truncation: as of `RenderRequest`.
        head: the head that is drawn; the mask is the one that belongs to it, as `Frame.mask`.
    """

    styles: Sequence[StyleCode]
    mask: MaskArray
    size: int = 96
    truncation: float = 1.0
    head: HeadCoefficients | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask", checked_mask(self.mask))
        if not 1 <= self.size <= 128:
            raise EngineError(f"Thumbnails of {self.size} pixels cannot be made; choose 1 to 128.")

    def run(self, context: JobContext) -> tuple[Pixels, ...]:
        """Draw at 128 and reduce."""
        import cv2

        maps = context.maps(self.head) if self.head is not None else None
        done: list[Pixels] = []
        for index, style in enumerate(self.styles):
            context.ticket.check()
            context.progress(index / len(self.styles), f"Face {index + 1} of {len(self.styles)}")
            face = context.render(self.mask, style, self.truncation, 128, maps)
            small = np.array(cv2.resize(face, (self.size, self.size), interpolation=cv2.INTER_AREA), np.uint8)
            small.flags.writeable = False
            done.append(small)
        context.progress(1.0, "Done")
        return tuple(done)


@dataclass(frozen=True, eq=False)
class RenderSheet:
    """Faces of several styles on one mask, side by side -> one read-only (H, W, 3) uint8 picture.

    Attributes:
        mask: (256, 256) uint8.
        styles: the style codes, row by row.
        columns: faces in a row; by default as square a sheet as can be.
        truncation: as of `RenderRequest`.
        margin: pixels between the faces.
        head: as of `Thumbnails`.
    """

    mask: MaskArray
    styles: Sequence[StyleCode]
    columns: int = 0
    truncation: float = 1.0
    margin: int = 4
    head: HeadCoefficients | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask", checked_mask(self.mask))
        if not self.styles:
            raise EngineError("A sheet needs at least one style; draw one first.")

    def run(self, context: JobContext) -> Pixels:
        """Draw every face at 256."""
        maps = context.maps(self.head) if self.head is not None else None
        faces: list[Pixels] = []
        for index, style in enumerate(self.styles):
            context.ticket.check()
            context.progress(index / len(self.styles), f"Face {index + 1} of {len(self.styles)}")
            faces.append(context.render(self.mask, style, self.truncation, FULL, maps))
        context.progress(1.0, "Done")
        return sheet(faces, self.columns, self.margin)


def sheet(pictures: Sequence[Pixels], columns: int = 0, margin: int = 4) -> Pixels:
    """Lay pictures of one size out in rows on a dark ground; returns a read-only (H, W, 3) uint8 array."""
    columns = columns if columns > 0 else int(np.ceil(np.sqrt(len(pictures))))
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    height, width = pictures[0].shape[:2]
    out = np.full((rows * (height + margin) - margin, columns * (width + margin) - margin, 3), 30, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (index // columns) * (height + margin), (index % columns) * (width + margin)
        out[top : top + height, left : left + width] = picture
    out.flags.writeable = False
    return out
