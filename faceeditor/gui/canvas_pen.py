"""The pen on the canvas: mouse, tablet and keys become strokes, fills, picks and pans."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QPainter, QPointingDevice, QTabletEvent
from PySide6.QtWidgets import QWidget

from faceeditor.errors import FaceEditorError
from faceeditor.gui import canvas_paint as paint
from faceeditor.gui.canvas import CanvasView
from faceeditor.gui.session import PortraitSession
from faceeditor.gui.strokes import BrushStroke, LassoStroke, Paint, Stroke, fill, pressed_radius
from faceeditor.gui.tools import Tool, ToolState
from faceeditor.gui.view import Box, ViewMode, pane_at
from faceeditor.portrait.brush import Point, region_at
from faceeditor.regions import Region


@dataclass
class _Pan:
    last: QPointF


@dataclass
class _Wipe:
    pane: Box


@dataclass
class _Painting:
    stroke: Stroke
    pane: Box


class Canvas(CanvasView):
    """The canvas that is painted on, on the mask and on the face alike.

    Signals:
        hovered: the Region under the pen, or None.
        panels_toggled: Tab was pressed.
    """

    hovered = Signal(object)
    panels_toggled = Signal()

    def __init__(self, session: PortraitSession, tools: ToolState, parent: QWidget | None = None) -> None:
        super().__init__(session, tools, parent)
        self._action: _Pan | _Wipe | _Painting | None = None
        self._space = False
        self._eraser_end = False
        self._pressure = 1.0
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_TabletTracking)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        tools.changed.connect(self._tools_changed)
        session.portrait_replaced.connect(self._forget_action)
        session.open_work_ended.connect(self._forget_action)
        self._tools_changed()

    @property
    def painting(self) -> bool:
        """Whether a stroke is under way."""
        return isinstance(self._action, _Painting)

    # The pen goes down, moves, goes up: the same for mouse and tablet.

    def _pen_down(self, at: QPointF, pressure: float, eraser_end: bool) -> None:
        self.finish()
        self.session.end_open_work()
        boxes = self.boxes
        pane = boxes[pane_at(boxes, at.x(), at.y())]
        self._eraser_end, self._pressure = eraser_end, pressure
        if self._space or (self.tools.tool is Tool.PAN and not eraser_end):
            self._begin_pan(at)
            return
        if self.mode is ViewMode.WIPE and self._on_wipe(pane, at):
            self._action = _Wipe(pane)
            return
        point = self.view.to_picture(pane, at.x(), at.y())
        tool = Tool.ERASER if eraser_end else self.tools.tool
        try:
            self._begin(tool, pane, point, pressure)
        except FaceEditorError as error:
            self.session.failed.emit(str(error))

    def _begin(self, tool: Tool, pane: Box, point: Point, pressure: float) -> None:
        portrait = self.session.portrait
        if tool is Tool.PICKER:
            self._pick(point)
        elif tool is Tool.FILL:
            fill(portrait, self._paint(tool), point)
        elif tool is Tool.LASSO:
            self._action = _Painting(LassoStroke(portrait, self._paint(tool), point), pane)
        else:
            self._action = _Painting(BrushStroke(portrait, self._paint(tool), point, pressure), pane)

    def _paint(self, tool: Tool) -> Paint:
        tools = self.tools
        names = {
            Tool.BRUSH: self.tr("Brush"),
            Tool.ERASER: self.tr("Eraser"),
            Tool.FILL: self.tr("Fill"),
            Tool.LASSO: self.tr("Lasso"),
        }
        region = Region.BACKGROUND if tool is Tool.ERASER else tools.region
        return Paint(region, tools.size, tools.symmetry, tools.paint_over, names[tool])

    def _pen_move(self, at: QPointF, pressure: float) -> None:
        self._pressure = pressure
        action = self._action
        boxes = self.boxes
        pane = action.pane if isinstance(action, _Painting) else boxes[pane_at(boxes, at.x(), at.y())]
        point = self.view.to_picture(pane, at.x(), at.y())
        if isinstance(action, _Pan):
            moved = at - action.last
            action.last = at
            self.set_view(self.view.panned(moved.x(), moved.y()))
        elif isinstance(action, _Wipe):
            self.set_wipe(point[0])
        elif isinstance(action, _Painting):
            action.stroke.move(point, pressure)
            if isinstance(action.stroke, LassoStroke):
                self.update()
        self._move_pen(point)

    def _pen_up(self) -> None:
        self.finish()

    def finish(self) -> None:
        """End what the pen does, keeping it: also when the release is lost because the window loses the focus."""
        action, self._action = self._action, None
        if isinstance(action, _Painting):
            try:
                action.stroke.commit()
            except FaceEditorError as error:
                self.session.failed.emit(str(error))
            self._axis = None
            if self.tools.symmetry or isinstance(action.stroke, LassoStroke):
                self.update()  # the axis follows the new mask, the outline goes
        self._choose_cursor()

    def abort(self) -> bool:
        """Take back the stroke under way; False if there is none."""
        action, self._action = self._action, None
        if not isinstance(action, _Painting):
            self._action = action
            return False
        action.stroke.abort()
        self.update()
        self._choose_cursor()
        return True

    def _forget_action(self) -> None:
        self._action = None
        self._choose_cursor()

    def _begin_pan(self, at: QPointF) -> None:
        self._action = _Pan(at)
        self._choose_cursor()

    def _on_wipe(self, pane: Box, at: QPointF) -> bool:
        if self._before is None:
            return False
        x, y = self.wipe_handle(pane)
        near_handle = abs(at.x() - x) <= paint.HANDLE and abs(at.y() - y) <= paint.HANDLE
        return near_handle or abs(at.x() - x) <= 4

    def _pick(self, point: Point) -> None:
        region = region_at(self.session.portrait.mask, point)
        if region is not None:
            self.tools.set_region(region)

    # The outline that follows the pen.

    def _move_pen(self, point: Point | None) -> None:
        self.update_pen()
        self.pen_at = point
        self.pen_radius = self._outline_radius()
        self.update_pen()
        self.hovered.emit(None if point is None else region_at(self.session.portrait.mask, point))

    def _outline_radius(self) -> float:
        sized = self._eraser_end or self.tools.tool in (Tool.BRUSH, Tool.ERASER)
        if not sized or self._space or isinstance(self._action, (_Pan, _Wipe)):
            return 0.0
        return pressed_radius(self.tools.size, self._pressure if self.painting else 1.0)

    def _tools_changed(self) -> None:
        self._axis = None if not self.painting else self._axis
        self.pen_radius = self._outline_radius()
        self._choose_cursor()
        self.update()

    def _choose_cursor(self) -> None:
        shape = Qt.CursorShape.CrossCursor
        if isinstance(self._action, _Pan):
            shape = Qt.CursorShape.ClosedHandCursor
        elif isinstance(self._action, _Wipe):
            shape = Qt.CursorShape.SplitHCursor
        elif self._space or self.tools.tool is Tool.PAN:
            shape = Qt.CursorShape.OpenHandCursor
        elif self.tools.tool in (Tool.BRUSH, Tool.ERASER) and self.tools.size * self.view.zoom >= 8:
            shape = Qt.CursorShape.BlankCursor
        self.setCursor(shape)

    # Events.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        button = event.button()
        if button == Qt.MouseButton.LeftButton:
            self._pen_down(event.position(), 1.0, eraser_end=False)
        elif button == Qt.MouseButton.MiddleButton and not self.painting:
            self._begin_pan(event.position())
        elif button == Qt.MouseButton.RightButton and self._action is None:
            boxes = self.boxes
            at = event.position()
            self._pick(self.view.to_picture(boxes[pane_at(boxes, at.x(), at.y())], at.x(), at.y()))
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._action is not None and event.buttons() == Qt.MouseButton.NoButton:
            self.finish()  # the release went to another window
        self._pen_move(event.position(), 1.0)
        if self._action is None and self.mode is ViewMode.WIPE:
            on_wipe = self._on_wipe(self.boxes[0], event.position())
            self.setCursor(Qt.CursorShape.SplitHCursor) if on_wipe else self._choose_cursor()
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        ends = {_Pan: (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton)}
        if event.button() in ends.get(type(self._action), (Qt.MouseButton.LeftButton,)):
            self._pen_up()
        event.accept()

    def tabletEvent(self, event: QTabletEvent) -> None:
        eraser = event.pointerType() == QPointingDevice.PointerType.Eraser
        if event.type() == QEvent.Type.TabletPress and event.button() == Qt.MouseButton.LeftButton:
            self._pen_down(event.position(), event.pressure(), eraser)
        elif event.type() == QEvent.Type.TabletMove:
            down = self._action is not None
            self._eraser_end = eraser
            self._pen_move(event.position(), event.pressure() if down else 1.0)
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
            self.abort()
        elif event.key() == Qt.Key.Key_Tab and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.panels_toggled.emit()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = False
                self._tools_changed()
        else:
            super().keyReleaseEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab hides the panels here; F6 leads to them."""
        return False

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space = False
        self.finish()
        super().focusOutEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.finish()
        super().hideEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        if self._action is None:
            self._move_pen(None)
        super().leaveEvent(event)

    def _draw_over(self, painter: QPainter, pane: Box) -> None:
        super()._draw_over(painter, pane)
        if isinstance(self._action, _Painting) and isinstance(self._action.stroke, LassoStroke):
            paint.draw_lasso(painter, self.view, pane, self._action.stroke.points)
