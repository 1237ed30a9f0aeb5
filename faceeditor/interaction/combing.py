"""A stroke of the comb, free of Qt: gathered while the pen moves, one undo step when it is committed."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from faceeditor.portrait.document import Portrait, SetComb
from faceeditor.portrait.state import MAX_COMB_POINTS, MAX_COMB_WIDTH, MIN_COMB_WIDTH, CombStroke

Point = tuple[float, float]
FloatArray = npt.NDArray[np.float32]

_SPACING = 1.5
"""Points closer than this many pixels of the mask to the last one are left out."""


class CombGesture:
    """The comb on its way over the hair.

    Args:
        portrait: gets the stroke.
        point: where the pen went down, in mask pixels.
        width: of the comb, in mask pixels.
        name: of the undo step.
        unmove: where points on the mask as it is drawn are on the painted one (N, 2); None: it has not moved.
    """

    def __init__(
        self,
        portrait: Portrait,
        point: Point,
        width: float,
        name: str = "Comb",
        unmove: Callable[[FloatArray], FloatArray] | None = None,
    ) -> None:
        self._unmove = unmove
        self._portrait = portrait
        self._width = min(max(width, MIN_COMB_WIDTH), MAX_COMB_WIDTH)
        self._name = name
        self.points: list[Point] = [point]

    def move(self, point: Point) -> None:
        """Go on to a point."""
        if len(self.points) < MAX_COMB_POINTS and math.dist(point, self.points[-1]) >= _SPACING:
            self.points.append(point)

    def commit(self) -> bool:
        """Add the stroke to the portrait; False if it is too short to have a direction.

        Raises:
            PortraitError: there are too many strokes already.
        """
        if len(self.points) < 2:
            return False
        points = np.array(self.points, np.float32)
        if self._unmove is not None:
            points = self._unmove(points)
        stroke = CombStroke(points, self._width)
        self._portrait.apply(SetComb((*self._portrait.state().face.comb, stroke), self._name))
        return True
