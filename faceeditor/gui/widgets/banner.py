"""The banner at the top of the canvas: one sentence, not modal, with a button that closes it."""

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from faceeditor.gui.icons import icon

NOTE_MS = 9000
"""How long a note stays; a problem stays until it is closed."""


class Banner(QFrame):
    """Shows problems and notes over its parent's upper edge."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(10)
        self._sign = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QToolButton()
        close.setIcon(icon("close", 14))
        close.setIconSize(QSize(14, 14))
        close.setAccessibleName(self.tr("Close this message"))
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        close.clicked.connect(self.hide)
        self.close_button = close
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self, interval=NOTE_MS, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence that is shown."""
        return self._text.text()

    def show_problem(self, sentence: str) -> None:
        """Show what went wrong; it stays until it is closed or replaced."""
        self._show(sentence, "problem", "warning")
        self._timer.stop()

    def show_note(self, sentence: str) -> None:
        """Show something worth knowing for a few seconds."""
        self._show(sentence, "info", "info")
        self._timer.start()

    def _show(self, sentence: str, kind: str, sign: str) -> None:
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self._sign.setPixmap(icon(sign, 18).pixmap(QSize(18, 18)))
        self._text.setText(sentence)
        self.setAccessibleName(sentence)
        self.place()
        self.show()
        self.raise_()

    def place(self) -> None:
        """Lie along the parent's upper edge."""
        parent = self.parentWidget()
        if parent is None:
            return
        width = min(parent.width() - 32, 760)
        # The label wraps: its height follows from the width that is left for it.
        text_width = width - 90
        lines = self._text.heightForWidth(text_width)
        self.setGeometry((parent.width() - width) // 2, 12, width, max(40, lines + 20))
