"""Background work on photographs that are edited at their own size: finding a face, and making the edited samples."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from faceeditor.engine.helper_thread import HelperThread, Task
from faceeditor.engine.jobs import JobContext, Pixels
from faceeditor.engine.photo_jobs import REFINEMENTS
from faceeditor.engine.photo_style import restyle
from faceeditor.engine.requests import Frame, Output, RenderRequest
from faceeditor.errors import EngineError, ModelError
from faceeditor.portrait.adjustments import Adjustments, adjusted_style, pixel_adjustments
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import FaceSource, FaceState, Photo, PortraitState, moves_mask
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE, MaskArray

if TYPE_CHECKING:
    from faceeditor.images import SourceImage
    from faceeditor.photo.align import Square
    from faceeditor.photo.composite import Edit
    from faceeditor.photo.detect import FaceBox
    from faceeditor.photo.face import Options, PhotoFace
    from faceeditor.photo.placement import Placement

_log = logging.getLogger(__name__)

Samples = npt.NDArray[Any]
SHOWN_SIDE = 2000
"""Longer side of the copy that lies under what a window draws of a photograph."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the picture."""


@dataclass(frozen=True, eq=False)
class FoundFace:
    """A face of a photograph, ready to be edited.

    Attributes:
        photo: where it lies and what surrounds it.
        style: its style code.
        square: the square in which it was read.
        boxes: boxes (left, top, right, bottom) of all faces in pixels of the picture, the largest first.
        index: which of the boxes it is.
        note: a sentence for the user; may be empty.
        rough: sentences on why the face cannot be read well; empty for a clear face.
        complete: the boxes are all there are; else small faces were not looked for (`FindBoxes`).
    """

    photo: "PhotoFace"
    style: StyleCode
    square: "Square"
    boxes: tuple[Box, ...]
    index: int
    note: str
    rough: tuple[str, ...] = ()
    complete: bool = True

    def state(self) -> FaceState:
        """The face as a part of a portrait, without any edit."""
        photo, square = self.photo, self.square
        centre, half = ((float(v[0]), float(v[1])) for v in (square.centre, square.half))
        source = FaceSource(self.boxes[self.index], centre, half, photo.mask, self.style, photo.head)
        return FaceState(photo.mask, self.style, head=photo.head, base_head=photo.head, source=source)


@dataclass(frozen=True, eq=False)
class FaceEdit:
    """What is wanted of a face.

    Attributes:
        photo: the face as it was found.
        style: the style that is wanted.
        head: the head that is wanted, None: as it is.
        mask: (256, 256) uint8 the painted regions at the head that was read, None: as they are.
        options: `photo.face.Options`, None: the usual ones.
        adjustments: changes of colour, detail and light in regions.
        own_style: the style that was read from the photograph; None: `style`, which then changes nothing.
    """

    photo: "PhotoFace"
    style: StyleCode
    head: HeadCoefficients | None = None
    mask: MaskArray | None = None
    options: "Options | None" = None
    adjustments: Adjustments = ()
    own_style: StyleCode | None = None


def edit_of_face(face: FaceState, photo: "PhotoFace", options: "Options | None" = None) -> FaceEdit:
    """What a face of a portrait asks of its photograph."""
    mask, base = face.mask, face.base_head
    if moves_mask(photo.head, base) and base is not None:
        # A stroke was painted on the moved mask, which belongs to another head since.
        from faceeditor.head.model import HeadModel
        from faceeditor.head.motion import move_mask
        from faceeditor.photo.warp import held_by_the_body

        mask = move_mask(HeadModel.load(), mask, held_by_the_body(photo.head, base), photo.head)
    own = None if face.source is None else face.source.style
    adjustments = pixel_adjustments(face.adjustments)
    return FaceEdit(photo, drawn_style_of(face), face.shown_head, mask, options, adjustments, own)


def drawn_style_of(face: FaceState) -> StyleCode:
    """The style that a face is drawn with: after truncation and with the styles of regions of its adjustments."""
    style = face.style
    if face.truncation != 1.0:
        from faceeditor.engine.stages import average_style

        style = style.truncated(average_style(), face.truncation)
    return adjusted_style(style, face.adjustments)


@dataclass(frozen=True, eq=False)
class FindFace:
    """Find a face of a photograph and all that an edit needs -> `FoundFace`.

    Attributes:
        source: the photograph.
        face: which face, counted from 0, the largest first.
        upright: take the face in a square that stands as the photograph does, as far as the face is not tilted much, so
            that masks are painted on an upright photograph.
        quick: for a window: do not look for small faces where the largest one is wanted and clear, and let the person
            be found in the background (`PhotoFace.find_later`).
    """

    source: "SourceImage"
    face: int = 0
    upright: bool = False
    quick: bool = False

    def run(self, context: JobContext) -> FoundFace:
        """Raises ImageError (there is no such face) and ModelError."""
        from faceeditor.photo.align import cut, upright_square
        from faceeditor.photo.face import PhotoFace
        from faceeditor.photo.parse import parse_photo
        from faceeditor.photo.prepare import prepare_photo
        from faceeditor.photo.read import read_head

        step = _parts(context)
        picture = self.source.srgb
        prepared = prepare_photo(picture, self.face, step(0.0, 0.4), self.quick)
        square, aligned, mask = prepared.square, prepared.photo, prepared.mask
        standing = upright_square(square) if self.upright else square
        if standing is not square:
            square, aligned = standing, cut(picture, standing)
            mask = parse_photo(aligned)
        head = read_head(aligned, REFINEMENTS, step(0.4, 0.5), mask).head
        step(0.5, 0.55)(0.0, "Reading the style")
        style = context.encode(aligned, mask, self.source.name)
        own = eight_bit(three_channels(self.source.samples))
        if self.quick:
            face = PhotoFace.find_later(own, square, mask, head)
        else:
            face = PhotoFace.find(own, square, mask, head, step(0.55, 1.0))
        context.progress(1.0, "Done")
        boxes = _boxes_of(prepared.faces)
        return FoundFace(face, style, square, boxes, self.face, prepared.note, prepared.rough, prepared.complete)


@dataclass(frozen=True, eq=False)
class FoundBoxes:
    """All faces of a photograph.

    Attributes:
        boxes: (left, top, right, bottom) in pixels of the picture, the largest first.
        note: a sentence for the user; empty for a single face.
    """

    boxes: tuple[Box, ...]
    note: str


@dataclass(frozen=True, eq=False)
class FindBoxes:
    """Find all faces of a photograph of which the largest was read -> `FoundBoxes`.

    Attributes:
        source: the photograph.
    """

    long: ClassVar[bool] = True  # nothing waits for it

    source: "SourceImage"

    def run(self, context: JobContext) -> FoundBoxes:
        """Raises ModelError."""
        from faceeditor.photo.detect import detect_faces
        from faceeditor.photo.prepare import choice_note

        boxes = _boxes_of(detect_faces(self.source.srgb, _parts(context)(0.0, 1.0)))
        return FoundBoxes(boxes, " ".join(choice_note(boxes, 0)))


def _small(source: "SourceImage") -> Pixels:
    """(h, w, 3) uint8 sRGB, as large as a screen at most."""
    import cv2

    factor = SHOWN_SIDE / max(source.width, source.height)
    if factor >= 1:
        return source.srgb
    size = max(1, round(source.width * factor)), max(1, round(source.height * factor))
    return np.asarray(cv2.resize(source.srgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _boxes_of(faces: "tuple[FaceBox, ...]") -> tuple[Box, ...]:
    return tuple((face.left, face.top, face.right, face.bottom) for face in faces)


@dataclass(frozen=True, eq=False)
class PrepareToOpen:
    """Load what opening a photograph needs, while its file is being chosen: networks, machine code, libraries."""

    long: ClassVar[bool] = True  # a photograph that is opened meanwhile does not wait for it

    def run(self, context: JobContext) -> None:
        """What is missing or damaged is told by the job that needs it."""
        from faceeditor.photo.networks import open_detector, open_parser, open_reader
        from faceeditor.photo.preview import warm_up

        try:
            for load in (open_detector, open_parser, open_reader, warm_up, _load_encoder(context)):
                context.ticket.check()
                load()
        except ModelError:
            _log.info("not everything that reads photographs can be loaded", exc_info=True)


def _load_encoder(context: JobContext) -> Callable[[], object]:
    grey, skin = np.full((MASK_SIZE, MASK_SIZE, 3), 128, np.uint8), np.ones((MASK_SIZE, MASK_SIZE), np.uint8)
    return lambda: context.encode(grey, skin, "")


@dataclass(frozen=True, eq=False)
class OpenedPhotograph:
    """A photograph that a portrait is made of.

    Attributes:
        photo: its file, as the portrait keeps it.
        source: the file decoded.
        faces: the faces of the portrait, as they were found; by the portrait's `FaceSource`.
        boxes: all faces that the photograph shows, the largest first.
        state: the portrait.
        note: sentences for the user.
        complete: as of `FoundFace`.
    """

    photo: Photo
    source: "SourceImage"
    faces: "dict[FaceSource, PhotoFace]"
    boxes: tuple[Box, ...]
    state: PortraitState
    note: str
    complete: bool = True


@dataclass(frozen=True, eq=False)
class OpenPhotograph:
    """Read a photograph and one of its faces -> `OpenedPhotograph`.

    Attributes:
        path: the file.
        face: which face, counted from 0, the largest first.
        show: called with the photograph, reduced to `SHOWN_SIDE`, (h, w, 3) uint8 sRGB, as soon as it is decoded.
    """

    path: Path
    face: int = 0
    show: Callable[[Pixels], None] = lambda pixels: None

    def run(self, context: JobContext) -> OpenedPhotograph:
        """Raises ImageError (no picture, no face), PortraitError (the file is too large) and ModelError."""
        from faceeditor.images import read_source

        step = _parts(context)
        step(0.0, 0.1)(0.0, "Opening the photograph")
        source = read_source(self.path)
        photo = Photo(source.data, source.name)
        self.show(_small(source))
        found = _within(FindFace(source, self.face, upright=True, quick=True), context, 0.1, 1.0)
        face = found.state()
        assert face.source is not None
        state = PortraitState((face,), 0, photo)
        faces = {face.source: found.photo}
        return OpenedPhotograph(photo, source, faces, found.boxes, state, found.note, found.complete)


@dataclass(frozen=True, eq=False)
class LoadPhotograph:
    """Decode the photograph of a portrait that was opened from a file, and find its people again -> `OpenedPhotograph`.

    Attributes:
        state: the portrait.
        show: as of `OpenPhotograph`.
    """

    state: PortraitState
    show: Callable[[Pixels], None] = lambda pixels: None

    def run(self, context: JobContext) -> OpenedPhotograph:
        """Raises ImageError and ModelError."""
        from faceeditor.images.source import source_of
        from faceeditor.photo.align import Square
        from faceeditor.photo.face import PhotoFace

        photo = self.state.photo
        if photo is None:
            raise EngineError("This portrait holds no photograph; open one first.")
        step = _parts(context)
        step(0.0, 0.1)(0.0, "Opening the photograph")
        source = source_of(photo.data, photo.name)
        self.show(_small(source))
        own = eight_bit(three_channels(source.samples))
        faces = {}
        told = [face.source for face in self.state.faces if face.source is not None]
        for index, known in enumerate(told):
            square = Square(np.array(known.centre), np.array(known.half))
            step(0.1 + 0.7 * index / len(told), 0.8)(0.0, "Reading the face")
            faces[known] = PhotoFace.find_later(own, square, known.mask, known.head)
        boxes = tuple(known.box for known in told)
        return OpenedPhotograph(photo, source, faces, boxes, self.state, "", complete=False)


def _within(job: FindFace, context: JobContext, begin: float, end: float) -> FoundFace:
    """The result of a job as a part of another one's progress."""
    return job.run(replace(context, progress=lambda share, text: context.progress(begin + (end - begin) * share, text)))


@dataclass(frozen=True, eq=False)
class EditPhoto:
    """Make the edited samples of a photograph -> (H, W, 1 or 3), of the source's depth and colour space, upright.

    Without an edit in effect the result is the source's own array.

    Attributes:
        source: the photograph.
        edits: what is wanted of its faces, carried out one after the other.
    """

    source: "SourceImage"
    edits: tuple[FaceEdit, ...] = field(default=())

    def run(self, context: JobContext) -> Samples:
        """Raises ModelError and EngineError."""
        return edited_photograph(self.source, self.edits, context).samples


@dataclass(frozen=True, eq=False)
class EditedPhotograph:
    """An edited photograph and what is known of its people.

    Attributes:
        samples: (H, W, 1 or 3) of the source's depth and colour space, upright; the source's own array if no edit is in
            effect.
        faces: where each face lies in it, and its (256, 256) regions in the new view.
        alpha: (H, W) float32 0..1, opacity of the people; None if it was not asked for.
    """

    samples: Samples
    faces: "tuple[tuple[Placement, MaskArray], ...]"
    alpha: npt.NDArray[np.float32] | None = None


def edited_photograph(
    source: "SourceImage", edits: tuple[FaceEdit, ...], context: JobContext, with_alpha: bool = False
) -> EditedPhotograph:
    """Carry edits out, one after the other.

    Raises:
        ModelError, EngineError: an edit cannot be done.
    """
    from faceeditor.photo.composite import edited, person_alpha
    from faceeditor.photo.cutout import cut_matte, whole_alpha

    samples = source.samples
    step = _parts(context)
    faces, parts = [], []
    for index, wanted in enumerate(edits):
        begin, end = index / len(edits), (index + 1) / len(edits)
        step(begin, end)(0.0, "Moving the photograph")
        edit = plan_edit(context.frame, wanted)
        photo = wanted.photo
        assert edit.labels is not None
        faces.append((photo.placement, edit.labels))
        if with_alpha:
            own = three_channels(samples)
            rect = photo.placement.bounds(source.width, source.height)
            matte = cut_matte(eight_bit(own), photo)
            parts.append((rect, person_alpha(own, photo.placement, matte, edit, rect)))
        if edit.empty:
            continue
        tell = step(begin + 0.3 * (end - begin), end)
        made = edited(
            three_channels(samples), photo.placement, photo.matte, edit,
            step=lambda share, tell=tell: tell(share, "Composing the picture"),  # type: ignore[misc]
        )  # fmt: skip
        samples = like(made, samples)
    alpha = whole_alpha(three_channels(samples), parts) if with_alpha else None
    context.progress(1.0, "Done")
    return EditedPhotograph(samples, tuple(faces), alpha)


class DrawingAhead:
    """Lets the generator draw its part of an edit while the motion is worked out, if the edit before needed it.

    Args:
        helper: the thread that waits for the generator.
    """

    def __init__(self, helper: HelperThread) -> None:
        self.helper = helper
        self.needed = False


def plan_edit(frame: Callable[[RenderRequest], Frame], wanted: FaceEdit, ahead: DrawingAhead | None = None) -> "Edit":
    """What an edit does to the photograph.

    Args:
        frame: draws what the photograph shows too little of (`JobContext.frame`).
        wanted: the edit.
        ahead: where one of many edits of a moving hand is planned.
    """
    from faceeditor.head.model import HeadModel
    from faceeditor.photo.face import Options

    model = HeadModel.load()
    photo = wanted.photo
    mask = photo.mask if wanted.mask is None else wanted.mask
    request = patch_request(wanted)
    drawing = Task(lambda: frame(request))
    if ahead is not None and ahead.needed:
        ahead.helper.start(drawing)
    plan = photo.plan(model, wanted.head, mask, wanted.options or Options())
    if ahead is not None:
        ahead.needed = plan.needs_generator
    drawn = drawing.result().pixels if plan.needs_generator else None
    added = None if wanted.own_style is None else restyle(frame, request, wanted.own_style, plan.labels)
    edit = plan.finished(model, drawn, added)
    if not wanted.adjustments:
        return edit
    from faceeditor.engine.photo_adjust import with_adjustments

    return with_adjustments(edit, plan, wanted.adjustments)


def composed_face(
    frame: Callable[[RenderRequest], Frame], face: FaceState, photo: "PhotoFace"
) -> tuple[npt.NDArray[np.uint8], MaskArray]:
    """The aligned face of the edited photograph as it is composed, and not as the generator would draw it.

    Args:
        frame: draws what the photograph shows too little of (`JobContext.frame`).
        face: what is wanted.
        photo: the face as it was found.

    Returns:
        (256, 256, 3) uint8 in the file's own colours, and its (256, 256) regions.
    """
    from faceeditor.photo.composite import edited
    from faceeditor.photo.face import Options, quick
    from faceeditor.photo.placement import MARGIN, Placement, inner

    edit = plan_edit(frame, edit_of_face(face, photo, quick(Options())))
    pixels = photo.wide
    if not edit.empty:
        on_grid = Placement(np.array([[1.0, 0.0, MARGIN], [0.0, 1.0, MARGIN]]))
        pixels = edited(photo.wide, on_grid, photo.matte, edit)
    labels = photo.mask if edit.labels is None else edit.labels
    return np.ascontiguousarray(inner(pixels), np.uint8), labels


def patch_request(wanted: FaceEdit) -> RenderRequest:
    """What the generator is asked for: the new view under the light that the photograph shows."""
    read = wanted.photo.head
    mask = wanted.photo.mask if wanted.mask is None else wanted.mask
    head = wanted.photo.held(wanted.head).changed(gamma=read.gamma, albedo=read.albedo, rig=read.rig)
    output = Output(fast=wanted.options is not None and wanted.options.fast)
    return RenderRequest.of(PortraitState.of(mask, wanted.style, head=head, base_head=read), output)


def three_channels(samples: Samples) -> Samples:
    """(H, W, 3) samples; grey ones are repeated, as a view."""
    if samples.shape[2] == 3:
        return samples
    if samples.shape[2] != 1:
        raise EngineError("A photograph has one or three channels; convert it in an image program first.")
    return np.broadcast_to(samples, (*samples.shape[:2], 3))


def like(made: Samples, samples: Samples) -> Samples:
    """Edited samples (H, W, 3) with the channels of the photograph's (H, W, 1 or 3); grey where it was not touched."""
    if samples.shape[2] == 3:
        return made
    weights = np.array([0.2126, 0.7152, 0.0722], np.float32)
    grey = np.rint(made.astype(np.float32) @ weights).astype(samples.dtype)[..., None]
    return np.where((made == samples).all(-1, keepdims=True), samples, grey)


def eight_bit(samples: Samples) -> npt.NDArray[np.uint8]:
    """(H, W, C) uint8 of samples of either depth."""
    if samples.dtype == np.uint8:
        return np.asarray(samples, np.uint8)
    return (samples >> 8).astype(np.uint8)


def _parts(context: JobContext) -> Callable[[float, float], Callable[[float, str], None]]:
    """A function (begin, end) -> step(share, text) that tells progress between the two and stops cancelled work."""

    def part(begin: float, end: float) -> Callable[[float, str], None]:
        def step(share: float, text: str) -> None:
            context.ticket.check()
            context.progress(begin + (end - begin) * share, text)

        return step

    return part
