"""The plain rendering of the 3D head beside or over the face: where its picture comes from.

With a head of its own the portrait's frames bring the picture. While the portrait has none, the head that was read from
the face is drawn in the background, so that the head view shows from the start what the sliders will move.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal

from faceeditor.engine import Frame, JobContext
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.portrait.head import HeadCoefficients

if TYPE_CHECKING:
    from faceeditor.gui.controllers.head_controller import HeadController

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class DrawHead:
    """Background work: the plain rendering of a head -> (256, 256, 3) uint8."""

    head: HeadCoefficients

    def run(self, context: JobContext) -> Picture:
        """Raises ModelError: the head model is missing or damaged."""
        return context.head_picture(self.head)


class HeadPicture(QObject):
    """Knows the present picture of the head while `wanted`.

    Signals:
        changed: `picture` is another one.
    """

    changed = Signal()

    def __init__(self, heads: "HeadController", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._heads = heads
        self._session = heads.session
        self._job: int | None = None
        self._drawn = ""  # key of the head in the picture
        self.picture: Picture | None = None
        self.wanted = False
        heads.session.frame_shown.connect(self._take_frame)
        heads.session.portrait_replaced.connect(self._forget)
        heads.read.connect(self._draw_reading)
        heads.session.bridge.job_done.connect(self._job_done)
        heads.session.bridge.job_failed.connect(self._job_failed)

    def want(self, on: bool) -> None:
        """Begin or end to keep the picture up to date."""
        self.wanted = on
        self._session.show_head = on
        if on:
            self._take_frame(self._session.frame)
            self._draw_reading()

    def _take_frame(self, frame: Frame | None) -> None:
        if self.wanted and frame is not None and frame.head_picture is not None and frame.head is not None:
            self._show(frame.head_picture, frame.head.key)
        elif self.wanted and self._session.portrait.head is None:
            self._draw_reading()  # the head was undone

    def _show(self, picture: Picture, key: str) -> None:
        self._drawn = key
        if picture is not self.picture:
            self.picture = picture
            self.changed.emit()

    def _forget(self) -> None:
        self.picture, self._drawn = None, ""
        if self._job is not None:
            self._session.bridge.cancel(self._job)
            self._job = None
        self.changed.emit()

    def _draw_reading(self) -> None:
        head = self._heads.head
        if not self.wanted or head is None or self._session.portrait.head is not None or head.key == self._drawn:
            return
        self._drawn = head.key
        self._job = self._session.bridge.run(DrawHead(head))

    def _job_done(self, job: int, result: Any) -> None:
        if job == self._job:
            self._job = None
            if self._session.portrait.head is None:
                self._show(result, self._drawn)

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job == self._job:
            self._job, self._drawn = None, ""
            if not isinstance(error, Cancelled):
                self._session.failed.emit(str(error))
