"""Labels, rules and buttons that every panel uses."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QStyle, QToolButton, QWidget

_AROUND = QSize(80, 220)
"""What a dialog needs of the screen beside its scrolled contents: frame, title, buttons."""


def label(text: str, name: str) -> QLabel:
    """A label that the style sheet knows by its object name (sectionTitle, hint, value ...)."""
    result = QLabel(text)
    result.setObjectName(name)
    return result


def rule() -> QFrame:
    """A hairline between two sections."""
    line = QFrame()
    line.setObjectName("rule")
    line.setFixedHeight(1)
    return line


class _ScrollArea(QScrollArea):
    """A scroll area that shows all of its contents, as far as the screen allows."""

    def __init__(self, contents: QWidget) -> None:
        super().__init__()
        self._contents = contents
        self.setWidget(contents)

    def minimumSizeHint(self) -> QSize:
        contents = self._contents.sizeHint()
        room = self.screen().availableGeometry().size() - _AROUND
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        wide, high = contents.width() > room.width(), contents.height() > room.height()
        size = QSize(contents.width() + bar * high, contents.height() + bar * wide)
        return size.boundedTo(room)


def scrolled(contents: QWidget) -> QScrollArea:
    """Contents of a dialog in an area that scrolls where the screen is too small for them."""
    area = _ScrollArea(contents)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def tool_button(action: QAction, size: int = 20, text: bool = False) -> QToolButton:
    """A button for an action; it leaves the keyboard focus where it is when it is clicked."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(size, size))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(action.text().replace("&", ""))
    if text:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
