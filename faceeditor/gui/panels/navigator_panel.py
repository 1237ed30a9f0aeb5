"""The navigator: the whole picture, small, with a frame around what the canvas shows; a drag moves the canvas."""

from dataclasses import replace

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from faceeditor.gui.actions import Actions
from faceeditor.gui.canvas.canvas_view import CanvasView
from faceeditor.gui.colors import color
from faceeditor.gui.widgets.basic import label, tool_button
from faceeditor.interaction.view import Box, Pane, View
from faceeditor.portrait.brush import Point


class Overview(QWidget):
    """The face or photograph as a whole. A press outside of the frame brings the frame there."""

    def __init__(self, canvas: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._held: Point | None = None  # from the pointer to the middle of the frame, in picture coordinates
        self.view = View()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 120)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAccessibleName(self.tr("Overview"))
        self.setToolTip(self.tr("Drag to move the canvas, turn the wheel to zoom, double-click to fit"))
        canvas.view_changed.connect(self.update)
        canvas.picture_changed.connect(self._follow)

    def sizeHint(self) -> QSize:
        return QSize(200, 200)

    def _follow(self, kind: Pane) -> None:
        if kind is Pane.FACE:
            self.update()

    @property
    def box(self) -> Box:
        """The widget as a pane."""
        return Box(0.0, 0.0, self.width(), self.height())

    def frame(self) -> list[Point]:
        """The corners of what the canvas shows, in picture coordinates, one after the other."""
        pane, view = self._canvas.boxes[0], self._canvas.view
        corners = ((pane.x, pane.y), (pane.right, pane.y), (pane.right, pane.bottom), (pane.x, pane.bottom))
        return [view.to_picture(pane, *corner) for corner in corners]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.view = self._canvas.draw_small(painter, self.box, Pane.FACE)
        frame = QPolygonF([QPointF(*self.view.to_widget(self.box, *corner)) for corner in self.frame()])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(0, 0, 0, 150), 3.0), QPen(color("accent"), 1.6)):
            painter.setPen(pen)
            painter.drawPolygon(frame)
        painter.end()

    def _at(self, event: QMouseEvent) -> Point:
        return self.view.to_picture(self.box, event.position().x(), event.position().y())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        at, view = self._at(event), self._canvas.view
        inside = QPolygonF([QPointF(*corner) for corner in self.frame()]).containsPoint(
            QPointF(*at), Qt.FillRule.OddEvenFill
        )
        self._held = (view.x - at[0], view.y - at[1]) if inside else (0.0, 0.0)
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self._move_to(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            self._move_to(self._at(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._canvas.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._canvas.zoom_by(1.25 ** (event.angleDelta().y() / 120.0))
        event.accept()

    def _move_to(self, at: Point) -> None:
        assert self._held is not None
        x, y = at[0] + self._held[0], at[1] + self._held[1]
        if (x, y) != (self._canvas.view.x, self._canvas.view.y):
            self._canvas.set_view(replace(self._canvas.view, x=x, y=y))


class NavigatorPanel(QWidget):
    """The overview, and the zoom."""

    def __init__(self, canvas: CanvasView, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.overview = Overview(canvas)
        column.addWidget(self.overview, 1)
        row = QHBoxLayout()
        for name in ("fit", "actual"):
            row.addWidget(tool_button(actions[name], 16))
        row.addStretch(1)
        self.zoom = label("", "value")
        self.zoom.setAccessibleName(self.tr("Zoom"))
        row.addWidget(self.zoom)
        column.addLayout(row)
        canvas.view_changed.connect(self._show_zoom)
        self._show_zoom()

    def _show_zoom(self) -> None:
        percent = self._canvas.view.zoom * self._canvas.devicePixelRatioF() * 100
        self.zoom.setText(f"{percent:.0f} %")
