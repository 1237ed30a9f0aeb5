"""The detection error trade-off curve as a picture (Martin et al., "The DET curve in assessment of detection task
performance", 1997): false non-matches over false matches, both on normal deviate scales."""

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np

from faceeditor.identity.verification import Curve
from faceeditor.images.chart import COLORS, Axis, Chart, Pixels

_TICKS = (0.001, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99)
_RANGE = (0.0005, 0.995)
_DIAGONAL = (215, 217, 221)


def det_plot(curves: Mapping[str, Curve]) -> Pixels:
    """Draw curves by name.

    Returns:
        (820, 900, 3) uint8 sRGB.
    """
    chart = Chart(_axis("False match rate"), _axis("False non-match rate"))
    chart.line([(end, end) for end in _RANGE], _DIAGONAL, 2)
    names = [(name, COLORS[number % len(COLORS)]) for number, name in enumerate(curves)]
    for (_, color), curve in zip(names, curves.values(), strict=True):
        chart.line(_points(curve), color)
    chart.legend(names)
    return chart.pixels


def _axis(title: str) -> Axis:
    return Axis(title, _TICKS, lambda rate: f"{rate:.1%}", _deviate)


def _points(curve: Curve) -> Sequence[tuple[float, float]]:
    """At most a thousand points of a curve, as far as it lies inside of the axes."""
    low, high = _RANGE
    inside = (curve.false_match >= low) & (curve.false_non_match >= low)
    inside &= (curve.false_match <= high) & (curve.false_non_match <= high)
    there = np.flatnonzero(inside)
    chosen = there[np.unique(np.linspace(0, len(there) - 1, 1000).round().astype(int))] if len(there) else there
    return [(float(curve.false_match[i]), float(curve.false_non_match[i])) for i in chosen]


def _deviate(rate: float) -> float:
    """0..1 along an axis."""
    normal = NormalDist()
    low, high = (normal.inv_cdf(end) for end in _RANGE)
    return (normal.inv_cdf(min(max(float(rate), _RANGE[0]), _RANGE[1])) - low) / (high - low)
