"""The dialog for a new portrait."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.errors import FaceEditorError
from faceeditor.gui.imaging import mask_qimage
from faceeditor.gui.widgets.basic import label, scrolled
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
        column.addWidget(label(self.tr("Start from a mask"), "dialogTitle"))
        sheet = QWidget()
        grid = QGridLayout(sheet)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        self.buttons: list[QToolButton] = []
        for index, sample in enumerate(samples):
            button = self._button(sample)
            if button is not None:
                self.buttons.append(button)
                grid.addWidget(button, index // _COLUMNS, index % _COLUMNS)
        column.addWidget(scrolled(sheet))
        row = QHBoxLayout()
        self.keep_style = QCheckBox(self.tr("Keep the current style"))
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
        button.setFixedSize(_PICTURE + 32, _PICTURE + 38)
        button.clicked.connect(lambda: self._take(sample))
        return button

    def _take(self, sample: SampleMask) -> None:
        self.chosen = sample
        self.accept()
