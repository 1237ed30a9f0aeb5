"""The stages between a request and its pixels, in order, with the parts of the state that each of them reads.

A pose slider touches nothing before the moved mask; a light slider runs no network; an adjustment runs nothing but
itself.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from faceeditor.engine.head_stage import HeadTools
from faceeditor.engine.mask_morph import mixed_masks
from faceeditor.engine.pipeline import Stage
from faceeditor.engine.requests import Morph, Output, RenderRequest
from faceeditor.head.relight import relighting_gain, relit, with_light_from
from faceeditor.portrait.adjustments import Adjustments, adjusted_style, pixel_adjustments, relit_head
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import CombStroke
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MASK_SIZE, MaskArray

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]


class Resources(HeadTools, Protocol):
    """What the stages work with. `move` and `maps` may be called at the same time by two threads."""

    def mean_style(self) -> StyleCode:
        """The average style, which truncation draws towards."""

    def draw(
        self, mask: MaskArray, style: StyleCode, side: int, maps: FloatArray | None, hair: FloatArray | None
    ) -> Pixels:
        """The generator's face, (side, side, 3) uint8 sRGB."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """A head as something that moves masks: heads that differ in light and skin only have the same key."""

    head: HeadCoefficients

    @property
    def key(self) -> bytes:
        """Hash of the parts that move a mask."""
        return self.head.geometry_key


@dataclass(frozen=True, eq=False)
class DrawnRequest:
    """A request and the tier that was chosen for it."""

    request: RenderRequest
    side: int


def _geometry(head: HeadCoefficients | None) -> Geometry | None:
    return None if head is None else Geometry(head)


def _base_light(request: RenderRequest) -> HeadCoefficients | None:
    """The head whose light and skin the request's style shows."""
    base, morph = request.base_head, request.morph
    if base is None or morph is None or morph.base_head is None:
        return base
    return base.blend(morph.base_head, morph.share)


READERS = {
    "mask": lambda drawn: drawn.request.mask,
    "base geometry": lambda drawn: _geometry(drawn.request.base_head),
    "head geometry": lambda drawn: _geometry(drawn.request.head),
    "morph": lambda drawn: drawn.request.morph,
    "head": lambda drawn: drawn.request.head,
    "base light": lambda drawn: _base_light(drawn.request),
    "style": lambda drawn: drawn.request.style,
    "truncation": lambda drawn: drawn.request.truncation,
    "shown head": lambda drawn: drawn.request.face.shown_head if drawn.request.show_head else None,
    "adjustments": lambda drawn: drawn.request.face.adjustments,
    "face head": lambda drawn: drawn.request.face.shown_head,
    "comb": lambda drawn: drawn.request.face.comb,
    "tier": lambda drawn: drawn.side,
    "output": lambda drawn: drawn.request.output,
}
"""Parts of a `DrawnRequest` by the names that stages use."""


def moved_mask(resources: Resources, mask: MaskArray, base: Geometry | None, head: Geometry | None) -> MaskArray:
    """The painted mask where the head is."""
    if base is None or head is None or base.key == head.key:
        return mask
    return _frozen(resources.move(mask, base.head, head.head))


def morphed_mask(resources: Resources, morph: Morph | None, head: Geometry | None, mask: MaskArray) -> MaskArray:
    """The moved mask on its way to the one of a morph."""
    if morph is None or morph.share <= 0:
        return mask
    target = _geometry(morph.head) if morph.head is not None else head
    other = moved_mask(resources, morph.mask, _geometry(morph.base_head), target)
    return _frozen(mixed_masks(mask, other, morph.share))


def unlit_head(
    resources: Resources, head: HeadCoefficients | None, base: HeadCoefficients | None
) -> HeadCoefficients | None:
    """The head under the light and skin of the base, which the style code shows and the generator draws."""
    return head if head is None or base is None else with_light_from(head, base)


def head_maps(resources: Resources, head: HeadCoefficients | None) -> FloatArray | None:
    """Condition maps of a head."""
    return None if head is None else _frozen(resources.maps(head))


def lit_maps(resources: Resources, head: HeadCoefficients | None, unlit: HeadCoefficients | None) -> FloatArray | None:
    """Condition maps of the head in its own light; None where that is the base's."""
    return None if head is None or unlit is None or head.key == unlit.key else _frozen(resources.maps(head))


def light_gain(
    resources: Resources, mask: MaskArray, maps: FloatArray | None, lit: FloatArray | None
) -> FloatArray | None:
    """What relights the drawn picture, (128, 128, 3) float32; None where nothing does."""
    if maps is None or lit is None:
        return None
    step = MASK_SIZE // maps.shape[-1]
    return _frozen(relighting_gain(maps, lit, mask[::step, ::step]))


def drawn_style(resources: Resources, style: StyleCode, truncation: float, adjustments: Adjustments) -> StyleCode:
    """The style after truncation, with the looks of regions of the adjustments."""
    truncated = style if truncation == 1.0 else style.truncated(resources.mean_style(), truncation)
    return adjusted_style(truncated, adjustments)


def moved_comb(
    resources: Resources,
    comb: tuple[CombStroke, ...],
    base: Geometry | None,
    head: Geometry | None,
    mask: MaskArray,
) -> tuple[CombStroke, ...]:
    """The comb strokes where the head is; they are drawn over the painted mask and move with the hair."""
    if not comb or base is None or head is None or base.key == head.key:
        return comb
    points = np.concatenate([stroke.points for stroke in comb])
    moved = resources.look_up_points(head.head, base.head, mask, points)
    parts = np.split(moved, np.cumsum([len(stroke.points) for stroke in comb])[:-1])
    return tuple(CombStroke(part, stroke.width) for part, stroke in zip(parts, comb, strict=True))


def hair_planes(resources: Resources, comb: tuple[CombStroke, ...], mask: MaskArray) -> FloatArray | None:
    """The direction of combed hair, (3, 128, 128) float32; None where no stroke says anything."""
    if not comb:
        return None
    from faceeditor.portrait.guides import hair_direction

    return _frozen(hair_direction(mask, comb))


def drawn_face(
    resources: Resources,
    side: int,
    mask: MaskArray,
    style: StyleCode,
    maps: FloatArray | None,
    hair: FloatArray | None,
) -> Pixels:
    """What the generator draws."""
    return _frozen(resources.draw(mask, style, side, maps, hair))


def lit_face(resources: Resources, face: Pixels, gain: FloatArray | None) -> Pixels:
    """The drawn face under the head's own light and with its own skin."""
    return _frozen(relit(face, gain))


def adjustment_gains(
    resources: Resources, adjustments: Adjustments, head: HeadCoefficients | None, mask: MaskArray
) -> tuple[FloatArray | None, ...]:
    """For each adjustment of light or skin the gain from the present ones to its own; None for the others."""
    gains: list[FloatArray | None] = []
    before: FloatArray | None = None
    for adjustment in pixel_adjustments(adjustments):
        lit = None if head is None else relit_head(head, adjustment.settings)
        if head is None or lit is None:
            gains.append(None)
            continue
        before = resources.maps(head) if before is None else before
        after = resources.maps(lit)
        step = MASK_SIZE // after.shape[-1]
        gains.append(_frozen(relighting_gain(before, after, mask[::step, ::step])))
    return tuple(gains)


def adjusted_face(
    resources: Resources,
    adjustments: Adjustments,
    face: Pixels,
    mask: MaskArray,
    gains: tuple[FloatArray | None, ...],
) -> Pixels:
    """The face after the adjustments of its pixels."""
    wanted = pixel_adjustments(adjustments)
    if not wanted:
        return face
    from faceeditor.engine.adjust import adjusted

    return _frozen(adjusted(face, mask, wanted, gains))


def framed_face(resources: Resources, output: Output, face: Pixels) -> Pixels:
    """The part of the face that is wanted, at its size."""
    return _frozen(framed(face, output))


def head_picture(resources: Resources, head: HeadCoefficients | None) -> Pixels | None:
    """The plain rendering of the head where it was asked for."""
    return None if head is None else _frozen(resources.picture(head))


STAGES = (
    Stage("moved mask", ("mask", "base geometry", "head geometry"), (), moved_mask, for_jobs=True),
    Stage("outlines", ("morph", "head geometry"), ("moved mask",), morphed_mask, for_jobs=True),
    Stage("unlit head", ("head", "base light"), (), unlit_head, remembered=False),
    Stage("maps", (), ("unlit head",), head_maps, for_jobs=True),
    Stage("lit maps", ("head",), ("unlit head",), lit_maps, for_jobs=True),
    Stage("gain", (), ("outlines", "maps", "lit maps"), light_gain, for_jobs=True),
    Stage("drawn style", ("style", "truncation", "adjustments"), (), drawn_style, for_jobs=True),
    Stage("moved comb", ("comb", "base geometry", "head geometry"), ("moved mask",), moved_comb, for_jobs=True),
    Stage("hair", (), ("moved comb", "outlines"), hair_planes, for_jobs=True),
    Stage("drawn", ("tier",), ("outlines", "drawn style", "maps", "hair"), drawn_face),
    Stage("lit", (), ("drawn", "gain"), lit_face),
    Stage("adjustment gains", ("adjustments", "face head"), ("outlines",), adjustment_gains),
    Stage("adjusted", ("adjustments",), ("lit", "outlines", "adjustment gains"), adjusted_face),
    Stage("output", ("output",), ("adjusted",), framed_face),
    Stage("head picture", ("shown head",), (), head_picture, for_jobs=True),
)
"""The stages in order."""

DEVICE_STAGES = ("drawn", "lit", "adjusted", "output")
"""The stages whose values another device would make differently."""


def framed(pixels: Pixels, output: Output) -> Pixels:
    """A drawn face as an output wants it: cut, and brought to its size (area means to reduce, cubic to enlarge).

    Args:
        pixels: (S, S, 3) uint8 sRGB, the whole face.
        output: which part of it, in pixels of a face of `MASK_SIZE`.

    Returns:
        (h, w, 3) uint8; the picture itself where nothing is to be done.
    """
    width, height = output.size(MASK_SIZE, MASK_SIZE)
    side = pixels.shape[0]
    if output.rect is None and width == height == side:
        return pixels
    import cv2

    if output.rect is None:
        method = cv2.INTER_AREA if width < side else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8)
    left, top, across, down = (number * side / MASK_SIZE for number in output.rect)
    step_x, step_y = across / width, down / height
    # Pixel i of the output has its centre at i + 0.5; OpenCV counts centres from 0.
    matrix = np.array([[step_x, 0, left + step_x / 2 - 0.5], [0, step_y, top + step_y / 2 - 0.5]])
    if max(step_x, step_y) > 1:
        smoothed = cv2.GaussianBlur(pixels, (0, 0), 0.4 * step_x, sigmaY=0.4 * step_y)
        pixels = np.asarray(smoothed, np.uint8)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def average_style() -> StyleCode:
    """The average of the program's own style prior."""
    from faceeditor.generators.style_prior import StylePrior

    return StylePrior.load().mean


def _frozen(array: Any) -> Any:
    """The array, read-only."""
    array.flags.writeable = False
    return array
