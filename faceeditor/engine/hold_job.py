"""Holding identity: how far an edit can go before the face is too far from the pinned person."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from faceeditor.engine.board_jobs import BoardTools, PhotoOfFace
from faceeditor.engine.jobs import JobContext
from faceeditor.engine.requests import RenderRequest
from faceeditor.identity.board import Reference
from faceeditor.identity.recogniser import distance
from faceeditor.portrait.adjustments import HEAD_PARTS, Adjustment, HeadChange
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import FaceState, PortraitState

if TYPE_CHECKING:
    from faceeditor.photo.face import PhotoFace

_HALVINGS = 5
TOLERANCE = 0.002
"""A distance that exceeds the limit by less counts as within it: devices differ in the last digits."""


@dataclass(frozen=True, eq=False)
class HeldEdit:
    """What `HoldIdentity` finds.

    Attributes:
        share: how far the edit can go: 1 all of it, 0 not at all.
        distance: to the person at that share; the limit where it cannot go at all.
        state: the portrait at that share.
    """

    share: float
    distance: float
    state: PortraitState


@dataclass(frozen=True, eq=False)
class HoldIdentity:
    """Find how far an edit can go within a distance to a person -> `HeldEdit`.

    Attributes:
        tools: of the board.
        reference: the person.
        before, after: the portrait before and after the edit; their active faces have the same mask.
        limit: largest distance.
        photo: the active face as it was found, if it is on a photograph: the composed face is measured.
    """

    tools: BoardTools
    reference: Reference
    before: PortraitState
    after: PortraitState
    limit: float
    photo: "PhotoFace | None" = None

    def run(self, context: JobContext) -> HeldEdit:
        """Raises ModelError and EngineError."""

        def measured(state: PortraitState) -> float:
            context.ticket.check()
            if self.photo is not None:
                return PhotoOfFace(self.photo, state.face).distance(self.reference, self.tools, context)
            drawn = as_drawn(state)
            frame = context.frame(RenderRequest.of(drawn))
            mask = frame.mask if frame.mask is not None else drawn.mask
            return float(distance(self.tools.embedding(frame.pixels, mask), self.reference.embedding))

        end = measured(self.after)
        limit = self.limit + TOLERANCE
        if end <= limit or self.after is self.before:
            return HeldEdit(1.0, end, self.after)
        low, high = 0.0, 1.0
        best = HeldEdit(0.0, self.limit, self.before)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            state = between(self.before, self.after, middle)
            apart = measured(state)
            if apart <= limit:
                low, best = middle, HeldEdit(middle, apart, state)
            else:
                high = middle
        return best


def as_drawn(state: PortraitState) -> PortraitState:
    """A state as the generator draws it: on a photograph the head turns about the neck, which the shoulders hold."""
    face = state.face
    if face.source is None or face.head is None or face.head is face.source.head:
        return state
    from faceeditor.photo.warp import held_by_the_body

    return state.with_face(head=held_by_the_body(face.source.head, face.head))


def can_be_held(before: PortraitState, after: PortraitState) -> bool:
    """Whether there is something between two states: strokes and other masks are not gone back on."""
    a, b = before.face, after.face
    same = len(before.faces) == len(after.faces) and before.active == after.active and a.source is b.source
    return same and (a.mask is b.mask or np.array_equal(a.mask, b.mask))


def between(before: PortraitState, after: PortraitState, share: float) -> PortraitState:
    """A part of the way (0..1) from one state to another of the same mask: head, style and truncation are mixed."""
    a, b = before.face, after.face
    start = a.head if a.head is not None else b.base_head
    adjustments = b.adjustments
    if len(a.adjustments) == len(adjustments):
        adjustments = tuple(_mixed(*pair, share) for pair in zip(a.adjustments, adjustments, strict=True))
    head = None if start is None or b.head is None else blended(start, b.head, share)
    style = a.style if a.style.key == b.style.key else a.style.blend(b.style, share).with_label(b.style.label)
    truncation = a.truncation + share * (b.truncation - a.truncation)
    return after.with_face(head=head, style=style, truncation=truncation, adjustments=adjustments)


def _mixed(a: Adjustment, b: Adjustment, share: float) -> Adjustment:
    """A part of the way between two adjustments, where both are sliders."""
    if a is b or not isinstance(a.settings, HeadChange) or not isinstance(b.settings, HeadChange):
        return b
    one, other = a.settings, b.settings
    parts: dict[str, Any] = {
        name: getattr(one, name) + np.float32(share) * (getattr(other, name) - getattr(one, name))
        for name in HEAD_PARTS
    }
    return b.changed(settings=HeadChange(**parts, rig=other.rig if share == 1 else None))


def blended(start: HeadCoefficients, end: HeadCoefficients, share: float) -> HeadCoefficients:
    """`HeadCoefficients.blend` that keeps the lamps where the light is the same."""
    mixed = start.blend(end, share)
    same_light = np.array_equal(start.gamma, end.gamma)
    return mixed.changed(gamma=end.gamma, rig=end.rig) if same_light and mixed.rig is not end.rig else mixed


def face_key(face: FaceState) -> tuple[object, ...]:
    """What of a face a held edit may change."""
    return face.head, face.style, face.truncation, face.adjustments
