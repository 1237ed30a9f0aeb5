"""The detection error trade-off curve as a picture (Martin et al., "The DET curve in assessment of detection task
performance", 1997): false non-matches over false matches, both on normal deviate scales."""

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from faceeditor.identity.verification import Curve

Pixels = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 900, 820
_LEFT, _TOP, _RIGHT, _BOTTOM = 90, 50, 30, 80
_TICKS = (0.001, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99)
_RANGE = (0.0005, 0.995)
_COLOURS = ((31, 119, 180), (214, 100, 20), (44, 140, 60), (170, 40, 50), (120, 80, 170), (110, 80, 60))
_INK, _LINE = (30, 32, 36), (215, 217, 221)


def det_plot(curves: Mapping[str, Curve]) -> Pixels:
    """Draw curves by name.

    Returns:
        (820, 900, 3) uint8 sRGB.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    small, large = ImageFont.load_default(14), ImageFont.load_default(18)
    for rate in _TICKS:
        x, y = _x(rate), _y(rate)
        draw.line([(x, _TOP), (x, HEIGHT - _BOTTOM)], _LINE)
        draw.line([(_LEFT, y), (WIDTH - _RIGHT, y)], _LINE)
        draw.text((x, HEIGHT - _BOTTOM + 8), f"{rate:.1%}", _INK, small, "ma")
        draw.text((_LEFT - 8, y), f"{rate:.1%}", _INK, small, "rm")
    draw.rectangle([_LEFT, _TOP, WIDTH - _RIGHT, HEIGHT - _BOTTOM], outline=_INK)
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    draw.text((middle, HEIGHT - 30), "False match rate", _INK, large, "mm")
    draw.text((_LEFT, _TOP - 26), "False non-match rate", _INK, large, "lm")
    draw.line([(_x(_RANGE[0]), _y(_RANGE[0])), (_x(_RANGE[1]), _y(_RANGE[1]))], _LINE, 2)
    for number, (name, curve) in enumerate(curves.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = _points(curve)
        if len(points) > 1:
            draw.line(points, colour, 3, "curve")
        place = (WIDTH - _RIGHT - 18, _TOP + 20 + 24 * number)
        draw.text(place, name, colour, large, "rm")
    return np.asarray(image, np.uint8)


def _points(curve: Curve) -> Sequence[tuple[float, float]]:
    """At most a thousand places of a curve, as far as it lies inside of the axes."""
    low, high = _RANGE
    inside = (curve.false_match >= low) & (curve.false_non_match >= low)
    inside &= (curve.false_match <= high) & (curve.false_non_match <= high)
    there = np.flatnonzero(inside)
    chosen = there[np.unique(np.linspace(0, len(there) - 1, 1000).round().astype(int))] if len(there) else there
    return [(_x(curve.false_match[i]), _y(curve.false_non_match[i])) for i in chosen]


def _deviate(rate: float) -> float:
    """0..1 along an axis."""
    normal = NormalDist()
    low, high = (normal.inv_cdf(end) for end in _RANGE)
    return (normal.inv_cdf(min(max(float(rate), _RANGE[0]), _RANGE[1])) - low) / (high - low)


def _x(rate: float) -> float:
    return _LEFT + _deviate(rate) * (WIDTH - _LEFT - _RIGHT)


def _y(rate: float) -> float:
    return HEIGHT - _BOTTOM - _deviate(rate) * (HEIGHT - _TOP - _BOTTOM)
