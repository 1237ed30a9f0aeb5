"""The banner at the top of the canvas: one sentence, not modal, perhaps with a button."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from faceeditor.gui.icons import icon

NOTE_MS = 9_000
"""How long a note stays."""
PROBLEM_MS = 30_000
"""How long a problem stays; the list of messages keeps it."""
OFFER_MS = 20_000
"""How long a note with a button stays."""


class Banner(QFrame):
    """Shows problems, notes and questions over its parent's upper edge; the newest one replaces the last.

    Problems and notes go away after a while, but not while the pointer rests on them. A question stays.
    """

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
        self.action_button = QPushButton()
        self.action_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.action_button.clicked.connect(self._act)
        self._action: Callable[[], object] = lambda: None
        close = QToolButton()
        close.setIcon(icon("close", 14))
        close.setIconSize(QSize(14, 14))
        close.setAccessibleName(self.tr("Close this message"))
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        close.clicked.connect(self.hide)
        self.close_button = close
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        row.addWidget(self.action_button, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence that is shown."""
        return self._text.text()

    def show_problem(self, sentence: str) -> None:
        """Show what went wrong."""
        self._show(sentence, "problem", "warning", PROBLEM_MS)

    def show_note(self, sentence: str) -> None:
        """Show a success or something worth knowing."""
        self._show(sentence, "info", "info", NOTE_MS)

    def show_question(self, sentence: str, action: str, call: Callable[[], object]) -> None:
        """Show a sentence with a button; it stays until the button is pressed, or it is closed or replaced."""
        self._action = call
        self._show(sentence, "info", "info", 0, action)

    def show_offer(self, sentence: str, action: str, call: Callable[[], object]) -> None:
        """Show a success with a button, as to take it back; it goes away after a while."""
        self._action = call
        self._show(sentence, "info", "info", OFFER_MS, action)

    def dismiss(self, sentence: str) -> None:
        """Take a sentence back that no longer holds, if it is the one that is shown."""
        if self.text == sentence:
            self.hide()

    def _act(self) -> None:
        self.hide()
        self._action()

    def _show(self, sentence: str, kind: str, sign: str, duration: int, action: str = "") -> None:
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self._sign.setPixmap(icon(sign, 18).pixmap(QSize(18, 18)))
        self._text.setText(sentence)
        self.action_button.setText(action)
        self.action_button.setVisible(bool(action))
        self.setAccessibleName(sentence)
        self._timer.stop()
        self._timer.setInterval(duration)
        self.place()
        self.show()
        self.raise_()
        if duration and not self.underMouse():
            self._timer.start()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        if self._timer.interval():
            self._timer.start()
        super().leaveEvent(event)

    def place(self) -> None:
        """Lie along the parent's upper edge."""
        parent = self.parentWidget()
        if parent is None:
            return
        width = min(parent.width() - 32, 760)
        button = self.action_button.sizeHint().width() + 10 if self.action_button.text() else 0
        # The label wraps: its height follows from the width that is left for it.
        lines = self._text.heightForWidth(max(80, width - 90 - button))
        self.setGeometry((parent.width() - width) // 2, 12, width, max(50 if button else 40, lines + 20))
