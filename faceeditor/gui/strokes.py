"""From the pen to the portrait, free of Qt: one gesture of a painting tool, begun, continued, committed or aborted."""

from dataclasses import dataclass

from faceeditor.portrait.brush import FaceAxis, Patch, Point, dab_segment, face_axis, flood_fill, polygon
from faceeditor.portrait.document import PaintMask, Portrait
from faceeditor.regions import Region

MIN_PRESSURE_SIZE = 0.12
"""Share of the brush's size that the lightest touch of a pen paints with."""


@dataclass(frozen=True)
class Paint:
    """What a stroke paints with.

    Attributes:
        region: the region to paint.
        size: diameter at full pressure, in mask pixels.
        symmetry: paint the mirrored twin, too.
        paint_over: regions that may be painted over; None for all.
        name: the undo step's name.
    """

    region: Region
    size: float = 14.0
    symmetry: bool = False
    paint_over: frozenset[Region] | None = None
    name: str = "Brush"


def pressed_radius(size: float, pressure: float) -> float:
    """Radius in mask pixels for a pen pressure of 0..1."""
    share = MIN_PRESSURE_SIZE + (1.0 - MIN_PRESSURE_SIZE) * min(max(pressure, 0.0), 1.0)
    return size * share / 2


class BrushStroke:
    """A stroke of the brush or eraser; each piece is in the portrait as soon as ``move`` returns."""

    def __init__(self, portrait: Portrait, paint: Paint, point: Point, pressure: float = 1.0) -> None:
        self._portrait = portrait
        self._paint = paint
        self._axis: FaceAxis | None = face_axis(portrait.mask) if paint.symmetry else None
        self._last = point
        self._radius = pressed_radius(paint.size, pressure)
        portrait.begin_stroke(paint.name)
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
        if patch is not None:
            self._portrait.paint(*patch)

    def move(self, point: Point, pressure: float = 1.0) -> None:
        """Go on to a point of the picture."""
        self._segment(point, pressed_radius(self._paint.size, pressure))

    def commit(self) -> None:
        """End the stroke; it is one undo step."""
        self._portrait.commit_stroke()

    def abort(self) -> None:
        """Take the stroke back."""
        self._portrait.abort_stroke()


class LassoStroke:
    """An outline drawn by hand; it is filled when it is committed."""

    def __init__(self, portrait: Portrait, paint: Paint, point: Point) -> None:
        self._portrait = portrait
        self._paint = paint
        self.points: list[Point] = [point]

    def move(self, point: Point, pressure: float = 1.0) -> None:
        """Go on to a point; points closer than half a pixel to the last one are left out."""
        last = self.points[-1]
        if abs(point[0] - last[0]) + abs(point[1] - last[1]) >= 0.5:
            self.points.append(point)

    def commit(self) -> None:
        """Fill the outline: one undo step."""
        axis = face_axis(self._portrait.mask) if self._paint.symmetry else None
        patch = polygon(self._portrait.mask, self.points, self._paint.region, axis=axis, allowed=self._paint.paint_over)
        if patch is not None:
            self._portrait.apply(PaintMask(*patch, name=self._paint.name))

    def abort(self) -> None:
        """Forget the outline."""
        self.points.clear()


def fill(portrait: Portrait, paint: Paint, point: Point) -> bool:
    """Fill the connected area under a point: one undo step. Returns whether anything changed."""
    axis = face_axis(portrait.mask) if paint.symmetry else None
    patch = flood_fill(portrait.mask, point, paint.region, axis=axis, allowed=paint.paint_over)
    if patch is None:
        return False
    portrait.apply(PaintMask(*patch, name=paint.name))
    return True


Stroke = BrushStroke | LassoStroke
