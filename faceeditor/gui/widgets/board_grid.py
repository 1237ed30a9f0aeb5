"""The tiles of a board in rows, with a menu on each."""

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QMenu, QWidget

from faceeditor.gui.controllers.board_controller import BoardController
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.face_tile import FaceTile
from faceeditor.gui.widgets.tile_grid import TileGrid
from faceeditor.identity.board import Tile
from faceeditor.identity.methods import METHODS

KEPT, STARRED = "◆", "★"
_KEYS = "KSRMC"


class BoardTile(FaceTile):
    """One tile.

    Signals:
        menu_wanted: position on the screen.
        key_pressed: K (keep), S (star), R (draw anew), M (more like this), C (compare).
    """

    menu_wanted = Signal(object)
    key_pressed = Signal(str)

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(side, parent)
        self.setCheckable(False)

    def event(self, event: QEvent) -> bool:
        # While a tile has the focus its keys are its own, and not shortcuts of the window.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._is_own(event):
            event.accept()
            return True
        return super().event(event)

    def _is_own(self, event: QKeyEvent) -> bool:
        key = event.text().upper()
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
        return self.filled and plain and len(key) == 1 and key in _KEYS

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.filled:
            self.menu_wanted.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.filled and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif self._is_own(event):
            self.key_pressed.emit(event.text().upper())
        else:
            super().keyPressEvent(event)


class BoardGrid(TileGrid):
    """The board of a controller; several grids may show the same one.

    Args:
        board: the controller.
        side: of the pictures.
        columns: in a row; 0: as many as the board has.

    Signals:
        compare_wanted: a tile that is to be compared with others; None where the menu offers no comparison.
    """

    compare_wanted = Signal(object)

    def __init__(
        self, board: BoardController, side: int, columns: int = 0, compares: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(side, columns, parent)
        self._board, self._fixed_columns, self._compares = board, columns, compares
        self.tiles: list[BoardTile] = []
        board.tile_changed.connect(self._show)
        board.tiles_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show all tiles as they are now."""
        count = self._board.options.count
        del self.tiles[count:]
        while len(self.tiles) < count:
            self._add()
        self.set_tiles(self.tiles, self._fixed_columns or self._board.options.columns)
        for index in range(count):
            self._show(index)

    def _add(self) -> None:
        tile, index = BoardTile(self.side), len(self.tiles)
        tile.clicked.connect(bound(self._use, index))
        tile.menu_wanted.connect(lambda at: self._menu(index, at))
        tile.key_pressed.connect(lambda key: self._key(index, key))
        self.tiles.append(tile)

    def _show(self, index: int) -> None:
        if index >= len(self.tiles):
            return
        tile = self._board.tiles.get(index)
        if tile is None:
            self.tiles[index].clear()
            return
        marks = [STARRED] * (tile in self._board.starred) + [KEPT] * (index in self._board.kept)
        title = " ".join([*marks, METHODS[tile.method][0] if tile.method in METHODS else tile.method])
        self.tiles[index].show_face(tile.picture.pixels, title, f"{tile.distance:.2f}", tile.alike)
        self.tiles[index].setToolTip(
            self.tr("{title}, distance {distance}. Click: use it in the portrait. Right button: more.").format(
                title=title, distance=f"{tile.distance:.2f}"
            )
        )

    def _tile(self, index: int) -> Tile | None:
        return self._board.tiles.get(index)

    def _use(self, index: int) -> None:
        tile = self._tile(index)
        if tile is not None:
            self._board.use(tile)

    def _key(self, index: int, key: str) -> None:
        tile = self._tile(index)
        if tile is None:
            return
        board = self._board
        if key == "K":
            board.keep(index, index not in board.kept)
        elif key == "S":
            board.star(tile, tile not in board.starred)
        elif key == "R":
            board.reroll(index)
        elif key == "M":
            board.vary(tile)
        elif self._compares:
            self.compare_wanted.emit(tile)

    def make_menu(self, index: int) -> QMenu:
        """The menu of a tile."""
        board, tile = self._board, self._tile(index)
        assert tile is not None
        menu = QMenu(self)
        menu.addAction(self.tr("Use in the portrait"), bound(board.use, tile))
        menu.addSeparator()
        keep = menu.addAction(self.tr("Keep") + "\tK", bound(self._key, index, "K"))
        keep.setCheckable(True)
        keep.setChecked(index in board.kept)
        star = menu.addAction(self.tr("Star") + "\tS", bound(self._key, index, "S"))
        star.setCheckable(True)
        star.setChecked(tile in board.starred)
        menu.addAction(self.tr("Draw anew") + "\tR", bound(board.reroll, index))
        menu.addAction(self.tr("More like this") + "\tM", bound(board.vary, tile))
        if self._compares:
            menu.addAction(self.tr("Compare") + "\tC", bound(self.compare_wanted.emit, tile))
        return menu

    def _menu(self, index: int, at: QPoint) -> None:
        if self._tile(index) is not None:
            menu = self.make_menu(index)
            menu.exec(at)
            menu.deleteLater()
