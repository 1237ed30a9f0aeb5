"""Adjustments of pixels: colour that keeps its texture, smoothing and detail, light; each in regions with soft borders.

Colours are changed in OKLab (Ottosson, "A perceptual color space for image processing", 2020): lightness by a power,
which keeps black, white and the order of all tones, hue by a turn and saturation by a factor of the two colour axes.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.portrait.adjustments import Adjustment, ColourChange, DetailChange
from faceeditor.regions import MASK_SIZE, MaskArray, Region

FloatArray = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]], np.float32,
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]], np.float32,
)  # fmt: skip
_FROM_LAB, _FROM_LMS = np.linalg.inv(_TO_LAB).astype(np.float32), np.linalg.inv(_TO_LMS).astype(np.float32)
_LIGHTER = 1.2
"""Power of two of the tone curve's exponent at full lightness."""
_EXPONENTS = (0.3, 3.2)
"""Range of the tone curve's exponent where a colour is picked."""
_KEPT_LIGHT = 0.75
"""How far the lightness goes to that of a picked colour: a dark room stays dark."""
_EYES = (Region.L_EYE, Region.R_EYE)
_IRIS_OF_OPENING = 0.62
"""Radius of an iris over the height of an eye's opening."""
_LINEAR = (((np.arange(256) / 255 + 0.055) / 1.055) ** 2.4).astype(np.float32)
_LINEAR[:11] = np.arange(11, dtype=np.float32) / 255 / 12.92
_STEPS = 16384
_SCALE = np.arange(_STEPS + 1) / _STEPS
_ENCODED = np.rint(255 * np.where(_SCALE <= 0.0031308, _SCALE * 12.92, 1.055 * _SCALE ** (1 / 2.4) - 0.055)).astype(
    np.uint8
)
"""sRGB values of linear light in so many steps."""


def to_oklab(pixels: Pixels) -> FloatArray:
    """(H, W, 3) uint8 sRGB as OKLab: lightness 0..1, and the two colour axes."""
    return linear_to_oklab(_LINEAR[pixels])


def linear_to_oklab(light: FloatArray) -> FloatArray:
    """(H, W, 3) linear sRGB light as OKLab."""
    return np.asarray(cv2.transform(np.cbrt(cv2.transform(light, _TO_LMS)), _TO_LAB), np.float32)


def oklab_to_linear(lab: FloatArray) -> FloatArray:
    """The reverse of `linear_to_oklab`, not clipped."""
    lms = cv2.transform(lab, _FROM_LAB)
    return np.asarray(cv2.transform(lms * lms * lms, _FROM_LMS), np.float32)


def from_oklab(lab: FloatArray) -> Pixels:
    """The reverse of `to_oklab`; colours outside of sRGB are clipped."""
    linear = oklab_to_linear(lab)
    steps = np.clip(linear * np.float32(_STEPS) + np.float32(0.5), 0, _STEPS).astype(np.uint16)
    return np.asarray(_ENCODED[steps], np.uint8)


def region_weight(mask: MaskArray, regions: Sequence[int], feather: float, side: int) -> FloatArray:
    """How much each pixel belongs to regions.

    Args:
        mask: (256, 256) uint8.
        regions: numbers of regions.
        feather: width of the soft border in mask pixels.
        side: S, side of the picture.

    Returns:
        (S, S) float32, 0..1.
    """
    chosen = np.zeros(256, np.float32)
    chosen[list(regions)] = 1
    weight = chosen[mask]
    if weight.min() > 0 or weight.max() <= 0:
        return np.full((side, side), weight.flat[0], np.float32)
    if feather > 0:
        sigma = max(0.3, 0.5 * feather)
        weight = np.asarray(cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32)
    if side != mask.shape[0]:
        method = cv2.INTER_AREA if side < mask.shape[0] else cv2.INTER_LINEAR
        weight = np.asarray(cv2.resize(weight, (side, side), interpolation=method), np.float32)
    return np.asarray(weight, np.float32)


def iris_weight(lab: FloatArray, mask: MaskArray) -> FloatArray:
    """(S, S) float32: the irises inside the eyes of a picture, by their darkness beside the white of the eye.

    Args:
        lab: (S, S, 3) OKLab of the picture.
        mask: (256, 256) uint8 regions.
    """
    side = lab.shape[0]
    found = np.zeros((side, side), np.float32)
    lightness = cv2.GaussianBlur(lab[..., 0], (0, 0), max(0.6, side / 400))
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    for eye in _EYES:
        inside = region_weight(mask, [eye], 1.0, side)
        if inside.max() < 0.5:
            continue
        within = inside > 0.5
        low, high = np.percentile(lightness[within], (15, 92))
        dark = inside * np.clip((high - lightness) / max(high - low, 1e-3), 0, 1) ** 2
        total = dark.sum()
        if total <= 0:
            continue
        x, y = float((dark * columns).sum() / total), float((dark * rows).sum() / total)
        opening = float(within.sum(0).max())
        radius = max(_IRIS_OF_OPENING * opening, 1.5 * side / MASK_SIZE)
        distance = np.hypot(columns - x, rows - y)
        soft = max(1.0, 0.2 * radius)
        np.maximum(found, inside * np.clip((radius - distance) / soft + 0.5, 0, 1), out=found)
    return found


def mean_colour(lab: FloatArray, weight: FloatArray) -> FloatArray:
    """(3,) mean OKLab colour of a picture (H, W, 3) by weight (H, W)."""
    total = max(float(weight.sum()), 1e-6)
    return np.array([float((lab[..., plane] * weight).sum() / total) for plane in range(3)], np.float32)


def recoloured(lab: FloatArray, change: ColourChange, weight: FloatArray, mean: FloatArray | None = None) -> FloatArray:
    """A picture in other colours.

    Args:
        lab: (H, W, 3) OKLab.
        change: what is changed.
        weight: (H, W), where and how much.
        mean: (3,) the colour that becomes a picked one; None: the picture's own mean (`mean_colour`).

    Returns:
        (H, W, 3) OKLab.
    """
    light, a, b = lab[..., 0], lab[..., 1], lab[..., 2]
    if change.colour is not None:
        target = to_oklab(np.rint(np.asarray(change.colour, np.float32) * 255).astype(np.uint8)[None, None])[0, 0]
        mean = mean_colour(lab, weight) if mean is None else mean
        middle, wanted = np.clip((mean[0], target[0]), 0.02, 0.98)
        exponent = float(np.clip(np.log(wanted) / np.log(middle), *_EXPONENTS))
        exponent **= _KEPT_LIGHT
        # A tone's chroma is in proportion to its lightness: shadows and dim pictures stay less colourful.
        tone = np.clip(np.clip(light, 0, 1) ** np.float32(exponent) / max(float(target[0]), 1e-3), 0.2, 1.15)
        new_a = (a - mean[1]) + target[1] * tone
        new_b = (b - mean[2]) + target[2] * tone
    else:
        exponent = 2.0 ** (-_LIGHTER * change.lightness)
        angle = np.deg2rad(change.hue)
        turn, across = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        factor = np.float32(1 + change.saturation)
        new_a, new_b = factor * (turn * a - across * b), factor * (across * a + turn * b)
    new_light = np.clip(light, 0, 1) ** np.float32(exponent)
    changed = np.stack([new_light, new_a, new_b], -1)
    return np.asarray(lab + weight[..., None] * (changed - lab), np.float32)


def detailed(pixels: Pixels, amount: float, weight: FloatArray) -> Pixels:
    """A picture with weaker or stronger detail; edges stay where they are.

    Args:
        pixels: (S, S, 3) uint8 sRGB.
        amount: -1 smooths, 1 doubles the detail.
        weight: (S, S), where and how much.
    """
    side = pixels.shape[0]
    broad = cv2.bilateralFilter(pixels, 0, 32, max(1.0, 3.0 * side / MASK_SIZE)).astype(np.float32)
    detail = pixels.astype(np.float32) - broad
    made = broad + detail * (1 + np.float32(amount) * weight[..., None])
    return np.asarray(np.clip(np.rint(made), 0, 255), np.uint8)


def relit_in(pixels: Pixels, gain: FloatArray, weight: FloatArray) -> Pixels:
    """A picture under another light in a part of it.

    Args:
        pixels: (S, S, 3) uint8 sRGB.
        gain: (s, s, 3) float32 factors on sRGB values.
        weight: (S, S), where and how much.
    """
    side = pixels.shape[0]
    if gain.shape[0] != side:
        gain = np.asarray(cv2.resize(gain, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)
    factor = 1 + weight[..., None] * (gain - 1)
    return np.asarray(np.clip(np.rint(pixels * factor), 0, 255), np.uint8)


def adjusted(
    pixels: Pixels, mask: MaskArray, adjustments: Sequence[Adjustment], gains: Sequence[FloatArray | None]
) -> Pixels:
    """A drawn face after its adjustments, in order.

    Args:
        pixels: (S, S, 3) uint8 sRGB.
        mask: (256, 256) uint8, its regions as drawn.
        adjustments: those that change pixels (`pixel_adjustments`).
        gains: for each of them, what its light multiplies the picture by, or None.

    Returns:
        (S, S, 3) uint8; the picture itself where nothing is to be done.
    """
    side = pixels.shape[0]
    for adjustment, gain in zip(adjustments, gains, strict=True):
        settings = adjustment.settings
        weight = region_weight(mask, adjustment.region_list, adjustment.feather, side)
        weight = weight * np.float32(adjustment.strength)
        if isinstance(settings, ColourChange):
            if settings.iris:
                weight = iris_weight(to_oklab(pixels), mask) * np.float32(adjustment.strength)
            pixels = _recoloured_pixels(pixels, settings, weight)
        elif isinstance(settings, DetailChange):
            pixels = detailed(pixels, settings.amount, weight)
        elif gain is not None:
            pixels = relit_in(pixels, gain, weight)
    return pixels


def _recoloured_pixels(pixels: Pixels, change: ColourChange, weight: FloatArray) -> Pixels:
    """The picture in other colours; where nothing is wanted, not even rounding changes a pixel."""
    wanted = weight > 1 / 512
    rows, columns = np.flatnonzero(wanted.any(1)), np.flatnonzero(wanted.any(0))
    if not len(rows):
        return pixels
    area = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    made = from_oklab(recoloured(to_oklab(pixels[area]), change, weight[area]))
    out = pixels.copy()
    np.copyto(out[area], made, where=wanted[area][..., None])
    return out
