"""Another style on a photograph: which regions it changes, and what it adds to them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from faceeditor.engine import adjust
from faceeditor.engine.requests import Frame, RenderRequest
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import FACE_REGIONS, MASK_SIZE, MaskArray, Region

if TYPE_CHECKING:
    from faceeditor.photo.face import Restyle

Pixels = npt.NDArray[np.uint8]

_FEATHER = 3.0
"""Soft border of a change of style in mask pixels."""
_EVEN = 1.2
"""Mask pixels over which a change of style is evened: finer detail is the photograph's own."""
_PERSON = frozenset(FACE_REGIONS) - {Region.GLASSES} | {Region.L_EAR, Region.R_EAR, Region.NECK, Region.HAIR}
"""The regions that a whole style changes."""


def restyled_regions(own: StyleCode, wanted: StyleCode) -> frozenset[Region]:
    """The regions that look otherwise in another style.

    A whole style leaves background and clothes of a photograph as they are, since what is drawn there has nothing to do
    with what was photographed; they change if their own vector does while light and tone stay, as where the style of
    that region alone is taken over.
    """
    if own.key == wanted.key:
        return frozenset()
    if not np.array_equal(own.overall, wanted.overall):
        return _PERSON
    regions = {region for region in Region if not np.array_equal(own.regions[region], wanted.regions[region])}
    if not np.array_equal(own.detail, wanted.detail) and not regions & set(FACE_REGIONS):
        regions |= set(FACE_REGIONS)
    return frozenset(regions)


def restyle(
    frame: Callable[[RenderRequest], Frame],
    drawn: RenderRequest,
    own: StyleCode,
    labels: MaskArray,
    feather: float = _FEATHER,
) -> "Restyle | None":
    """What the style of a request adds to a photograph whose own style is another one; None: nothing.

    Args:
        frame: draws a face by the generator.
        drawn: the face in the wanted style, at the view that is wanted and in the photograph's light.
        own: the photograph's own style.
        labels: (256, 256) uint8 regions of the wanted view.
        feather: width of the soft border in mask pixels.
    """
    from faceeditor.photo.face import Restyle
    from faceeditor.photo.fields import local_mean

    regions = restyled_regions(own, drawn.style)
    if not regions:
        return None
    new, old = (_floats(frame(request)) for request in (drawn, drawn.with_face(style=own)))
    weight = adjust.region_weight(labels, sorted(regions), feather, MASK_SIZE)
    inside = np.isin(labels, sorted(regions)).astype(np.float32)
    difference = local_mean(np.asarray(new - old, np.float32), inside, _EVEN)
    return Restyle(np.asarray(difference * weight[..., None], np.float32), Region.BACKGROUND in regions)


def _floats(frame: Frame) -> npt.NDArray[np.float32]:
    """(256, 256, 3) 0..1 of a frame."""
    pixels = frame.pixels.astype(np.float32) / np.float32(255)
    step = pixels.shape[0] // MASK_SIZE
    if step > 1:
        pixels = pixels.reshape(MASK_SIZE, step, MASK_SIZE, step, 3).mean((1, 3))
    return np.asarray(pixels, np.float32)
