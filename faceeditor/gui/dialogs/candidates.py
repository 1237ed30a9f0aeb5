"""New styles to choose from: a grid of people drawn on the present mask."""

import secrets

import numpy as np
import numpy.typing as npt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from faceeditor.engine import RenderRequest, Thumbnails
from faceeditor.engine.requests import FULL
from faceeditor.gui.controllers.style_controller import StyleController
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.dialog_parts import push_button
from faceeditor.gui.widgets.style_thumb import StyleThumb
from faceeditor.portrait.style import StyleCode

COLUMNS, ROWS = 4, 3
_SIDE = 112


class DrawCandidates(Thumbnails):
    """Thumbnails of candidates: of a kind of its own, so that those of the recent styles do not replace it."""


class CandidatesDialog(QDialog):
    """Twelve random styles; a click applies one and closes, Esc keeps the portrait as it is."""

    def __init__(self, styles: StyleController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._styles = styles
        self._candidates: list[StyleCode] = []
        self._job: int | None = None
        self.setWindowTitle(self.tr("New styles"))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label(self.tr("Choose a style"), "dialogTitle"))
        grid = QGridLayout()
        grid.setSpacing(6)
        self.thumbs: list[StyleThumb] = []
        for index in range(COLUMNS * ROWS):
            thumb = StyleThumb(_SIDE)
            thumb.applied.connect(bound(self._use, index))
            self.thumbs.append(thumb)
            grid.addWidget(thumb, index // COLUMNS, index % COLUMNS)
        column.addLayout(grid)
        row = QHBoxLayout()
        self.more = QPushButton(self.tr("More"))
        self.more.clicked.connect(bound(self.draw))
        row.addWidget(self.more)
        row.addStretch(1)
        row.addWidget(push_button(self.tr("Cancel"), self.reject))
        column.addLayout(row)
        bridge = styles.session.bridge
        bridge.job_done.connect(self._job_done)
        self.finished.connect(self._stop)
        self.draw()

    def draw(self) -> None:
        """Draw other candidates."""
        self._stop()
        drawn: list[StyleCode] = []
        session = self._styles.session
        if not session.guarded(lambda: drawn.extend(self._styles.random_style(_seed()) for _ in self.thumbs)):
            return
        self._candidates = drawn
        self._show({})
        request = RenderRequest.of(session.portrait.state())
        side = min(FULL, round(_SIDE * self.devicePixelRatioF()))
        self._job = session.bridge.run(DrawCandidates(tuple(drawn), request, side))

    def _show(self, pictures: dict[int, npt.NDArray[np.uint8]]) -> None:
        for index, (thumb, style) in enumerate(zip(self.thumbs, self._candidates, strict=False)):
            thumb.show_style(style, pictures.get(index))

    def _job_done(self, job: int, result: object) -> None:
        if job == self._job and isinstance(result, tuple):
            self._job = None
            self._show(dict(enumerate(result)))

    def _stop(self) -> None:
        if self._job is not None:
            self._styles.session.bridge.cancel(self._job)
            self._job = None

    def _use(self, index: int) -> None:
        if index < len(self._candidates):
            self._styles.use_new(self._candidates[index])
            self.accept()


def _seed() -> int:
    return secrets.randbelow(1_000_000)
