"""Stand-ins for the head's room: masks that shift with the yaw, maps that name it."""

import numpy as np

from faceeditor.engine.head_stage import HeadStage
from faceeditor.errors import ModelError
from faceeditor.portrait.head import HeadCoefficients


class FakeTools:
    """Moves a mask by one pixel a degree of yaw; counts what it is asked."""

    def __init__(self) -> None:
        self.moves = 0
        self.drawn: list[float] = []
        self.pictures = 0

    def move(self, mask: np.ndarray, base: HeadCoefficients, head: HeadCoefficients) -> np.ndarray:
        self.moves += 1
        return np.roll(mask, round(float(head.pose[0] - base.pose[0])), axis=1)

    def look_up_points(
        self, source: HeadCoefficients, target: HeadCoefficients, mask: np.ndarray, points: np.ndarray
    ) -> np.ndarray:
        return points + np.float32([round(float(source.pose[0] - target.pose[0])), 0])

    def maps(self, head: HeadCoefficients) -> np.ndarray:
        self.drawn.append(float(head.pose[0]))
        return np.full((10, 128, 128), head.pose[0], np.float32)

    def picture(self, head: HeadCoefficients) -> np.ndarray:
        self.pictures += 1
        return np.full((256, 256, 3), 77, np.uint8)


class FakeHeads(HeadStage):
    """The real stage around the stand-in tools; `opened` counts how often they were opened."""

    def __init__(self, missing: bool = False) -> None:
        self.stand_in = FakeTools()
        self.opened = 0
        self.missing = missing
        super().__init__(self._make)

    def _make(self) -> FakeTools:
        self.opened += 1
        if self.missing:
            raise ModelError("The model “head” is missing; reinstall Face Editor.")
        return self.stand_in


def turned(yaw: float, **parts: object) -> HeadCoefficients:
    """The neutral head at a yaw."""
    return HeadCoefficients.neutral().changed(pose=(yaw, 0, 0), **parts)
