"""Photos that are dropped on the window or opened: asks what to use from them, and applies it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.gui.canvas.canvas import Canvas
from faceeditor.gui.canvas.reconstruction_card import ReconstructionCard
from faceeditor.gui.controllers.file_jobs import PhotoPreview, PreviewPhoto
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.controllers.style_controller import StyleController
from faceeditor.gui.dialogs.photo_dialog import PhotoChoice, PhotoSheet, Take
from faceeditor.portrait.head import GROUPS


class PhotoController(QObject):
    """Asks what to use from a photo and applies it.

    Args:
        styles, heads: take it.
        canvas: the sheet opens over its window, the card lies on it.
        edit: opens a photograph itself as the portrait, with one of its faces.
    """

    def __init__(
        self,
        styles: StyleController,
        heads: HeadController,
        canvas: Canvas,
        edit: Callable[[Path, int], object] = lambda path, face: None,
    ) -> None:
        super().__init__(canvas)
        self._edit = edit
        self._styles = styles
        self._heads = heads
        self._canvas = canvas
        self.sheet: PhotoSheet | None = None
        self.card = ReconstructionCard(heads, canvas)
        self._preview_job: int | None = None
        bridge = heads.session.bridge
        bridge.job_done.connect(self._job_done)
        bridge.job_failed.connect(self._job_failed)

    def offer(self, path: Path) -> None:
        """Ask what to use from a photo; returns at once, the answer is applied when it comes."""
        if self.sheet is not None:
            self.sheet.reject()  # the newer picture counts
        locked = frozenset(group for group in GROUPS if self._heads.locked(group))
        sheet = PhotoSheet(path, PhotoChoice.remembered(), locked, self._canvas.window())
        self.sheet = sheet
        sheet.accepted.connect(lambda: self.take(path, sheet.choice))
        sheet.finished.connect(lambda: self._forget(sheet))
        sheet.open()
        self._preview_job = self._heads.session.bridge.run(PreviewPhoto(path))

    def _job_done(self, job: int, result: object) -> None:
        if job == self._preview_job and isinstance(result, PhotoPreview):
            self._preview_job = None
            if self.sheet is not None:
                self.sheet.show_preview(result)

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job == self._preview_job:
            self._preview_job = None
            if self.sheet is not None and not isinstance(error, Cancelled):
                self.sheet.show_problem(str(error))

    def _forget(self, sheet: PhotoSheet) -> None:
        if self.sheet is sheet:
            self.sheet = None
            if self._preview_job is not None:
                self._heads.session.bridge.cancel(self._preview_job)
                self._preview_job = None
        sheet.deleteLater()
        self._canvas.setFocus()

    def take(self, path: Path, choice: PhotoChoice) -> None:
        """Apply a choice in the background and remember it."""
        choice.remember()
        if choice.take is Take.EDIT:
            self._edit(path, choice.face)
        elif choice.take is Take.STYLE:
            self._styles.from_photo(path, face=choice.face)
        elif choice.take is Take.HEAD:
            self._heads.from_photo(path, choice.groups, choice.face)
        else:
            self._heads.embed_photo(path, choice.face)
