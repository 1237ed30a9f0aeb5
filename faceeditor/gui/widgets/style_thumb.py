"""A style as a thumbnail that can be clicked, dragged and chosen with the keyboard."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QMimeData, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from faceeditor.gui.colors import color
from faceeditor.gui.icons import icon
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.widgets.face_tile import draw_tile_frame
from faceeditor.gui.widgets.rename_keys import RenameKeys
from faceeditor.portrait.style import StyleCode

STYLE_MIME = "application/x-faceeditor-style"
THUMB_SIDE = 58
_PIN = 16


class StyleThumb(QAbstractButton):
    """One style.

    Signals:
        applied: use the style.
        partnered: blend with the style (Ctrl+click or Ctrl+Return).
        menu_wanted: position on the screen.

    Attributes:
        keys: F2 and Delete.
    """

    applied = Signal()
    partnered = Signal()
    menu_wanted = Signal(object)

    def __init__(self, side: int = THUMB_SIDE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.style_code: StyleCode | None = None
        self._image: QImage | None = None
        self._current = self._pinned = False
        self.keys = RenameKeys(self)
        self._pressed_at: QPointF | None = None
        self.setFixedSize(side, side)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(self.tr("No style"))

    def show_style(
        self,
        style: StyleCode | None,
        pixels: npt.NDArray[np.uint8] | None,
        current: bool = False,
        pinned: bool = False,
    ) -> None:
        """Show a style with its picture (None: a plate with its name).

        Args:
            style: what it stands for; None: nothing yet.
            pixels: (H, W, 3) uint8 sRGB.
            current: it is the one in use.
            pinned: it bears a pin.
        """
        same = style is self.style_code and (self._current, self._pinned) == (current, pinned)
        same = same and pixels is None and self._image is None
        if same:
            return
        self.style_code = style
        self._image = None if pixels is None else to_qimage(pixels)
        self._current, self._pinned = current, pinned
        name = "" if style is None else style.label or self.tr("Style")
        self.setAccessibleName(name or self.tr("No style"))
        self.setToolTip(name)
        self.update()

    def sizeHint(self) -> QSize:
        return self.size()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        path = QPainterPath()
        path.addRoundedRect(body, 5, 5)
        if self._image is not None:
            painter.setClipPath(path)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(body, self._image)
            painter.setClipping(False)
        elif self.style_code is not None:
            painter.fillPath(path, color("control"))
            self._draw_name(painter, body)
        else:
            painter.setPen(QPen(color("line"), 1.4, Qt.PenStyle.DashLine))
            painter.drawPath(path)
            self._draw_plus(painter, body)
        if self._pinned:
            badge = QRectF(body.right() - _PIN - 2, body.top() + 2, _PIN, _PIN)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color("panel", 215))
            painter.drawRoundedRect(badge, 4, 4)
            icon("pin", 12).paint(painter, badge.adjusted(2, 2, -2, -2).toRect())
        hovered = self.underMouse() and self.style_code is not None
        draw_tile_frame(painter, body, self._current, self.hasFocus(), hovered)

    def _draw_name(self, painter: QPainter, body: QRectF) -> None:
        font = painter.font()
        font.setPixelSize(10 if self.width() > 50 else 8)
        painter.setFont(font)
        painter.setPen(color("text-soft"))
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        place, name = body.adjusted(1, 1, -1, -1), self.style_code.label if self.style_code else ""
        painter.drawText(place, flags, _fitting(painter.fontMetrics(), name, place, flags))

    def _draw_plus(self, painter: QPainter, body: QRectF) -> None:
        painter.setPen(QPen(color("text-dim"), 1.6))
        x, y = body.center().x(), body.center().y()
        painter.drawLine(QPointF(x - 6, y), QPointF(x + 6, y))
        painter.drawLine(QPointF(x, y - 6), QPointF(x, y + 6))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed_at = event.position()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is None or self.style_code is None:
            return
        if (event.position() - self._pressed_at).manhattanLength() >= QApplication.startDragDistance():
            self._pressed_at = None
            drag = QDrag(self)
            data = QMimeData()
            data.setData(STYLE_MIME, self.style_code.key.encode())
            drag.setMimeData(data)
            drag.setPixmap(self.grab())
            drag.exec(Qt.DropAction.CopyAction)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed_at = self._pressed_at, None
        if pressed is None or not self.rect().contains(event.position().toPoint()) or self.style_code is None:
            return
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.partnered.emit()
        else:
            self.applied.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.style_code is not None:
            control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
            (self.partnered if control else self.applied).emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.style_code is not None:
            self.menu_wanted.emit(event.globalPos())


def _fitting(metrics: QFontMetrics, name: str, place: QRectF, flags: int) -> str:
    """A name, or as much of it as fits into a place, with an ellipsis."""
    shown = name
    while shown and not place.contains(QRectF(metrics.boundingRect(place.toRect(), flags, shown))):
        name = name[:-1].rstrip()
        shown = f"{name}…" if name else ""
    return shown
