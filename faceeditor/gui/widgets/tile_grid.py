"""Tiles of faces in rows that fill the width."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from faceeditor.gui.widgets.face_tile import FaceTile

_SPACING = 4
_MIN_SIDE, _MAX_SHARE = 64, 1.25


class TileGrid(QWidget):
    """Shows tiles as large as there is room for; its height follows from its width.

    Args:
        side: of the pictures, as it is liked best; they become up to a quarter larger.
        columns: in a row; 0: as many as fit.

    Attributes:
        side: of the pictures as it is now.

    Signals:
        side_changed: the pictures have another size.
    """

    side_changed = Signal()

    def __init__(self, side: int, columns: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.side = self._liked = side
        self._columns = columns
        self._shown: list[FaceTile] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_tiles(self, tiles: Sequence[FaceTile], columns: int | None = None) -> None:
        """Show these tiles, perhaps in another number of columns; others that were there are deleted."""
        for tile in self._shown:
            if tile not in tiles:
                tile.hide()
                tile.deleteLater()
        self._shown = list(tiles)
        self._columns = self._columns if columns is None else columns
        for tile in self._shown:
            if tile.parentWidget() is not self:
                tile.setParent(self)
                tile.show()
        self._place()
        self.updateGeometry()

    def _measure(self, width: int) -> tuple[int, int]:
        """Columns, and the side of the pictures, in a width."""
        columns = self._columns or max(2, round((width + _SPACING) / (self._liked + _SPACING)))
        side = (width - (columns - 1) * _SPACING) // columns
        return columns, min(max(side, _MIN_SIDE), round(_MAX_SHARE * self._liked))

    def heightForWidth(self, width: int) -> int:
        if not self._shown:
            return 0
        columns, side = self._measure(width)
        rows = -(-len(self._shown) // columns)
        return rows * (self._shown[0].height_of(side) + _SPACING) - _SPACING

    def sizeHint(self) -> QSize:
        width = (self._columns or 4) * (self._liked + _SPACING) - _SPACING
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize((self._columns or 2) * (_MIN_SIDE + _SPACING) - _SPACING, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._place()

    def _place(self) -> None:
        columns, side = self._measure(self.width())
        for index, tile in enumerate(self._shown):
            tile.set_side(side)
            row, column = divmod(index, columns)
            tile.move(column * (side + _SPACING), row * (tile.height() + _SPACING))
        if side != self.side:
            self.side = side
            self.side_changed.emit()
