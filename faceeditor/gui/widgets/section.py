"""A part of a panel under a heading that folds it away; its contents are made when it is opened for the first time."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from faceeditor.gui.icons import icon


class Section(QWidget):
    """A heading with an arrow, and what is under it.

    Args:
        title: the heading.
        fill: puts the contents into the section's layout; called once, as it opens.
        folded: whether it begins folded.

    Signals:
        opened: it was unfolded.
    """

    opened = Signal()

    def __init__(
        self, title: str, fill: Callable[[QVBoxLayout], None], folded: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.title = title
        self._fill = fill
        self._filled = False
        self._wanted = not folded
        self._forced = False
        self.header = QToolButton()
        self.header.setObjectName("sectionHeader")
        self.header.setText(title)
        self.header.setIconSize(QSize(12, 12))
        self.header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.header.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.header.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.header.clicked.connect(self._toggle)
        self.body = QWidget()
        self.layout_of_body = QVBoxLayout(self.body)
        self.layout_of_body.setContentsMargins(0, 0, 0, 8)
        self.layout_of_body.setSpacing(2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.header)
        column.addWidget(self.body)
        self._show()

    @property
    def open(self) -> bool:
        """Whether the contents are shown."""
        return self._wanted or self._forced

    def _toggle(self) -> None:
        self._wanted = not self.open
        self._forced = False
        self._show()

    def unfold(self) -> None:
        """Open it, as a click on the heading does."""
        if not self.open:
            self._toggle()

    def force_open(self, on: bool) -> None:
        """Keep it open while something is searched for; afterwards it is as the user left it."""
        if on != self._forced:
            self._forced = on
            self._show()

    def ensure_filled(self) -> None:
        """Make the contents, open or not."""
        if not self._filled:
            self._filled = True
            self._fill(self.layout_of_body)

    def _show(self) -> None:
        if self.open:
            self.ensure_filled()
        self.header.setIcon(icon("down" if self.open else "right", 12))
        self.header.setAccessibleDescription(self.tr("open") if self.open else self.tr("folded"))
        self.body.setVisible(self.open)
        if self.open:
            self.opened.emit()
