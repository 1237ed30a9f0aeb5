"""How photographs are lit, coloured and shaved, for random styles: even light, colours and beards that people have.

Few photographs have coloured light or dyed hair, but a Gaussian fitted to all of them alike turns the few into green
faces and pink hair in every eighth draw. What is unusual is read off the photographs themselves: the residuals of a
robust regression on lightness (dark and fair skin are equally usual), with the weights of Student's t distribution.
"""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.regions import MaskArray, Region
from faceeditor.training.data import FaceSet
from faceeditor.training.labels import mirrored_gamma

Floats = npt.NDArray[np.float32]

_FREEDOM = 3.0
"""Degrees of freedom of the t distribution: the lower, the less unusual photographs count."""
_ROUNDS = 20
_MIDDLE_LIGHTNESS = 50.0
_ENOUGH = 300
"""Pixels from which a region's colour can be told."""
_FEW = 20
"""Pixels from which the shadow of a beard can be told."""
_MOUTH = (int(Region.U_LIP), int(Region.MOUTH), int(Region.L_LIP))
_COLOURED = ((Region.SKIN, Region.NOSE), (Region.HAIR,))


class Light(NamedTuple):
    """The fitted light of photographs: gamma (N, 9, 3) spherical harmonics, good (N,) bool which can be trusted."""

    gamma: Floats
    good: npt.NDArray[np.bool_]


class Appearance(NamedTuple):
    """Of N photographs, then their N mirror images.

    weights: (2 N,) in 0..1, how usual their light and the colours of skin and hair are. light: (2 N, 17) direction,
    contrast and colour of the light where skin of any tone is compared with its like, each of spread 1 and 0 where the
    light is not known; None if it is known of none. beard: (2 N, 2) how much darker the skin is above the lips and on
    the chin than on the cheeks, of mean 0 and spread 1.
    """

    weights: Floats
    light: Floats | None
    beard: Floats


def appearance(faces: FaceSet, light: Light | None) -> Appearance:
    """Measure photographs; light: that of their fitted heads, or None."""
    colours = np.stack([region_colours(*pair) for pair in zip(faces.pictures, faces.masks, strict=True)])
    skin = np.nan_to_num(colours[:, 0, 0], nan=_MIDDLE_LIGHTNESS)
    weights = np.ones(len(faces), np.float32)
    for region in range(len(_COLOURED)):
        known = np.isfinite(colours[:, region, 0])
        weights[known] *= compared(colours[known, region, 1:], colours[known, region, 0])[1]
    shadows = np.stack([beard_shadow(*pair) for pair in zip(faces.pictures, faces.masks, strict=True)])
    weights, beard = np.tile(weights, 2), np.tile(_standardised(shadows), (2, 1))
    if light is None or not light.good.any():
        return Appearance(weights, None, beard)
    both = np.concatenate([light.gamma, mirrored_gamma(light.gamma)])
    good, values = np.tile(light.good, 2), light_values(both)
    told = np.zeros_like(values)
    told[good], usual = compared(values[good], np.tile(skin, 2)[good])
    weights[good] *= usual
    weights[~good] *= 0.5 * np.median(usual)
    return Appearance(weights, told, beard)


def region_colours(picture: npt.NDArray[np.uint8], mask: MaskArray) -> Floats:
    """Median CIELAB of skin and of hair, (2, 3); NaN where too little of it is seen.

    Args:
        picture: (256, 256, 3) uint8 sRGB; mask: (256, 256) uint8.
    """
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    result = np.full((len(_COLOURED), 3), np.nan, np.float32)
    for row, regions in enumerate(_COLOURED):
        inside = np.isin(mask, [int(region) for region in regions]).astype(np.uint8)
        pixels = lab[cv2.erode(inside, np.ones((5, 5), np.uint8)) > 0]
        if len(pixels) >= _ENOUGH:
            result[row] = np.median(pixels, 0)
    return result


def beard_shadow(picture: npt.NDArray[np.uint8], mask: MaskArray) -> Floats:
    """How much darker the skin is above the lips and on the chin than on the cheeks, (2,) in CIELAB's L; NaN if unseen.

    Args:
        picture: (256, 256, 3) uint8 sRGB; mask: (256, 256) uint8.
    """
    rows, columns = np.nonzero(np.isin(mask, _MOUTH))
    if len(rows) < _ENOUGH // 4:
        return np.full(2, np.nan, np.float32)
    top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
    width = right - left
    everywhere = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 0]
    lightness: Floats = np.where(mask == Region.SKIN, everywhere, np.nan).astype(np.float32)

    def seen(y: float, y_end: float, x: float, x_end: float) -> Floats:
        field = lightness[max(0, round(y)) : max(0, round(y_end)), max(0, round(x)) : max(0, round(x_end))]
        return field[np.isfinite(field)]

    above = seen(top - 0.22 * width, top, left + 0.1 * width, right - 0.1 * width)
    chin = seen(bottom + 0.2 * width, bottom + 0.5 * width, left + 0.2 * width, right - 0.2 * width)
    beside = (top - 0.6 * width, top - 0.1 * width)
    cheeks = [seen(*beside, left - 0.45 * width, left), seen(*beside, right, right + 0.45 * width)]
    if min(len(above), len(chin), sum(map(len, cheeks))) < _FEW:
        return np.full(2, np.nan, np.float32)
    usual = np.median(np.concatenate(cheeks))
    return np.array([usual - np.median(above), usual - np.median(chin)], np.float32)


def light_values(gamma: Floats) -> Floats:
    """Direction, contrast and colour of light by (N, 9, 3) harmonics, as (N, 17) ratios that no skin's tone changes.

    The luminance of the eight bands; red and blue of the constant and of the three linear bands; and how far the light
    is from the mean one (log).
    """
    luminance = gamma.mean(2)
    level = np.maximum(np.abs(luminance[:, :1]), 1e-3)
    bands = luminance[:, 1:] / level
    tint = (gamma - luminance[:, :, None])[:, :4, ::2] / level[:, :, None]
    contrast = np.log(np.linalg.norm(bands - bands.mean(0), axis=1, keepdims=True) + 1e-3)
    return np.concatenate([bands, tint.reshape(len(gamma), -1), contrast], 1).astype(np.float32)


def _standardised(values: Floats) -> Floats:
    """(N, F) with mean 0 and spread 1 of every column; what is NaN becomes 0."""
    known = np.isfinite(values).all(1)
    result: Floats = np.zeros_like(values)
    if known.any():
        result[known] = (values[known] - values[known].mean(0)) / (values[known].std(0) + 1e-6)
    return result


def compared(values: Floats, lightness: Floats) -> tuple[Floats, Floats]:
    """Compare photographs with those of the same lightness: a t distribution around a parabola, by weighted rounds.

    Args:
        values: (N, F); lightness: (N,) CIELAB's L, 0..100.

    Returns:
        Residuals (N, F), each of spread 1; and weights (N,) in 0..1 that fall where all of them together are unusual.
    """
    x = lightness.astype(np.float64) / _MIDDLE_LIGHTNESS - 1
    design, y = np.stack([np.ones_like(x), x, x**2], 1), values.astype(np.float64)
    scale = y.std(0) + 1e-6
    y, weights, size = y / scale, np.ones(len(x)), y.shape[1]
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)[:, None]
        rest = y - design @ np.linalg.lstsq(root * design, root * y, rcond=None)[0]
        scatter = (weights[:, None] * rest).T @ rest / len(x) + 1e-6 * np.eye(size)
        squared = (rest * np.linalg.solve(scatter, rest.T).T).sum(1)
        weights = (_FREEDOM + size) / (_FREEDOM + squared)
    return (rest / (rest.std(0) + 1e-6)).astype(np.float32), np.minimum(weights, 1).astype(np.float32)
