"""A choice between a few things in one frame."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QToolButton,
    QWidget,
)

from faceeditor.gui.icons import icon


class Segments(QFrame):
    """A choice between a few things in one frame.

    Signals:
        chosen: index of the choice that the user made.
    """

    chosen = Signal(int)

    def __init__(self, names: Sequence[str], icons: Sequence[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("segments")
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        self._group = QButtonGroup(self)
        self._buttons: list[QToolButton] = []
        for index, name in enumerate(names):
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            if icons:
                button.setIcon(icon(icons[index], 16))
                button.setText(f" {name}")  # the style leaves no room between icon and text
                button.setIconSize(QSize(16, 16))
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
            self._group.addButton(button, index)
            self._buttons.append(button)
            row.addWidget(button)
        self._group.idClicked.connect(self.chosen)

    def button(self, index: int) -> QToolButton:
        """The button of a choice."""
        return self._buttons[index]

    def set_current(self, index: int) -> None:
        """Show a choice as the present one."""
        self._buttons[index].setChecked(True)

    def current(self) -> int:
        """Index of the present choice."""
        return self._group.checkedId()
