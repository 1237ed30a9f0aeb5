"""What the bars above the canvas share: a row that leaves out what there is no room for."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

_LEAST_WIDTH = 160


class TopBar(QFrame):
    """A row of widgets above the canvas, never wider than it.

    Args:
        margin: at the left and right.
        padding: at the top and bottom.
        spacing: between widgets.
    """

    def __init__(self, margin: int, padding: int, spacing: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvasBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(margin, padding, margin, padding)
        self._row.setSpacing(spacing)

    def _fit(self) -> None:
        """Show what there is room for; called when the room is another one."""
        raise NotImplementedError

    def _fits(self) -> bool:
        return self._row.sizeHint().width() <= self.width()

    def _leave_out(self, spare: Sequence[Sequence[QWidget]]) -> None:
        """Hide groups of widgets, the first ones first, until the others fit."""
        for group in spare:
            if self._fits():
                break
            for widget in group:
                widget.hide()

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_WIDTH, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
