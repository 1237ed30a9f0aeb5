"""Background work on photographs that are edited at their own size: finding a face, and making the edited samples."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from faceeditor.engine.jobs import JobContext
from faceeditor.engine.photo_jobs import REFINEMENTS
from faceeditor.engine.requests import Frame, RenderRequest
from faceeditor.errors import EngineError
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import PortraitState
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray

if TYPE_CHECKING:
    from faceeditor.images import SourceImage
    from faceeditor.photo.composite import Edit
    from faceeditor.photo.face import Options, PhotoFace, Plan

Samples = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class FoundFace:
    """A face of a photograph, ready to be edited.

    Attributes:
        photo: where it lies and what surrounds it.
        style: its style code.
        boxes: boxes (left, top, right, bottom) of all faces in pixels of the picture, the largest first.
        note: a sentence for the user; may be empty.
    """

    photo: "PhotoFace"
    style: StyleCode
    boxes: tuple[tuple[float, float, float, float], ...]
    note: str


@dataclass(frozen=True, eq=False)
class FaceEdit:
    """What is wanted of a face.

    Attributes:
        face: the face.
        head: the head that is wanted, None: as it is.
        mask: (256, 256) uint8 the painted regions at the head that was read, None: as they are.
        style: the style of what the generator draws, None: the face's own.
        options: `photo.face.Options`, None: the usual ones.
    """

    face: FoundFace
    head: HeadCoefficients | None = None
    mask: MaskArray | None = None
    style: StyleCode | None = None
    options: "Options | None" = None


@dataclass(frozen=True, eq=False)
class FindFace:
    """Find a face of a photograph and all that an edit needs -> `FoundFace`.

    Attributes:
        source: the photograph.
        face: which face, counted from 0, the largest first.
    """

    source: "SourceImage"
    face: int = 0

    def run(self, context: JobContext) -> FoundFace:
        """Raises ImageError (there is no such face) and ModelError."""
        from faceeditor.photo.face import PhotoFace
        from faceeditor.photo.prepare import prepare_photo
        from faceeditor.photo.read import read_head

        step = _parts(context)
        picture = self.source.srgb
        prepared = prepare_photo(picture, self.face, step(0.0, 0.4))
        head = read_head(prepared.photo, REFINEMENTS, step(0.4, 0.5), prepared.mask).head
        step(0.5, 0.55)(0.0, "Reading the style")
        style = context.encode(prepared.photo, prepared.mask, self.source.name)
        own = eight_bit(three_channels(self.source.samples))
        face = PhotoFace.find(own, prepared.square, prepared.mask, head, step(0.55, 1.0))
        context.progress(1.0, "Done")
        boxes = tuple((box.left, box.top, box.right, box.bottom) for box in prepared.faces)
        return FoundFace(face, style, boxes, prepared.note)


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
        from faceeditor.photo.composite import edited

        samples = self.source.samples
        step = _parts(context)
        for index, wanted in enumerate(self.edits):
            begin, end = index / len(self.edits), (index + 1) / len(self.edits)
            step(begin, end)(0.0, "Moving the photograph")
            edit = plan_edit(context.frame, wanted)
            if edit.empty:
                continue
            tell = step(begin + 0.3 * (end - begin), end)
            photo = wanted.face.photo
            made = edited(
                three_channels(samples), photo.placement, photo.matte, edit,
                step=lambda share, tell=tell: tell(share, "Composing the picture"),  # type: ignore[misc]
            )  # fmt: skip
            samples = like(made, samples)
        context.progress(1.0, "Done")
        return samples


def plan_edit(frame: Callable[[RenderRequest], Frame], wanted: FaceEdit) -> "Edit":
    """What an edit does to the photograph; `frame` draws what it shows too little of (`JobContext.frame`)."""
    from faceeditor.head.model import HeadModel
    from faceeditor.photo.face import Options

    model = HeadModel.load()
    photo = wanted.face.photo
    mask = photo.mask if wanted.mask is None else wanted.mask
    plan = photo.plan(model, wanted.head, mask, wanted.options or Options())
    drawn = frame(patch_request(wanted, plan)).pixels if plan.needs_generator else None
    return plan.finished(model, drawn)


def patch_request(wanted: FaceEdit, plan: "Plan") -> RenderRequest:
    """What the generator is asked for: the new view under the light that the photograph shows."""
    read = wanted.face.photo.head
    mask = wanted.face.photo.mask if wanted.mask is None else wanted.mask
    head = plan.head.changed(gamma=read.gamma, albedo=read.albedo, rig=read.rig)
    style = wanted.style or wanted.face.style
    return RenderRequest.of(PortraitState.of(mask, style, head=head, base_head=read))


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
