"""A preset as a face with its name, and a grid of them that fits its width."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from faceeditor.gui.widgets.face_tile import FaceTile
from faceeditor.gui.widgets.rename_keys import RenameKeys

_SPACING = 4
_SIDE, _MIN_SIDE = 84, 64


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

    def show_picture(self, pixels: npt.NDArray[np.uint8]) -> None:
        """Show a face (H, W, 3)."""
        self.show_face(pixels, self.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(event.globalPos())
        event.accept()


class TileGrid(QWidget):
    """Tiles in rows that fill the width.

    Signals:
        side_changed: the tiles have another size.
    """

    side_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tiles: list[PresetTile] = []
        self.side = _SIDE
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_tiles(self, tiles: Sequence[PresetTile]) -> None:
        """Show these tiles in place of those that were there."""
        for tile in self.tiles:
            tile.deleteLater()
        self.tiles = list(tiles)
        for tile in self.tiles:
            tile.setParent(self)
            tile.show()
        self._place()
        self.updateGeometry()

    def _measure(self, width: int) -> tuple[int, int]:
        """Columns, and the side of the pictures, in a width."""
        width = max(width, 2 * _MIN_SIDE + _SPACING)
        columns = max(2, round((width + _SPACING) / (_SIDE + _SPACING)))
        return columns, (width - (columns - 1) * _SPACING) // columns

    def heightForWidth(self, width: int) -> int:
        if not self.tiles:
            return 0
        columns, side = self._measure(width)
        rows = -(-len(self.tiles) // columns)
        return rows * (self.tiles[0].height_of(side) + _SPACING) - _SPACING

    def sizeHint(self) -> QSize:
        return QSize(4 * (_SIDE + _SPACING), self.heightForWidth(4 * (_SIDE + _SPACING)))

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * _MIN_SIDE + _SPACING, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._place()

    def _place(self) -> None:
        columns, side = self._measure(self.width())
        for index, tile in enumerate(self.tiles):
            tile.set_side(side)
            row, column = divmod(index, columns)
            tile.move(column * (side + _SPACING), row * (tile.height() + _SPACING))
        if side != self.side:
            self.side = side
            self.side_changed.emit()
