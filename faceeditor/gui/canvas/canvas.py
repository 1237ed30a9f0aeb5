"""The canvas: mouse, tablet and keys become strokes, fills, picks, pans and turns of the head."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPointingDevice,
    QTabletEvent,
)
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget

from faceeditor.errors import FaceEditorError
from faceeditor.gui.canvas import overlays as paint
from faceeditor.gui.canvas.canvas_view import CanvasView
from faceeditor.gui.canvas.gizmo_painter import draw_readout
from faceeditor.gui.canvas.region_popup import RegionPopup
from faceeditor.gui.canvas.selection_tool import SelectionTool
from faceeditor.gui.canvas.tools import Tool, ToolState
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.interaction.combing import CombGesture
from faceeditor.interaction.head_gizmo import GizmoPart
from faceeditor.interaction.push import Push, PushStroke
from faceeditor.interaction.region_keys import region_of_digit
from faceeditor.interaction.strokes import BrushStroke, LassoStroke, Paint, fill, pressed_radius
from faceeditor.interaction.view import Box, Pane, ViewMode, pane_at
from faceeditor.portrait.brush import Point, region_at
from faceeditor.portrait.document import SetComb
from faceeditor.regions import Region

if TYPE_CHECKING:
    from faceeditor.gui.controllers.head_controller import HeadController

ROTATION_STEP = 15.0
"""Degrees by which a key turns the view."""
_SIZED = (Tool.BRUSH, Tool.ERASER, Tool.COMB, Tool.PUSH)
_DIGITS = tuple(Qt.Key(Qt.Key.Key_0 + digit) for digit in range(10))
_CTRL_MS = 300
"""Ctrl held for so long shows the gizmo; a key with Ctrl does not make it flash."""
_TEXTS = QLineEdit, QAbstractSpinBox
"""Widgets that keep the keyboard while the pointer crosses the canvas."""


@dataclass
class _Pan:
    last: QPointF


@dataclass
class _Wipe:
    pane: Box


@dataclass
class _Painting:
    stroke: BrushStroke | LassoStroke | PushStroke
    pane: Box


@dataclass
class _Selecting:
    pane: Box


@dataclass
class _Turning:
    pane: Box


@dataclass
class _Combing:
    gesture: CombGesture
    pane: Box


@dataclass
class _Resizing:
    """Shift and the left button: a drag sets the size of the brush, a click draws a line."""

    pane: Box
    start: QPointF
    point: Point
    size: float
    dragged: bool = False


_Action = _Pan | _Wipe | _Painting | _Selecting | _Turning | _Combing | _Resizing


class Canvas(CanvasView):
    """The canvas that is painted on, on the mask and on the face alike.

    Signals:
        hovered: the Region under the pen, or None.
        panels_toggled: Tab was pressed.
        face_chosen: index of a face of the photograph that was clicked.
        hint_changed: what the tool can do now, for the status bar; empty for common tools.
    """

    hovered = Signal(object)
    panels_toggled = Signal()
    face_chosen = Signal(int)
    hint_changed = Signal(str)

    def __init__(self, session: PortraitSession, tools: ToolState, parent: QWidget | None = None) -> None:
        super().__init__(session, tools, parent)
        self.selecting = SelectionTool(session, tools, self)
        self._selection_drawn: list[QRect] = []  # where the selection was drawn last
        self._action: _Action | None = None
        self._last_point: Point | None = None  # where the last stroke ended: a line begins there
        self._space = False
        self._ctrl = False  # held alone, for a while
        self._ctrl_held = QTimer(self, interval=_CTRL_MS, singleShot=True)
        self._ctrl_held.timeout.connect(lambda: self._set_ctrl(True))
        self._eraser_end = False
        self._pressure = 1.0
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_TabletTracking)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        tools.changed.connect(self._tools_changed)
        session.portrait_replaced.connect(self._forget_action)
        session.portrait_replaced.connect(self._forget_last_point)
        session.open_work_ended.connect(self._forget_action)
        self.selecting.changed.connect(self._update_selection)
        self.view_changed.connect(self._update_selection)
        self._tools_changed()

    @property
    def painting(self) -> bool:
        """Whether a stroke is under way."""
        return isinstance(self._action, _Painting)

    def set_head_controller(self, heads: "HeadController") -> None:
        """Enable turning the head with the Turn tool or Ctrl; called once."""
        super().set_head_controller(heads)
        assert self.turner is not None
        self.turner.moved.connect(self._update_gizmo)

    @property
    def turning(self) -> bool:
        """Whether the gizmo is shown: the Turn tool is selected, Ctrl is held, or the head is being turned."""
        if self.turner is None:
            return False
        return self.tools.tool is Tool.TURN or self._ctrl or isinstance(self._action, _Turning)

    # The pen goes down, moves, goes up: the same for mouse and tablet.

    def _pen_down(
        self,
        at: QPointF,
        pressure: float,
        eraser_end: bool,
        modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        self.finish()
        small = self._small_at(at)
        if small is not None:
            self.set_focus_pane(small)
            return
        if not self.selecting.transforming:
            self.session.end_open_work()
        boxes = self.boxes
        index = pane_at(boxes, at.x(), at.y())
        pane = boxes[index]
        if self.opening is not None and self.shown[index] is Pane.FACE:
            return
        self._eraser_end, self._pressure = eraser_end, pressure
        if self._space or (self.tools.tool is Tool.PAN and not eraser_end):
            self._begin_pan(at)
            return
        if self.mode is ViewMode.WIPE and self._on_wipe(pane, at):
            self._action = _Wipe(pane)
            return
        point = self.view.to_picture(pane, at.x(), at.y())
        turns = self.turner is not None and bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        selects = self.tools.tool is Tool.SELECT and not eraser_end and not turns
        if selects and (self.selecting.transforming or self.photo.other_face(point) is None):
            self._action = _Selecting(pane)
            self.selecting.press(point, at, self.view.zoom, modifiers)
            return
        self.selecting.apply()
        other = self.photo.other_face(point)
        if other is not None:
            self.face_chosen.emit(other)
            return
        tool = Tool.ERASER if eraser_end else self.tools.tool
        if tool in _SIZED and modifiers & Qt.KeyboardModifier.ShiftModifier:
            self._action = _Resizing(pane, at, point, self.tools.size)
            self._move_pen(point)
            return
        if turns:
            tool = Tool.TURN
        try:
            if tool is Tool.TURN:
                self._begin_turn(pane, point, at, modifiers)
                return
            self._begin(tool, pane, point, pressure)
        except FaceEditorError as error:
            self.session.failed.emit(str(error))

    def _begin(self, tool: Tool, pane: Box, point: Point, pressure: float) -> None:
        portrait = self.session.portrait
        if tool is Tool.PICKER:
            self._pick(point)
        elif tool is Tool.FILL:
            fill(portrait, self._paint(tool), point, self.session.moved_mask)
        elif tool is Tool.COMB:
            self._action = _Combing(self._begin_combing(point), pane)
        elif tool is Tool.LASSO:
            self._action = _Painting(LassoStroke(portrait, self._paint(tool), point, self.session.moved_mask), pane)
        elif tool is Tool.PUSH:
            push = PushStroke(portrait, self._push(), point, pressure, self.session.moved_mask)
            self._action = _Painting(push, pane)
        else:
            stroke = BrushStroke(portrait, self._paint(tool), point, pressure, self.session.moved_mask)
            self._action = _Painting(stroke, pane)

    def _begin_turn(self, pane: Box, point: Point, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._ctrl_held.stop()
        if self.turner is not None and self.turner.press(point, at, self.view.zoom, modifiers):
            self._action = _Turning(pane)
        self._choose_cursor()

    def _paint(self, tool: Tool) -> Paint:
        tools = self.tools
        names = {
            Tool.BRUSH: self.tr("Brush"),
            Tool.ERASER: self.tr("Eraser"),
            Tool.FILL: self.tr("Fill"),
            Tool.LASSO: self.tr("Lasso fill"),
        }
        region = Region.BACKGROUND if tool is Tool.ERASER else tools.region
        lag = tools.lag / self.view.zoom
        return Paint(region, tools.size, tools.symmetry, tools.paint_over, names[tool], lag, self.selecting.area)

    def _push(self) -> Push:
        tools = self.tools
        region = tools.region if tools.push_current else None
        name, area = self.tr("Push"), self.selecting.area
        return Push(tools.size, tools.strength, region, tools.symmetry, tools.paint_over, area, name)

    def _pen_move(
        self, at: QPointF, pressure: float, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        self._pressure = pressure
        action = self._action
        if action is None and self._small_at(at) is not None:
            self._move_pen(None)
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            return
        if self.cursor().shape() is Qt.CursorShape.PointingHandCursor and not self.turning:
            self._choose_cursor()
        boxes = self.boxes
        held = isinstance(action, (_Painting, _Selecting, _Turning, _Combing, _Resizing))
        pane = action.pane if held else boxes[pane_at(boxes, at.x(), at.y())]  # type: ignore[union-attr]
        point = self.view.to_picture(pane, at.x(), at.y())
        if isinstance(action, _Pan):
            moved = at - action.last
            action.last = at
            self.set_view(self.view.panned(moved.x(), moved.y()))
        elif isinstance(action, _Wipe):
            self.set_wipe(point[0])
        elif isinstance(action, _Painting):
            action.stroke.move(point, pressure)
            if isinstance(action.stroke, LassoStroke) or self.tools.stabiliser:
                self.update()
        elif isinstance(action, _Combing):
            action.gesture.move(point)
            self.update()
        elif isinstance(action, _Resizing):
            self._resize_brush(action, at)
            point = action.point  # the ring stays where the drag began
        elif isinstance(action, _Selecting):
            self.selecting.move(point, at, modifiers)
        elif isinstance(action, _Turning) and self.turner is not None:
            self.turner.drag(point, at, modifiers)
        elif self.turning and self.turner is not None:
            self.turner.hover(point, self.view.zoom, modifiers)
            self._choose_cursor()
        elif action is None and self.tools.tool is Tool.SELECT:
            self.selecting.hover(point, self.view.zoom)
            self._choose_cursor()
        self._move_pen(point)

    def _pen_up(self) -> None:
        self.finish()

    def finish(self) -> None:
        """End what the pen does, keeping it: also when the release is lost because the window loses the focus."""
        action, self._action = self._action, None
        if isinstance(action, _Turning) and self.turner is not None:
            self.session.guarded(self.turner.release)
        elif isinstance(action, _Combing):
            self.session.guarded(action.gesture.commit)
            self.update()
        elif isinstance(action, _Selecting):
            self.selecting.release()
        elif isinstance(action, _Resizing):
            if not action.dragged and self._tool_in_use is not Tool.PUSH:
                self._draw_line(action.pane, action.point)
        elif isinstance(action, _Painting):
            self.session.guarded(action.stroke.commit)
            if isinstance(action.stroke, BrushStroke):
                self._last_point = action.stroke.end
            self._axis = None
            if self.tools.symmetry or self.tools.stabiliser or isinstance(action.stroke, LassoStroke):
                self.update()  # the axis follows the new mask, the outline goes
        self._choose_cursor()

    def abort(self) -> bool:
        """Take back the stroke or turn under way; False if there is none."""
        action, self._action = self._action, None
        if isinstance(action, _Turning) and self.turner is not None:
            self.turner.abort()
            self._choose_cursor()
            return True
        if isinstance(action, _Resizing):
            self.tools.set_size(action.size)
            return True
        if isinstance(action, _Combing):
            self.update()
            return True
        if isinstance(action, _Selecting):
            self.selecting.abort()
            self._choose_cursor()
            return True
        if not isinstance(action, _Painting):
            self._action = action
            return False
        action.stroke.abort()
        self.update()
        self._choose_cursor()
        return True

    def _small_at(self, at: QPointF) -> Pane | None:
        """The small picture at a point of the widget."""
        return next((kind for kind, box in self.small_boxes.items() if box.contains(at.x(), at.y())), None)

    # Size of the brush, lines and regions without the panels.

    def _resize_brush(self, action: _Resizing, at: QPointF) -> None:
        moved = at.x() - action.start.x()
        if action.dragged or abs(moved) > QApplication.startDragDistance():
            action.dragged = True
            # The edge of the ring follows the pointer.
            self.tools.set_size(round(action.size + 2 * moved / self.view.zoom))
            self.update()

    def _draw_line(self, pane: Box, point: Point) -> None:
        """Paint a straight line from the end of the last stroke to a point: one undo step."""
        start = self._last_point or point

        def draw() -> None:
            straight = replace(self._paint(self._tool_in_use), lag=0.0)
            stroke = BrushStroke(self.session.portrait, straight, start, 1.0, self.session.moved_mask)
            stroke.move(point)
            stroke.commit()

        if self.session.guarded(draw):
            self._last_point = point
            self.update()

    @property
    def _tool_in_use(self) -> Tool:
        return Tool.ERASER if self._eraser_end else self.tools.tool

    def _forget_last_point(self) -> None:
        self._last_point = None

    def _open_palette(self, at: QPointF) -> None:
        boxes = self.boxes
        point = self.view.to_picture(boxes[pane_at(boxes, at.x(), at.y())], at.x(), at.y())
        self.palette_popup = RegionPopup(self.tools, region_at(self.shown_mask, point), self)
        self.palette_popup.open_at(self.mapToGlobal(at.toPoint()))

    def _digit(self, digit: int, keypad: bool) -> bool:
        """A digit selects a region; 4, 5 and 6 of the keypad turn the view. False if it does nothing."""
        if not keypad:
            self.tools.set_region(region_of_digit(digit, self.tools.region))
        elif digit in (4, 6):
            self.rotate(-ROTATION_STEP if digit == 4 else ROTATION_STEP)
        elif digit == 5:
            self.reset_rotation()
        else:
            return False
        return True

    def _begin_combing(self, point: Point) -> CombGesture:
        portrait = self.session.portrait
        unmove = self.session.unmove_points if portrait.moved else None
        return CombGesture(portrait, point, self.tools.size, self.tr("Comb"), unmove)

    def _comb_lines(self) -> list[list[Point]]:
        comb = self.session.shown_comb
        return [[(float(x), float(y)) for x, y in stroke.points] for stroke in comb]

    def clear_comb(self) -> None:
        """Remove all strokes of the comb: one undo step."""
        self.session.end_open_work()
        self.session.guarded(lambda: self.session.portrait.apply(SetComb((), self.tr("Clear comb strokes"))))
        self.update()

    def _forget_action(self) -> None:
        self._action = None
        self.hint_changed.emit(self.hint)
        self._choose_cursor()

    def _begin_pan(self, at: QPointF) -> None:
        self._action = _Pan(at)
        self._choose_cursor()

    def _on_wipe(self, pane: Box, at: QPointF) -> bool:
        if self._before is None and not self.photo.shown:
            return False
        x, y = self.wipe_handle(pane)
        near_handle = abs(at.x() - x) <= paint.HANDLE and abs(at.y() - y) <= paint.HANDLE
        across = abs(self.view.to_picture(pane, at.x(), at.y())[0] - self.wipe) * self.view.zoom
        return near_handle or across <= 4

    def _pick(self, point: Point) -> None:
        region = region_at(self.shown_mask, point)
        if region is not None:
            self.tools.set_region(region)

    # The selection.

    @property
    def hint(self) -> str:
        """What the tool can do now; empty for tools that need no words."""
        said = self.selecting.hint()
        if self.tools.tool is Tool.PUSH and not said:
            return self.tr("Drag to push the borders of regions · Shift + drag: size of the brush")
        return said

    def clear_selected(self) -> None:
        """Clear what is selected, or the current region if nothing is; what surrounds it closes the gap."""
        self.selecting.apply()
        area = self.selecting.area
        if area is None:
            self.session.clear_region(self.tools.region)
        else:
            self.session.clear_area(area)

    def _update_selection(self) -> None:
        """Repaint where the selection was and is."""
        drawn = [self.selecting.reach(self.view, pane).toAlignedRect() for pane in self.boxes]
        for area in (*drawn, *self._selection_drawn):
            self.update(area)
        self._selection_drawn = drawn
        self.hint_changed.emit(self.hint)

    # The gizmo.

    def _set_ctrl(self, on: bool) -> None:
        self._ctrl_held.stop()
        if on != self._ctrl:
            self._ctrl = on
            self._tools_changed()

    def _update_gizmo(self) -> None:
        if not self.turning or self.turner is None:
            return
        self.update(paint.qrect(self.pane(Pane.FACE)).toAlignedRect())
        if isinstance(self._action, _Turning) and self._action.pane != self.pane(Pane.FACE):
            self.update(paint.qrect(self._action.pane).toAlignedRect())

    # The outline that follows the pen.

    def _move_pen(self, point: Point | None) -> None:
        self.update_pen()
        self.pen_at = point
        self.pen_radius = self._outline_radius()
        self.update_pen()
        self.hovered.emit(None if point is None else region_at(self.shown_mask, point))

    def _outline_radius(self) -> float:
        sized = self._eraser_end or self.tools.tool in _SIZED
        if not sized or self._space or self.turning or isinstance(self._action, (_Pan, _Wipe)):
            return 0.0
        return pressed_radius(self.tools.size, self._pressure if self.painting else 1.0)

    def _tools_changed(self) -> None:
        self._axis = None if not self.painting else self._axis
        self.pen_radius = self._outline_radius()
        self._choose_cursor()
        self.hint_changed.emit(self.hint)
        self.update()

    def _choose_cursor(self) -> None:
        shape = Qt.CursorShape.CrossCursor
        if isinstance(self._action, _Pan):
            shape = Qt.CursorShape.ClosedHandCursor
        elif isinstance(self._action, _Wipe):
            shape = Qt.CursorShape.SplitHCursor
        elif self._space or self.tools.tool is Tool.PAN:
            shape = Qt.CursorShape.OpenHandCursor
        elif self.tools.tool is Tool.SELECT and not self.turning:
            shape = self.selecting.cursor(self.view)
        elif isinstance(self._action, _Turning):
            shape = Qt.CursorShape.ClosedHandCursor
        elif self.turning and self.turner is not None:
            on_handle = self.turner.part in (GizmoPart.ROLL, GizmoPart.GAZE)
            shape = Qt.CursorShape.PointingHandCursor if on_handle else Qt.CursorShape.OpenHandCursor
        elif self.tools.tool in _SIZED and self.tools.size * self.view.zoom >= 8:
            shape = Qt.CursorShape.BlankCursor
        self.setCursor(shape)

    # Events.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        button = event.button()
        if button == Qt.MouseButton.LeftButton:
            self._pen_down(event.position(), 1.0, eraser_end=False, modifiers=event.modifiers())
        elif button == Qt.MouseButton.MiddleButton and not self.painting:
            self._begin_pan(event.position())
        elif button == Qt.MouseButton.RightButton and self._action is None:
            self._open_palette(event.position())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._action is not None and event.buttons() == Qt.MouseButton.NoButton:
            self.finish()  # the release went to another window
        self._pen_move(event.position(), 1.0, event.modifiers())
        if self._action is None and self.mode is ViewMode.WIPE:
            on_wipe = self._on_wipe(self.boxes[0], event.position())
            self.setCursor(Qt.CursorShape.SplitHCursor) if on_wipe else self._choose_cursor()
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        ends: dict[type, tuple[Qt.MouseButton, ...]] = {_Pan: (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton)}
        if event.button() in ends.get(type(self._action), (Qt.MouseButton.LeftButton,)):
            self._pen_up()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.turning and self.turner is not None:
            self.finish()
            boxes, at = self.boxes, event.position()
            pane = boxes[pane_at(boxes, at.x(), at.y())]
            self.turner.reset(self.view.to_picture(pane, at.x(), at.y()), self.view.zoom)
            event.accept()
        else:
            super().mouseDoubleClickEvent(event)

    def tabletEvent(self, event: QTabletEvent) -> None:
        eraser = event.pointerType() == QPointingDevice.PointerType.Eraser
        if event.type() == QEvent.Type.TabletPress and event.button() == Qt.MouseButton.LeftButton:
            self._pen_down(event.position(), event.pressure(), eraser, event.modifiers())
        elif event.type() == QEvent.Type.TabletMove:
            down = self._action is not None
            self._eraser_end = eraser
            self._pen_move(event.position(), event.pressure() if down else 1.0, event.modifiers())
        elif event.type() == QEvent.Type.TabletRelease and event.button() == Qt.MouseButton.LeftButton:
            self._pen_up()
            self._eraser_end = False
        else:
            event.ignore()  # barrel buttons arrive as mouse buttons
            return
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = True
                self._tools_changed()
        elif event.key() == Qt.Key.Key_Escape:
            if not self.abort():
                self.selecting.escape()
        elif self.selecting.key(event.key(), event.modifiers(), self.view):
            event.accept()
        elif event.key() == Qt.Key.Key_Backslash and self.photo.shown:
            self.set_comparing(True)
        elif event.key() in _DIGITS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            keypad = bool(event.modifiers() & Qt.KeyboardModifier.KeypadModifier)
            event.setAccepted(self._digit(_DIGITS.index(Qt.Key(event.key())), keypad))
        elif event.key() == Qt.Key.Key_Control:
            if self.turner is not None and not event.isAutoRepeat():
                self._ctrl_held.start()
        elif self.tools.tool is Tool.TURN and self.turner and self.turner.key(event.key(), event.modifiers()):
            event.accept()
        elif event.key() == Qt.Key.Key_Tab and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.panels_toggled.emit()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = False
                self._tools_changed()
        elif event.key() == Qt.Key.Key_Control:
            self._set_ctrl(False)
        elif event.key() == Qt.Key.Key_Backslash:
            if not event.isAutoRepeat():
                self.set_comparing(False)
        else:
            super().keyReleaseEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab hides the panels here; F6 leads to them."""
        return False

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space = False
        self._set_ctrl(False)
        self.set_comparing(False)
        self.finish()
        if self.turner is not None:
            self.turner.end_keys()
        super().focusOutEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """The keyboard follows the pointer onto the picture, as from a style that was clicked; not out of a text."""
        if self.window().isActiveWindow() and not isinstance(self.window().focusWidget(), _TEXTS):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
        super().enterEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.finish()
        super().hideEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        if self._action is None:
            self._move_pen(None)
            if self.turner is not None:
                self.turner.leave()
        super().leaveEvent(event)

    def _draw_over(self, painter: QPainter, pane: Box, kind: Pane) -> None:
        super()._draw_over(painter, pane, kind)
        if self.turning and self.turner is not None:
            if kind is Pane.FACE or Pane.FACE not in self.shown:
                self.turner.draw(painter, self.view, pane)
            self.turner.draw_text(painter, pane)
        stroke = self._action.stroke if isinstance(self._action, _Painting) else None
        if isinstance(stroke, LassoStroke):
            paint.draw_lasso(painter, self.view, pane, stroke.points)
        elif isinstance(stroke, BrushStroke) and self.tools.stabiliser and self.pen_at is not None:
            paint.draw_string(painter, self.view, pane, stroke.end, self.pen_at)
        if kind is not Pane.HEAD:
            self.selecting.draw(painter, self.view, pane)
        if self.tools.tool is Tool.COMB and kind is not Pane.HEAD:
            current = self._action.gesture.points if isinstance(self._action, _Combing) else ()
            paint.draw_comb(painter, self.view, pane, self._comb_lines(), current)
        if isinstance(self._action, _Resizing) and self._action.pane == pane:
            x, y = self.view.to_widget(pane, *self._action.point)
            size = self.tr("{n} px").format(n=round(self.tools.size))
            draw_readout(painter, pane, QPointF(x, y), size)
