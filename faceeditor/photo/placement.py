"""Where the square of a face lies in a picture, and the wide grid around it on which fields of an edit are held.

Three systems of coordinates, all of positions (the centre of the first pixel is 0.5, 0.5):

* mask pixels: 0..256 along both sides of the aligned square (`align.Square`);
* grid pixels: a square grid with `MARGIN` mask pixels more on every side, at any number of grid pixels per mask pixel;
* picture pixels.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.photo.align import Square
from faceeditor.regions import MASK_SIZE

FloatArray = npt.NDArray[np.float32]

MARGIN = 96
"""Mask pixels by which the wide grid reaches beyond the square on every side."""
WIDE = MASK_SIZE + 2 * MARGIN
"""Side of the wide grid in mask pixels."""


class Rect(NamedTuple):
    """A rectangle of whole pixels: left, top, right, bottom; right and bottom are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the rectangle in an array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def within(self, width: int, height: int) -> "Rect":
        """The part inside of a picture; it may be empty."""
        left, top = min(max(self.left, 0), width), min(max(self.top, 0), height)
        return Rect(left, top, min(max(self.right, left), width), min(max(self.bottom, top), height))

    def common(self, other: "Rect") -> "Rect":
        """What both cover; of no width or height where they do not meet."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Rect(left, top, max(left, min(self.right, other.right)), max(top, min(self.bottom, other.bottom)))

    def joined(self, other: "Rect") -> "Rect":
        """The smallest rectangle that covers both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Rect(left, top, max(self.right, other.right), max(self.bottom, other.bottom))

    def moved(self, across: int, down: int) -> "Rect":
        """The rectangle shifted by so many pixels."""
        return Rect(self.left + across, self.top + down, self.right + across, self.bottom + down)


@dataclass(frozen=True, eq=False)
class Placement:
    """The square of a face in a picture.

    Attributes:
        matrix: (2, 3) float64, mask pixels -> picture pixels: a similarity.
    """

    matrix: npt.NDArray[np.float64]

    @classmethod
    def of(cls, square: Square) -> "Placement":
        """The placement of an aligned square."""
        right = square.half / (MASK_SIZE / 2)
        down = np.array([-right[1], right[0]])
        corner = square.centre - MASK_SIZE / 2 * (right + down)
        return cls(np.stack([right, down, corner], 1))

    @property
    def unit(self) -> float:
        """Picture pixels per mask pixel."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))

    def scaled(self, factor: float) -> "Placement":
        """The placement in the same picture, enlarged by the factor."""
        return Placement(self.matrix * factor)

    def moved(self, left: float, top: float) -> "Placement":
        """The placement in a part of the picture that begins at (left, top)."""
        return Placement(self.matrix - np.array([[0, 0, left], [0, 0, top]]))

    def bounds(self, width: int, height: int) -> Rect:
        """The picture's part (width x height) that the wide grid covers."""
        low, high = -MARGIN, MASK_SIZE + MARGIN
        corners = np.array([(low, low), (high, low), (high, high), (low, high)], np.float64)
        points = corners @ self.matrix[:, :2].T + self.matrix[:, 2]
        left, top = np.floor(points.min(0)).astype(int)
        right, bottom = np.ceil(points.max(0)).astype(int)
        return Rect(int(left), int(top), int(right), int(bottom)).within(width, height)

    def grid_matrix(self, density: float) -> npt.NDArray[np.float64]:
        """(2, 3) pixel indices of a picture -> pixel indices of a grid with `density` pixels per mask pixel."""
        inverse = np.linalg.inv(self.matrix[:, :2])
        offset = inverse @ (0.5 - self.matrix[:, 2]) + MARGIN
        return np.concatenate([inverse * density, (offset * density - 0.5)[:, None]], 1)

    def to_picture(self, grid: npt.NDArray[Any], rect: Rect, interpolation: int = cv2.INTER_LINEAR) -> npt.NDArray[Any]:
        """Sample an array on the wide grid at the pixels of a picture's rectangle.

        Args:
            grid: (N, N) or (N, N, C); its last values go on beyond its border.
            rect: what to sample.
            interpolation: of OpenCV.

        Returns:
            (height, width) or (height, width, C) of the same type.
        """
        matrix = self.moved(rect.left, rect.top).grid_matrix(grid.shape[0] / WIDE)
        flags = interpolation | cv2.WARP_INVERSE_MAP
        size = (rect.width, rect.height)
        return np.asarray(cv2.warpAffine(grid, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))

    def to_grid(self, picture: npt.NDArray[Any], density: float) -> npt.NDArray[Any]:
        """A picture (H, W) or (H, W, C) on the wide grid, area-filtered; its border is repeated beyond it."""
        side = round(WIDE * density)
        height, width = picture.shape[:2]
        rect = self.bounds(width, height)
        part = picture[rect.slices]
        placement = self.moved(rect.left, rect.top)
        factor = min(1.0, 2 * density / self.unit)
        if factor < 1.0 and min(part.shape[:2]) * factor >= 1:
            size = max(1, round(part.shape[1] * factor)), max(1, round(part.shape[0] * factor))
            scale = np.array([size[0] / part.shape[1], size[1] / part.shape[0]])
            part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
            placement = Placement(placement.matrix * scale[:, None])
        # At most two picture pixels per grid pixel are left: twice as fine a grid, halved, needs no other filter.
        fine = 2 if placement.unit > 1.25 * density else 1
        matrix = placement.grid_matrix(density * fine)
        size = (side * fine, side * fine)
        out = cv2.warpAffine(part, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if fine > 1:
            out = cv2.resize(out, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(out)


def widened(square_values: npt.NDArray[Any], border: int = cv2.BORDER_REPLICATE) -> npt.NDArray[Any]:
    """An array of the square (S, S, ...) on the wide grid of the same density, its border repeated or zero."""
    margin = round(MARGIN * square_values.shape[0] / MASK_SIZE)
    return np.asarray(cv2.copyMakeBorder(square_values, margin, margin, margin, margin, border, value=0))


def inner(grid: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The square's part of an array on the wide grid, a view."""
    margin = round(MARGIN * grid.shape[0] / WIDE)
    return grid[margin : grid.shape[0] - margin, margin : grid.shape[1] - margin]
