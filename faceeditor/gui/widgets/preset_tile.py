"""A preset as a face with its name."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QWidget

from faceeditor.gui.widgets.face_tile import FaceTile
from faceeditor.gui.widgets.rename_keys import RenameKeys

_SIDE = 84


class PresetTile(FaceTile):
    """One preset; checked is the one in effect. Its name stands there before its picture is made.

    Attributes:
        keys: F2 and Delete.

    Signals:
        menu_wanted: position on the screen.
    """

    menu_wanted = Signal(object)

    def __init__(self, name: str, lines: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(_SIDE, parent, lines)
        self.setText(name)
        self.setToolTip(name)
        self.setAccessibleName(name)
        self.setEnabled(True)
        self.keys = RenameKeys(self)

    def show_picture(self, pixels: npt.NDArray[np.uint8] | None) -> None:
        """Show a face (H, W, 3); None: an empty place until there is one."""
        if pixels is not None:
            self.show_face(pixels, self.text())
        elif self.filled:
            self.forget_face()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(event.globalPos())
        event.accept()
