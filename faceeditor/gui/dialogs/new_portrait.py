"""The dialog for a new portrait."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.errors import FaceEditorError
from faceeditor.gui.imaging import mask_qimage
from faceeditor.gui.widgets.basic import label, scrolled
from faceeditor.gui.widgets.dialog_parts import push_button
from faceeditor.portrait.masks import SampleMask
from faceeditor.regions import MASK_SIZE, MaskArray, Region

_PICTURE = 128
_COLUMNS = 4


class SampleDialog(QDialog):
    """The sample masks and a blank one; a click chooses.

    Attributes:
        chosen: (256, 256) uint8, the mask that was chosen; None before.
    """

    def __init__(self, samples: Sequence[SampleMask], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chosen: MaskArray | None = None
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
        blank = np.full((MASK_SIZE, MASK_SIZE), Region.BACKGROUND, np.uint8)
        masks = [(sample.name, _read(sample)) for sample in samples] + [(self.tr("Blank"), blank)]
        for name, mask in masks:
            if mask is not None:
                button = self._button(name, mask)
                index = len(self.buttons)
                self.buttons.append(button)
                grid.addWidget(button, index // _COLUMNS, index % _COLUMNS)
        column.addWidget(scrolled(sheet))
        row = QHBoxLayout()
        self.keep_style = QCheckBox(self.tr("Keep the current style"))
        self.keep_style.setChecked(True)
        row.addWidget(self.keep_style)
        row.addStretch(1)
        row.addWidget(push_button(self.tr("Cancel"), self.reject))
        column.addLayout(row)

    def _button(self, name: str, mask: MaskArray) -> QToolButton:
        button = QToolButton()
        button.setIcon(QIcon(QPixmap.fromImage(mask_qimage(mask))))
        button.setIconSize(QSize(_PICTURE, _PICTURE))
        button.setText(name)
        button.setAccessibleName(name)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setFixedSize(_PICTURE + 32, _PICTURE + 38)
        button.clicked.connect(lambda: self._take(mask))
        return button

    def _take(self, mask: MaskArray) -> None:
        self.chosen = mask
        self.accept()


def _read(sample: SampleMask) -> MaskArray | None:
    """The mask of a sample; None if its file is damaged, which does not take the others away."""
    try:
        return sample.read()
    except FaceEditorError:
        return None
