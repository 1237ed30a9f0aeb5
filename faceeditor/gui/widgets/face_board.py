"""A grid of drawn faces with the chosen one large, and playing them one after the other."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from faceeditor.engine.generator_jobs import GeneratedFace
from faceeditor.gui.colors import color
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.widgets.face_tile import FaceTile
from faceeditor.identity.recogniser import SAME_PERSON

COLUMNS = 4
"""Tiles in a row."""
_PREVIEW = 280
"""Side of the large face: with the tiles below, the page fits on a screen of 1280 x 720."""
_FRAME_MS = 110


class FaceBoard(QWidget):
    """Faces by number.

    Args:
        count: of tiles.

    Attributes:
        faces: what is shown, by number of the tile.
        side: layout beside the large face, for buttons.

    Signals:
        changed: other faces, or another chosen one.
        activated: number of a face that was double-clicked.
    """

    changed = Signal()
    activated = Signal(int)

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.faces: dict[int, GeneratedFace] = {}
        self._chosen = -1
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.preview = QLabel()
        self.preview.setFixedSize(_PREVIEW, _PREVIEW)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setObjectName("preview")
        self.preview.setStyleSheet(f"#preview {{ background: {color('well').name()}; border-radius: 6px; }}")
        self.preview.setAccessibleName(self.tr("Chosen face"))
        self.side = QVBoxLayout()
        self.side.setSpacing(8)
        top = QHBoxLayout()
        top.addWidget(self.preview)
        top.addLayout(self.side)
        top.addStretch(1)
        column.addLayout(top)
        grid = QGridLayout()
        grid.setSpacing(6)
        self.tiles: list[FaceTile] = []
        for index in range(count):
            tile = FaceTile()
            tile.clicked.connect(lambda _=False, number=index: self.choose(number))
            tile.activated.connect(lambda number=index: self.activated.emit(number))
            grid.addWidget(tile, index // COLUMNS, index % COLUMNS)
            self.tiles.append(tile)
        grid.setColumnStretch(COLUMNS, 1)
        column.addLayout(grid)
        column.addStretch(1)
        self._playing = QTimer(self, interval=_FRAME_MS)
        self._playing.timeout.connect(self._next_frame)

    @property
    def filled(self) -> int:
        """How many tiles show a face."""
        return len(self.faces)

    @property
    def chosen(self) -> GeneratedFace | None:
        """The face that is shown large."""
        return self.faces.get(self._chosen)

    @property
    def playing(self) -> bool:
        """Whether the faces are played."""
        return self._playing.isActive()

    def clear(self, first: int = 0) -> None:
        """Empty the tiles from a number on."""
        for number in range(first, len(self.tiles)):
            self.faces.pop(number, None)
            self.tiles[number].clear()
        if self._chosen >= first:
            self._chosen = -1
            self.preview.clear()
        if self.filled < 2:
            self.play(False)
        self.changed.emit()

    def show_face(self, number: int, face: GeneratedFace) -> None:
        """Show a face on a tile; the first one is shown large too."""
        self.faces[number] = face
        badge = "" if face.distance is None else f"{face.distance:.2f}"
        self.tiles[number].show_face(face.pixels, face.title, badge, (face.distance or 0.0) < SAME_PERSON)
        if self._chosen in (-1, number):
            self.choose(number)
        else:
            self.changed.emit()

    def choose(self, number: int) -> None:
        """Show a tile's face large."""
        if number not in self.faces:
            return
        self._chosen = number
        for index, tile in enumerate(self.tiles):
            tile.setChecked(index == number)
        ratio = self.devicePixelRatioF()
        side = round(_PREVIEW * ratio)
        fit, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        picture = QPixmap.fromImage(to_qimage(self.faces[number].pixels)).scaled(side, side, fit, smooth)
        picture.setDevicePixelRatio(ratio)
        self.preview.setPixmap(picture)
        self.changed.emit()

    def play(self, on: bool) -> None:
        """Show the faces large one after the other, or stop."""
        if on and self.filled > 1:
            self._playing.start()
        else:
            self._playing.stop()
        self.changed.emit()

    def _next_frame(self) -> None:
        shown = sorted(self.faces)
        here = shown.index(self._chosen) if self._chosen in self.faces else -1
        self.choose(shown[(here + 1) % len(shown)])
