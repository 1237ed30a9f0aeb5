"""The full board: a window of its own with all tiles, a comparison of four, starred pictures and export."""

from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QHideEvent, QMouseEvent, QPainter, QPaintEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from faceeditor.errors import FaceEditorError
from faceeditor.gui.colors import color
from faceeditor.gui.controllers.board_controller import BoardController
from faceeditor.gui.dialogs.file_dialog import FileDialog
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.settings import last_folder, remember_folder
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.board_controls import BoardControls
from faceeditor.gui.widgets.board_grid import BoardGrid
from faceeditor.gui.widgets.dialog_parts import MessageLabel, push_button
from faceeditor.gui.widgets.face_tile import FaceTile
from faceeditor.identity.board import Tile
from faceeditor.identity.board_files import write_folder, write_sheet

_SIDE, _CONTROLS, _STAR, _COMPARED = 112, 296, 76, 300
_MOST_COMPARED = 4
_MOST_ZOOM = 12.0


class ComparedFace(QWidget):
    """One large face; zoom and place are shared with the others.

    Signals:
        view_changed: zoom and the point of the picture in the middle, 0..1 each.
    """

    view_changed = Signal(float, QPointF)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tile: Tile | None = None
        self._zoom, self._middle = 1.0, QPointF(0.5, 0.5)
        self._grabbed: QPointF | None = None
        self.setMinimumSize(_COMPARED // 2, _COMPARED // 2)
        self.setAccessibleName(self.tr("Compared face"))
        self.setToolTip(self.tr("Wheel: zoom all. Drag: move all."))

    def show_tile(self, tile: Tile | None) -> None:
        """Show a tile's picture."""
        self.tile = tile
        self.setVisible(tile is not None)
        self.update()

    def set_view(self, zoom: float, middle: QPointF) -> None:
        """Show the same part as the others."""
        self._zoom, self._middle = zoom, middle
        self.update()

    def _part(self, side: float) -> QRectF:
        """The rectangle of a picture of a side that is seen."""
        seen = side / self._zoom
        left = min(max(self._middle.x() * side - seen / 2, 0.0), side - seen)
        top = min(max(self._middle.y() * side - seen / 2, 0.0), side - seen)
        return QRectF(left, top, seen, seen)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("well"))
        if self.tile is None:
            return
        side = min(self.width(), self.height())
        place = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        image = to_qimage(self.tile.picture.pixels)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, image, self._part(image.width()))
        painter.setPen(color("text"))
        painter.drawText(place.adjusted(8, 8, -8, -8), int(Qt.AlignmentFlag.AlignBottom), f"{self.tile.distance:.2f}")

    def wheelEvent(self, event: QWheelEvent) -> None:
        zoom = min(_MOST_ZOOM, max(1.0, self._zoom * 1.2 ** (event.angleDelta().y() / 120)))
        self.view_changed.emit(zoom, self._middle)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grabbed = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grabbed is None:
            return
        moved, side = event.position() - self._grabbed, min(self.width(), self.height()) * self._zoom
        self._grabbed = event.position()
        edge = 0.5 / self._zoom
        x = min(max(self._middle.x() - moved.x() / side, edge), 1 - edge)
        y = min(max(self._middle.y() - moved.y() / side, edge), 1 - edge)
        self.view_changed.emit(self._zoom, QPointF(x, y))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grabbed = None


class BoardPage(QDialog):
    """The board of a controller, large.

    Args:
        board: the controller.
        parent: the main window.
    """

    def __init__(self, board: BoardController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.board = board
        self.compared: list[Tile] = []
        self.setWindowTitle(self.tr("Board"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 16)
        outer.setSpacing(16)
        outer.addLayout(self._left())
        outer.addLayout(self._middle(), 1)
        board.starred_changed.connect(self._show_starred)
        board.noted.connect(self.message.say)
        board.work_started.connect(self.message.say)
        board.work_ended.connect(bound(self.message.say, ""))
        board.pinned_changed.connect(self._clear_comparison)
        self._show_starred()
        self.resize(960, 660)

    def _left(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(10)
        self.controls = BoardControls(self.board)
        self.controls.setFixedWidth(_CONTROLS)
        column.addWidget(self.controls)
        self.export = QPushButton(self.tr("Export"))
        self.export.setAutoDefault(False)
        menu = QMenu(self.export)
        menu.addAction(self.tr("Board as one picture ..."), bound(self._ask_sheet, False))
        menu.addAction(self.tr("Board as a folder with a table ..."), bound(self._ask_folder, False))
        menu.addSeparator()
        menu.addAction(self.tr("Starred as one picture ..."), bound(self._ask_sheet, True))
        menu.addAction(self.tr("Starred as a folder with a table ..."), bound(self._ask_folder, True))
        self.export.setMenu(menu)
        column.addWidget(self.export)
        self.message = MessageLabel(3, _CONTROLS)
        column.addWidget(self.message)
        column.addStretch(1)
        return column

    def _middle(self) -> QVBoxLayout:
        column = QVBoxLayout()
        self.grid = BoardGrid(self.board, _SIDE, compares=True)
        self.grid.compare_wanted.connect(self.compare)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self.grid)
        column.addWidget(area, 1)
        self.comparison = QWidget()
        faces = QGridLayout(self.comparison)
        faces.setContentsMargins(0, 0, 0, 0)
        self.compared_faces = [ComparedFace() for _ in range(_MOST_COMPARED)]
        for number, face in enumerate(self.compared_faces):
            faces.addWidget(face, 0, number)
            face.view_changed.connect(self._share_view)
        self.comparison.setFixedHeight(_COMPARED // 2 + 60)
        self.end_comparison = push_button(self.tr("End the comparison"), self._clear_comparison)
        column.addWidget(self.comparison)
        column.addWidget(self.end_comparison)
        self.stars = QWidget()
        self._star_row = QHBoxLayout(self.stars)
        self._star_row.setContentsMargins(0, 0, 0, 0)
        self._star_row.addStretch(1)
        self.star_area = QScrollArea()
        self.star_area.setWidgetResizable(True)
        self.star_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.star_area.setWidget(self.stars)
        self.star_area.setFixedHeight(_STAR + 42)
        column.addWidget(self.star_area)
        self._clear_comparison()
        return column

    # Comparing.

    def compare(self, tile: Tile) -> None:
        """Put a tile beside the others that are compared; the fifth takes the place of the first."""
        if tile in self.compared:
            return
        self.compared = [*self.compared, tile][-_MOST_COMPARED:]
        self._show_comparison()

    def _clear_comparison(self) -> None:
        self.compared = []
        self._show_comparison()

    def _show_comparison(self) -> None:
        for number, face in enumerate(self.compared_faces):
            face.show_tile(self.compared[number] if number < len(self.compared) else None)
        self.comparison.setVisible(bool(self.compared))
        self.end_comparison.setVisible(bool(self.compared))

    def _share_view(self, zoom: float, middle: QPointF) -> None:
        for face in self.compared_faces:
            face.set_view(zoom, middle)

    # Starred tiles.

    def _show_starred(self) -> None:
        while self._star_row.count() > 1:
            item = self._star_row.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        self.star_tiles: list[FaceTile] = []
        for number, tile in enumerate(self.board.starred):
            shown = FaceTile(_STAR)
            shown.setCheckable(False)
            shown.show_face(tile.picture.pixels, f"★ {number + 1}", f"{tile.distance:.2f}", tile.alike)
            shown.clicked.connect(bound(self.board.use, tile))
            shown.setToolTip(self.tr("Click: use it in the portrait"))
            self._star_row.insertWidget(number, shown)
            self.star_tiles.append(shown)
        self.star_area.setVisible(bool(self.board.starred))

    # Export.

    def _chosen(self, starred: bool) -> list[Tile]:
        return list(self.board.starred) if starred else [self.board.tiles[i] for i in sorted(self.board.tiles)]

    def _ask_sheet(self, starred: bool) -> None:
        kinds = self.tr("Pictures (*.png *.jpg *.webp *.tif)")
        self._ask_and_export(self.tr("Export the board"), kinds, "board.png", starred)

    def _ask_folder(self, starred: bool) -> None:
        self._ask_and_export(self.tr("Export the board into a folder"), "", "", starred)

    def _ask_and_export(self, title: str, kinds: str, proposal: str, starred: bool) -> None:
        """Ask for a file, or for a folder if there are no kinds, and write into it."""
        path = FileDialog(self.board.session.bridge, title, last_folder(), kinds, proposal, self).ask()
        if path is not None:
            self.export_to(path, starred, folder=not kinds)

    def export_to(self, path: Path, starred: bool = False, folder: bool = False) -> None:
        """Write the tiles, or the starred ones, as one picture or into a folder."""
        tiles, reference = self._chosen(starred), self.board.pinned
        if reference is None or not tiles:
            self.message.say(self.tr("There is nothing to export yet: star some pictures, or wait for the board."))
            return
        try:
            if folder:
                write_folder(path, reference, tiles)
            else:
                write_sheet(path, reference, tiles, self.board.options.columns)
        except FaceEditorError as error:
            self.message.say(str(error))
            return
        remember_folder(path)
        self.message.say(self.tr("Saved “{name}”.").format(name=path.name))

    # Events.

    def open(self) -> None:
        """Show the page."""
        self.show()
        self.raise_()
        self.activateWindow()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.board.show_board(self, True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.board.show_board(self, False)
