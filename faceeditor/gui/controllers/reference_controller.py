"""The reference: a picture that is looked at while painting; it is no part of the portrait."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage

from faceeditor.engine import JobContext
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.gui.controllers.file_controller import save_image
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.imaging import reduced, to_qimage
from faceeditor.gui.settings import settings
from faceeditor.images import open_picture
from faceeditor.paths import state_dir

_SIDE = 2048
"""Longest side of the picture that is kept, in pixels."""


@dataclass(frozen=True, eq=False)
class ReadReference:
    """Read a picture to look at -> (H, W, 3) uint8 sRGB, at most `_SIDE` pixels a side."""

    quick: ClassVar[bool] = True

    path: Path

    def run(self, context: JobContext) -> npt.NDArray[np.uint8]:
        """Raises ImageError: the file is not a picture that can be read."""
        return reduced(open_picture(self.path), _SIDE)


class ReferenceController(QObject):
    """Knows the reference picture and where it came from.

    Args:
        session: its engine reads pictures.
        remember: keep the picture for the next start.

    Signals:
        changed: the picture is another one, or there is none any more.
    """

    changed = Signal()

    def __init__(self, session: PortraitSession, remember: bool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._remember = remember
        self._job: int | None = None
        self._reading: Path | None = None
        self.picture: QImage | None = None
        session.bridge.job_done.connect(self._job_done)
        session.bridge.job_failed.connect(self._job_failed)

    @property
    def reading(self) -> bool:
        """Whether a picture is on its way."""
        return self._job is not None

    def open(self, path: Path) -> None:
        """Read a picture in the background and show it."""
        if self._job is not None:
            self._session.bridge.cancel(self._job)
        self._reading = path
        self._job = self._session.bridge.run(ReadReference(path))

    def open_last(self) -> None:
        """Show the picture of the last start, if it is still there."""
        kept = str(settings().value("reference/picture")) if self._remember else ""
        if kept and self.picture is None and self._job is None:
            self.open(Path(kept))

    def take(self, data: QMimeData) -> bool:
        """Show what was dropped or pasted: the first file, or a picture. False if there is neither."""
        files = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        if files:
            self.open(files[0])
            return True
        image = data.imageData()
        if not isinstance(image, QImage) or image.isNull():
            return False
        path = state_dir() / "pasted" / "Reference.png"
        if self._session.guarded(lambda: save_image(image, path)):
            self.open(path)
        return True

    def paste(self) -> None:
        """Show the picture on the clipboard."""
        if not self.take(QGuiApplication.clipboard().mimeData()):
            self._session.failed.emit(self.tr("There is no picture on the clipboard. Copy one and paste it again."))

    def clear(self) -> None:
        """Show no picture any more."""
        if self._job is not None:
            self._session.bridge.cancel(self._job)
            self._job = None
        self.picture = None
        self._keep("")
        self.changed.emit()

    def _keep(self, path: str) -> None:
        if self._remember:
            try:
                settings().setValue("reference/picture", path)
            except ValueError:  # too long a name
                settings().setValue("reference/picture", "")

    def _job_done(self, job: int, result: npt.NDArray[np.uint8]) -> None:
        if job == self._job:
            self._job = None
            self.picture = to_qimage(result)
            self._keep(str(self._reading))
            self.changed.emit()

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job == self._job:
            self._job = None
            self._keep("")
            if not isinstance(error, Cancelled):
                self._session.failed.emit(str(error))
