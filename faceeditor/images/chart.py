"""Line charts as pictures: a frame with numbered axes, lines, and their names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]
Color = tuple[int, int, int]

COLORS: tuple[Color, ...] = (
    (31, 119, 180), (214, 100, 20), (44, 140, 60), (170, 40, 50), (120, 80, 170), (110, 80, 60),
)  # fmt: skip
"""Colours of lines, told apart by most people with a colour deficiency at this line width."""
_LEFT, _TOP, _RIGHT, _BOTTOM = 90, 50, 30, 80
_INK, _GRID = (30, 32, 36), (215, 217, 221)
_SMOOTH = 2
"""Charts are drawn this much larger and then reduced, as Pillow's lines have stairs."""


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a chart.

    Attributes:
        title: what it shows, with its unit.
        ticks: values that are marked and written.
        text: a tick's value in words.
        share: where a value lies, 0 at the axis' beginning and 1 at its end.
    """

    title: str
    ticks: Sequence[float]
    text: Callable[[float], str]
    share: Callable[[float], float]


def linear_axis(title: str, low: float, high: float) -> Axis:
    """An axis with five to ten round ticks that begins at or below `low` and ends at or above `high`."""
    span = max(high - low, 1e-9)
    unit = 10.0 ** np.floor(np.log10(span))
    step = unit * next(factor for factor in (0.1, 0.2, 0.5, 1.0) if span / (unit * factor) <= 10)
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    ticks = [float(n * step) for n in np.arange(first, last + 1)]
    digits = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    begin, end = ticks[0], ticks[-1]
    return Axis(title, ticks, lambda value: f"{value:,.{digits}f}", lambda value: (value - begin) / (end - begin))


class Chart:
    """A chart under way.

    Args:
        x, y: the axes.
        width, height: of the picture in pixels.
    """

    def __init__(self, x: Axis, y: Axis, width: int = 900, height: int = 820) -> None:
        self._x, self._y = x, y
        self._width, self._height = width, height
        self._image = Image.new("RGB", (width * _SMOOTH, height * _SMOOTH), "white")
        self._draw = ImageDraw.Draw(self._image)
        self._small, self._large = ImageFont.load_default(14 * _SMOOTH), ImageFont.load_default(18 * _SMOOTH)
        right, bottom = width - _RIGHT, height - _BOTTOM
        for value in x.ticks:
            at = self.point(value, y.ticks[0])[0]
            self._strokes([(at, _TOP), (at, bottom)], _GRID, 1)
            self._text((at, bottom + 8), x.text(value), _INK, self._small, "ma")
        for value in y.ticks:
            at = self.point(x.ticks[0], value)[1]
            self._strokes([(_LEFT, at), (right, at)], _GRID, 1)
            self._text((_LEFT - 8, at), y.text(value), _INK, self._small, "rm")
        corners = [(_LEFT, _TOP), (right, _TOP), (right, bottom), (_LEFT, bottom), (_LEFT, _TOP)]
        self._strokes(corners, _INK, 1)
        self._text(((_LEFT + right) / 2, height - 30), x.title, _INK, self._large, "mm")
        self._text((_LEFT, _TOP - 26), y.title, _INK, self._large, "lm")

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a pair of values lies in the picture, in pixels."""
        across, up = self._width - _LEFT - _RIGHT, self._height - _TOP - _BOTTOM
        return _LEFT + self._x.share(x) * across, self._height - _BOTTOM - self._y.share(y) * up

    def line(self, values: Sequence[tuple[float, float]], color: Color, width: int = 3) -> None:
        """A line through pairs of values; nothing where there are fewer than two."""
        if len(values) > 1:
            self._strokes([self.point(*pair) for pair in values], color, width)

    def dots(self, values: Sequence[tuple[float, float]], color: Color, radius: float = 4) -> None:
        """A dot at each pair of values."""
        for x, y in (self.point(*pair) for pair in values):
            box = (x - radius, y - radius, x + radius, y + radius)
            self._draw.ellipse([_SMOOTH * edge for edge in box], color)

    def legend(self, names: Sequence[tuple[str, Color]]) -> None:
        """Names in the colours of their lines, one below the other in the upper right corner."""
        for number, (name, color) in enumerate(names):
            self._text((self._width - _RIGHT - 18, _TOP + 20 + 24 * number), name, color, self._large, "rm")

    @property
    def pixels(self) -> Pixels:
        """The picture so far, (height, width, 3) uint8 sRGB."""
        return np.asarray(self._image.reduce(_SMOOTH), np.uint8)

    def _strokes(self, points: Sequence[tuple[float, float]], color: Color, width: int) -> None:
        self._draw.line([(x * _SMOOTH, y * _SMOOTH) for x, y in points], color, width * _SMOOTH, "curve")

    def _text(self, at: tuple[float, float], text: str, color: Color, font: Any, anchor: str) -> None:
        self._draw.text((at[0] * _SMOOTH, at[1] * _SMOOTH), text, color, font, anchor)
