"""Geometry of the canvas, free of Qt: where a point of the picture lies in the widget, and back.

Picture coordinates are continuous, 0..256 from corner to corner of the mask, x to the right and y down.
Widget coordinates are device-independent pixels.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum

from faceeditor.regions import MASK_SIZE

MIN_ZOOM = 0.25
MAX_ZOOM = 40.0
SQUARE = (0.0, 0.0, float(MASK_SIZE), float(MASK_SIZE))
"""Left, top, right, bottom of the mask in picture coordinates."""
_FIT_MARGIN = 4.0
_GAP = 2.0
_CLEARLY = 1.1
_SMALL_SHARES = 0.24, 0.32
"""Least and largest share of the canvas that the small pictures beside a large one take."""


class ViewMode(Enum):
    """How mask and face share the canvas."""

    SIDE_BY_SIDE = "side"
    FOCUS = "focus"
    OVERLAY = "overlay"
    WIPE = "wipe"


class HeadView(Enum):
    """Where the plain rendering of the 3D head is shown."""

    OFF = "off"
    OVER = "over"
    BESIDE = "beside"


class Pane(Enum):
    """What a pane of the canvas shows."""

    MASK = "mask"
    FACE = "face"
    HEAD = "head"


@dataclass(frozen=True)
class Box:
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def contains(self, x: float, y: float) -> bool:
        """Whether a point lies inside; the right and lower edges do not."""
        return self.x <= x < self.right and self.y <= y < self.bottom


@dataclass(frozen=True)
class View:
    """Zoom and position, shared by all panes; the picture may be shown mirrored and turned.

    Attributes:
        zoom: widget pixels for one pixel of the mask.
        x, y: the point of the picture that is shown in the middle of a pane.
        extent: left, top, right, bottom of what there is to see; larger than the mask for a photograph around it.
        flipped: left and right are exchanged.
        angle: degrees by which the picture is turned, clockwise, after it was flipped.
    """

    zoom: float = 1.0
    x: float = MASK_SIZE / 2
    y: float = MASK_SIZE / 2
    extent: tuple[float, float, float, float] = SQUARE
    flipped: bool = False
    angle: float = 0.0

    @property
    def min_zoom(self) -> float:
        """Smallest zoom: a fifth of what shows everything on a common screen."""
        left, top, right, bottom = self.extent
        return MIN_ZOOM * min(1.0, MASK_SIZE / max(right - left, bottom - top))

    @property
    def upright(self) -> "View":
        """The same zoom and position, neither flipped nor turned: for drawing under a transformed painter."""
        return replace(self, flipped=False, angle=0.0)

    def _turned(self, dx: float, dy: float) -> tuple[float, float]:
        """A step in the picture -> the step in the widget, apart from zoom."""
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        dx = -dx if self.flipped else dx
        return cos * dx - sin * dy, sin * dx + cos * dy

    def _turned_back(self, dx: float, dy: float) -> tuple[float, float]:
        """A step in the widget -> the step in the picture, apart from zoom."""
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        x, y = cos * dx + sin * dy, cos * dy - sin * dx
        return (-x if self.flipped else x), y

    def to_widget(self, pane: Box, x: float, y: float) -> tuple[float, float]:
        """Picture point -> widget point, in the given pane."""
        middle_x, middle_y = pane.centre
        dx, dy = self._turned(x - self.x, y - self.y)
        return middle_x + dx * self.zoom, middle_y + dy * self.zoom

    def to_picture(self, pane: Box, x: float, y: float) -> tuple[float, float]:
        """Widget point -> picture point, in the given pane."""
        middle_x, middle_y = pane.centre
        dx, dy = self._turned_back((x - middle_x) / self.zoom, (y - middle_y) / self.zoom)
        return self.x + dx, self.y + dy

    def _bounds(self, pane: Box, left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
        """Left, top, right and bottom in the widget of what encloses a rectangle of the picture."""
        corners = [self.to_widget(pane, x, y) for x in (left, right) for y in (top, bottom)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    def picture_box(self, pane: Box) -> Box:
        """What encloses the whole picture in the widget (it may reach beyond the pane)."""
        left, top, right, bottom = self._bounds(pane, 0.0, 0.0, MASK_SIZE, MASK_SIZE)
        return Box(left, top, right - left, bottom - top)

    def map_rect(self, pane: Box, left: int, top: int, right: int, bottom: int) -> tuple[int, int, int, int]:
        """Pixels [left, right) x [top, bottom) of the mask -> enclosing widget pixels, one pixel of margin included."""
        x0, y0, x1, y1 = self._bounds(pane, left, top, right, bottom)
        return math.floor(x0) - 1, math.floor(y0) - 1, math.ceil(x1) + 1, math.ceil(y1) + 1

    def zoomed_at(self, pane: Box, x: float, y: float, factor: float) -> "View":
        """Zoom by a factor; the picture point under the widget point (x, y) stays there, as far as bounds allow."""
        zoom = min(max(self.zoom * factor, self.min_zoom), MAX_ZOOM)
        held_x, held_y = self.to_picture(pane, x, y)
        middle_x, middle_y = pane.centre
        dx, dy = self._turned_back((x - middle_x) / zoom, (y - middle_y) / zoom)
        return replace(self, zoom=zoom, x=held_x - dx, y=held_y - dy).bounded()

    def panned(self, dx: float, dy: float) -> "View":
        """Move the picture by (dx, dy) widget pixels."""
        dx, dy = self._turned_back(dx / self.zoom, dy / self.zoom)
        return replace(self, x=self.x - dx, y=self.y - dy).bounded()

    def flip(self) -> "View":
        """Exchange left and right of what is seen: a turned picture turns the other way."""
        return replace(self, flipped=not self.flipped, angle=-self.angle)

    def rotated(self, degrees: float) -> "View":
        """Turn the picture by degrees, clockwise, about the middle of the pane."""
        return replace(self, angle=(self.angle + degrees + 180.0) % 360.0 - 180.0)

    def bounded(self) -> "View":
        """Some of the picture always stays in sight: the middle of a pane shows a point near the picture."""
        slack = MASK_SIZE * 0.5
        left, top, right, bottom = self.extent
        x = min(max(self.x, left - slack), right + slack)
        return replace(self, x=x, y=min(max(self.y, top - slack), bottom + slack))


def fitted(pane: Box, extent: tuple[float, float, float, float] = SQUARE) -> View:
    """The view that shows the whole picture with a small margin."""
    left, top, right, bottom = extent
    width, height = pane.width - 2 * _FIT_MARGIN, pane.height - 2 * _FIT_MARGIN
    view = View(1.0, (left + right) / 2, (top + bottom) / 2, extent)
    zoom = min(width / (right - left), height / (bottom - top))
    return replace(view, zoom=min(max(zoom, view.min_zoom), MAX_ZOOM))


def shown_panes(mode: ViewMode, head: HeadView = HeadView.OFF, focus: Pane = Pane.FACE) -> tuple[Pane, ...]:
    """What the panes show, in their order: the mask if it has a pane of its own, the face, the head if beside it.

    In focus there is one pane, that of `focus`; the others are small pictures (`small_panes`).
    """
    mask = (Pane.MASK,) if mode in (ViewMode.SIDE_BY_SIDE, ViewMode.FOCUS) else ()
    every = (*mask, Pane.FACE, *((Pane.HEAD,) if head is HeadView.BESIDE else ()))
    return (focus if focus in every else Pane.FACE,) if mode is ViewMode.FOCUS else every


def small_panes(mode: ViewMode, head: HeadView = HeadView.OFF, focus: Pane = Pane.FACE) -> tuple[Pane, ...]:
    """What is shown small beside the picture in focus; nothing in other modes."""
    if mode is not ViewMode.FOCUS:
        return ()
    every = shown_panes(ViewMode.SIDE_BY_SIDE, head)
    return tuple(pane for pane in every if pane not in shown_panes(mode, head, focus))


def panes(count: int, width: float, height: float, aspect: float = 1.0) -> tuple[Box, ...]:
    """Where the panes of a canvas lie, all of one size: in the rows and columns that show their pictures largest.

    Args:
        count: of panes.
        width, height: of the canvas.
        aspect: width of a picture divided by its height.
    """

    def size(rows: int) -> tuple[float, float]:
        columns = math.ceil(count / rows)
        return (width - _GAP * (columns - 1)) / columns, (height - _GAP * (rows - 1)) / rows

    rows = max(range(1, count + 1), key=lambda rows: min(size(rows)[0] / aspect, size(rows)[1]))
    columns = math.ceil(count / rows)
    wide, high = size(rows)
    places = [divmod(index, columns) for index in range(count)]
    return tuple(Box(column * (wide + _GAP), row * (high + _GAP), wide, high) for row, column in places)


def focus_panes(small: int, width: float, height: float) -> tuple[Box, tuple[Box, ...]]:
    """Where the picture in focus and a number of small ones lie: in a column at the right, or a row below if tall."""
    if width < height:
        large, column = focus_panes(small, height, width)
        return _transposed(large), tuple(map(_transposed, column))
    least, most = (share * width for share in _SMALL_SHARES)
    side = min(max(width - height - _GAP, least), most, (height - _GAP * (small - 1)) / max(small, 1))
    left = width - side
    column = tuple(Box(left, index * (side + _GAP), side, side) for index in range(small))
    return Box(0.0, 0.0, left - _GAP if small else width, height), column


def roomiest_mode(width: float, height: float) -> ViewMode:
    """How mask and face share a canvas at first: side by side, unless one large picture is clearly larger."""
    one, two = focus_panes(1, width, height)[0], panes(2, width, height)[0]
    gain = min(one.width, one.height) / max(1.0, min(two.width, two.height))
    return ViewMode.FOCUS if gain > _CLEARLY else ViewMode.SIDE_BY_SIDE


def _transposed(box: Box) -> Box:
    return Box(box.y, box.x, box.height, box.width)


def pane_at(boxes: tuple[Box, ...], x: float, y: float) -> int:
    """Index of the pane at a widget point; the nearest one if the point lies outside all."""
    distances = []
    for box in boxes:
        dx = max(box.x - x, 0.0, x - box.right)
        dy = max(box.y - y, 0.0, y - box.bottom)
        distances.append(dx * dx + dy * dy)
    return distances.index(min(distances))


def pixel(x: float, y: float) -> tuple[int, int] | None:
    """The mask pixel (column, row) that holds a picture point, or None outside the picture."""
    column, row = math.floor(x), math.floor(y)
    if 0 <= column < MASK_SIZE and 0 <= row < MASK_SIZE:
        return column, row
    return None
