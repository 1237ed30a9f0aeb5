"""Progress of a reconstruction, over the canvas."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPushButton,
    QVBoxLayout,
)

from faceeditor.gui.canvas.canvas import Canvas
from faceeditor.gui.canvas.overlays import qrect
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.dialog_parts import WorkBar
from faceeditor.interaction.view import Pane

_CARD = 132
_MARGIN = 14


class ReconstructionCard(QFrame):
    """Progress of a reconstruction: preview, bar and stop button.

    It lies in that corner of the canvas where it covers least of the face, and appears with the first picture.
    """

    def __init__(self, heads: HeadController, parent: Canvas) -> None:
        super().__init__(parent)
        self._heads = heads
        self._canvas = parent
        self._working = False
        self.setObjectName("popup")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Reconstructing a photo"))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        column.addWidget(label(self.tr("Reconstructing"), "sectionTitle"))
        self.picture = QLabel()
        self.picture.setFixedSize(_CARD, _CARD)
        self.picture.setAccessibleName(self.tr("Preview"))
        column.addWidget(self.picture)
        self.bar = WorkBar()
        column.addWidget(self.bar)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stop.clicked.connect(heads.cancel_work)
        column.addWidget(self.stop)
        self.hide()
        parent.installEventFilter(self)
        parent.view_changed.connect(self._follow_view)
        heads.work_started.connect(self._begin)
        heads.work_progress.connect(self.bar.show_share)
        heads.work_preview_ready.connect(self._show)
        heads.work_ended.connect(self._end)

    def _begin(self) -> None:
        self._working = True
        self.bar.show_share(0.0)

    def _end(self) -> None:
        self._working = False
        self.hide()

    def _show(self, pixels: npt.NDArray[np.uint8]) -> None:
        if not self._working:
            return  # a picture of some other work
        picture = QPixmap.fromImage(to_qimage(pixels))
        self.picture.setPixmap(_fitted(picture, _CARD, self.devicePixelRatioF()))
        if not self.isVisible():
            self.show()
            self.raise_()
            self._place()

    def _place(self) -> None:
        self.adjustSize()
        canvas = self._canvas
        pane = canvas.pane(Pane.FACE)
        face = qrect(canvas.view.picture_box(pane)).intersected(qrect(pane))
        right, bottom = canvas.width() - self.width() - _MARGIN, canvas.height() - self.height() - _MARGIN
        corners = [QPoint(x, y) for y in (bottom, _MARGIN) for x in (_MARGIN, right)]

        def covered(corner: QPoint) -> float:
            common = QRectF(corner, self.size()).intersected(face)
            return common.width() * common.height()

        self.move(min(corners, key=covered))

    def _follow_view(self) -> None:
        if self.isVisible():
            self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False


def _fitted(picture: QPixmap, side: int, ratio: float) -> QPixmap:
    """A picture inside of a square of device-independent pixels."""
    pixels = round(side * ratio)
    scaled = picture.scaled(
        pixels, pixels, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    scaled.setDevicePixelRatio(ratio)
    return scaled
