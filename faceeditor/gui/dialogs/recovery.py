"""The dialog that offers unsaved portraits of a crashed run."""

import time
from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.errors import FaceEditorError
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label
from faceeditor.portrait import store
from faceeditor.portrait.autosave import Recoverable


class RecoveryDialog(QDialog):
    """Unsaved portraits of a crashed run: restore one, discard all, or decide later."""

    RESTORE, DISCARD, LATER = 1, 2, 0

    def __init__(self, entries: Sequence[Recoverable], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries = list(entries)
        self.setWindowTitle(self.tr("Recover a portrait"))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label(self.tr("Recover unsaved work"), "dialogTitle"))
        column.addWidget(
            label(
                self.tr("Face Editor closed before these portraits were saved. Choose one to restore."), "sectionTitle"
            )
        )
        self.list = QListWidget()
        self.list.setIconSize(QSize(72, 72))
        self.list.setAccessibleName(self.tr("Recoverable portraits"))
        for entry in self.entries:
            when = time.strftime("%d.%m.%Y %H:%M", time.localtime(entry.saved_at))
            item = QListWidgetItem(f"{entry.name}\n{when}")
            item.setSizeHint(QSize(360, 84))
            try:
                preview = store.load_preview(entry.file)
            except FaceEditorError:
                preview = None
            if preview is not None:
                item.setIcon(QIcon(QPixmap.fromImage(to_qimage(preview))))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        column.addWidget(self.list)
        row = QHBoxLayout()
        row.setSpacing(8)
        for text, code in ((self.tr("Discard all"), self.DISCARD), (self.tr("Later"), self.LATER)):
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(bound(self.done, code))
            row.addWidget(button)
            if code == self.DISCARD:
                row.addStretch(1)
        restore = QPushButton(self.tr("Restore"))
        restore.setDefault(True)
        restore.clicked.connect(lambda: self.done(self.RESTORE))
        row.addWidget(restore)
        column.addLayout(row)
        self.list.itemDoubleClicked.connect(lambda _: self.done(self.RESTORE))

    @property
    def chosen(self) -> Recoverable:
        """The entry that is marked."""
        return self.entries[max(0, self.list.currentRow())]
