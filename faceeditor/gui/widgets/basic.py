"""Labels, rules and buttons that every panel uses."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QToolButton,
)

KEYBOARD_GESTURE_MS = 700
"""Slider steps made with keys or the wheel within this time are one gesture."""


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
