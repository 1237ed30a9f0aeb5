"""Pictures of the steps of the history: the face that was on the screen at each of them. Nothing is drawn for them."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from faceeditor.engine.requests import FULL
from faceeditor.gui.controllers.photograph_controller import PhotographController
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.imaging import from_qimage
from faceeditor.portrait.document import Change
from faceeditor.portrait.history import Node
from faceeditor.portrait.step_pictures import encode_step

_PHOTO_SIDE = 192


class HistoryPictures(QObject):
    """Gives the present step its picture as soon as its face is on the screen and no hand moves.

    Signals:
        changed: the present step has another picture.
    """

    changed = Signal()

    def __init__(
        self, session: PortraitSession, photographs: PhotographController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._photographs = session, photographs
        self._taken: tuple[Node | None, int] = (None, 0)  # the last step with a picture, and the picture's quality
        session.frame_shown.connect(self._take)
        session.changed.connect(self._follow)
        photographs.drawn.connect(self._take)

    def _follow(self, change: Change) -> None:
        if change.history:
            self._take()

    def _take(self) -> None:
        portrait = self._session.portrait
        if portrait.busy:
            return
        node, quality = portrait.history.present, self._quality()
        known, taken = self._taken
        before = 0 if not node.picture else taken if known is node else FULL
        if quality <= before:
            return
        self._taken = node, quality
        portrait.set_step_picture(encode_step(self._pixels()))
        self.changed.emit()

    def _quality(self) -> int:
        """How good what is on the screen is for the present step: a side in pixels, 0 if it shows another one."""
        revision = self._session.portrait.revision
        if self._photographs.shown:
            picture = self._photographs.picture
            shown = picture is not None and picture.revision == revision
            return 0 if not shown else FULL if self._photographs.full else 1
        frame = self._session.frame
        return frame.drawn if frame is not None and frame.revision == revision else 0

    def _pixels(self) -> npt.NDArray[np.uint8]:
        if self._photographs.shown:
            return from_qimage(self._photographs.canvas.photo.face_picture(_PHOTO_SIDE))
        assert self._session.frame is not None
        return self._session.frame.pixels
