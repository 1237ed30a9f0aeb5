"""Sequences of requests for videos and grids: a turntable, a morph between two portraits, a sweep of one control."""

import math
from collections.abc import Sequence
from dataclasses import replace

from faceeditor.engine.requests import Morph, RenderRequest
from faceeditor.errors import EngineError
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import FaceState, PortraitState

MAX_FRAMES = 2000
"""Frames of a sequence at most."""
MAX_TURN = 45.0
"""Degrees of yaw to each side up to which heads are drawn well."""
NOD = 3.0
"""Degrees that a turntable lifts and lowers the chin."""


def turntable(request: RenderRequest, degrees: float = 40.0, frames: int = 100) -> tuple[RenderRequest, ...]:
    """The head turns to both sides and back, with a light nod, so that the last frame leads on to the first.

    Yaw swings about 0 and begins where the head is, unless it is turned further than the swing goes.

    Args:
        request: what is drawn; its revision stands in all of the requests.
        degrees: of yaw to each side, 1 to 45.
        frames: how many, 2 to `MAX_FRAMES`.

    Raises:
        EngineError: the request has no head, or numbers out of range.
    """
    head = _head_of(request, "A turntable")
    _check_frames(frames)
    if not 1 <= degrees <= MAX_TURN:
        raise EngineError(f"A head cannot turn {degrees:g} degrees to each side; choose 1 to {MAX_TURN:g}.")
    yaw, pitch, roll = (float(angle) for angle in head.pose)
    phase = math.asin(min(1.0, max(-1.0, yaw / degrees)))
    turned = []
    for index in range(frames):
        angle = 2 * math.pi * index / frames
        pose = (degrees * math.sin(angle + phase), pitch + NOD * math.sin(2 * angle), roll)
        turned.append(_with_head(request, head.changed(pose=pose)))
    return tuple(turned)


def morph(a: RenderRequest, b: RenderRequest, frames: int = 75) -> tuple[RenderRequest, ...]:
    """From one portrait to another, slow at both ends: head and style are blended, and outlines wander.

    Each mask is moved from its own base head to the head of the moment. Where only one of both has a head, its mask
    stays where that head is, and all frames are drawn by mask and style alone.

    Args:
        a, b: the portraits.
        frames: how many, 2 to `MAX_FRAMES`; the first is a, the last b.

    Raises:
        EngineError: an impossible number of frames.
    """
    _check_frames(frames)
    shares = [_eased(index / (frames - 1)) for index in range(frames)]
    if a.face.head is None and b.face.head is not None:
        return tuple(_between(a, b, share) for share in shares)
    if a.face.head is not None and b.face.head is None:
        return tuple(_between(b, a, 1 - share) for share in shares)
    return tuple(_between(a, b, share) for share in shares)


def sweep(request: RenderRequest, control: str, values: Sequence[float]) -> tuple[RenderRequest, ...]:
    """One request for each value of a control, everything else as it is.

    Args:
        request: what is drawn.
        control: name of a control (`head.controls`).
        values: its values, in its own unit.

    Raises:
        EngineError: the request has no head, or there are no values.
        PortraitError: there is no such control.
        ModelError: the head model is missing or damaged.
    """
    from faceeditor.head.controls import control as control_of
    from faceeditor.head.model import HeadModel

    head = _head_of(request, "A sweep")
    if not values:
        raise EngineError("A sweep needs at least one value; name some.")
    model = HeadModel.load()
    slider = control_of(control)
    return tuple(_with_head(request, slider.set(head, model, value)) for value in values)


def _head_of(request: RenderRequest, what: str) -> HeadCoefficients:
    if request.face.head is None:
        raise EngineError(f"{what} needs a head; move one of its sliders first.")
    return request.face.head


def _check_frames(frames: int) -> None:
    if not 2 <= frames <= MAX_FRAMES:
        raise EngineError(f"A sequence of {frames} frames cannot be made; choose 2 to {MAX_FRAMES}.")


def _with_head(request: RenderRequest, head: HeadCoefficients) -> RenderRequest:
    # Every frame is drawn with the maps of its head, so that passing the base head leaves no jump.
    moved = request.with_face(head=head, base_head=request.face.base_head, read_head=False)
    return replace(moved, output=replace(moved.output, fast=False))


def _eased(t: float) -> float:
    """0..1 with no speed at either end (smoothstep)."""
    return t * t * (3 - 2 * t)


def _between(a: RenderRequest, b: RenderRequest, share: float) -> RenderRequest:
    """What lies between two requests; a has no head, or both have one, or none."""
    other = Morph(b.mask, share, b.face.base_head, b.face.head)
    head = base = None
    if a.face.head is not None and b.face.head is not None:
        head, base = a.face.head.blend(b.face.head, share), a.face.base_head
        other = Morph(b.mask, share, b.face.base_head)
    truncation = a.truncation + share * (b.truncation - a.truncation)
    face = FaceState(a.mask, a.style.blend(b.style, share), truncation, head, base)
    output = replace(a.output, fast=False)
    return RenderRequest.of(PortraitState((face,)), output, revision=a.revision, morph=other)
