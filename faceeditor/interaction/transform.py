"""Moving, scaling, rotating and mirroring a selected part by the handles of a box, free of Qt.

Points and steps are in pixels of the mask, x to the right and y down; angles turn clockwise as they are seen.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from faceeditor.portrait.brush import FaceAxis, Point

Matrix = npt.NDArray[np.float64]
"""(2, 3): multiplied by (x, y, 1) it gives where a point goes."""

MIN_SCALE, MAX_SCALE = 0.02, 20.0
"""Of the size of a scaled part, whatever its sign."""
MAX_SHIFT = 512.0
"""Pixels by which a part may be moved."""
SNAP = 15.0
"""Degrees; a rotation with Shift held is a multiple of it."""


@dataclass(frozen=True)
class Transform:
    """How a part lies now, compared with where it was taken from; about the middle of its box.

    Attributes:
        dx, dy: pixels by which the middle has moved.
        scale_x, scale_y: sizes along the box; a negative one mirrors.
        angle: degrees, clockwise.
    """

    dx: float = 0.0
    dy: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    angle: float = 0.0

    @property
    def is_identity(self) -> bool:
        """Whether everything stays where it is."""
        return self == Transform()

    @property
    def mirrors(self) -> bool:
        """Whether left and right are exchanged."""
        return self.scale_x * self.scale_y < 0

    @property
    def linear(self) -> Matrix:
        """(2, 2): what happens to a step from the middle."""
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        return np.array([[cos, -sin], [sin, cos]]) * (self.scale_x, self.scale_y)

    def matrix(self, middle: Point) -> Matrix:
        """Where points go if the middle of the box was there."""
        return _about(self.linear, middle, (self.dx, self.dy))

    def partner_matrix(self, middle: Point, axis: FaceAxis) -> Matrix:
        """Where the points of the partner on the other side of the face go, whose box has its own middle."""
        mirror = np.array([[2 * axis.dx**2 - 1, 2 * axis.dx * axis.dy], [2 * axis.dx * axis.dy, 2 * axis.dy**2 - 1]])
        dx, dy = mirror @ (self.dx, self.dy)
        return _about(mirror @ self.linear @ mirror, middle, (round(dx, 6), round(dy, 6)))

    def bounded(self) -> "Transform":
        """The same within the limits of shifts and sizes, with an angle of -180 to 180 degrees."""
        return Transform(
            min(max(self.dx, -MAX_SHIFT), MAX_SHIFT),
            min(max(self.dy, -MAX_SHIFT), MAX_SHIFT),
            _bounded_scale(self.scale_x),
            _bounded_scale(self.scale_y),
            self.angle if -180 < self.angle <= 180 else 180 - (180 - self.angle) % 360,
        )


class BoxPart(Enum):
    """What of a box is under the pointer: (side to the right, side down) of a handle."""

    TOP_LEFT = (-1, -1)
    TOP = (0, -1)
    TOP_RIGHT = (1, -1)
    RIGHT = (1, 0)
    BOTTOM_RIGHT = (1, 1)
    BOTTOM = (0, 1)
    BOTTOM_LEFT = (-1, 1)
    LEFT = (-1, 0)
    MOVE = (0, 0)
    ROTATE = (0, -2)

    @property
    def scales(self) -> bool:
        """Whether it is a handle that changes the size."""
        return self not in (BoxPart.MOVE, BoxPart.ROTATE)

    @property
    def is_corner(self) -> bool:
        """Whether it is a handle of both sizes."""
        return self.scales and all(self.value)


@dataclass(frozen=True)
class TransformBox:
    """The box around a part as it was taken from the mask, and its handles wherever a transform has brought them.

    Attributes:
        left, top, right, bottom: in pixels.
    """

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> Point:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def half(self) -> Point:
        """Half of width and height."""
        return (self.right - self.left) / 2, (self.bottom - self.top) / 2

    def place(self, part: BoxPart, transform: Transform, margin: float = 0.0) -> Point:
        """Where a handle is.

        Args:
            part: which one.
            transform: of the box.
            margin: pixels by which handles lie outside of the box, so that they do not cover a small part.
        """
        (across, down), (half_x, half_y) = part.value, self.half
        size_x, size_y = abs(transform.scale_x) * half_x, abs(transform.scale_y) * half_y
        step = np.array([across * (size_x + margin), down * (size_y + margin)])
        if part is BoxPart.ROTATE:
            step = np.array([0.0, -(size_y + 5 * margin)])
        flip = np.sign((transform.scale_x, transform.scale_y)) if part is not BoxPart.ROTATE else np.ones(2)
        turn = replace(transform, scale_x=1.0, scale_y=1.0).linear
        x, y = turn @ (step * flip)
        return self.middle[0] + transform.dx + float(x), self.middle[1] + transform.dy + float(y)

    def part_at(self, point: Point, transform: Transform, reach: float, margin: float) -> BoxPart | None:
        """What is under a point: a handle within `reach` pixels, or the inside of the box; None outside."""
        handles = [part for part in BoxPart if part is not BoxPart.MOVE and self.shows(part, transform, reach)]
        distance = {part: math.dist(point, self.place(part, transform, margin)) for part in handles}
        nearest = min(distance, key=lambda part: distance[part])
        if distance[nearest] <= reach:
            return nearest
        turn = replace(transform, dx=0.0, dy=0.0, scale_x=1.0, scale_y=1.0).linear
        middle = (self.middle[0] + transform.dx, self.middle[1] + transform.dy)
        along, down = np.abs(turn.T @ np.subtract(point, middle))
        half_x, half_y = self.half[0] * abs(transform.scale_x), self.half[1] * abs(transform.scale_y)
        return BoxPart.MOVE if along <= half_x + margin and down <= half_y + margin else None

    def shows(self, part: BoxPart, transform: Transform, reach: float) -> bool:
        """Whether a handle is shown: those in the middle of a side only where the side is long enough for them."""
        if part in (BoxPart.TOP, BoxPart.BOTTOM):
            return self.half[0] * abs(transform.scale_x) > 2 * reach
        if part in (BoxPart.LEFT, BoxPart.RIGHT):
            return self.half[1] * abs(transform.scale_y) > 2 * reach
        return True

    def dragged(
        self, part: BoxPart, start: Transform, grabbed: Point, to: Point, even: bool = False, centred: bool = False
    ) -> Transform:
        """The transform after a handle was dragged.

        Args:
            part: the handle, or the inside.
            start: the transform as the drag began.
            grabbed, to: where the pointer was then, and where it is.
            even: (Shift) scale in proportion, rotate in steps, or move along one direction.
            centred: (Alt) scale about the middle in place of the opposite handle.
        """
        step = np.subtract(to, grabbed)
        if part is BoxPart.MOVE:
            return self._moved(start, step, even)
        if part is BoxPart.ROTATE:
            return self._rotated(start, grabbed, to, even)
        return self._scaled(part, start, step, even, centred)

    def _moved(self, start: Transform, step: Matrix, straight: bool) -> Transform:
        if straight:
            step = step * (np.abs(step) == np.abs(step).max())
        # By whole pixels: a part that is only moved keeps its shape to the pixel.
        return replace(start, dx=start.dx + round(float(step[0])), dy=start.dy + round(float(step[1]))).bounded()

    def _rotated(self, start: Transform, grabbed: Point, to: Point, snap: bool) -> Transform:
        x, y = self.middle[0] + start.dx, self.middle[1] + start.dy
        turned = math.atan2(to[1] - y, to[0] - x) - math.atan2(grabbed[1] - y, grabbed[0] - x)
        angle = start.angle + math.degrees(turned)
        return replace(start, angle=round(angle / SNAP) * SNAP if snap else round(angle, 1)).bounded()

    def _scaled(self, part: BoxPart, start: Transform, step: Matrix, even: bool, centred: bool) -> Transform:
        sides, half = np.array(part.value, np.float64), np.maximum(self.half, 0.5)
        scale = np.array([start.scale_x, start.scale_y])
        turn = replace(start, scale_x=1.0, scale_y=1.0).linear
        # From the point that stays to the handle, in the directions of the box.
        span = sides * half * scale * (1.0 if centred else 2.0)
        wanted = span + turn.T @ step
        used = sides != 0
        if even:
            grown = float(wanted[used] @ span[used]) / max(float(span[used] @ span[used]), 1e-9)
            scale = scale * grown
        else:
            scale = np.where(used, scale * wanted / np.where(used, span, 1.0), scale)
        made = replace(start, scale_x=float(scale[0]), scale_y=float(scale[1])).bounded()
        if centred:
            return made
        # The opposite handle stays where it is.
        stays = -sides * half
        x, y = start.linear @ stays - made.linear @ stays
        return replace(made, dx=start.dx + float(x), dy=start.dy + float(y)).bounded()


def _about(linear: Matrix, middle: Point, shift: Point) -> Matrix:
    """The matrix of a linear map about a point, which then moves."""
    return np.column_stack([linear, np.add(middle, shift) - linear @ np.array(middle)])


def _bounded_scale(scale: float) -> float:
    size = min(max(abs(scale), MIN_SCALE), MAX_SCALE)
    return math.copysign(size, scale)
