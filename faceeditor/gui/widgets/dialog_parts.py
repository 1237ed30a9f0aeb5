"""Parts that several dialogs have: buttons, the row that ends a dialog, progress, a message."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from faceeditor.gui.colors import color

_STEPS = 1000


def push_button(text: str, act: Callable[[], object], default: bool = False) -> QPushButton:
    """A button of a dialog; only the default one answers Enter."""
    button = QPushButton(text)
    button.setAutoDefault(default)
    button.setDefault(default)
    button.clicked.connect(lambda: act())
    return button


class AnswerRow(QHBoxLayout):
    """The last row of a dialog: Cancel, and the default button that does what the dialog is for.

    Args:
        text: of the default button.
        accept: what it calls.
        reject: what Cancel calls.
    """

    def __init__(self, text: str, accept: Callable[[], object], reject: Callable[[], object]) -> None:
        super().__init__()
        self.setSpacing(8)
        self.addStretch(1)
        self.cancel = push_button(QCoreApplication.translate("AnswerRow", "Cancel"), reject)
        self.confirm = push_button(text, accept, default=True)
        self.addWidget(self.cancel)
        self.addWidget(self.confirm)


class WorkBar(QProgressBar):
    """A bar without a number that shows how much of some work is done."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        self.setRange(0, _STEPS)
        self.setAccessibleName(self.tr("Progress"))

    def show_share(self, share: float) -> None:
        """Show a share of the work, 0..1."""
        self.setValue(round(_STEPS * share))


class MessageLabel(QLabel):
    """A sentence below the controls of a dialog.

    Args:
        lines: how many lines it has room for without moving what is below it.
        width: its fixed width in device-independent pixels; None: that of its column.
    """

    def __init__(self, lines: int, width: int | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("hint")
        self.setWordWrap(True)
        self.setMinimumHeight(16 * lines)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        if width is not None:
            self.setFixedWidth(width)

    def say(self, sentence: str, problem: bool = False) -> None:
        """Show a sentence; a problem stands out."""
        self.setText(sentence)
        self.setStyleSheet(f"color: {color('banner-edge').lighter(150).name()};" if problem else "")
