"""The dialogs: a new portrait from a sample mask, recovery, the key sheet."""

import time
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.errors import FaceEditorError
from faceeditor.gui.actions import commands, hand_keys
from faceeditor.gui.imaging import mask_qimage, to_qimage
from faceeditor.gui.widgets import label
from faceeditor.portrait import store
from faceeditor.portrait.autosave import Recoverable
from faceeditor.portrait.masks import SampleMask

_PICTURE = 128
_COLUMNS = 4


class SampleDialog(QDialog):
    """Twelve pictures of masks; a click takes one."""

    def __init__(self, samples: Sequence[SampleMask], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chosen: SampleMask | None = None
        self.setWindowTitle(self.tr("New portrait"))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label(self.tr("Begin with a mask"), "dialogTitle"))
        grid = QGridLayout()
        grid.setSpacing(8)
        self.buttons: list[QToolButton] = []
        for index, sample in enumerate(samples):
            button = self._button(sample)
            if button is not None:
                self.buttons.append(button)
                grid.addWidget(button, index // _COLUMNS, index % _COLUMNS)
        column.addLayout(grid)
        row = QHBoxLayout()
        self.keep_style = QCheckBox(self.tr("Keep the present style"))
        self.keep_style.setChecked(True)
        row.addWidget(self.keep_style)
        row.addStretch(1)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        row.addWidget(cancel)
        column.addLayout(row)

    def _button(self, sample: SampleMask) -> QToolButton | None:
        try:
            picture = QPixmap.fromImage(mask_qimage(sample.read()))
        except FaceEditorError:
            return None  # one damaged sample does not take the others away
        button = QToolButton()
        button.setIcon(QIcon(picture))
        button.setIconSize(QSize(_PICTURE, _PICTURE))
        button.setText(sample.name)
        button.setAccessibleName(sample.name)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setFixedSize(_PICTURE + 24, _PICTURE + 38)
        button.clicked.connect(lambda: self._take(sample))
        return button

    def _take(self, sample: SampleMask) -> None:
        self.chosen = sample
        self.accept()


class RecoveryDialog(QDialog):
    """What a run that was killed left behind: restore one, discard all, or decide later."""

    RESTORE, DISCARD, LATER = 1, 2, 0

    def __init__(self, entries: Sequence[Recoverable], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries = list(entries)
        self.setWindowTitle(self.tr("Recover a portrait"))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label(self.tr("Your last work can be recovered"), "dialogTitle"))
        column.addWidget(
            label(self.tr("Face Editor ended before this was saved. Choose what to go on with."), "sectionTitle")
        )
        self.list = QListWidget()
        self.list.setIconSize(QSize(72, 72))
        self.list.setAccessibleName(self.tr("Portraits that can be recovered"))
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
            button.clicked.connect(lambda _=False, result=code: self.done(result))
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


class KeysDialog(QDialog):
    """All keys on one sheet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(16)
        column.addWidget(label(self.tr("Keys"), "dialogTitle"))
        body = QWidget()
        columns = QHBoxLayout(body)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(24)
        groups: dict[str, list[tuple[str, str]]] = {}
        for command in commands():
            if command.keys:
                name = command.text.replace("&", "").removesuffix(" ...")
                groups.setdefault(command.group, []).append((command.keys[0], name))
        groups[self.tr("Hand")] = list(hand_keys())
        for chosen in _columns({name: len(rows) for name, rows in groups.items()}):
            side = QVBoxLayout()
            side.setSpacing(8)
            for name in chosen:
                side.addWidget(label(name, "panelTitle"))
                side.addLayout(self._group(groups[name]))
                side.addSpacing(8)
            side.addStretch(1)
            columns.addLayout(side)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(body)
        area.setMinimumSize(min(body.sizeHint().width() + 24, 1140), min(body.sizeHint().height() + 8, 620))
        column.addWidget(area)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def _group(self, rows: list[tuple[str, str]]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        for row, (key, text) in enumerate(rows):
            grid.addWidget(label(key, "keycap"), row, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(label(text, ""), row, 1)
        grid.setColumnStretch(1, 1)
        return grid


def _columns(lengths: dict[str, int], count: int = 4) -> list[list[str]]:
    """Spread groups over columns of about the same length: the longest first, each into the shortest column.

    Args:
        lengths: rows of each group, in the order in which the groups are to be read.
        count: how many columns.
    """
    order = list(lengths)
    columns: list[list[str]] = [[] for _ in range(count)]
    heights = [0] * count
    for name in sorted(order, key=lambda name: -lengths[name]):
        shortest = heights.index(min(heights))
        columns[shortest].append(name)
        heights[shortest] += lengths[name] + 2  # its title and the space behind it
    filled = [sorted(column, key=order.index) for column in columns if column]
    return sorted(filled, key=lambda column: order.index(column[0]))
