"""The selection on the canvas: drawing it, and moving, scaling and rotating what is selected."""

from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPainterPath, QTransform
from PySide6.QtWidgets import QApplication

from faceeditor.gui.canvas import overlays as paint
from faceeditor.gui.canvas.gizmo_painter import draw_readout
from faceeditor.gui.canvas.tools import Tool, ToolState
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.widgets.region_look import region_name
from faceeditor.interaction.selection import (
    SelectGesture,
    SelectMode,
    bounds_of,
    combined,
    outline,
    select_mode,
)
from faceeditor.interaction.transform import BoxPart, Transform, TransformBox
from faceeditor.interaction.transform_gesture import TransformGesture
from faceeditor.interaction.view import Box, View
from faceeditor.portrait.brush import Area, Point, region_at
from faceeditor.portrait.document import Change
from faceeditor.portrait.edits import moves_mask

_REACH = 9.0
"""How close to a handle counts as on it, in pixels of the widget."""
_MARGIN = 7.0
"""How far outside of what is selected the box is drawn."""
_MARCH_MS = 140
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
_FAR = 10.0
"""Pixels of the mask by which an arrow key moves with Shift."""

_LIMITED = (Tool.BRUSH, Tool.ERASER, Tool.FILL, Tool.LASSO, Tool.PUSH)
"""Tools that leave everything outside of the selection as it is."""

Modifiers = Qt.KeyboardModifier


@dataclass
class _Drag:
    """A handle, or what is selected, under the pointer.

    Attributes:
        part: what was pressed.
        start: the transform then.
        grabbed: where, in the picture.
        at: where, in the widget.
        modifiers: that were held then.
        begun: whether the pointer has moved far enough to be no click.
    """

    part: BoxPart
    start: Transform
    grabbed: Point
    at: QPointF
    modifiers: Modifiers
    begun: bool = False


class SelectionTool(QObject):
    """Holds the selection, which is no part of the portrait, and the open transform.

    Positions are those of the picture.

    Signals:
        changed: selection, box or handles look different.
        transform_changed: a transform began, shows other values, or has ended.
    """

    changed = Signal()
    transform_changed = Signal()

    def __init__(self, session: PortraitSession, tools: ToolState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._tools = tools
        self._area: Area | None = None
        self._path = QPainterPath()  # outline of the selection as it was made, in the picture
        self._box = TransformBox(0, 0, 0, 0)
        self.gesture: TransformGesture | None = None
        self._drawn: SelectGesture | None = None
        self._drag: _Drag | None = None
        self._part: BoxPart | None = None  # under the pointer
        self._at: QPointF | None = None
        self._kept: dict[int, Area | None] = {}  # selections that belong to steps of the history
        self._head = session.portrait.shown_head
        self._phase = 0
        self._march = QTimer(self, interval=_MARCH_MS)
        self._march.timeout.connect(self._step_ants)
        tools.changed.connect(self._follow_tools)
        session.changed.connect(self._follow)
        session.portrait_replaced.connect(self._forget)
        session.open_work_ended.connect(self._transform_ended)

    # What is selected.

    @property
    def area(self) -> Area | None:
        """(256, 256) bool of the mask that is seen; None: nothing is selected."""
        return self._area

    @property
    def transforming(self) -> bool:
        """Whether a transform is open, to be applied or cancelled."""
        return self.gesture is not None

    @property
    def transform(self) -> Transform:
        """The open transform."""
        return Transform() if self.gesture is None else self.gesture.transform

    @property
    def shows_box(self) -> bool:
        """Whether the box with its handles is shown."""
        return self._area is not None and (self.transforming or self._tools.tool is Tool.SELECT)

    def set_area(self, area: Area | None) -> None:
        """Select something else; an open transform is applied first."""
        self.apply()
        self._show_area(area)
        number = self.session.portrait.history.present.number
        if number in self._kept:
            self._kept[number] = self._area

    def _show_area(self, area: Area | None) -> None:
        self._area = area if area is not None and area.any() else None
        self._path = QPainterPath()
        self._part = None
        if self._area is not None:
            self._box = TransformBox(*bounds_of(self._area))
            for loop in outline(self._area):
                self._path.moveTo(*loop[0])
                for corner in loop[1:]:
                    self._path.lineTo(*corner)
                self._path.closeSubpath()
            self._march.start()
        else:
            self._march.stop()
        self.changed.emit()

    def select_all(self) -> None:
        """Select the whole mask."""
        self.set_area(np.ones_like(self.session.portrait.mask, bool))

    def deselect(self) -> None:
        """Select nothing."""
        self.set_area(None)

    def invert(self) -> None:
        """Select what is not selected."""
        self.apply()
        self.set_area(np.ones_like(self.session.portrait.mask, bool) if self._area is None else ~self._area)

    def select_region(self) -> None:
        """Select all pixels of the current region."""
        self.apply()
        self.session.guarded(lambda: self.set_area(self.session.shown_mask == self._tools.region))

    # The pen.

    def press(self, point: Point, at: QPointF, zoom: float, modifiers: Modifiers) -> None:
        """The pen goes down with the Select tool: on a handle, on what is selected, or to select something else."""
        mode = select_mode(*_shift_alt(modifiers), self._tools.select_mode)
        part = self.part_at(point, zoom)
        if part is not None and (self.transforming or mode is SelectMode.REPLACE or part is not BoxPart.MOVE):
            self._drag = _Drag(part, self.transform, point, at, modifiers)
        else:
            self.apply()
            self._drawn = SelectGesture(point, mode)
        self.changed.emit()

    def move(self, point: Point, at: QPointF, modifiers: Modifiers) -> None:
        """The pen moves while it is down."""
        self._at = at
        if self._drawn is not None:
            self._drawn.move(point)
            self.changed.emit()
        drag = self._drag
        if drag is None:
            return
        if not drag.begun:
            far = (at - drag.at).manhattanLength() >= QApplication.startDragDistance() / 2
            drag.begun = far and self.begin()
        if drag.begun:
            even, centred = _shift_alt(modifiers)
            box = self._box if self.gesture is None else self.gesture.box
            self.set_transform(box.dragged(drag.part, drag.start, drag.grabbed, point, even, centred))

    def release(self) -> None:
        """The pen goes up."""
        drawn, self._drawn = self._drawn, None
        drag, self._drag = self._drag, None
        self._at = None
        if drag is not None and not drag.begun and drag.part is BoxPart.MOVE and not self.transforming:
            drawn = SelectGesture(drag.grabbed, SelectMode.REPLACE)  # it was a click
        if drawn is not None:
            gesture = drawn
            self.session.guarded(
                lambda: self.set_area(combined(self._area, gesture.area(self.session.shown_mask), gesture.mode))
            )
        elif self.transforming:
            self.session.rest()
        self.changed.emit()

    def abort(self) -> None:
        """Take back what the pen does."""
        self._drawn = None
        drag, self._drag = self._drag, None
        self._at = None
        if drag is not None and drag.begun:
            self.set_transform(drag.start)
            self.session.rest()
        self.changed.emit()

    def hover(self, point: Point, zoom: float) -> None:
        """The pointer moves over the canvas."""
        part = self.part_at(point, zoom)
        if part is not self._part:
            self._part = part
            self.changed.emit()

    def part_at(self, point: Point, zoom: float) -> BoxPart | None:
        """What of the box is under a point; inside of the box only what is selected, unless a transform is open."""
        if not self.shows_box or self._area is None:
            return None
        part = self._box.part_at(point, self.transform, _REACH / zoom, _MARGIN / zoom)
        if part is not BoxPart.MOVE or self.transforming or region_at(self.session.portrait.mask, point) is None:
            return part
        return part if self._area[int(point[1]), int(point[0])] else None

    # Transforming.

    def begin(self) -> bool:
        """Open a transform of what is selected; False if that cannot be done now."""
        if self.gesture is not None:
            return True
        area = self._area
        if area is None:
            return False
        self.session.end_open_work()
        made: list[TransformGesture] = []

        def open_gesture() -> None:
            portrait, name = self.session.portrait, self.tr("Transform")
            made.append(TransformGesture(portrait, area, name, self.session.moved_mask, self._tools.paint_over))

        if not self.session.guarded(open_gesture):
            return False
        self.gesture = made[0]
        self.transform_changed.emit()
        self.changed.emit()
        return True

    def begin_by_command(self) -> None:
        """Open a transform of what is selected, or of the current region if nothing is."""
        self._tools.set_tool(Tool.SELECT)
        if self._area is None:
            self.select_region()
        if self._area is None:
            name = region_name(self._tools.region)
            text = self.tr("The mask has no “{region}” to transform. Click another region, or draw around a part.")
            self.session.failed.emit(text.format(region=name))
        self.begin()

    def set_transform(self, transform: Transform) -> None:
        """Show what is selected at another place; opens a transform if there is none."""
        if not self.begin() or self.gesture is None:
            return
        gesture = self.gesture
        self.session.guarded(lambda: gesture.set(transform, self._tools.symmetry))
        self.transform_changed.emit()
        self.changed.emit()

    def set_values(self, transform: Transform) -> None:
        """Show it at a place that was typed or chosen; the face is drawn in full at once."""
        self.set_transform(transform)
        self.session.rest()

    def apply(self) -> None:
        """Apply the open transform, if there is one: one undo step."""
        if self.gesture is not None:
            number = self.session.portrait.history.present.number
            self.session.guarded(self.gesture.commit)
            self._transform_ended(number)

    def cancel(self) -> None:
        """Take the open transform back."""
        gesture, self.gesture = self.gesture, None
        self._drag = None
        if gesture is not None:
            gesture.abort()
            self.transform_changed.emit()
            self.changed.emit()

    def _transform_ended(self, before: int | None = None) -> None:
        """The open transform was applied, here or by something else: the selection goes with what has moved."""
        gesture, self.gesture = self.gesture, None
        self._drag = None
        if gesture is None:
            return
        history = self.session.portrait.history.present
        number = history.parent.number if before is None and history.parent is not None else before
        if number is not None and number != history.number:
            self._kept[number] = self._area
            self._show_area(gesture.moved_area)
            self._kept[history.number] = self._area
        self.transform_changed.emit()
        self.changed.emit()

    def escape(self) -> None:
        """Cancel the open transform, or else select nothing."""
        if self.transforming:
            self.cancel()
        elif self._area is not None:
            self.deselect()

    def key(self, key: int, modifiers: Modifiers, view: View) -> bool:
        """Enter applies; an arrow key moves what is selected by a pixel, with Shift by ten. False: no such key."""
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.transforming:
            self.apply()
            return True
        if (
            key not in _ARROWS
            or not self.shows_box
            or modifiers & ~(Modifiers.ShiftModifier | Modifiers.KeypadModifier)
        ):
            return False
        far = _FAR if modifiers & Modifiers.ShiftModifier else 1.0
        # As it is seen: in a mirrored or turned view the arrow's direction is another one of the picture.
        pane, (x, y) = Box(0, 0, 0, 0), _ARROWS[Qt.Key(key)]
        start, end = view.to_picture(pane, 0, 0), view.to_picture(pane, x * view.zoom, y * view.zoom)
        dx, dy = round(end[0] - start[0]) * far, round(end[1] - start[1]) * far
        self.set_values(replace(self.transform, dx=self.transform.dx + dx, dy=self.transform.dy + dy))
        return True

    # Following.

    def _follow_tools(self) -> None:
        if self.gesture is None:
            self.changed.emit()
        elif self._tools.tool is not Tool.SELECT:
            self.apply()
        elif self._tools.symmetry != self.gesture.both_sides and self.gesture.has_partner:
            self.set_values(self.transform)

    def _follow(self, change: Change) -> None:
        portrait = self.session.portrait
        head, self._head = self._head, portrait.shown_head
        if change.faces or (change.head and not self.transforming and moves_mask(head, self._head)):
            self._forget()  # what was selected lies elsewhere now
        elif change.history and not portrait.busy and portrait.history.present.number in self._kept:
            kept = self._kept[portrait.history.present.number]
            if kept is not self._area:
                self._show_area(kept)

    def _forget(self) -> None:
        self.gesture = self._drawn = self._drag = None
        self._kept.clear()
        self._head = self.session.portrait.shown_head
        self._show_area(None)
        self.transform_changed.emit()

    # How it looks.

    def cursor(self, view: View) -> Qt.CursorShape:
        """The cursor over what is under the pointer."""
        part = self._part if self._drag is None else self._drag.part
        if part is None:
            return Qt.CursorShape.CrossCursor
        if not part.scales:
            return Qt.CursorShape.SizeAllCursor if part is BoxPart.MOVE else Qt.CursorShape.PointingHandCursor
        pane = Box(0, 0, 0, 0)
        here = view.to_widget(pane, *self._box.place(part, self.transform))
        middle = view.to_widget(pane, self._box.middle[0] + self.transform.dx, self._box.middle[1] + self.transform.dy)
        x, y = here[0] - middle[0], here[1] - middle[1]
        if part.is_corner:
            return Qt.CursorShape.SizeFDiagCursor if x * y > 0 else Qt.CursorShape.SizeBDiagCursor
        return Qt.CursorShape.SizeHorCursor if abs(x) > abs(y) else Qt.CursorShape.SizeVerCursor

    def hint(self) -> str:
        """What can be done now, for the status bar."""
        if self.transforming:
            return self.tr(
                "Enter applies, Esc cancels · Shift: in proportion, in steps · Alt: about the middle · "
                "arrow keys: 1 px, with Shift 10 px"
            )
        if self._tools.tool is not Tool.SELECT:
            limited = self._area is not None and self._tools.tool in _LIMITED
            return self.tr("Only the selection is changed · Ctrl+D: select nothing") if limited else ""
        if self._area is None:
            return self.tr("Click a region or draw an outline · Shift adds, Alt subtracts")
        return self.tr(
            "Drag to move, handles scale and rotate · Ctrl+T: numbers · Shift adds, Alt subtracts · Esc clears"
        )

    def _step_ants(self) -> None:
        self._phase = (self._phase + 1) % 8
        self.changed.emit()

    def reach(self, view: View, pane: Box) -> QRectF:
        """What of a pane shows the selection, its box and its outline."""
        if self._drawn is not None:
            return paint.qrect(pane)
        if self._area is None:
            return QRectF()
        corners = [self._place(part, view, pane) for part in BoxPart if part is not BoxPart.MOVE]
        xs, ys = [corner.x() for corner in corners], [corner.y() for corner in corners]
        found = QRectF(QPointF(min(xs), min(ys)), QPointF(max(xs), max(ys)))
        if self.gesture is not None and self.gesture.both_sides:
            return paint.qrect(pane)
        return found.adjusted(-_REACH, -_REACH, _REACH, _REACH) & paint.qrect(pane)

    def _place(self, part: BoxPart, view: View, pane: Box, transform: Transform | None = None) -> QPointF:
        place = self._box.place(part, transform or self.transform, _MARGIN / view.zoom)
        return QPointF(*view.to_widget(pane, *place))

    def draw(self, painter: QPainter, view: View, pane: Box) -> None:
        """Marching ants, the box with its handles, the outline that is being drawn."""
        if self._area is not None:
            to_widget = _transform_of(view, pane)
            if self.gesture is not None:
                m = self.transform.matrix(self._box.middle)
                to_widget = QTransform(m[0, 0], m[1, 0], m[0, 1], m[1, 1], m[0, 2], m[1, 2]) * to_widget
            paint.draw_ants(painter, to_widget.map(self._path), self._phase)
        if self.shows_box:
            shown = [part for part in BoxPart if part.scales]
            handles = {
                part: self._place(part, view, pane)
                for part in (*shown, BoxPart.ROTATE)
                if self._box.shows(part, self.transform, _REACH / view.zoom)
            }
            held = self._part if self._drag is None else self._drag.part
            upright = replace(self.transform, scale_x=abs(self.transform.scale_x), scale_y=abs(self.transform.scale_y))
            top = self._place(BoxPart.TOP, view, pane, upright)
            corners = [handles[part] for part in shown if part.is_corner]
            knob, lit = handles[BoxPart.ROTATE], None if held is None else handles.get(held)
            paint.draw_box(painter, corners, top, knob, list(handles.values()), lit)
        if self._drawn is not None:
            paint.draw_lasso(painter, view, pane, self._drawn.points)
        if self._drag is not None and self._drag.begun and self._at is not None and pane.contains(*self._at.toTuple()):
            draw_readout(painter, pane, self._at, self._values())

    def _values(self) -> str:
        """What the drag changes, in numbers."""
        transform, part = self.transform, self._drag.part if self._drag is not None else None
        if part is BoxPart.ROTATE:
            text = f"{transform.angle:.0f}°"
        elif part is BoxPart.MOVE:
            text = self.tr("{x}, {y} px").format(x=f"{transform.dx:+.0f}", y=f"{transform.dy:+.0f}")
        else:
            text = f"{transform.scale_x * 100:.0f} × {transform.scale_y * 100:.0f} %"
        return text.replace("-", "−")


def _shift_alt(modifiers: Modifiers) -> tuple[bool, bool]:
    return bool(modifiers & Modifiers.ShiftModifier), bool(modifiers & Modifiers.AltModifier)


def _transform_of(view: View, pane: Box) -> QTransform:
    """From the picture to the widget."""
    (x0, y0), (x1, y1), (x2, y2) = (view.to_widget(pane, *point) for point in ((0, 0), (1, 0), (0, 1)))
    return QTransform(x1 - x0, y1 - y0, x2 - x0, y2 - y0, x0, y0)
