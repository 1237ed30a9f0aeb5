"""Background work on photographs that bring a head: reading it, reading everything, embedding."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from faceeditor.engine.jobs import JobContext, Pixels, opened_picture
from faceeditor.engine.requests import Output, RenderRequest
from faceeditor.errors import EngineError
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray

if TYPE_CHECKING:
    from faceeditor.photo.prepare import PreparedPhoto

REFINEMENTS = 8
"""Gauss-Newton steps for a photograph that is read once and used long."""
MAX_STEPS = 400
"""Steps of an embedding at most; it does not get better beyond."""


@dataclass(frozen=True, eq=False)
class PhotoReading:
    """What a photograph says of its face.

    Attributes:
        head: its head coefficients.
        style: its style code.
        mask: (256, 256) uint8, its regions.
        photo: (256, 256, 3) uint8, the face aligned.
        note: a sentence for the user, as when there were several faces; may be empty.
        faces: boxes (left, top, right, bottom) of all faces in pixels of the picture, the largest first.
    """

    head: HeadCoefficients
    style: StyleCode
    mask: MaskArray
    photo: Pixels
    note: str
    faces: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, eq=False)
class ReadHead:
    """Read the head of an aligned face, as a frame's pixels are one -> `HeadCoefficients`.

    Attributes:
        picture: (256, 256, 3) uint8 sRGB in the FFHQ layout.
        refine: Gauss-Newton steps after the reading, 0 for the network's own word.
    """

    picture: Pixels
    refine: int = REFINEMENTS

    def __post_init__(self) -> None:
        if self.picture.shape != (256, 256, 3) or self.picture.dtype != np.uint8:
            raise EngineError("A head is read from a face of 256 x 256 pixels; draw or open one first.")

    def run(self, context: JobContext) -> HeadCoefficients:
        """Raises ModelError: the reader's model pack or the head model is missing or damaged."""
        from faceeditor.photo.read import read_head

        def step(share: float, text: str) -> None:
            context.ticket.check()
            context.progress(share, text)

        return read_head(self.picture, self.refine, step).head


@dataclass(frozen=True, eq=False)
class ReadPhoto:
    """Find the face of a photograph, align it, read its regions, head and style -> `PhotoReading`.

    Attributes:
        source: path of the picture, or (H, W, 3) uint8 sRGB pixels.
        face: which face to take, counted from 0 in the order of `PhotoReading.faces`.
        label: label of the style; by default the file's name.
    """

    source: Path | str | Pixels
    face: int = 0
    label: str = ""

    def run(self, context: JobContext) -> PhotoReading:
        """Raises ImageError (no picture, no face) and ModelError."""
        return _read_photo(self.source, self.face, self.label, context, 1.0)


@dataclass(frozen=True, eq=False)
class ExpressionReading:
    """What `ReadExpression` finds: the head whose expression and gaze are meant, and a sentence, perhaps empty."""

    head: HeadCoefficients
    note: str


@dataclass(frozen=True, eq=False)
class ReadExpression:
    """Read the expression of a picture's largest face, or of a portrait (.fep) as it is drawn -> `ExpressionReading`.

    Attributes:
        path: the file. Of a portrait with several faces its active one counts.
    """

    path: Path

    def run(self, context: JobContext) -> ExpressionReading:
        """Raises ImageError (no picture, no face), PortraitError (a damaged portrait) and ModelError."""
        if self.path.suffix.lower() != ".fep":
            reading = ReadPhoto(self.path).run(context)
            return ExpressionReading(reading.head, reading.note)
        from faceeditor.portrait import store

        context.progress(0.0, "Opening the portrait")
        portrait = store.load(self.path)
        state = portrait.state()
        head = state.face.shown_head
        if head is None:  # no slider was touched: it is on the drawn face
            head = ReadHead(context.frame(RenderRequest.of(state)).pixels).run(context)
        return ExpressionReading(head, portrait.note)


@dataclass(frozen=True, eq=False)
class EmbedPhoto:
    """As `ReadPhoto`, then optimise the style until the generator draws the photograph -> `PhotoReading`.

    Attributes:
        source: path of the picture, or (H, W, 3) uint8 sRGB pixels.
        steps: steps of the optimisation, 1 to `MAX_STEPS`.
        face: which face to take, counted from 0 in the order of `PhotoReading.faces`.
        label: label of the style; by default the file's name.
        preview: called on the job's thread with intermediate pictures (256, 256, 3) uint8, read-only, every ten steps.

    Raises:
        EngineError: an impossible number of steps.
    """

    long: ClassVar[bool] = True

    source: Path | str | Pixels
    steps: int = 60
    face: int = 0
    label: str = ""
    preview: Callable[[Pixels], None] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MAX_STEPS:
            raise EngineError(f"A picture cannot be embedded in {self.steps} steps; choose 1 to {MAX_STEPS}.")

    def run(self, context: JobContext) -> PhotoReading:
        """Raises ImageError (no picture, no face), ModelError and EngineError."""
        from dataclasses import replace

        from faceeditor.engine.stages import framed
        from faceeditor.generators.embed import embed

        reading = _read_photo(self.source, self.face, self.label, context, 0.3)

        def step(share: float, text: str, picture: Pixels | None) -> None:
            context.ticket.check()
            context.progress(0.3 + 0.7 * share, text)
            if picture is not None and self.preview is not None:
                picture = framed(picture, Output())
                picture.flags.writeable = False
                self.preview(picture)

        maps = context.maps(reading.head)
        style = embed(reading.photo, reading.mask, reading.style, maps, self.steps, step)
        return replace(reading, style=style)


def _read_photo(source: Path | str | Pixels, face: int, label: str, context: JobContext, last: float) -> PhotoReading:
    """Read a photograph, telling progress from 0 to last."""
    from faceeditor.photo.prepare import prepare_photo
    from faceeditor.photo.read import read_head

    context.progress(0.0, "Opening the picture")
    picture, name = opened_picture(source)
    context.ticket.check()

    def part(begin: float, end: float) -> Callable[[float, str], None]:
        def step(share: float, text: str) -> None:
            context.ticket.check()
            context.progress(last * (begin + (end - begin) * share), text)

        return step

    prepared: PreparedPhoto = prepare_photo(picture, face, part(0.1, 0.6))
    head = read_head(prepared.photo, REFINEMENTS, part(0.6, 0.9), prepared.mask).head
    part(0.9, 1.0)(0.0, "Reading the style")
    style = context.encode(prepared.photo, prepared.seen_mask, label or name)
    context.progress(last, "Done" if last == 1.0 else "Embedding")
    boxes = tuple((box.left, box.top, box.right, box.bottom) for box in prepared.faces)
    return PhotoReading(head, style, prepared.mask, prepared.photo, prepared.note, boxes)
