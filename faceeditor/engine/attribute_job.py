"""Attribute-driven optimisation as background work that can be paused, resumed and stopped."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from faceeditor.engine.drawing import request_of
from faceeditor.engine.jobs import JobContext, opened_picture
from faceeditor.errors import FaceEditorError

if TYPE_CHECKING:
    from faceeditor.engine.attribute_photo import FaceInPhoto
    from faceeditor.identity.guides import Guide
    from faceeditor.identity.optimise import OptimisationStep, Plan
    from faceeditor.identity.variation import Variation

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

MODES = ("portrait", "pixels")


@dataclass(frozen=True, eq=False)
class AttributeRequest:
    """What the user asks for.

    Attributes:
        portrait: the reference.
        attribute: name of one of `identity.attributes.ATTRIBUTES`; unused with a guide.
        guide: a picture that shows what is wanted, or None: the program's own guides.
        parts: with a guide: what is taken from it (`identity.attributes.PARTS`).
        amount, hold, steps, area: as of `identity.optimise.Plan`.
        mode: "portrait" changes style code and head, "pixels" is the published method.
        photo: (256, 256, 3) uint8 aligned photograph whose pixels are changed; None: the drawn portrait.
        scene: the photograph that the portrait is a face of; steps of the mode "portrait" are shown in it.
    """

    portrait: "Variation"
    attribute: str = "smile"
    guide: Path | str | Pixels | None = None
    parts: tuple[str, ...] = ("hair",)
    amount: float = 1.0
    hold: float = 0.45
    steps: int = 40
    area: FloatArray | None = None
    mode: str = "portrait"
    photo: Pixels | None = None
    scene: "FaceInPhoto | None" = None


class AttributeOptimisation:
    """An optimisation under way; a job advances it until it is done, paused or stopped.

    A pause ends the job and leaves the background lane free; another job takes the work up where it was.

    Args:
        request: what is asked for.
        on_step: called on the job's thread with every step.

    Raises:
        FaceEditorError: the mode is unknown.
    """

    def __init__(self, request: AttributeRequest, on_step: "Callable[[OptimisationStep], None] | None" = None) -> None:
        if request.mode not in MODES:
            raise FaceEditorError(f"There is no mode “{request.mode}”; choose from {', '.join(MODES)}.")
        self.request, self._on_step = request, on_step
        self._steps: Iterator[OptimisationStep] | None = None
        self._pause, self._stop = threading.Event(), threading.Event()
        self.done = False
        self.last: OptimisationStep | None = None

    def pause(self) -> None:
        """End the running job after its present step."""
        self._pause.set()

    def resume(self) -> None:
        """Allow another job to go on."""
        self._pause.clear()

    def stop(self) -> None:
        """End the work; `last` stays."""
        self._stop.set()

    @property
    def paused(self) -> bool:
        """Whether a pause is asked for."""
        return self._pause.is_set()

    def advance(self, context: JobContext) -> "OptimisationStep | None":
        """Run steps until done, paused, stopped or cancelled; returns the last step.

        Raises:
            FaceEditorError: the attribute, the guide or the portrait does not work, or a model is missing.
        """
        total = self.request.steps
        if self._steps is None:
            context.progress(0.0, "Loading the networks")
            self._steps = _begun(self.request, context)
        while not self._pause.is_set() and not self._stop.is_set():
            context.ticket.check()
            step = next(self._steps, None)
            if step is None:
                self.done = True
                break
            scene = self.request.scene
            if scene is not None and step.portrait is not None:
                step = replace(step, pixels=scene.picture(context.frame, step.portrait))
            self.last = step
            context.progress(min(1.0, step.number / total), f"Step {step.number} of {total}")
            if self._on_step is not None:
                self._on_step(step)
        self.done = self.done or self._stop.is_set()
        return self.last


@dataclass(frozen=True, eq=False)
class OptimiseAttribute:
    """Advance an optimisation -> its last `OptimisationStep`, None if it was stopped before the first.

    Attributes:
        work: the optimisation; where it was paused, it goes on.
    """

    long: ClassVar[bool] = True

    work: AttributeOptimisation

    def run(self, context: JobContext) -> "OptimisationStep | None":
        """Raises as of `AttributeOptimisation.advance`."""
        return self.work.advance(context)


def _begun(request: AttributeRequest, context: JobContext) -> "Iterator[OptimisationStep]":
    """The steps of a request; none is made yet."""
    from faceeditor.identity.guides import NEAREST, Guides
    from faceeditor.identity.optimise import optimise_pixels, optimise_portrait, shared_workshop, untruncated
    from faceeditor.identity.recogniser import load

    workshop = shared_workshop()
    context.ticket.check()
    request = replace(request, portrait=untruncated(request.portrait))
    portrait = request.portrait
    frame = context.frame(request_of(portrait))
    mask = frame.mask if frame.mask is not None else portrait.mask
    if request.guide is not None:
        near, lacking = [_read_guide(request.guide, context)], []
    else:
        recogniser, guides = load(), Guides.load()
        embedding = recogniser.embed_masked([frame.pixels], [mask])[0]
        near = guides.nearest(request.attribute, embedding, NEAREST)
        try:
            lacking = guides.nearest(request.attribute, embedding, NEAREST, lacking=True)
        except FaceEditorError:
            lacking = []  # then the target is the mean of those who show it
    plan = _plan(request, near, lacking)
    context.ticket.check()
    if request.mode == "portrait":
        return optimise_portrait(plan, workshop)
    own = request.photo if request.photo is not None or request.scene is None else request.scene.aligned
    photo = own if own is not None else frame.pixels
    pictures = [_drawn(guide, context) for guide in near]
    return optimise_pixels(replace(plan, portrait=replace(portrait, mask=mask)), photo, workshop, pictures)


def _plan(request: AttributeRequest, near: "list[Guide]", lacking: "list[Guide]") -> "Plan":
    from faceeditor.identity.attributes import attribute_named, attribute_of_guide
    from faceeditor.identity.objective import PIXEL_WEIGHTS, Weights
    from faceeditor.identity.optimise import Plan

    own = request.guide is not None
    attribute = attribute_of_guide(request.parts) if own else attribute_named(request.attribute)
    weights = Weights() if request.mode == "portrait" else PIXEL_WEIGHTS
    return Plan(
        request.portrait, attribute, tuple(near), tuple(lacking), request.amount, request.hold, request.steps,
        request.area, weights,
    )  # fmt: skip


def _read_guide(source: Path | str | Pixels, context: JobContext) -> "Guide":
    """The guide in a picture; ImageError if it shows no face."""
    from faceeditor.identity.guides import Guide
    from faceeditor.identity.recogniser import load
    from faceeditor.photo.prepare import prepare_photo
    from faceeditor.photo.read import read_head

    picture, name = opened_picture(source)

    def step(share: float, text: str) -> None:
        context.ticket.check()
        context.progress(0.0, text)

    prepared = prepare_photo(picture, 0, step)
    head = read_head(prepared.photo, 0, mask=prepared.mask).head
    embedding = load().embed_masked([prepared.photo], [prepared.mask])[0]
    return Guide(prepared.mask, context.encode(prepared.photo, prepared.seen_mask, name), head, embedding)


def _drawn(guide: "Guide", context: JobContext) -> "tuple[Pixels, npt.NDArray[np.uint8]]":
    """A guide's picture as the generator draws it, and its mask."""
    from faceeditor.identity.variation import Variation

    context.ticket.check()
    frame = context.frame(request_of(Variation(guide.mask, guide.style, guide.head, guide.head)))
    return frame.pixels, guide.mask
