"""The light of a photograph's head as a factor on linear light: the ratio of two shadings, with cast shadows.

As `head.relight`, which relights small generated pictures, but in linear light, smooth beyond the head's outline (the
matte cuts it off there), and with the shadows of the key lamp.
"""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.head.control_kinds import rig_of
from faceeditor.head.light import DARKEST, rig_to_gamma, shade
from faceeditor.head.maps import render_maps
from faceeditor.head.model import HeadModel
from faceeditor.head.shadows import key_visibility
from faceeditor.photo.fields import fill, smoothstep
from faceeditor.photo.placement import WIDE, widened
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import MASK_SIZE, MaskArray, Region

FloatArray = npt.NDArray[np.float32]

LEAST_RATIO, MOST_RATIO = np.float32(0.08), np.float32(5.0)
"""Bounds of the gain on linear light."""
_FLOOR = np.float32(0.04)
"""Shading below which a ratio says nothing."""
_MOST_TINT = np.float32(0.3)
"""Largest logarithm of a colour's gain beside that of the brightness."""
_SKIN = np.isin(
    np.arange(256),
    (
        Region.SKIN, Region.NOSE, Region.L_BROW, Region.R_BROW, Region.L_EAR, Region.R_EAR, Region.U_LIP, Region.L_LIP,
        Region.NECK, Region.GLASSES, Region.L_EYE, Region.R_EYE, Region.MOUTH,
    ),
)  # fmt: skip
_BLEND = 96.0
"""Mask pixels over which the light runs out at the border of the wide grid."""


def changes_light(base: HeadCoefficients, head: HeadCoefficients) -> bool:
    """Whether light or skin of a head differ from its base's."""
    return not (np.array_equal(base.gamma, head.gamma) and np.array_equal(base.albedo, head.albedo))


def light_gain(
    model: HeadModel,
    base: HeadCoefficients,
    head: HeadCoefficients,
    labels: MaskArray,
    shadows: float = 1.0,
    samples: int = 16,
    side: int = MASK_SIZE,
) -> FloatArray | None:
    """What the light and the skin of a head multiply linear light by.

    Args:
        model: the head model.
        base: the head as the photograph shows it: its light and skin.
        head: the head that is wanted, where it is wanted.
        labels: (256, 256) uint8 regions of the new view.
        shadows: how dark cast shadows are, 0 none .. 1 without any of the key's light.
        samples: places of the lamp (`head.shadows.key_visibility`).
        side: grid pixels along the square; 256, or a part of that while a hand moves.

    Returns:
        (N, N, 3) float32 on the wide grid, running out to 1 at its border; None if nothing changes.
    """
    if not changes_light(base, head):
        return None
    maps = render_maps(model, head.changed(gamma=base.gamma, albedo=base.albedo), side)
    labels = labels[:: MASK_SIZE // side, :: MASK_SIZE // side]
    normals = np.ascontiguousarray(maps.condition[6:9].transpose(1, 2, 0))
    after = shade(normals, head.gamma).astype(np.float32)
    if shadows > 0 and not np.array_equal(base.gamma, head.gamma):
        after = _shadowed(model, head, normals, after, shadows, samples)
    before = shade(normals, base.gamma).astype(np.float32)
    ratio = np.clip(np.maximum(after, _FLOOR) / np.maximum(before, _FLOOR), LEAST_RATIO, MOST_RATIO)
    facing = smoothstep(normals[..., 2], 0.12, 0.35)
    known = facing * cv2.erode(maps.coverage, np.ones((3, 3), np.uint8)) * _SKIN[labels]
    weight = widened(known.astype(np.float32), cv2.BORDER_CONSTANT)
    gain = fill(widened(_less_colour(np.log(ratio)), cv2.BORDER_CONSTANT), weight, finest=0)
    # Hair and cloth have other colours than skin: they take the brightness, and half of the tint.
    own = cv2.GaussianBlur(weight, (0, 0), 2.0 * side / MASK_SIZE)[..., None]
    grey = gain.mean(-1, keepdims=True)
    gain = grey + (0.5 + 0.5 * own) * (gain - grey)
    gain = cv2.GaussianBlur(gain, (0, 0), 1.0)
    gain *= _border_fade(gain.shape[0])[..., None]
    if not np.array_equal(base.albedo, head.albedo):
        gain += _tint(model, base, head, labels)
    return np.exp(gain).astype(np.float32)


def _less_colour(logarithm: FloatArray) -> FloatArray:
    """Logarithms of gains (H, W, 3) whose tint is bounded: in deep shade the ratio of one colour runs away."""
    grey = logarithm @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    tint = logarithm - grey[..., None]
    return np.asarray(grey[..., None] + _MOST_TINT * np.tanh(tint / _MOST_TINT), np.float32)


def _shadowed(
    model: HeadModel, head: HeadCoefficients, normals: FloatArray, shading: FloatArray, amount: float, samples: int
) -> FloatArray:
    """The shading (S, S, 3) without the key's light where the head itself stands in its way."""
    rig = rig_of(head)
    key = np.maximum(shade(normals, rig_to_gamma(replace(rig, fill=0.0, rim=0.0))), 0)
    visible = cv2.GaussianBlur(key_visibility(model, head, rig, normals.shape[0], samples), (0, 0), 0.8)
    dark = shading - np.float32(amount) * (1 - visible[..., None]) * key
    return np.asarray(np.maximum(dark, np.maximum(np.float32(DARKEST), 0.06 * shading)), np.float32)


def _tint(model: HeadModel, base: HeadCoefficients, head: HeadCoefficients, labels: MaskArray) -> FloatArray:
    """(N, N, 3) logarithm of the skin's own change of colour, in broad strokes and on skin only."""
    side = labels.shape[0]
    pale = [render_maps(model, head.changed(albedo=each.albedo), side) for each in (base, head)]
    colours = [np.maximum((each.condition[:3] + 1) / 2, 0.05) ** 2.2 for each in pale]
    change = np.log(colours[1] / colours[0]).transpose(1, 2, 0).astype(np.float32)
    skin = (_SKIN[labels] * (pale[0].coverage > 0.5)).astype(np.float32)
    scale = side / MASK_SIZE
    broad = cv2.GaussianBlur(change * skin[..., None], (0, 0), 8.0 * scale)
    total = cv2.GaussianBlur(skin, (0, 0), 8.0 * scale)
    soft = cv2.GaussianBlur(skin, (0, 0), 1.5 * scale)
    return widened(broad / np.maximum(total, 0.02)[..., None] * soft[..., None], cv2.BORDER_CONSTANT)


@cache
def _border_fade(side: int) -> FloatArray:
    """(N, N) 1 inside, running out to 0 at the border of the wide grid."""
    place = (np.arange(side) + 0.5) * (WIDE / side)
    edge = np.minimum(place, WIDE - place)
    line = smoothstep(edge, 2.0, _BLEND)
    return np.asarray(line[:, None] * line[None, :], np.float32)


def surroundings_gain(gain: FloatArray, amount: float) -> FloatArray | None:
    """The background's share of a change of light: its mean over the person, running out at the border.

    Args:
        gain: (N, N, 3) of `light_gain`.
        amount: 0 leaves the background as it is, 1 lights it as the head.

    Returns:
        (N, N, 3) float32; None where nothing changes.
    """
    if amount <= 0:
        return None
    side = gain.shape[0]
    broad = cv2.GaussianBlur(np.log(gain), (0, 0), 30.0 * side / WIDE)
    return np.exp(broad * np.float32(amount) * _border_fade(side)[..., None]).astype(np.float32)
