"""Background work: a photograph's style, thumbnails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from faceeditor.engine.lanes import JobHandle
from faceeditor.engine.requests import FULL, Frame, Output, RenderRequest
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
        encode: (aligned photograph (256, 256, 3), mask, label) -> style code.
        frame: a request -> its frame, as of `Engine.render` but never in the fast tier; gives way to the pen.
        maps: head -> its (10, 128, 128) float32 condition maps, read-only.
        head_picture: head -> (256, 256, 3) uint8 sRGB, its plain rendering, read-only.
        preview: shows an intermediate picture (H, W, 3) uint8, which is not written to afterwards.
    """

    ticket: JobHandle
    progress: Callable[[float, str], None]
    encode: Callable[[Pixels, MaskArray, str], StyleCode]
    frame: Callable[[RenderRequest], Frame]
    maps: Callable[[HeadCoefficients], Maps]
    head_picture: Callable[[HeadCoefficients], Pixels]
    preview: Callable[[Pixels], None] = lambda pixels: None


class Lane(Enum):
    """Where a job runs; jobs of different lanes do not wait for each other."""

    QUICK = "quick"
    SHORT = "short"
    LONG = "long"


class Job(Protocol):
    """Background work: a frozen value that runs on one of the engine's background threads.

    A job whose class says `long = True` may take minutes: it gives way to short ones. One that says `quick = True`
    neither needs the generator nor takes more than a moment, as the preview of a file: it begins at once.
    """

    def run(self, context: JobContext) -> Any:
        """Do the work and return the result; raise a FaceEditorError if it cannot be done."""


def lane_of(job: Job) -> Lane:
    """The lane that a job's class names."""
    if getattr(job, "quick", False):
        return Lane.QUICK
    return Lane.LONG if getattr(job, "long", False) else Lane.SHORT


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
        style = context.encode(prepared.photo, prepared.seen_mask, self.label or name)
        context.progress(1.0, "Done")
        boxes = tuple((box.left, box.top, box.right, box.bottom) for box in prepared.faces)
        return EncodedPhoto(style, prepared.photo, prepared.mask, prepared.note, boxes)


@dataclass(frozen=True, eq=False)
class Thumbnails:
    """Small faces of several styles on one mask -> tuple of read-only (size, size, 3) uint8 arrays.

    Attributes:
        styles: the style codes.
        request: what is drawn with each of them in its own style's place: mask, heads, truncation.
        size: side in pixels, at most 256.
    """

    styles: Sequence[StyleCode]
    request: RenderRequest
    size: int = 96

    def __post_init__(self) -> None:
        if not 1 <= self.size <= FULL:
            raise EngineError(f"Thumbnails of {self.size} pixels cannot be made; choose 1 to {FULL}.")

    def run(self, context: JobContext) -> tuple[Pixels, ...]:
        """Draw in the smallest fitting tier and reduce."""
        output = Output.of_side(self.size)
        done: list[Pixels] = []
        for index, style in enumerate(self.styles):
            context.ticket.check()
            context.progress(index / len(self.styles), f"Face {index + 1} of {len(self.styles)}")
            request = replace(self.request, output=output).with_face(style=style)
            done.append(context.frame(request).pixels)
        context.progress(1.0, "Done")
        return tuple(done)
