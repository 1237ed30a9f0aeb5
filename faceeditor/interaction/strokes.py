"""From the pen to the portrait, free of Qt: one gesture of a painting tool, begun, continued, committed or aborted."""

from collections.abc import Callable
from dataclasses import dataclass

from faceeditor.errors import FaceEditorError
from faceeditor.interaction import stabiliser
from faceeditor.portrait.brush import (
    Area,
    FaceAxis,
    Patch,
    Point,
    changed_patch,
    dab_segment,
    face_axis,
    flood_fill,
    polygon,
    within,
)
from faceeditor.portrait.document import PaintMask, Portrait, UnmovePoints, UnmoveStroke
from faceeditor.portrait.state import CombStroke
from faceeditor.regions import MaskArray, Region

MIN_PRESSURE_SIZE = 0.12
"""Share of the brush's size that the lightest touch of a pen paints with."""


@dataclass(frozen=True, eq=False)
class MovedMask:
    """The mask that is seen, where the head's motion has moved it, and the way back for a stroke on it.

    Attributes:
        mask: (256, 256) uint8.
        unmove, comb, unmove_points: as in `Portrait.begin_stroke`.
    """

    mask: MaskArray
    unmove: UnmoveStroke | None = None
    comb: tuple[CombStroke, ...] | None = None
    unmove_points: UnmovePoints | None = None


Moved = Callable[[], MovedMask | None]
"""The mask as the head's motion has carried it along, where that is not the painted one; None where it is.

A stroke paints on what is seen: it adopts the moved mask inside of its own undo step.
"""


def not_moved() -> MovedMask | None:
    """The mask that is seen is the painted one."""
    return None


def begin_stroke(portrait: Portrait, name: str, moved: MovedMask | None) -> None:
    """Open a stroke on the mask that is seen.

    Raises:
        PortraitError: another stroke or gesture is open.
    """
    if moved is None:
        portrait.begin_stroke(name)
    else:
        portrait.begin_stroke(name, moved.mask, moved.unmove, comb=moved.comb, unmove_points=moved.unmove_points)


@dataclass(frozen=True, eq=False)
class Paint:
    """What a stroke paints with.

    Attributes:
        region: the region to paint.
        size: diameter at full pressure, in mask pixels.
        symmetry: paint the mirrored twin, too.
        paint_over: regions that may be painted over; None for all.
        name: the undo step's name.
        lag: how far the brush trails behind the pointer (`stabiliser`), in mask pixels.
        selection: (256, 256) bool of the pixels that may change; None for all.
    """

    region: Region
    size: float = 14.0
    symmetry: bool = False
    paint_over: frozenset[Region] | None = None
    name: str = "Brush"
    lag: float = 0.0
    selection: Area | None = None


def pressed_radius(size: float, pressure: float) -> float:
    """Radius in mask pixels for a pen pressure of 0..1."""
    share = MIN_PRESSURE_SIZE + (1.0 - MIN_PRESSURE_SIZE) * min(max(pressure, 0.0), 1.0)
    return size * share / 2


class BrushStroke:
    """A stroke of the brush or eraser; each piece is in the portrait as soon as ``move`` returns."""

    def __init__(
        self, portrait: Portrait, paint: Paint, point: Point, pressure: float = 1.0, moved: Moved = not_moved
    ) -> None:
        self._portrait = portrait
        self._paint = paint
        self._last = point
        self._radius = pressed_radius(paint.size, pressure)
        self._stabiliser = stabiliser.begin(paint.lag, (*point, pressure))
        begin_stroke(portrait, paint.name, moved())
        self._axis: FaceAxis | None = face_axis(portrait.mask) if paint.symmetry else None
        self._segment(point, self._radius)

    def _segment(self, point: Point, radius: float) -> None:
        patch: Patch | None = dab_segment(
            self._portrait.mask,
            self._last,
            point,
            self._radius,
            radius,
            self._paint.region,
            axis=self._axis,
            allowed=self._paint.paint_over,
        )
        self._last, self._radius = point, radius
        patch = within(self._portrait.mask, patch, self._paint.selection)
        if patch is not None:
            self._portrait.paint(*patch)

    @property
    def end(self) -> Point:
        """Where the brush has come to."""
        return self._last

    def move(self, point: Point, pressure: float = 1.0) -> None:
        """Go on to a point of the picture."""
        self._stabiliser, passed = stabiliser.follow(self._stabiliser, (*point, pressure))
        self._paint_along(passed)

    def _paint_along(self, samples: tuple[stabiliser.Sample, ...]) -> None:
        for x, y, pressure in samples:
            self._segment((x, y), pressed_radius(self._paint.size, pressure))

    def commit(self) -> None:
        """End the stroke where the pointer is; it is one undo step."""
        self._paint_along(stabiliser.catch_up(self._stabiliser))
        self._portrait.commit_stroke()

    def abort(self) -> None:
        """Take the stroke back."""
        self._portrait.abort_stroke()


class LassoStroke:
    """An outline drawn by hand; it is filled when it is committed."""

    def __init__(self, portrait: Portrait, paint: Paint, point: Point, moved: Moved = not_moved) -> None:
        self._portrait = portrait
        self._paint = paint
        self._moved = moved
        self.points: list[Point] = [point]

    def move(self, point: Point, pressure: float = 1.0) -> None:
        """Go on to a point; points closer than half a pixel to the last one are left out."""
        add_to_outline(self.points, point)

    def commit(self) -> None:
        """Fill the outline: one undo step."""
        paint = self._paint

        def outlined(mask: MaskArray, axis: FaceAxis | None) -> Patch | None:
            return polygon(mask, self.points, paint.region, axis=axis, allowed=paint.paint_over)

        _paint_shape(self._portrait, paint, outlined, self._moved())

    def abort(self) -> None:
        """Forget the outline."""
        self.points.clear()


def fill(portrait: Portrait, paint: Paint, point: Point, moved: Moved = not_moved) -> bool:
    """Fill the connected area under a point: one undo step. Returns whether anything changed."""

    def filled(mask: MaskArray, axis: FaceAxis | None) -> Patch | None:
        return flood_fill(mask, point, paint.region, axis=axis, allowed=paint.paint_over)

    return _paint_shape(portrait, paint, filled, moved())


def add_to_outline(points: list[Point], point: Point) -> None:
    """Go on to a point; one that is closer than half a pixel to the last one is left out."""
    last = points[-1]
    if abs(point[0] - last[0]) + abs(point[1] - last[1]) >= 0.5:
        points.append(point)


def paint_once(
    portrait: Portrait, name: str, make: Callable[[MaskArray], Patch | None], moved: MovedMask | None
) -> bool:
    """Paint a patch that is made from the shown mask: one undo step. Returns whether anything changed."""
    patch = make(portrait.mask if moved is None else moved.mask)
    if patch is None:
        return False
    if moved is None:
        portrait.apply(PaintMask(*patch, name=name))
        return True
    begin_stroke(portrait, name, moved)
    try:
        portrait.paint(*patch)
    except FaceEditorError:
        portrait.abort_stroke()
        raise
    portrait.commit_stroke()
    return True


def replace_once(
    portrait: Portrait, name: str, make: Callable[[MaskArray], MaskArray | None], moved: MovedMask | None
) -> bool:
    """Exchange what is seen of the mask for another one: one undo step. Returns whether anything changed.

    Args:
        portrait: gets the step.
        name: of the step.
        make: the shown mask -> the new one; None: it stays.
        moved: the shown mask, where it is not the painted one.
    """

    def patch(mask: MaskArray) -> Patch | None:
        made = make(mask)
        return None if made is None else changed_patch(mask, made)

    return paint_once(portrait, name, patch, moved)


def _paint_shape(
    portrait: Portrait,
    paint: Paint,
    make: Callable[[MaskArray, FaceAxis | None], Patch | None],
    moved: MovedMask | None,
) -> bool:
    """Paint a shape with its mirrored twin, inside of the selection. Returns whether anything changed."""

    def patch(mask: MaskArray) -> Patch | None:
        made = make(mask, face_axis(mask) if paint.symmetry else None)
        return within(mask, made, paint.selection)

    return paint_once(portrait, paint.name, patch, moved)
