"""A small checkable button that shortens a text for which there is no room."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QStyleOptionToolButton, QStylePainter, QToolButton, QWidget

_MARGIN = 12


class Chip(QToolButton):
    """A button of a grid whose columns share the width; its tool tip says the whole text."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chip")
        self.setText(text)
        self.setToolTip(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(48, super().minimumSizeHint().height())

    @property
    def _room(self) -> int:
        """Width for the text in pixels of the widget."""
        icon = 0 if self.icon().isNull() else self.iconSize().width() + 6
        return self.width() - _MARGIN - icon

    @property
    def elided(self) -> bool:
        """Whether the text is shortened."""
        return self.fontMetrics().horizontalAdvance(self.text()) > self._room

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self._room)
        if not self.icon().isNull():
            option.text = f" {option.text}"  # the style leaves no room between icon and text
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
