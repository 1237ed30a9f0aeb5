"""A drawn face as a tile that can be chosen, with a title and a badge."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from faceeditor.gui.colors import color
from faceeditor.gui.imaging import to_qimage

_CAPTION, _LINE = 18, 13
_BADGE = QSize(34, 16)


def draw_tile_frame(painter: QPainter, body: QRectF, chosen: bool, focused: bool, hovered: bool) -> None:
    """Frame a picture: blue if it is the chosen one, with a white line inside if its keys act on it."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if chosen or focused or hovered:
        painter.setPen(QPen(color("accent") if chosen or focused else color("text", 120), 2))
        painter.drawRoundedRect(body.adjusted(-1, -1, 1, 1), 6, 6)
    if focused:
        painter.setPen(QPen(color("text"), 1))
        painter.drawRoundedRect(body.adjusted(0.5, 0.5, -0.5, -0.5), 4.5, 4.5)


class FaceTile(QAbstractButton):
    """One face of a grid; checked is the chosen one.

    Args:
        side: of the picture.
        lines: of the title at most.

    Signals:
        activated: double-clicked, or Return.
    """

    activated = Signal()

    def __init__(self, side: int = 96, parent: QWidget | None = None, lines: int = 1) -> None:
        super().__init__(parent)
        self._lines = lines
        self._font = QFont(self.font())
        self._font.setPixelSize(11)
        self._image: QImage | None = None
        self._badge, self._good = "", True
        self.set_side(side)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clear()

    def set_side(self, side: int) -> None:
        """Show the picture in a square of this side."""
        self.setFixedSize(side, self.height_of(side))

    def height_of(self, side: int) -> int:
        """Height of the tile with its title, for a picture of this side."""
        return side + _CAPTION + _LINE * (self._lines - 1)

    def clear(self) -> None:
        """Show no face."""
        self._image, self._badge = None, ""
        self.setText("")
        self.setChecked(False)
        self.setEnabled(False)
        self.setAccessibleName(self.tr("No face yet"))
        self.update()

    def forget_face(self) -> None:
        """Show an empty place in place of the face; the title stays."""
        self._image = None
        self.update()

    def show_face(self, pixels: npt.NDArray[np.uint8], title: str, badge: str = "", good: bool = True) -> None:
        """Show a face (H, W, 3); a badge that is not good stands out."""
        self._image, self._badge, self._good = to_qimage(pixels), badge, good
        self.setText(title)
        self.setAccessibleName(f"{title} {badge}".strip())
        self.setEnabled(True)
        self.update()

    @property
    def filled(self) -> bool:
        """Whether there is a face."""
        return self._image is not None

    @property
    def elided(self) -> bool:
        """Whether the title does not fit."""
        metrics = QFontMetrics(self._font)
        words = [self.text()] if self._lines == 1 else self.text().split()
        return any(metrics.horizontalAdvance(word) > self.width() for word in words)

    def sizeHint(self) -> QSize:
        return self.size()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.filled and event.button() == Qt.MouseButton.LeftButton:
            self.activated.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        body = QRectF(2, 2, self.width() - 4, self.width() - 4)
        outline = QPainterPath()
        outline.addRoundedRect(body, 5, 5)
        if self._image is None:
            painter.fillPath(outline, color("well"))
        else:
            painter.setClipPath(outline)
            painter.drawImage(body, self._image)
            painter.setClipping(False)
        draw_tile_frame(painter, body, self.isChecked(), self.hasFocus(), self.underMouse() and self.filled)
        self._draw_texts(painter, body)

    def _draw_texts(self, painter: QPainter, body: QRectF) -> None:
        painter.setFont(self._font)
        painter.setPen(color("text-soft"))
        caption = QRectF(0, body.bottom(), self.width(), _CAPTION)
        if self._lines > 1:
            caption.setHeight(self.height() - body.bottom())
            top = caption.adjusted(0, 2, 0, 0)
            painter.drawText(top, int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap), self.text())
        else:
            text = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(caption, int(Qt.AlignmentFlag.AlignCenter), text)
        if self._badge:
            badge = QRectF(body.right() - _BADGE.width() - 3, body.top() + 3, _BADGE.width(), _BADGE.height())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color("panel", 215))
            painter.drawRoundedRect(badge, 4, 4)
            painter.setPen(color("text") if self._good else color("banner-edge").lighter(150))
            painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), self._badge)
