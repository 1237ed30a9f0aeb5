"""The head gizmo, free of Qt: where its lines lie in the picture, what is taken hold of, and what a drag does.

Public API: `gizmo_of(head)` gives the lines and handles in picture coordinates, `part_at` is the hit test,
`TurnGesture` passes a drag on to a head controller as one undo step, `nudged` applies one press of an arrow key.

The lines are those of a portrait draughtsman's construction: the ball of the skull with the line of the eyes around it
and the centre line down the face, the near halves drawn, the far ones faint. The ring around them rolls the head.
Picture coordinates: 0..256 from corner to corner, x to the right and y down, as everywhere on the canvas.
"""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from faceeditor.head.camera import FOCAL, PIVOT, camera, project, rotation
from faceeditor.head.model import lids_follow
from faceeditor.portrait.brush import Point
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import MASK_SIZE

YAW_LIMIT, PITCH_LIMIT, ROLL_LIMIT = 45.0, 30.0, 30.0
"""Limits of yaw, pitch and roll in degrees. A head beyond a limit keeps its angle until it is turned back."""
GAZE_LIMITS = (40.0, 30.0)
"""Limits of the gaze to the sides, and up or down, in degrees."""
NUDGE = 2.0
"""Degrees of one press of an arrow key."""

# The ball of the skull in head axes, centimetres: its middle, the half axes of the two lines, the radius of the ring.
_MIDDLE = np.array([0.0, 2.6, 1.2], np.float32)
_EYE_HEIGHT = 3.6
_HALF_WIDTH, _HALF_HEIGHT, _HALF_DEPTH = 8.6, 11.2, 10.4
_RING = 11.6
_RING_ABOVE = np.array([0.0, 2.0, 0.0], np.float32)
_NOSE = np.array([[0.0, 0.3, 12.6], [0.0, 0.3, 15.6]], np.float32)
_EYES = np.array([[3.2, 3.6, 9.4], [-3.2, 3.6, 9.4]], np.float32)
_GAZE_REACH = 2.2
_STEPS = 96

# A drag across this many pixels of the picture moves the gaze by one degree.
_GAZE_PIXELS = 1.3
# Close to the ring's centre the angle is ill-conditioned: horizontal movement rolls instead.
_INNER = 18.0
_INNER_DEGREES = 0.5


class GizmoPart(Enum):
    """A part of the gizmo that can be dragged."""

    TURN = "turn"
    ROLL = "roll"
    GAZE = "gaze"


class HeadEditing(Protocol):
    """What the gizmo needs of `HeadController`."""

    @property
    def head(self) -> HeadCoefficients | None:
        """The portrait's head, else the one read from the face; None while there is neither."""

    def begin(self, name: str) -> None:
        """What follows is one undo step."""

    def set(self, head: HeadCoefficients) -> None:
        """Show another head."""

    def end(self) -> None:
        """The gesture is over."""

    def abort(self) -> None:
        """The gesture is taken back."""

    def reset_group(self, group: str) -> None:
        """A group as it was read."""


@dataclass(frozen=True, eq=False)
class Arc:
    """A closed line in the picture.

    Attributes:
        points: (N, 2) float32 picture coordinates, the last point equal to the first.
        near: (N,) bool, whether a point lies on the side that faces the camera.
    """

    points: npt.NDArray[np.float32]
    near: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gizmo:
    """The gizmo of one head, in picture coordinates.

    Attributes:
        eye_line, centre_line: around the head at the height of the eyes, and down the middle of the face.
        centre, ring: middle and radius of the ring that rolls the head.
        crown: the mark on the ring above the head.
        nose: foot and tip of the pointer that sticks out of the nose.
        gaze: of each eye (the person's left one first) the iris and the tip of the line of sight.
    """

    eye_line: Arc
    centre_line: Arc
    centre: Point
    ring: float
    crown: Point
    nose: tuple[Point, Point]
    gaze: tuple[tuple[Point, Point], tuple[Point, Point]]


def _in_picture(points: npt.NDArray[np.float32], head: HeadCoefficients) -> npt.NDArray[np.float32]:
    """(N, 3) head axes, centimetres -> (N, 3) x, y in the picture and the inverse depth."""
    return project(camera(points, head), MASK_SIZE)


def _point(row: npt.NDArray[np.float32]) -> Point:
    return float(row[0]), float(row[1])


def _arc(points: npt.NDArray[np.float32], head: HeadCoefficients) -> Arc:
    seen = _in_picture(points.astype(np.float32), head)
    middle = _in_picture(points.mean(0, keepdims=True).astype(np.float32), head)[0, 2]
    return Arc(seen[:, :2], seen[:, 2] >= middle)


def gizmo_of(head: HeadCoefficients) -> Gizmo:
    """The gizmo of a head, about 0.1 ms."""
    turn = np.linspace(0.0, 2 * math.pi, _STEPS + 1)
    zero = np.zeros_like(turn)
    x, y, z = _MIDDLE
    around = np.stack([_HALF_WIDTH * np.sin(turn), zero + _EYE_HEIGHT, z + _HALF_DEPTH * np.cos(turn)], 1)
    down = np.stack([zero + x, y + _HALF_HEIGHT * np.sin(turn), z + _HALF_DEPTH * np.cos(turn)], 1)
    # The ring stays where it is while the head turns in it, as a fixed frame that the eye can hold on to.
    middle = project((head.position + _RING_ABOVE)[None], MASK_SIZE)[0]
    radius = _RING * FOCAL * MASK_SIZE * float(middle[2])
    roll = math.radians(float(head.pose[2]))
    centre = _point(middle)
    nose = _in_picture(_NOSE, head)
    yaw, pitch = np.radians(head.gaze.astype(np.float64))
    sight = np.array([math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)], np.float32)
    iris = _EYES + 0.9 * (sight - np.array([0, 0, 1], np.float32))
    eyes, tips = _in_picture(iris, head), _in_picture(iris + _GAZE_REACH * sight, head)
    return Gizmo(
        _arc(around, head),
        _arc(down, head),
        centre,
        radius,
        (centre[0] + radius * math.sin(roll), centre[1] - radius * math.cos(roll)),
        (_point(nose[0]), _point(nose[1])),
        ((_point(eyes[0]), _point(tips[0])), (_point(eyes[1]), _point(tips[1]))),
    )


def part_at(gizmo: Gizmo, at: Point, reach: float) -> GizmoPart:
    """What a point of the picture takes hold of: an eye moves the gaze, the ring rolls, anything else turns.

    Args:
        gizmo: where it is.
        at: the point in picture coordinates.
        reach: how close to a handle counts as on it, in pixels of the picture.
    """
    if any(math.dist(at, iris) <= reach for iris, _ in gizmo.gaze):
        return GizmoPart.GAZE
    if abs(math.dist(at, gizmo.centre) - gizmo.ring) <= reach:
        return GizmoPart.ROLL
    return GizmoPart.TURN


def chosen_part(shift: bool, alt: bool, otherwise: GizmoPart = GizmoPart.TURN) -> GizmoPart:
    """What the modifier keys say: Shift rolls, Alt moves the gaze, neither leaves it to the place."""
    if alt:
        return GizmoPart.GAZE
    return GizmoPart.ROLL if shift else otherwise


def dragged(head: HeadCoefficients, part: GizmoPart, start: Point, at: Point) -> HeadCoefficients:
    """The head after a drag.

    Turning is that of a trackball: the tip of the nose keeps its distance to the pointer. Rolling goes round the middle
    of the ring. The gaze goes where the pointer goes.

    Args:
        head: the head at the start of the drag.
        part: of what.
        start, at: where the drag began and is now, in picture coordinates.
    """
    dx, dy = at[0] - start[0], at[1] - start[1]
    if part is GizmoPart.GAZE:
        return with_gaze(head, float(head.gaze[0]) + dx / _GAZE_PIXELS, float(head.gaze[1]) - dy / _GAZE_PIXELS)
    if part is GizmoPart.ROLL:
        centre = gizmo_of(head).centre
        if math.dist(start, centre) < _INNER:
            return _posed(head, head.pose[0], head.pose[1], head.pose[2] + dx * _INNER_DEGREES)
        before = math.atan2(start[1] - centre[1], start[0] - centre[0])
        after = math.atan2(at[1] - centre[1], at[0] - centre[0])
        moved = (math.degrees(after - before) + 180.0) % 360.0 - 180.0
        return _posed(head, head.pose[0], head.pose[1], head.pose[2] + moved)
    # How far the tip of the nose is from the point that the head turns about, in pixels of the picture.
    lever = float(_NOSE[0, 2] - PIVOT[2]) * FOCAL * MASK_SIZE / -float(head.position[2])
    turned = rotation(head.pose)
    x, y = float(turned[0, 2]) + dx / lever, float(turned[1, 2]) - dy / lever
    roll = math.radians(float(head.pose[2]))
    upright_x = math.cos(roll) * x - math.sin(roll) * y
    upright_y = math.sin(roll) * x + math.cos(roll) * y
    # The nose points to (sin yaw, sin pitch cos yaw) on the picture's plane, see `head.camera.rotation`.
    farthest = math.sin(math.radians(max(YAW_LIMIT, abs(float(head.pose[0])))))
    yaw = math.asin(min(max(upright_x, -farthest), farthest))
    pitch = math.asin(min(max(upright_y / math.cos(yaw), -1.0), 1.0))
    return _posed(head, math.degrees(yaw), math.degrees(pitch), head.pose[2])


def _posed(head: HeadCoefficients, yaw: float, pitch: float, roll: float) -> HeadCoefficients:
    """The head with another pose, clamped to the limits."""
    pose = []
    for wanted, present, limit in zip((yaw, pitch, roll), head.pose, (YAW_LIMIT, PITCH_LIMIT, ROLL_LIMIT), strict=True):
        farthest = max(limit, abs(float(present)))
        pose.append(min(max(float(wanted), -farthest), farthest))
    return head.changed(pose=np.array(pose, np.float32))


def with_gaze(head: HeadCoefficients, yaw: float, pitch: float) -> HeadCoefficients:
    """The head looking elsewhere; the lids go with the eyes.

    Args:
        head: the head.
        yaw, pitch: degrees in head axes, positive to the person's left and up; clamped to `GAZE_LIMITS`.
    """
    yaw = min(max(yaw, -GAZE_LIMITS[0]), GAZE_LIMITS[0])
    pitch = min(max(pitch, -GAZE_LIMITS[1]), GAZE_LIMITS[1])
    return lids_follow(head.changed(gaze=np.array([yaw, pitch], np.float32)))


def nudged(head: HeadCoefficients, part: GizmoPart, right: int, up: int) -> HeadCoefficients:
    """The head after one press of an arrow key.

    Args:
        head: the head.
        part: what the key moves.
        right, up: -1, 0 or 1: the arrow's direction.
    """
    yaw, pitch, roll = (float(angle) for angle in head.pose)
    if part is GizmoPart.GAZE:
        return with_gaze(head, float(head.gaze[0]) + right * NUDGE, float(head.gaze[1]) + up * NUDGE)
    if part is GizmoPart.ROLL:
        return _posed(head, yaw, pitch, roll + (right - up) * NUDGE)
    return _posed(head, yaw + right * NUDGE, pitch + up * NUDGE, roll)


def readout(head: HeadCoefficients, part: GizmoPart) -> tuple[tuple[GizmoPart, float, float], ...]:
    """The dragged angles in whole degrees: (what, first angle, second angle; the second is 0 for a roll)."""
    if part is GizmoPart.ROLL:
        return ((part, float(round(float(head.pose[2]))), 0.0),)
    first, second = head.gaze if part is GizmoPart.GAZE else head.pose[:2]
    return ((part, float(round(float(first))), float(round(float(second)))),)


class TurnGesture:
    """One drag of the gizmo, from the pointer to the controller: one undo step, or none if it is aborted.

    Modifier keys may change during the drag: the pose reached so far is kept and the drag continues from it.

    Args:
        heads: the controller that receives the heads.
        name: of the undo step.
        at: where the drag started, in picture coordinates.
        part: what it took hold of.
    """

    def __init__(self, heads: HeadEditing, name: str, at: Point, part: GizmoPart) -> None:
        head = heads.head
        if head is None:
            raise ValueError("there is no head to turn yet")
        self._heads = heads
        self._start, self._from = at, head
        self._last = at
        self.place_part = part
        self.part = part
        self.head = head
        heads.begin(name)

    def move(self, at: Point, shift: bool = False, alt: bool = False) -> None:
        """Go on to a point of the picture, with the keys as they are held now."""
        part = chosen_part(shift, alt, self.place_part)
        if part is not self.part:
            self.part = part
            self._start, self._from = self._last, self.head
        self._last = at
        head = dragged(self._from, part, self._start, at)
        if head.key != self.head.key:
            self.head = head
            self._heads.set(head)

    def end(self) -> None:
        """Keep it."""
        self._heads.end()

    def abort(self) -> None:
        """Take it back."""
        self._heads.abort()
