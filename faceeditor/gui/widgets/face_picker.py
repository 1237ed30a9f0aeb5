"""A photo with its faces framed; a click or an arrow key chooses one of them."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from faceeditor.gui.colors import color
from faceeditor.gui.imaging import to_qimage

FaceRect = tuple[float, float, float, float]


class FacePicker(QWidget):
    """Shows a picture inside of a square.

    Signals:
        chosen: index of the face that the user chose.
    """

    chosen = Signal(int)

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(side, side)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("The photo"))
        self._image: QImage | None = None
        self._faces: tuple[FaceRect, ...] = ()
        self._hover = -1
        self.text = ""
        self.face = 0

    @property
    def faces(self) -> tuple[FaceRect, ...]:
        """Faces that can be chosen, as shares of the picture: left, top, right, bottom."""
        return self._faces

    def show_picture(self, pixels: npt.NDArray[np.uint8], faces: tuple[FaceRect, ...]) -> None:
        """Show a picture and its faces; the first one is chosen.

        Args:
            pixels: (H, W, 3) uint8 sRGB.
            faces: left, top, right, bottom as shares of the picture.
        """
        self._image = to_qimage(pixels)
        self._faces = faces
        self.text = ""
        self._choose(0)
        several = len(faces) > 1
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if several else Qt.FocusPolicy.NoFocus)
        self.update()

    def show_text(self, text: str) -> None:
        """Show words in place of a picture."""
        self.text = text
        self.update()

    def _choose(self, face: int) -> None:
        self.face = face
        if len(self._faces) > 1:
            words = self.tr("Face {n} of {count}").format(n=face + 1, count=len(self._faces))
            self.setAccessibleDescription(words)
            self.setToolTip(self.tr("Click the face to use"))
        self.chosen.emit(face)
        self.update()

    # Geometry.

    def picture_rect(self) -> QRectF:
        """Where the picture lies in the widget."""
        if self._image is None:
            return QRectF(self.rect())
        width, height = self._image.width(), self._image.height()
        scale = min(self.width() / width, self.height() / height)
        size = (width * scale, height * scale)
        return QRectF((self.width() - size[0]) / 2, (self.height() - size[1]) / 2, *size)

    def face_rect(self, index: int) -> QRectF:
        """Where a face lies in the widget."""
        inside = self.picture_rect()
        left, top, right, bottom = self._faces[index]
        corner = QPointF(inside.x() + left * inside.width(), inside.y() + top * inside.height())
        return QRectF(corner.x(), corner.y(), (right - left) * inside.width(), (bottom - top) * inside.height())

    def _face_at(self, at: QPointF) -> int:
        inside = [index for index in range(len(self._faces)) if self.face_rect(index).contains(at)]
        # The smallest of several that overlap: a larger one can still be reached beside it.
        return min(inside, key=lambda index: self.face_rect(index).width()) if inside else -1

    # Events.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hover = self._face_at(event.position()) if len(self._faces) > 1 else -1
        if hover != self._hover:
            self._hover = hover
            self.setCursor(Qt.CursorShape.PointingHandCursor if hover >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        face = self._face_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and face >= 0:
            self._choose(face)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
        step = steps.get(Qt.Key(event.key()), 0)
        if step and len(self._faces) > 1:
            # From left to right in the picture.
            order = sorted(range(len(self._faces)), key=lambda index: self._faces[index][0])
            self._choose(order[(order.index(self.face) + step) % len(order)])
        else:
            super().keyPressEvent(event)

    # Drawing.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._image is None or self.text:
            painter.fillRect(self.rect(), color("panel"))
            painter.setPen(color("text-soft"))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(8, 8, -8, -8), flags, self.text)
            painter.end()
            return
        painter.drawImage(self.picture_rect(), self._image)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for index in range(len(self._faces) if len(self._faces) > 1 else 0):
            box = self.face_rect(index)
            current = index == self.face
            painter.setPen(QPen(QColor(0, 0, 0, 150), 4 if current else 3))
            painter.drawRoundedRect(box, 4, 4)
            bright = color("accent") if current else QColor(255, 255, 255, 220 if index == self._hover else 150)
            painter.setPen(QPen(bright, 2.5 if current else 1.5))
            painter.drawRoundedRect(box, 4, 4)
        if self.hasFocus():
            painter.setPen(QPen(color("accent"), 1, Qt.PenStyle.DotLine))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
