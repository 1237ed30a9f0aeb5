"""A choice of names that the user gave, which may be longer than the box."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox

_GAP = 12
"""Between picture, name and edges, in device-independent pixels."""


class NameBox(QComboBox):
    """Ends a name that does not fit with an ellipsis; the list and the tool tip show all of it."""

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        super().initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        room = field.width() - _GAP - (0 if self.itemIcon(self.currentIndex()).isNull() else self.iconSize().width())
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)
