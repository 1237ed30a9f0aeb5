"""The reference window: a picture beside the portrait, to look at and to take colours from."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from faceeditor.gui.canvas.tools import ToolState
from faceeditor.gui.colors import color
from faceeditor.gui.controllers.reference_controller import ReferenceController
from faceeditor.gui.icons import icon
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.region_look import region_name
from faceeditor.regions import Region

_MAX_ZOOM = 32.0
Rgb = tuple[float, float, float]


class ReferenceView(QWidget):
    """A picture that is zoomed by the wheel and moved by a drag; a click picks a colour.

    Signals:
        picked: QColor under the pointer, the mean of 3 x 3 pixels.
    """

    picked = Signal(QColor)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._pressed: QPointF | None = None
        self._dragged = False
        self._fitted = True
        self.zoom = 1.0
        self.origin = QPointF()  # where the picture's corner lies in the widget
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 100)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(self.tr("Reference picture"))
        self.setToolTip(self.tr("Click to pick a colour, drag to move, turn the wheel to zoom, double-click to fit"))

    def sizeHint(self) -> QSize:
        return QSize(300, 320)

    def show_image(self, image: QImage | None) -> None:
        """Show another picture as a whole, or none."""
        self._image = image
        self.fit()

    def fit(self) -> None:
        """Show the whole picture."""
        self._fitted = True
        if self._image is not None:
            width, height = self._image.width(), self._image.height()
            self.zoom = min(self.width() / width, self.height() / height)
            self.origin = QPointF((self.width() - width * self.zoom) / 2, (self.height() - height * self.zoom) / 2)
        self.update()

    def to_image(self, at: QPointF) -> QPointF:
        """Point of the widget -> point of the picture, in its pixels."""
        return (at - self.origin) / self.zoom

    def to_widget(self, at: QPointF) -> QPointF:
        """Point of the picture -> point of the widget."""
        return at * self.zoom + self.origin

    def zoom_at(self, at: QPointF, factor: float) -> None:
        """Zoom; the point under the pointer stays there."""
        if self._image is None:
            return
        whole = min(self.width() / self._image.width(), self.height() / self._image.height())
        held = self.to_image(at)
        self.zoom = min(max(self.zoom * factor, whole / 2), max(_MAX_ZOOM, whole))
        self.origin = at - held * self.zoom
        self._fitted = False
        self.update()

    def colour_at(self, at: QPointF) -> QColor | None:
        """The colour under a point of the widget, the mean of 3 x 3 pixels; None beside the picture."""
        if self._image is None:
            return None
        point = self.to_image(at)
        column, row = int(point.x() // 1), int(point.y() // 1)
        if not self._image.rect().contains(column, row):
            return None
        part = self._image.copy(self._image.rect() & QRectF(column - 1, row - 1, 3, 3).toRect())
        pixels = [part.pixelColor(x, y) for x in range(part.width()) for y in range(part.height())]
        red, green, blue = (
            sum(channel) / len(pixels)
            for channel in zip(*((each.redF(), each.greenF(), each.blueF()) for each in pixels), strict=True)
        )
        return QColor.fromRgbF(red, green, blue)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fitted:
            self.fit()
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("surround"))
        if self._image is None:
            painter.setPen(color("text-dim"))
            words = self.tr("Drop a picture here,\nopen or paste one.")
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.zoom < 4.0)
            size = QPointF(self._image.width() * self.zoom, self._image.height() * self.zoom)
            painter.drawImage(QRectF(self.origin, self.origin + size), self._image)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed, self._dragged = event.position(), event.button() == Qt.MouseButton.MiddleButton

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        moved = event.position() - self._pressed
        if self._dragged or moved.manhattanLength() >= QApplication.startDragDistance():
            self._dragged, self._fitted = True, False
            self.origin += moved
            self._pressed = event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        picked = None if self._dragged or self._pressed is None else self.colour_at(event.position())
        self._pressed = None
        if picked is not None:
            self.picked.emit(picked)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_at(event.position(), 1.25 ** (event.angleDelta().y() / 120.0))
        event.accept()


class ReferencePanel(QWidget):
    """The reference picture with its buttons, and the picked colour.

    Args:
        reference: the picture.
        tools: the region that a colour is used for.
        ask_photo: asks for a picture.
        use_colour: gives a region a colour.
    """

    def __init__(
        self,
        reference: ReferenceController,
        tools: ToolState,
        ask_photo: Callable[[str], Path | None],
        use_colour: Callable[[Rgb, Region], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._reference, self._tools = reference, tools
        self._ask_photo, self._use_colour = ask_photo, use_colour
        self._colour: QColor | None = None
        self.setAcceptDrops(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.view = ReferenceView()
        column.addLayout(self._picture_row())
        column.addWidget(self.view, 1)
        column.addLayout(self._colour_row())
        self.view.picked.connect(self._pick)
        reference.changed.connect(self._show_picture)
        tools.changed.connect(self._show_colour)
        self._show_picture()
        self._show_colour()

    def _picture_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        self.open_button = self._button("open", self.tr("Open a reference picture"), self._open)
        self.paste_button = self._button("paste", self.tr("Paste a reference picture"), self._reference.paste)
        self.fit_button = self._button("fit", self.tr("Show the whole picture"), self.view.fit)
        self.clear_button = self._button("close", self.tr("Remove the picture"), self._reference.clear)
        for button in (self.open_button, self.paste_button, self.fit_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.clear_button)
        return row

    def _colour_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.swatch = label("", "swatch")
        self.swatch.setFixedSize(24, 24)
        self.swatch.setAccessibleName(self.tr("Picked colour"))
        self.code = label("", "value")
        self.code.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = self._button("copy", self.tr("Copy the colour's code"), self._copy)
        self.use = QPushButton()
        self.use.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.use.setToolTip(self.tr("Give the selected region this colour, as an adjustment"))
        self.use.clicked.connect(bound(self._use))
        for widget in (self.swatch, self.code, self.copy):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.use)
        return row

    def _button(self, name: str, tip: str, act: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name, 16))
        button.setIconSize(QSize(16, 16))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(bound(act))
        return button

    def _open(self) -> None:
        path = self._ask_photo(self.tr("Open a reference picture"))
        if path is not None:
            self._reference.open(path)

    def _show_picture(self) -> None:
        picture = self._reference.picture
        self.view.show_image(picture)
        self.fit_button.setEnabled(picture is not None)
        self.clear_button.setEnabled(picture is not None)

    def _pick(self, colour: QColor) -> None:
        self._colour = colour
        self._show_colour()

    def _show_colour(self) -> None:
        picked = self._colour
        for widget in (self.swatch, self.code, self.copy, self.use):
            widget.setVisible(picked is not None)
        self.use.setText(self.tr("Use for {region}").format(region=region_name(self._tools.region)))
        if picked is not None:
            self.code.setText(picked.name().upper())
            self.swatch.setStyleSheet(f"background: {picked.name()}; border: 1px solid #000; border-radius: 4px;")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.code.text())

    def _use(self) -> None:
        if self._colour is not None:
            colour = self._colour.redF(), self._colour.greenF(), self._colour.blueF()
            self._use_colour(colour, self._tools.region)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._reference.open_last()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if self._reference.take(event.mimeData()):
            event.acceptProposedAction()
