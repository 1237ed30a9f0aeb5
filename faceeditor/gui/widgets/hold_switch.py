"""The switch "Hold identity" beside the meter, with the distance at which identity is held."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QToolButton, QWidget

from faceeditor.gui.controllers.identity_hold import LARGEST_LIMIT, LEAST_LIMIT, IdentityHold
from faceeditor.gui.icons import icon

_WIDTH = 60


class HoldSwitch(QWidget):
    """Shows and changes whether identity is held, and at which distance.

    Args:
        hold: the controller.
        action: the command that switches it.
    """

    def __init__(self, hold: IdentityHold, action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hold = hold
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 12, 0)
        row.setSpacing(6)
        self.button = QToolButton()
        self.button.setDefaultAction(action)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.limit = QDoubleSpinBox()
        self.limit.setRange(LEAST_LIMIT, LARGEST_LIMIT)
        self.limit.setSingleStep(0.05)
        self.limit.setDecimals(2)
        self.limit.setKeyboardTracking(False)
        self.limit.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.limit.setFixedWidth(_WIDTH)
        self.limit.setAccessibleName(self.tr("Distance at which identity is held"))
        self.limit.setToolTip(
            self.tr("Largest distance to the pinned person; below 0.60 two pictures count as the same person")
        )
        self.limit.valueChanged.connect(hold.set_limit)
        row.addWidget(self.button)
        row.addWidget(self.limit)
        hold.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the controller's state."""
        hold, action = self._hold, self.button.defaultAction()
        action.setChecked(hold.on)
        action.setIcon(icon("lock" if hold.on else "unlock", 16))
        self.button.setIcon(action.icon())
        with QSignalBlocker(self.limit):
            self.limit.setValue(hold.limit)
        self.limit.setVisible(hold.on)
