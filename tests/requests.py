"""Requests for the engine from the parts of one face."""

from faceeditor.engine import Morph, Output, RenderRequest
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import PortraitState
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray


def request_of(
    revision: int,
    mask: MaskArray,
    style: StyleCode,
    truncation: float = 1.0,
    *,
    fast: bool = False,
    head: HeadCoefficients | None = None,
    base_head: HeadCoefficients | None = None,
    show_head: bool = False,
    morph: Morph | None = None,
) -> RenderRequest:
    """A request for the whole face at 256 pixels."""
    state = PortraitState.of(mask, style, truncation, head=head, base_head=base_head)
    return RenderRequest.of(state, Output(fast=fast), revision=revision, show_head=show_head, morph=morph)
