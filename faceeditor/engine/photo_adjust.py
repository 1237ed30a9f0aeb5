"""Adjustments of a face on its photograph: colour and detail in regions that have moved, light as a part of the gain.

Colours are changed as `engine.adjust` changes drawn faces, but in floats, so that 16 bits stay 16 bits.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.engine import adjust
from faceeditor.portrait.adjustments import (
    Adjustment,
    Adjustments,
    ColourChange,
    DetailChange,
    Settings,
    relit_head,
)
from faceeditor.regions import MASK_SIZE, Region

if TYPE_CHECKING:
    from faceeditor.photo.composite import Edit, Finish
    from faceeditor.photo.face import Plan

FloatArray = npt.NDArray[np.float32]

_DENSITY = 2
"""Grid pixels per mask pixel of the weights."""
_STRANDS = frozenset((Region.HAIR, Region.L_BROW, Region.R_BROW))
"""Regions whose outline a mask of 256 pixels cannot follow."""
_REACH, _SMOOTH = 10, np.float32(2e-3)
"""Mask pixels in which a weight looks for an outline, and what counts as one, in squares of 0..1."""


def with_adjustments(edit: "Edit", plan: "Plan", adjustments: Adjustments) -> "Edit":
    """An edit of a photograph with adjustments of pixels, in their order."""
    from faceeditor.photo.placement import inner, widened

    shown = np.asarray(inner(plan.shown()), np.uint8)
    finishes: list[Finish] = []
    gain = edit.gain
    for adjustment in adjustments:
        settings = adjustment.settings
        weight = _weight(adjustment, plan, shown)
        if not (weight > 0).any():
            continue
        wide = widened(weight, cv2.BORDER_CONSTANT)
        if isinstance(settings, ColourChange):
            finishes.append(_colour(settings, wide, shown, weight, _on_person(adjustment.region_list)))
        elif isinstance(settings, DetailChange):
            finishes.append(_detail(settings.amount, wide, plan))
        else:
            gain = _with_light(gain, settings, wide, plan)
    return replace(edit, finishes=tuple(finishes), gain=gain)


def _weight(adjustment: Adjustment, plan: "Plan", shown: npt.NDArray[np.uint8]) -> FloatArray:
    """(S, S) how far each place of the square takes an adjustment, S = 512."""
    side = MASK_SIZE * _DENSITY
    settings = adjustment.settings
    if isinstance(settings, ColourChange) and settings.iris:
        large = np.asarray(cv2.resize(shown, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
        weight = adjust.iris_weight(adjust.to_oklab(large), plan.labels)
    else:
        weight = adjust.region_weight(plan.labels, adjustment.region_list, adjustment.feather, side)
        if isinstance(settings, ColourChange) and _STRANDS & set(adjustment.region_list):
            weight = _to_strands(weight, shown)
    return np.asarray(weight * np.float32(adjustment.strength), np.float32)


def _on_person(regions: Sequence[int]) -> bool | None:
    """Whether regions belong to the person; None for those of both person and background."""
    if Region.BACKGROUND not in regions:
        return True
    return False if len(regions) == 1 else None


def _to_strands(weight: FloatArray, shown: npt.NDArray[np.uint8]) -> FloatArray:
    """A weight (S, S) that follows the tones of a picture (256, 256, 3) where a region begins: a guided filter.

    He et al., "Guided Image Filtering" (2013), equations 5 and 6, on the lightness, a pixel of the mask at a time.
    """
    size = (2 * _REACH + 1, 2 * _REACH + 1)
    tone = cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255)
    rough = np.asarray(cv2.resize(weight, shown.shape[1::-1], interpolation=cv2.INTER_AREA), np.float32)
    middle, level = cv2.blur(tone, size), cv2.blur(rough, size)
    slope = (cv2.blur(tone * rough, size) - middle * level) / (cv2.blur(tone * tone, size) - middle**2 + _SMOOTH)
    offset = level - slope * middle
    fine = np.clip(cv2.blur(slope, size) * tone + cv2.blur(offset, size), 0, 1).astype(np.float32)
    return np.asarray(cv2.resize(fine, weight.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _colour(
    change: ColourChange, wide: FloatArray, shown: npt.NDArray[np.uint8], weight: FloatArray, person: bool | None
) -> "Finish":
    from faceeditor.photo.composite import Finish

    small = np.asarray(cv2.resize(weight, shown.shape[1::-1], interpolation=cv2.INTER_AREA), np.float32)
    mean = adjust.mean_colour(adjust.to_oklab(shown), small)

    def apply(values: FloatArray, share: FloatArray) -> FloatArray:
        return _from_oklab(adjust.recoloured(_to_oklab(values), change, share, mean))

    return Finish(wide, apply, person=person)


def _detail(amount: float, wide: FloatArray, plan: "Plan") -> "Finish":
    from faceeditor.photo.composite import Finish

    shown = plan.shown()
    broad = cv2.bilateralFilter(shown, 0, 32, 3.0).astype(np.float32) / np.float32(255)
    apply: Callable[[FloatArray, FloatArray], FloatArray] = lambda detail, share: np.asarray(  # noqa: E731
        detail * (np.float32(amount) * share[..., None]), np.float32
    )
    return Finish(wide, apply, broad)


def _with_light(gain: FloatArray | None, settings: Settings, wide: FloatArray, plan: "Plan") -> FloatArray | None:
    """The gain with another light or skin in a part of it."""
    from faceeditor.head.model import HeadModel
    from faceeditor.photo.light import light_gain

    read = plan.face.head
    lit = relit_head(plan.head, settings)
    if lit is None:
        return gain
    options = plan.options
    other = light_gain(
        HeadModel.load(), read, lit, plan.labels, options.shadows, options.lamp_samples, options.light_side
    )
    if other is None:
        return gain
    share = cv2.resize(wide, other.shape[1::-1], interpolation=cv2.INTER_AREA)[..., None]
    have = np.ones_like(other) if gain is None else gain
    return np.asarray(np.exp(np.log(have) + share * (np.log(other) - np.log(have))), np.float32)


def _to_oklab(values: FloatArray) -> FloatArray:
    """Encoded values (h, w, 3) 0..1 as OKLab."""
    from faceeditor.photo.tone import to_linear

    return adjust.linear_to_oklab(to_linear(values))


def _from_oklab(lab: FloatArray) -> FloatArray:
    from faceeditor.photo.tone import to_encoded

    return to_encoded(np.clip(adjust.oklab_to_linear(lab), 0, 1))
