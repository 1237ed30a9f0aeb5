"""The list of past messages."""

import time

from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from faceeditor.gui.icons import icon
from faceeditor.gui.messages import Kind, MessageLog
from faceeditor.gui.widgets.basic import label


class MessagesDialog(QDialog):
    """All messages of this session, the newest first; they can be copied."""

    def __init__(self, log: MessageLog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Messages"))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label(self.tr("Messages"), "dialogTitle"))
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setIconSize(QSize(16, 16))
        self.list.setAccessibleName(self.tr("Messages, the newest first"))
        self.list.setMinimumSize(480, 240)
        for message in reversed(log.messages):
            clock = time.strftime("%H:%M:%S", time.localtime(message.at))
            sign = icon("warning" if message.kind is Kind.PROBLEM else "info", 16)
            self.list.addItem(QListWidgetItem(sign, f"{clock}   {message.text}"))
        if not log.messages:
            self.list.addItem(self.tr("No messages yet"))
        column.addWidget(self.list)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(self.tr("Copy all"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.setEnabled(bool(log.messages))
        copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def _copy(self) -> None:
        lines = [self.list.item(row).text() for row in range(self.list.count())]
        QGuiApplication.clipboard().setText("\n".join(lines))
